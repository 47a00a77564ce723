"""Hold everything that rules look at, at one moment."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from parking_fleet.health.devices import DeviceHealth
from parking_fleet.places.views import FacilityView

WINDOW_MS = 3_600_000
"""What only ever grows is judged by how much it grew in the last hour."""

_PARTS = 60
"""An hour is remembered in so many parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Hold the fleet at one moment.

    Attributes:
        now_ms: Unix milliseconds.
        facilities, devices: as they are now.
        hears: whether messages come in; while none do, silence says nothing of a device.
        dropped: by device: messages given up in the last hour.
        invalid: messages refused in the last hour.
        invalid_reason: why the newest one was.
        certificate_days: how long the service's certificate for the broker holds; None: unknown.
    """

    now_ms: int
    facilities: Sequence[FacilityView]
    devices: Sequence[DeviceHealth]
    hears: bool
    dropped: dict[str, int]
    invalid: int
    invalid_reason: str
    certificate_days: float | None


class Growth:
    """Say by how much totals grew within the last hour; a restart begins anew."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[int, int]]] = {}

    def take(self, totals: dict[str, int], now_ms: int) -> dict[str, int]:
        """Take the totals of now, and return by how much each has grown; others are forgotten."""
        self._seen = {key: self._seen.get(key, deque()) for key in totals}
        return {key: self._grown(self._seen[key], total, now_ms) for key, total in totals.items()}

    @staticmethod
    def _grown(seen: deque[tuple[int, int]], total: int, now_ms: int) -> int:
        if not seen or total < seen[-1][1]:
            seen.clear()
        if not seen or now_ms - seen[-1][0] >= WINDOW_MS // _PARTS:
            seen.append((now_ms, total))
        # The newest one that is an hour old stays: it is what the hour began with.
        while len(seen) > 1 and seen[1][0] <= now_ms - WINDOW_MS:
            seen.popleft()
        return total - seen[0][1]
