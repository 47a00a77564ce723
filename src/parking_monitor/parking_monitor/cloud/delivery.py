"""Take messages from where they are made to the broker, through the outbox, on one thread."""

import random
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from parking_monitor.cloud.connection_faults import ConnectionFault
from parking_monitor.cloud.errors import IdentityFileError, MessageTooLargeError, PublishRefusedError
from parking_monitor.cloud.live_lane import Parcel
from parking_monitor.cloud.outbox import Draft, Outbox
from parking_monitor.cloud.session import Session

_NEVER_S = float('inf')


class Source(Protocol):
    """Say when there is a message to send; called on the thread of the delivery."""

    def due(self, now_s: float, *, is_last: bool) -> Iterable[Draft]:
        """Return the messages that are due, oldest first.

        Args:
            now_s: monotonic seconds.
            is_last: whether the delivery ends, so that what is not due yet will never be.
        """

    def next_due_s(self) -> float:
        """Return when the next one will be due, in monotonic seconds; infinity when only an event can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """Hold how messages are sent.

    Attributes:
        window: messages on their way at once; AWS allows 100, presence and settings need a few.
        retry_min_s: first pause of a topic after a refused or unanswered message; doubles each time.
        retry_max_s: longest such pause.
        start_retry_s: time between looks at identity files that cannot be used yet.
    """

    window: int = 90
    retry_min_s: float = 1.0
    retry_max_s: float = 60.0
    start_retry_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatistics:
    """Hold what became of the messages.

    Attributes:
        running: whether the delivery's thread is alive.
        counts: messages that were due and came into the outbox.
        published: messages handed to the session; one goes to each of its topics, repeats included.
        acknowledged: messages that the broker took.
        refused: messages that the broker refused.
        failed: messages without an answer.
        waiting: messages in the outbox, those on their way included.
        dropped: messages given up because the outbox was full, or they too old.
        connected_since_ns: Unix nanoseconds of the present connection; None while there is none.
        storage_fault: why messages are not kept on the disk now; empty while they are.
        storage_damage: what was wrong with a file that was set aside; empty when there was none.
        last_error: the newest error, in plain words; empty when there was none.
        last_error_ns: Unix nanoseconds of that error; 0 when there was none.
    """

    running: bool = False
    counts: int = 0
    published: int = 0
    acknowledged: int = 0
    refused: int = 0
    failed: int = 0
    waiting: int = 0
    dropped: int = 0
    connected_since_ns: int | None = None
    storage_fault: str = ''
    storage_damage: str = ''
    last_error: str = ''
    last_error_ns: int = 0


@dataclass(frozen=True, slots=True)
class _Pause:
    until_s: float
    length_s: float
    refused: bool


class Delivery:
    """Put what is due into the outbox, send what waits there, until it is acknowledged.

    Args:
        session: the connection; the delivery starts and stops it.
        outbox: where messages wait; used on the delivery's thread alone.
        source: what there is to send.
        settings: how it is sent.
    """

    def __init__(
        self, session: Session, outbox: Outbox, source: Source, settings: DeliverySettings | None = None
    ) -> None:
        self._session = session
        self._outbox = outbox
        self._source = source
        self._settings = settings or DeliverySettings()
        self._wake = threading.Event()
        # Guards the errors, which come from several threads; all else belongs to the delivery's own.
        self._lock = threading.Lock()
        self._error = ('', 0)
        self._answers: deque[tuple[Parcel, BaseException | None]] = deque()
        self._connection = 0
        self._counts = self._published = self._acknowledged = self._refused = self._failed = 0
        self._in_flight = 0
        self._pauses: dict[str, _Pause] = {}
        self._session_started = False
        self._next_start_s = 0.0
        self._more_room_s = _NEVER_S
        self._drain_until_s: float | None = None
        self._thread = threading.Thread(target=self._run, name='delivery', daemon=True)
        session.add_listener(self)

    @property
    def statistics(self) -> DeliveryStatistics:
        """Return what became of the messages so far."""
        with self._lock:
            last_error, last_error_ns = self._error
        return DeliveryStatistics(
            running=self._thread.is_alive(),
            counts=self._counts,
            published=self._published,
            acknowledged=self._acknowledged,
            refused=self._refused,
            failed=self._failed,
            waiting=self._outbox.waiting,
            dropped=self._outbox.dropped,
            connected_since_ns=self._session.statistics.connected_since_ns,
            storage_fault=self._outbox.fault,
            storage_damage=self._outbox.damage,
            last_error=last_error,
            last_error_ns=last_error_ns,
        )

    def start(self) -> None:
        """Start the thread, which connects the session and goes on trying."""
        self._thread.start()

    def wake(self) -> None:
        """Say that the source has something to send, or will sooner than it said."""
        self._wake.set()

    def stop(self, timeout_s: float = 1.5) -> bool:
        """Send what is fresh, say goodbye, and end, `timeout_s` at most in all; the rest stays in the outbox.

        Returns:
            Whether the connection was closed cleanly within the time.
        """
        deadline_s = time.monotonic() + timeout_s
        self._drain_until_s = time.monotonic() + timeout_s / 2
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s / 2 + 0.1)
        return self._session.stop(max(0.0, deadline_s - time.monotonic()))

    def connected(self) -> None:
        """Send what waits; called by the session."""
        self._wake.set()

    def disconnected(self, reason: str) -> None:
        """Take note of the reason; called by the session."""
        if self._drain_until_s is None:
            self._note_error(reason)
        self._wake.set()

    def connection_failed(self, fault: ConnectionFault) -> None:
        """Take note of the fault; called by the session."""
        self._note_error(fault.text)

    def _run(self) -> None:
        self._outbox.open(time.monotonic())
        is_drained = False
        while not is_drained:
            self._wake.clear()
            now_s = time.monotonic()
            self._start_session(now_s)
            self._settle(now_s)
            self._put_what_is_due(now_s)
            self._send(now_s)
            is_drained = self._is_drained(now_s)
            if not is_drained:
                self._wake.wait(self._pause_s())
        self._settle(time.monotonic())
        self._outbox.close(time.monotonic())

    def _start_session(self, now_s: float) -> None:
        if self._session_started or now_s < self._next_start_s or self._drain_until_s is not None:
            return
        try:
            self._session.start()
        except IdentityFileError:
            # The session has told its listeners why. The files may come, or the clock be set.
            self._next_start_s = now_s + self._settings.start_retry_s
        else:
            self._session_started = True

    def _settle(self, now_s: float) -> None:
        """Take in what the broker has answered."""
        while self._answers:
            parcel, error = self._answers.popleft()
            self._in_flight -= 1
            if error is None:
                self._acknowledged += 1
                self._outbox.acknowledge(parcel, now_s)
                self._pauses.pop(parcel.topic, None)
                continue
            self._outbox.release(parcel)
            refused = isinstance(error, PublishRefusedError)
            self._refused += refused
            self._failed += not refused
            self._pause(parcel.topic, now_s, refused=refused)
            self._note_error(str(error))

    def _put_what_is_due(self, now_s: float) -> None:
        for draft in self._source.due(now_s, is_last=self._drain_until_s is not None):
            try:
                self._outbox.put(draft)
            except MessageTooLargeError as error:
                self._note_error(f"camera '{draft.key}': {error}")
            else:
                self._counts += 1
        self._outbox.save(now_s)

    def _send(self, now_s: float) -> None:
        self._more_room_s = _NEVER_S
        connection = self._session.connection
        if not connection:
            self._outbox.connection_lost()
            return
        if connection != self._connection:
            self._connection = connection
            self._begin_connection(now_s)
        room, more_in_s = self._session.send_room()
        free = self._settings.window - self._in_flight
        if room < free:
            self._more_room_s = now_s + more_in_s
        paused = {topic for topic, pause in self._pauses.items() if now_s < pause.until_s}
        for parcel in self._outbox.take(min(room, free), now_s, paused):
            if self._session.connection != connection:
                # What was on its way before it comes first.
                self._outbox.release(parcel)
                continue
            self._in_flight += 1
            self._published += 1
            answer = self._session.publish(parcel.topic, parcel.payload)
            answer.add_done_callback(partial(self._answered, parcel))

    def _begin_connection(self, now_s: float) -> None:
        # The answers of the connection before, which came since we last looked.
        self._settle(now_s)
        self._outbox.connection_made(now_s)
        self._pauses = {topic: pause for topic, pause in self._pauses.items() if pause.refused}

    def _answered(self, parcel: Parcel, answer: Future[None]) -> None:
        self._answers.append((parcel, answer.exception()))
        self._wake.set()

    def _pause(self, topic: str, now_s: float, *, refused: bool) -> None:
        """Let a topic rest after a failure; those that were on their way with it change nothing."""
        last = self._pauses.get(topic)
        if last is not None and now_s < last.until_s:
            return
        longest = self._settings.retry_max_s
        length_s = self._settings.retry_min_s if last is None else min(longest, 2 * last.length_s)
        # Devices that failed together do not try again together.
        until_s = now_s + length_s * random.uniform(0.5, 1.0)
        self._pauses[topic] = _Pause(until_s, length_s, refused)

    def _pause_s(self) -> float | None:
        """Return how long nothing will be due; None when only an event can bring work."""
        now_s = time.monotonic()
        times = [pause.until_s for pause in self._pauses.values() if now_s < pause.until_s]
        times += [self._source.next_due_s(), self._outbox.save_due_s(), self._more_room_s]
        if not self._session_started:
            times.append(self._next_start_s)
        if self._drain_until_s is not None:
            times.append(self._drain_until_s)
        soonest = min(times)
        return None if soonest == _NEVER_S else max(0.0, soonest - now_s)

    def _is_drained(self, now_s: float) -> bool:
        if self._drain_until_s is None:
            return False
        # What is late has waited long, and is safe on the disk.
        has_sent = self._in_flight == 0 and self._outbox.waiting_live == 0
        return has_sent or not self._session.connection or now_s >= self._drain_until_s

    def _note_error(self, text: str) -> None:
        with self._lock:
            self._error = (text, time.time_ns())
