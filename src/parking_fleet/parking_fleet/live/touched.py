"""Gather which facilities are no longer as they were, however much happens there."""

import asyncio
import contextlib
import threading
from types import TracebackType
from typing import Self

from parking_fleet.live.events import CameraChanged, DeviceChanged, Event
from parking_fleet.live.fleet import Fleet


class TouchedFacilities:
    """Listen to a fleet, and hold the names of facilities that events are about.

    What is held is bounded by the number of facilities, not by that of events: a listener that is slow
    never has to look at everything anew. For `async with`, on one event loop.

    Args:
        fleet: to listen to.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._loop = asyncio.get_running_loop()
        self._there = asyncio.Event()
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self._uuids: set[str] = set()

    def put(self, events: tuple[Event, ...]) -> None:
        """Note what events are about, from any thread."""
        names = {event.camera.facility for event in events if isinstance(event, CameraChanged)}
        uuids = {event.device.uuid for event in events if isinstance(event, DeviceChanged)}
        if not names and not uuids:
            return
        with self._lock:
            self._names |= names
            self._uuids |= uuids
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._there.set)

    async def wait(self, timeout_s: float) -> None:
        """Return once there is a name to take, or after that time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._there.wait(), timeout_s)

    def take(self) -> set[str]:
        """Return the names that came up since the last call."""
        with self._lock:
            names, self._names = self._names, set()
            uuids, self._uuids = self._uuids, set()
            self._there.clear()
        return names | self._fleet.facilities_of(uuids)

    async def __aenter__(self) -> Self:
        self._fleet.feed.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._fleet.feed.remove(self)
