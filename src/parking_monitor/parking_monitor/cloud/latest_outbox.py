"""Hold the newest unsent count of each camera in memory."""

import itertools
from collections.abc import Collection

from parking_monitor.cloud.outbox import OutboxItem

MAX_KEYS = 1024

_Key = tuple[str, str]


class LatestOutbox:
    """Keep one waiting message a topic and key: the newest wins, what it replaces is counted.

    Nothing survives the process. See `outbox.Outbox` for the methods.

    Args:
        max_keys: how many pairs of topic and key it takes.
    """

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._max_keys = max_keys
        self._ids = itertools.count(1)
        self._newest_id: dict[_Key, int] = {}
        self._in_line: dict[_Key, OutboxItem] = {}
        self._on_the_way: dict[int, tuple[_Key, OutboxItem]] = {}
        self._overwritten = 0

    @property
    def waiting(self) -> int:
        """Return how many messages are not acknowledged yet, those on their way included."""
        return len(self._in_line) + len(self._on_the_way)

    @property
    def overwritten(self) -> int:
        """Return how many messages were given up for newer ones."""
        return self._overwritten

    def put(self, topic: str, payload: bytes, *, key: str) -> None:
        """Take a message in, in the place of a waiting one with the same topic and key.

        Raises:
            ValueError: when a new pair of topic and key is over `max_keys`.
        """
        pair = (topic, key)
        if pair not in self._newest_id and len(self._newest_id) >= self._max_keys:
            raise ValueError(f"outbox: no room for '{key}' on '{topic}'; it takes {self._max_keys} pairs")
        if pair in self._in_line:
            self._overwritten += 1
        item = OutboxItem(next(self._ids), topic, payload)
        self._newest_id[pair] = item.id
        self._in_line[pair] = item

    def next(self, paused_topics: Collection[str] = ()) -> OutboxItem | None:
        """Return the message that has waited longest on a topic that is not paused."""
        pair = next((pair for pair in self._in_line if pair[0] not in paused_topics), None)
        if pair is None:
            return None
        item = self._in_line.pop(pair)
        self._on_the_way[item.id] = (pair, item)
        return item

    def acknowledge(self, item_id: int) -> None:
        """Let go of a message that the broker has acknowledged."""
        self._on_the_way.pop(item_id)

    def release(self, item_id: int) -> None:
        """Put a message that failed back in line, unless a newer one was put after it."""
        pair, item = self._on_the_way.pop(item_id)
        if self._newest_id[pair] == item_id:
            self._in_line[pair] = item
        else:
            self._overwritten += 1
