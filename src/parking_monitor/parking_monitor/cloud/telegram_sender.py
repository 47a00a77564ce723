"""Send what waits in the queue, from a thread of its own."""

import datetime as dt
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parking_monitor.cloud.errors import TelegramError, TelegramRateLimitError, TelegramRefusedError
from parking_monitor.cloud.telegram import TelegramClient
from parking_monitor.cloud.telegram_queue import Message, Outgoing, QueueNumbers
from parking_monitor.cloud.telegram_rules import Notice

FIRST_BACK_OFF_S = 2.0
LONGEST_BACK_OFF_S = 60.0


@dataclass(frozen=True, slots=True)
class SenderState:
    """Hold how the sender is.

    Attributes:
        enabled: whether notices are sent at all.
        waiting: notices of different rules, and answers, that are not sent yet.
        numbers: what became of the others.
        last_error: why the last try to send failed; empty when it did not.
    """

    enabled: bool
    waiting: int
    numbers: QueueNumbers
    last_error: str


class TelegramSender:
    """Send notices and answers as they may go; hold them while Telegram is away or has enough.

    Args:
        client: the bot; closed by whoever made it.
        outgoing: the queue; belongs to the sender from now on.
        now: the clock on the wall, in the time zone of the quiet hours.
        enabled: whether notices are sent; answers always are.
        first_back_off_s: how long to wait after the first failure, then twice as long each time.
    """

    def __init__(
        self,
        client: TelegramClient,
        outgoing: Outgoing,
        now: Callable[[], dt.datetime],
        *,
        enabled: bool = True,
        first_back_off_s: float = FIRST_BACK_OFF_S,
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._now = now
        self._enabled = enabled
        self._first_back_off_s = first_back_off_s
        self._failures = 0
        self._last_error = ''
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='telegram sender', daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    @property
    def state(self) -> SenderState:
        """Return how it is."""
        with self._changed:
            numbers = replace(self._outgoing.numbers)
            return SenderState(self._enabled, len(self._outgoing), numbers, self._last_error)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, within_s: float = 0.5) -> None:
        """Send nothing more; a request that is under way may end later."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(within_s)

    def enable(self, enabled: bool) -> None:
        """Send notices from now on, or none: those that wait are forgotten."""
        with self._changed:
            self._enabled = enabled
            if not enabled:
                self._outgoing.clear()

    def put(self, notice: Notice, picture: bytes | None) -> None:
        """Send a notice when it may go; nothing while this is not enabled."""
        with self._changed:
            if self._enabled:
                self._outgoing.put(notice, picture, self._now())
                self._changed.notify_all()

    def answer(self, messages: Sequence[tuple[str, bytes | None]]) -> bool:
        """Send texts with pictures to who asked; return False while an older answer is under way."""
        with self._changed:
            taken = self._outgoing.answer(messages, time.monotonic())
            self._changed.notify_all()
            return taken

    def _run(self) -> None:
        while (message := self._wait_for_message()) is not None:
            self._send(message)

    def _wait_for_message(self) -> Message | None:
        with self._changed:
            while not self._stopping:
                now_s, now = time.monotonic(), self._now()
                if message := self._outgoing.next(now_s, now):
                    return message
                self._changed.wait(self._outgoing.wait_s(now_s, now))
            return None

    def _send(self, message: Message) -> None:
        error: TelegramError | ValueError | None = None
        try:
            if message.picture is None:
                self._client.send_message(message.text)
            else:
                self._client.send_photo(message.picture, message.text)
        except (TelegramError, ValueError) as caught:
            error = caught
        with self._changed:
            self._take_outcome(message, error, time.monotonic())

    def _take_outcome(self, message: Message, error: TelegramError | ValueError | None, now_s: float) -> None:
        self._last_error = str(error) if error else ''
        if error is None:
            self._failures = 0
            self._outgoing.sent(message, now_s)
        elif isinstance(error, TelegramRateLimitError):
            self._outgoing.hold(now_s + error.retry_after_s)
        elif isinstance(error, TelegramRefusedError | ValueError):
            self._outgoing.refused(message, now_s)
        else:
            self._failures += 1
            self._outgoing.hold(now_s + back_off_s(self._failures, self._first_back_off_s))


def back_off_s(failures: int, first_s: float = FIRST_BACK_OFF_S) -> float:
    """Return how long to wait after so many failures, a random share of it less, seconds."""
    longest_s = min(LONGEST_BACK_OFF_S, first_s * 2.0 ** min(failures - 1, 16))
    return longest_s * random.uniform(0.75, 1.0)
