"""Send the newest message of other topics, where there is room beside the counts.

What is forwarded is of no use when it is old, so nothing waits on the disk: each topic has its newest
message in memory, which goes with QoS 1 when it is due and the connection has room. Counts and
crossings come first; see `ForwardLimits`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from parking_monitor.cloud.errors import CloudError, MessageTooLargeError
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES
from parking_monitor.cloud.session import Session

_NEVER_S = float('inf')
# A few at once are no more than the rate allows in so many seconds.
_AT_ONCE_S = 0.5

Encode = Callable[[], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardLimits:
    """Hold what leaves room for the counts.

    Attributes:
        reserve: messages that the connection's limit must still allow beside one that is forwarded. While
            counts are sent as fast as they may be, it allows none.
        window: forwarded messages on their way at once; with those of the counts below AWS's 100.
        bytes_per_s: half of the 512 KB that AWS takes on a connection.
        look_s: time between looks while there is no room.
        rest_s: how long a topic rests after a message that failed, was refused or could not be made.
    """

    reserve: int = 2
    window: int = 4
    bytes_per_s: int = 256 * 1024
    look_s: float = 0.2
    rest_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedTopic:
    """Hold where a topic's messages go, and how often at most."""

    target: str
    rate_hz: float


@dataclass(frozen=True, slots=True)
class ForwardReport:
    """Hold what became of a topic's messages.

    Attributes:
        received: messages offered.
        sent: messages that the broker took.
        problem: why the last one was not sent; empty when it was.
    """

    received: int
    sent: int
    problem: str


@dataclass(slots=True)
class _Lane:
    topic: ForwardedTopic
    newest: Encode | None = None
    answer: Future[None] | None = None
    due_s: float = 0.0
    received: int = 0
    sent: int = 0
    problem: str = ''


class Forwarder:
    """Forward the newest message of each topic, on a thread of its own.

    Args:
        session: the connection; somebody else starts and stops it.
        topics: what is forwarded; their targets differ.
        limits: what leaves room for the counts.
    """

    def __init__(
        self, session: Session, topics: Sequence[ForwardedTopic], limits: ForwardLimits | None = None
    ) -> None:
        self._session = session
        self._limits = limits or ForwardLimits()
        # Guards the newest messages and what is told.
        self._lock = threading.Lock()
        self._lanes = {topic.target: _Lane(topic) for topic in topics}
        # When all bytes so far would have been sent at the allowed rate.
        self._bytes_until_s = 0.0
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name='forwarding', daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was not sent is given up."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def offer(self, target: str, encode: Encode) -> None:
        """Take the newest message of a topic, instead of one that was not sent yet; returns at once.

        Args:
            target: of one of the topics.
            encode: returns the payload, called on the forwarding thread, and only for what is sent. Raises
                CloudError when there can be none.
        """
        lane = self._lanes[target]
        with self._lock:
            lane.newest = encode
            lane.received += 1
        self._wake.set()

    @property
    def is_dead(self) -> bool:
        """Return whether a fault of our own ended the thread."""
        return self._thread.ident is not None and not self._is_stopping and not self._thread.is_alive()

    def report(self, target: str) -> ForwardReport:
        """Return what became of a topic's messages."""
        with self._lock:
            lane = self._lanes[target]
            return ForwardReport(lane.received, lane.sent, lane.problem)

    def step(self, now_s: float) -> float:
        """Send what is due and has room; return in how many seconds there will be more to do.

        Infinity when only an event brings more: a message, an answer, a connection.
        """
        lanes = self._lanes.values()
        for lane in lanes:
            self._settle(lane, now_s)
        if not self._session.connection:
            return self._limits.look_s if any(lane.newest for lane in lanes) else _NEVER_S
        ready = [lane for lane in lanes if lane.newest and lane.answer is None]
        for lane in sorted((lane for lane in ready if lane.due_s <= now_s), key=lambda lane: lane.due_s):
            if not self._has_room():
                return self._limits.look_s
            if now_s + _AT_ONCE_S < self._bytes_until_s:
                return self._bytes_until_s - _AT_ONCE_S - now_s
            if lane.newest:
                self._send(lane, lane.newest, now_s)
        waits = [lane.due_s - now_s for lane in lanes if lane.newest and lane.answer is None]
        return max(0.0, min(waits, default=_NEVER_S))

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            pause_s = self.step(time.monotonic())
            self._wake.wait(None if pause_s == _NEVER_S else pause_s)

    def _has_room(self) -> bool:
        room, _ = self._session.send_room()
        on_the_way = sum(lane.answer is not None for lane in self._lanes.values())
        return room > self._limits.reserve and on_the_way < self._limits.window

    def _send(self, lane: _Lane, encode: Encode, now_s: float) -> None:
        with self._lock:
            # One that has come since stays for the next turn.
            lane.newest = None if lane.newest is encode else lane.newest
        try:
            payload = encode()
            if len(payload) > MAX_MESSAGE_BYTES:
                raise MessageTooLargeError(
                    f'a message has {len(payload)} bytes, over the limit of {MAX_MESSAGE_BYTES}: not sent'
                )
            lane.answer = self._session.publish(lane.topic.target, payload)
        except CloudError as error:
            self._rest(lane, now_s, str(error))
            return
        lane.due_s = now_s + 1 / lane.topic.rate_hz
        self._bytes_until_s = max(now_s, self._bytes_until_s) + len(payload) / self._limits.bytes_per_s
        lane.answer.add_done_callback(lambda _: self._wake.set())

    def _settle(self, lane: _Lane, now_s: float) -> None:
        if lane.answer is None or not lane.answer.done():
            return
        error, lane.answer = lane.answer.exception(), None
        if error is not None:
            self._rest(lane, now_s, str(error))
            return
        with self._lock:
            lane.sent += 1
            lane.problem = ''

    def _rest(self, lane: _Lane, now_s: float, problem: str) -> None:
        lane.due_s = now_s + max(self._limits.rest_s, 1 / lane.topic.rate_hz)
        with self._lock:
            lane.problem = problem
