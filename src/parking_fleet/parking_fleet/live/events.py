"""Name what can change, and pass it on to whoever listens inside this process."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from parking_fleet.alerts.values import Alert
from parking_fleet.store.values import CameraState, CrossingRecord, DeviceRecord

KEPT_EVENTS = 2_000
"""So many events wait for one listener; one that is slower is told to look at everything anew."""


@dataclass(frozen=True, slots=True)
class CameraChanged:
    """A camera has a newer count."""

    camera: CameraState


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device came, went, or was heard for the first time."""

    device: DeviceRecord


@dataclass(frozen=True, slots=True)
class CrossingSeen:
    """A car went through a gate, now or, when it comes late, some time ago."""

    crossing: CrossingRecord


@dataclass(frozen=True, slots=True)
class ShadowChanged:
    """What a device should do, or says that it does, has changed; `uuid` is '' for a thing unheard of."""

    thing: str
    uuid: str


@dataclass(frozen=True, slots=True)
class PictureArrived:
    """A device has answered when it was asked for a picture of a camera."""

    uuid: str
    camera: str


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """An alert began, ended, or somebody did something about it."""

    alert: Alert


@dataclass(frozen=True, slots=True)
class MissedEvents:
    """The listener was too slow, and missed so many: look at everything anew."""

    number: int


Event = (
    CameraChanged
    | DeviceChanged
    | CrossingSeen
    | ShadowChanged
    | PictureArrived
    | AlertChanged
    | MissedEvents
)


class Ear(Protocol):
    """Is handed events."""

    def put(self, events: tuple[Event, ...]) -> None:
        """Take events, from any thread; returns at once."""


class LiveFeed:
    """Pass events on, from any thread to any number of listeners."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Ear] = set()

    @property
    def listeners(self) -> int:
        """Return how many listen."""
        with self._lock:
            return len(self._listeners)

    def publish(self, events: Iterable[Event]) -> None:
        """Pass events on; returns at once, from any thread."""
        given = tuple(events)
        with self._lock:
            listeners = tuple(self._listeners) if given else ()
        for listener in listeners:
            listener.put(given)

    def listen(self) -> 'Listener':
        """Return a listener for `async with`; call it on the event loop that will use it."""
        return Listener(self)

    def add(self, listener: Ear) -> None:
        """Begin to pass events to it."""
        with self._lock:
            self._listeners.add(listener)

    def remove(self, listener: Ear) -> None:
        """Pass it no more events."""
        with self._lock:
            self._listeners.discard(listener)


class Listener:
    """Wait for events on one event loop.

    >>> async with feed.listen() as events:  # doctest: +SKIP
    ...     async for event in events:
    ...         show(event)
    """

    def __init__(self, feed: LiveFeed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._there = asyncio.Event()
        self._lock = threading.Lock()
        self._waiting: deque[Event] = deque()
        self._missed = 0

    def put(self, events: tuple[Event, ...]) -> None:
        """Hand events over, from any thread; too many are thrown away and told."""
        with self._lock:
            if len(self._waiting) + len(events) > KEPT_EVENTS:
                self._missed += len(self._waiting) + len(events)
                self._waiting.clear()
            else:
                self._waiting.extend(events)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._there.set)

    async def __aenter__(self) -> Self:
        self._feed.add(self)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._feed.remove(self)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while True:
            with self._lock:
                if self._missed:
                    missed, self._missed = self._missed, 0
                    return MissedEvents(missed)
                if self._waiting:
                    return self._waiting.popleft()
                self._there.clear()
            await self._there.wait()

    def take_waiting(self) -> list[Event]:
        """Return what waits already, without waiting for more."""
        with self._lock:
            taken: list[Event] = [MissedEvents(self._missed)] if self._missed else []
            taken += self._waiting
            self._missed = 0
            self._waiting.clear()
            return taken
