"""Make counts, origins and a session under the test's control."""

import threading
import traceback
from concurrent.futures import Future
from typing import Any

from parking_monitor.cloud.connection_faults import ConnectionFault
from parking_monitor.cloud.errors import IdentityFileError, PublishError
from parking_monitor.cloud.messages import Origin
from parking_monitor.cloud.session import SessionListener, SessionStatistics
from parking_monitor.values import Count, CountState, ZoneCount
from tests.support.patience import PATIENCE_S

STAMP_NS = 1_772_352_930_250_999_999
"""2026-03-01T08:15:30.250Z and a little."""


def a_count(
    cars: int = 2,
    *,
    state: CountState = CountState.OK,
    zones: tuple[ZoneCount, ...] = (),
    entered: int = 0,
    left: int = 0,
    stamp_ns: int = STAMP_NS,
    **more: Any,
) -> Count:
    return Count(stamp_ns=stamp_ns, state=state, cars=cars, zones=zones, entered=entered, left=left, **more)


def an_origin(camera: str = 'lane') -> Origin:
    return Origin(uuid='49418b480e408ef9c632fc6cb25ebfdc', camera=camera, facility='North', floor='2')


def all_texts(error: BaseException | None) -> list[str]:
    """Return all that an error and those behind it say, shown as a log would show them."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error), *map(repr, vars(error).values())]
        texts += traceback.format_exception(error)
        error = error.__cause__ or error.__context__
    return texts


class ScriptedSession:
    """Stand in for the broker's side, so that each answer comes when the test says so."""

    def __init__(self, *, acknowledging: bool = True, start_errors: list[IdentityFileError] | None = None):
        self.acknowledging = acknowledging
        self.start_errors = list(start_errors or [])
        self.listeners: list[SessionListener] = []
        self.sent: list[tuple[str, bytes, Future[None]]] = []
        self.starts = 0
        self.stopped = False
        self._changed = threading.Condition()
        self._connected = False
        self._connections = 0

    @property
    def connection(self) -> int:
        return self._connections if self._connected else 0

    @property
    def statistics(self) -> SessionStatistics:
        return SessionStatistics(connected=self._connected, connected_since_ns=1 if self._connected else None)

    def add_listener(self, listener: SessionListener) -> None:
        self.listeners.append(listener)

    def start(self) -> None:
        with self._changed:
            self.starts += 1
            self._changed.notify_all()
            error = self.start_errors.pop(0) if self.start_errors else None
        if error is not None:
            raise error

    def send_room(self) -> tuple[int, float]:
        return 1000, 0.0

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[None]:
        assert not retain
        answer: Future[None] = Future()
        if not self._connected:
            answer.set_exception(PublishError('not connected'))
        elif self.acknowledging:
            answer.set_result(None)
        with self._changed:
            self.sent.append((topic, payload, answer))
            self._changed.notify_all()
        return answer

    def stop(self, timeout_s: float = 1.5) -> bool:
        self.stopped = timeout_s >= 0
        return True

    def connect(self) -> None:
        self._connections += 1
        self._connected = True
        for listener in self.listeners:
            listener.connected()

    def disconnect(self, reason: str = 'gone') -> None:
        self._connected = False
        for listener in self.listeners:
            listener.disconnected(reason)

    def fail(self, fault: ConnectionFault) -> None:
        for listener in self.listeners:
            listener.connection_failed(fault)

    def wait_for_sent(self, number: int) -> list[tuple[str, bytes, Future[None]]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sent) >= number, PATIENCE_S), self.sent
            return list(self.sent)

    def wait_for_starts(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.starts >= number, PATIENCE_S), self.starts
