"""Say what the publisher expects of the place where messages wait to be acknowledged."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Hold one message on its way.

    Attributes:
        id: rises with every `put` of one outbox.
        topic: where it goes.
        payload: what is sent.
    """

    id: int
    topic: str
    payload: bytes


class Outbox(Protocol):
    """Keep messages until they are acknowledged.

    The publisher calls one method at a time.
    """

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged yet, those on their way included."""

    @property
    def overwritten(self) -> int:
        """Return how many messages were given up for newer ones."""

    def put(self, topic: str, payload: bytes, *, key: str) -> None:
        """Take a message in.

        Args:
            topic: where it goes.
            payload: what is sent.
            key: what it speaks of, here the camera; an outbox may give up a message for a
                newer one with the same topic and key.
        """

    def next(self, paused_topics: Collection[str] = ()) -> OutboxItem | None:
        """Return the message to send next and mark it as on its way.

        Args:
            paused_topics: topics that take nothing now.
        """

    def acknowledge(self, item_id: int) -> None:
        """Let go of a message that the broker has acknowledged."""

    def release(self, item_id: int) -> None:
        """Put a message that failed back in line."""
