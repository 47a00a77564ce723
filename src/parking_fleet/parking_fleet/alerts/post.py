"""Send what waits for a channel, on a thread of its own: one slow channel holds no other."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parking_fleet.alerts.book import AlertBook
from parking_fleet.alerts.channels.sending import Sender, is_for_people
from parking_fleet.alerts.errors import ChannelError
from parking_fleet.alerts.messages import digest, single
from parking_fleet.alerts.settings import Channel
from parking_fleet.alerts.values import Delivery
from parking_fleet.store.database import STORE_TROUBLES

LOG = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
RETRY_MIN_S = 1.0
RETRY_MAX_S = 300.0
AT_ONCE = 200
SINGLE_AT_MOST = 5
"""More than so many come to a person as one message."""

PEOPLE_A_MINUTE = 10
"""A person gets so many messages a minute at most; the rest waits, and comes as one."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """Hold how a channel is.

    Attributes:
        sent, failed, given_up: messages sent, attempts that failed, messages given up, since the start.
        trouble: why the last attempt failed; '' when it did not.
        sent_ms: when it last sent; 0: never.
    """

    name: str
    kind: str
    sent: int
    failed: int
    given_up: int
    trouble: str
    sent_ms: int


class Postman:
    """Own the thread of one channel.

    Args:
        name, channel: as in the settings.
        sender: of that channel.
        book: holds what is to be sent.
        public_url: under which people reach the dashboard; '' for none.
        clock_ms: gives the present time in Unix milliseconds.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        sender: Sender,
        book: AlertBook,
        *,
        public_url: str,
        clock_ms: Callable[[], int],
    ) -> None:
        self._name = name
        self._channel = channel
        self._sender = sender
        self._book = book
        self._public_url = public_url
        self._clock_ms = clock_ms
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._sent = self._failed = self._given_up = self._sent_ms = 0
        self._trouble = ''
        self._retry_s = RETRY_MIN_S
        self._minute_s: deque[float] = deque()
        self._thread = threading.Thread(target=self._run, name=f'alerts-{name}', daemon=True)

    @property
    def state(self) -> ChannelState:
        """Return how the channel is."""
        with self._lock:
            return ChannelState(
                self._name,
                self._channel.kind,
                self._sent,
                self._failed,
                self._given_up,
                self._trouble,
                self._sent_ms,
            )

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for what is to be sent."""
        self._wake.set()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End; what was not sent is sent after the next start."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            wait_s = LOOK_EVERY_S
            try:
                wait_s = self._round()
            except STORE_TROUBLES as error:
                LOG.warning('alerts: the store does not answer (%s); trying again', type(error).__name__)
            if wait_s >= LOOK_EVERY_S and not self._trouble:
                self._wake.wait(wait_s)
            else:
                # News changes nothing about a channel that fails, or that sent enough this minute.
                self._stopping.wait(wait_s)

    def _round(self) -> float:
        """Send what waits, and return how long to rest."""
        gone = self._book.give_up(self._name, self._clock_ms() - int(self._channel.give_up_s * 1000))
        if gone:
            LOG.error('alerts: %s: %d messages were given up: %s', self._name, gone, self._trouble)
            with self._lock:
                self._given_up += gone
        waiting = self._book.waiting(self._name, AT_ONCE)
        if not waiting:
            return LOOK_EVERY_S
        try:
            rest_s = self._send(waiting)
        except ChannelError as error:
            self._note_failure(str(error))
            rest_s = max(self._retry_s, error.wait_s)
            self._retry_s = min(self._retry_s * 2, RETRY_MAX_S)
        return rest_s

    def _send(self, waiting: Sequence[Delivery]) -> float:
        if not is_for_people(self._channel):
            for delivery in waiting:
                if self._stopping.is_set():
                    break
                self._sender.send(single(delivery, self._clock_ms(), self._public_url))
                self._note_success([delivery])
            return 0.0
        if (rest_s := self._too_soon_s()) > 0:
            return rest_s
        if len(waiting) > SINGLE_AT_MOST:
            self._sender.send(digest(waiting, self._clock_ms(), self._public_url))
            self._note_success(waiting)
        else:
            self._sender.send(single(waiting[0], self._clock_ms(), self._public_url))
            self._note_success(waiting[:1])
        return 0.0

    def _too_soon_s(self) -> float:
        now_s = time.monotonic()
        while self._minute_s and self._minute_s[0] <= now_s - 60.0:
            self._minute_s.popleft()
        return self._minute_s[0] + 60.0 - now_s if len(self._minute_s) >= PEOPLE_A_MINUTE else 0.0

    def _note_success(self, deliveries: Sequence[Delivery]) -> None:
        self._minute_s.append(time.monotonic())
        while len(self._minute_s) > PEOPLE_A_MINUTE:
            self._minute_s.popleft()
        self._retry_s = RETRY_MIN_S
        with self._lock:
            self._sent += len(deliveries)
            self._sent_ms = self._clock_ms()
            self._trouble = ''
        self._book.done(delivery.id for delivery in deliveries)

    def _note_failure(self, trouble: str) -> None:
        with self._lock:
            self._failed += 1
            is_news = self._trouble != trouble
            self._trouble = trouble
        if is_news:
            LOG.warning('alerts: %s: %s; trying again', self._name, trouble)
