"""Count what goes through a worker, for /metrics and /healthz."""

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

Name = Literal['received', 'stored', 'duplicates', 'rejected', 'batches', 'failures', 'connections']


@dataclass(frozen=True, slots=True)
class IngestState:
    """Hold what a worker has done since it began, and how it is.

    Attributes:
        counters: how many messages were received, stored, told twice, rejected; batches written; attempts
            at writing that failed; connections to the broker.
        waiting: messages taken in and not yet stored.
        connected: whether there is a connection to the broker.
        trouble: why there is none, or why nothing can be stored; '' while all is well.
    """

    counters: dict[Name, int]
    waiting: int
    connected: bool
    trouble: str


class IngestStatistics:
    """Count from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: Counter[Name] = Counter()
        self._connected = False
        self._troubles: dict[str, str] = {}

    def add(self, name: Name, number: int = 1) -> None:
        """Count so many."""
        with self._lock:
            self._counters[name] += number

    def set_connected(self, connected: bool) -> None:
        """Note whether there is a connection."""
        with self._lock:
            self._connected = connected

    @property
    def is_connected(self) -> bool:
        """Return whether there is a connection to the broker."""
        with self._lock:
            return self._connected

    def set_trouble(self, where: Literal['broker', 'store'], trouble: str) -> None:
        """Note what is wrong there; '' when nothing is."""
        with self._lock:
            self._troubles[where] = trouble

    def state(self, waiting: int) -> IngestState:
        """Return all of it."""
        with self._lock:
            trouble = '; '.join(text for text in self._troubles.values() if text)
            return IngestState(dict(self._counters), waiting, self._connected, trouble)
