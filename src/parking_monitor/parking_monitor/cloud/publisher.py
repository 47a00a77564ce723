"""Tie counts, policy, outbox and session together on one thread."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

from parking_monitor.cloud.connection_faults import ConnectionFault
from parking_monitor.cloud.errors import IdentityFileError, MessageTooLargeError, PublishRefusedError
from parking_monitor.cloud.latest_outbox import LatestOutbox
from parking_monitor.cloud.messages import Origin, count_message, encode
from parking_monitor.cloud.outbox import Outbox, OutboxItem
from parking_monitor.cloud.publish_policy import DEFAULT_INTERVAL_S, DEFAULT_MIN_SPACING_S, PublishPolicy
from parking_monitor.cloud.sequence import Sequence
from parking_monitor.cloud.session import Session
from parking_monitor.cloud.topics import check_topic
from parking_monitor.values import Count, CountState


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """Hold what is published where, and how often.

    Attributes:
        topics: every count goes to each of these; see `topics.live_topics`.
        reference_topics: those of them whose receivers may read `uuid` and `cars` alone. A count
            that is UNKNOWN is kept from them: they would take its 0 for an empty car park.
        interval_s: longest time between two messages of a camera.
        min_spacing_s: shortest time between two messages of a camera.
        stale_after_s: a count that was OK is sent as STALE when its counter has said nothing for
            longer than this, so that a dead counter does not leave a claim standing.
        window: messages on their way at once; AWS allows 100.
        retry_min_s: first pause of a topic after a refused or unanswered message; doubles each time.
        retry_max_s: longest such pause.
        start_retry_s: time between looks at identity files that cannot be used yet.
    """

    topics: tuple[str, ...]
    reference_topics: frozenset[str] = frozenset()
    interval_s: float = DEFAULT_INTERVAL_S
    min_spacing_s: float = DEFAULT_MIN_SPACING_S
    stale_after_s: float = 30.0
    window: int = 16
    retry_min_s: float = 1.0
    retry_max_s: float = 60.0
    start_retry_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.topics:
            raise ValueError('topics is empty; give at least one topic for the counts')
        for topic in self.topics:
            check_topic(topic)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherStatistics:
    """Hold what became of the counts.

    Attributes:
        running: whether the publisher's thread is alive.
        counts: counts that were due and became messages.
        published: messages handed to the session; one count makes one a topic, repeats included.
        acknowledged: messages that the broker took.
        refused: messages that the broker refused.
        failed: messages without an answer.
        waiting: messages not acknowledged yet.
        overwritten: messages given up for newer ones.
        connected_since_ns: Unix nanoseconds of the present connection; None while there is none.
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
    overwritten: int = 0
    connected_since_ns: int | None = None
    last_error: str = ''
    last_error_ns: int = 0


@dataclass(slots=True)
class _Camera:
    origin: Origin
    policy: PublishPolicy
    observed_s: float = 0.0

    def stale_s(self, stale_after_s: float) -> float:
        """Return when the newest count can no longer be called OK."""
        newest = self.policy.newest
        if newest is None or newest.state is not CountState.OK:
            return float('inf')
        return self.observed_s + stale_after_s


@dataclass(frozen=True, slots=True)
class _Pause:
    until_s: float
    length_s: float


class CountPublisher:
    """Send the counts of a device's cameras when they are due, until they are acknowledged.

    Args:
        session: the connection; the publisher starts and stops it.
        origins: where the counts of each camera come from, by the key given to `observe`.
        settings: what is published where, and how often.
        outbox: where messages wait; by default the newest of each camera in memory.
        next_seq: gives each message its number; by default 1, 2, 3 since the process began.
    """

    def __init__(
        self,
        session: Session,
        origins: Mapping[str, Origin],
        settings: PublisherSettings,
        *,
        outbox: Outbox | None = None,
        next_seq: Callable[[], int] | None = None,
    ) -> None:
        self._session = session
        self._settings = settings
        self._outbox: Outbox = outbox or LatestOutbox()
        self._next_seq = next_seq or Sequence()
        self._cameras = {
            key: _Camera(origin, PublishPolicy(settings.interval_s, settings.min_spacing_s))
            for key, origin in origins.items()
        }
        # Guards cameras, outbox, pauses and statistics; never held during a call into the session.
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._statistics = PublisherStatistics()
        self._pauses: dict[str, _Pause] = {}
        self._in_flight = 0
        self._session_started = False
        self._next_start_s = 0.0
        self._drain_until_s: float | None = None
        self._thread = threading.Thread(target=self._run, name='count-publisher', daemon=True)
        session.add_listener(self)

    @property
    def statistics(self) -> PublisherStatistics:
        """Return what became of the counts so far."""
        with self._lock:
            return replace(
                self._statistics,
                running=self._thread.is_alive(),
                waiting=self._outbox.waiting,
                overwritten=self._outbox.overwritten,
                connected_since_ns=self._session.statistics.connected_since_ns,
            )

    def start(self) -> None:
        """Start the thread, which connects the session and goes on trying."""
        self._thread.start()

    def observe(self, camera: str, count: Count) -> None:
        """Take note of a camera's count; returns at once.

        Raises:
            ValueError: when the camera is not among the origins.
        """
        if camera not in self._cameras:
            raise ValueError(
                f"camera '{camera}' is not known to the publisher; known: {sorted(self._cameras)}"
            )
        now_s = time.monotonic()
        with self._lock:
            self._cameras[camera].policy.see(count, now_s)
            self._cameras[camera].observed_s = now_s
        self._wake.set()

    def set_interval(self, interval_s: float) -> None:
        """Change the longest time between two messages of every camera.

        Raises:
            ValueError: when it is not positive, or shorter than the spacing.
        """
        with self._lock:
            for camera in self._cameras.values():
                camera.policy.set_interval(interval_s)
        self._wake.set()

    def stop(self, timeout_s: float = 1.5) -> bool:
        """Send what is still waiting, say goodbye, and end, `timeout_s` at most in all.

        Returns:
            Whether the connection was closed cleanly within the time.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._lock:
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

    def connection_failed(self, fault: ConnectionFault) -> None:
        """Take note of the fault; called by the session."""
        self._note_error(fault.text)

    def _run(self) -> None:
        while True:
            self._wake.clear()
            now_s = time.monotonic()
            self._start_session(now_s)
            with self._lock:
                self._put_due_counts(now_s)
            self._send_waiting(now_s)
            with self._lock:
                if self._is_drained(now_s):
                    return
                pause_s = self._pause_s(now_s)
            self._wake.wait(pause_s)

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

    def _put_due_counts(self, now_s: float) -> None:
        for key, camera in self._cameras.items():
            newest = camera.policy.newest
            if newest is not None and now_s >= camera.stale_s(self._settings.stale_after_s):
                camera.policy.see(replace(newest, state=CountState.STALE), now_s)
            count = camera.policy.take(now_s)
            if count is None and self._drain_until_s is not None:
                count = camera.policy.take_change(now_s)
            if count is not None:
                self._put(key, camera.origin, count)

    def _put(self, key: str, origin: Origin, count: Count) -> None:
        message = count_message(count, origin, seq=self._next_seq(), now_ns=time.time_ns())
        try:
            payload = encode(message)
        except MessageTooLargeError as error:
            self._set_error(f"camera '{key}': {error}")
            return
        self._change(counts=1)
        for topic in self._settings.topics:
            if count.state is not CountState.UNKNOWN or topic not in self._settings.reference_topics:
                self._outbox.put(topic, payload, key=key)

    def _send_waiting(self, now_s: float) -> None:
        while self._session.is_connected:
            with self._lock:
                if self._in_flight >= self._settings.window:
                    return
                paused = {topic for topic, pause in self._pauses.items() if now_s < pause.until_s}
                item = self._outbox.next(paused)
                if item is None:
                    return
                self._in_flight += 1
                self._change(published=1)
            answer = self._session.publish(item.topic, item.payload)
            answer.add_done_callback(partial(self._settled, item))

    def _settled(self, item: OutboxItem, answer: Future[None]) -> None:
        error = answer.exception()
        with self._lock:
            self._in_flight -= 1
            if error is None:
                self._outbox.acknowledge(item.id)
                self._pauses.pop(item.topic, None)
                self._change(acknowledged=1)
            else:
                self._outbox.release(item.id)
                self._pause(item.topic)
                refused = isinstance(error, PublishRefusedError)
                self._change(refused=int(refused), failed=int(not refused))
                self._set_error(str(error))
        self._wake.set()

    def _pause(self, topic: str) -> None:
        """Let a topic rest after a failure; those that were on their way with it change nothing."""
        now_s = time.monotonic()
        last = self._pauses.get(topic)
        if last is not None and now_s < last.until_s:
            return
        longest = self._settings.retry_max_s
        length_s = self._settings.retry_min_s if last is None else min(longest, 2 * last.length_s)
        # Devices that failed together do not try again together.
        self._pauses[topic] = _Pause(now_s + length_s * random.uniform(0.5, 1.0), length_s)

    def _pause_s(self, now_s: float) -> float | None:
        """Return how long nothing will be due; None when only an event can bring work."""
        times = [pause.until_s for pause in self._pauses.values() if now_s < pause.until_s]
        for camera in self._cameras.values():
            if camera.policy.due_s is not None:
                times.append(camera.policy.due_s)
            times.append(camera.stale_s(self._settings.stale_after_s))
        if not self._session_started:
            times.append(self._next_start_s)
        if self._drain_until_s is not None:
            times.append(self._drain_until_s)
        soonest = min(times, default=float('inf'))
        return None if soonest == float('inf') else max(0.0, soonest - now_s)

    def _is_drained(self, now_s: float) -> bool:
        if self._drain_until_s is None:
            return False
        nothing_to_send = self._outbox.waiting == 0 or not self._session.is_connected
        return nothing_to_send or now_s >= self._drain_until_s

    def _change(self, **increments: int) -> None:
        changed = {name: getattr(self._statistics, name) + step for name, step in increments.items()}
        self._statistics = replace(self._statistics, **changed)

    def _set_error(self, text: str) -> None:
        self._statistics = replace(self._statistics, last_error=text, last_error_ns=time.time_ns())

    def _note_error(self, text: str) -> None:
        with self._lock:
            self._set_error(text)
