"""Say what the connection to the broker offers beside counts, and what it tells those who use it."""

from concurrent.futures import Future
from typing import Protocol


class LinkError(Exception):
    """Say why nothing can be sent now, and what to do."""


class Link(Protocol):
    """Send messages; `ingest.source.MqttSource` does."""

    def publish(self, topic: str, payload: bytes) -> 'Future[None]':
        """Send a message with QoS 1; the future is done at its PUBACK.

        Raises:
            LinkError: when there is no connection.
        """


class Hearer(Protocol):
    """Hear of topics beside those of counts; called on the client's threads, must not block."""

    @property
    def topic_filters(self) -> tuple[str, ...]:
        """Return what to subscribe to."""

    def takes(self, topic: str) -> bool:
        """Return whether a message on this topic is for it."""

    def received(self, topic: str, payload: bytes) -> None:
        """Take a message; it is acknowledged already."""

    def subscribed(self, topic_filter: str, problem: str) -> None:
        """Hear, once a connection, that messages come; or why they do not."""
