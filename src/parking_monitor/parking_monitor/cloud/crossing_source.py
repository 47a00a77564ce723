"""Make the messages of cars through gates."""

import threading
from collections import deque
from collections.abc import Callable, Mapping

from parking_monitor.cloud.clock_sync import clock_is_synchronised
from parking_monitor.cloud.messages import Origin, crossing_message, encode
from parking_monitor.cloud.outbox import Draft
from parking_monitor.values import Crossing

MOST_WAITING = 1_000
"""Crossings between two looks of the delivery; more than a disk that hangs lets gather."""


class CrossingSource:
    """Hand each crossing to the delivery, once and in order.

    Args:
        topic: where crossings go.
        origins: where the crossings of each camera come from, by the key given to `observe`.
        is_clock_synced: tells whether the clock on the wall is kept by a time server.
    """

    def __init__(
        self,
        topic: str,
        origins: Mapping[str, Origin],
        *,
        is_clock_synced: Callable[[], bool] = clock_is_synchronised,
    ) -> None:
        self._topic = topic
        self._origins = origins
        self._is_clock_synced = is_clock_synced
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Crossing]] = deque()
        self._lost = 0

    @property
    def lost(self) -> int:
        """Return how many crossings were given up before the delivery took them."""
        return self._lost

    def observe(self, camera: str, crossing: Crossing) -> None:
        """Take note of a crossing; returns at once. Wake the delivery afterwards.

        Raises:
            ValueError: when the camera is not among the origins.
        """
        if camera not in self._origins:
            raise ValueError(f"camera '{camera}' is not known; known: {sorted(self._origins)}")
        with self._lock:
            self._waiting.append((camera, crossing))
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self._lost += 1

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        """Return the messages of all crossings since the last call; called by the delivery."""
        del now_s, is_last  # a crossing is due at once
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        return [self._draft(camera, crossing) for camera, crossing in waiting]

    def next_due_s(self) -> float:
        """Return when there will be another: now, or when `observe` says so."""
        return 0.0 if self._waiting else float('inf')

    def _draft(self, camera: str, crossing: Crossing) -> Draft:
        def encoded(seq: int, dropped: int) -> bytes:
            message = crossing_message(
                crossing,
                self._origins[camera],
                seq=seq,
                dropped=dropped,
                clock_synced=self._is_clock_synced(),
            )
            return encode(message)

        return Draft(f'{camera} crossing', (self._topic,), encoded)
