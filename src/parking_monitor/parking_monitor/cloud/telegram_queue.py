"""Hold what is to be sent until it may be: the newest notice of each rule, and answers.

Nothing here knows a clock or a chat. `now_s` is monotonic and for intervals, `now` is the clock
on the wall and for people and quiet hours.
"""

import datetime as dt
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from parking_monitor.cloud.quiet_hours import QuietHours
from parking_monitor.cloud.telegram import MAX_CAPTION, MAX_PHOTO_BYTES, MAX_TEXT, fit_text
from parking_monitor.cloud.telegram_board import clock
from parking_monitor.cloud.telegram_rules import Notice

MOST_WAITING = 32
MOST_PICTURES = 8
ANSWERS_KEEP_S = 120.0
# The clock on the wall may be set: the end of quiet hours is looked for, not computed.
_QUIET_LOOK_S = 5.0
_LATE = dt.timedelta(seconds=60)


@dataclass(slots=True)
class _Waiting:
    """Hold the newest notice of one rule, and how many there were since one of it was sent."""

    notice: Notice
    at: dt.datetime
    picture: bytes | None
    first_at: dt.datetime
    number: int = 1
    was_quiet: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """Hold one message as it is to be sent: within the limits of a text, or of a photo and its caption."""

    text: str
    picture: bytes | None = None
    stands_for: tuple[tuple[_Waiting, int], ...] = ()


@dataclass(slots=True)
class QueueNumbers:
    """Count what became of notices and answers.

    Attributes:
        sent: messages that Telegram took.
        refused: messages that it did not take; they are not sent again.
        coalesced: notices that went out as a number beside a newer one.
        dropped: notices for which there was no room.
    """

    sent: int = 0
    refused: int = 0
    coalesced: int = 0
    dropped: int = 0


@dataclass
class Outgoing:
    """Decide which message may go to the chat, and when.

    Attributes:
        spacing_s: shortest time between any two messages, as Telegram demands.
        notice_spacing_s: the same between notices, as the operator likes.
        quiet_hours: in which no notice is sent; what happened in them is one message at their end.
    """

    spacing_s: float = 1.0
    notice_spacing_s: float = 3.0
    quiet_hours: QuietHours | None = None
    numbers: QueueNumbers = field(default_factory=QueueNumbers)
    _waiting: dict[str, _Waiting] = field(default_factory=dict, init=False)
    _answers: deque[tuple[float, Message]] = field(default_factory=deque, init=False)
    _sent_s: float = field(default=float('-inf'), init=False)
    _notice_s: float = field(default=float('-inf'), init=False)
    _held_until_s: float = field(default=float('-inf'), init=False)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._answers)

    def is_quiet(self, now: dt.datetime) -> bool:
        """Return whether no notice may be sent."""
        return self.quiet_hours is not None and self.quiet_hours.contain(now)

    def put(self, notice: Notice, picture: bytes | None, now: dt.datetime) -> None:
        """Take a notice; it replaces an older one of its key that was not sent yet."""
        if picture is not None and len(picture) > MAX_PHOTO_BYTES:
            picture = None
        older = self._waiting.get(notice.key)
        if older is None:
            self._make_room()
            self._waiting[notice.key] = _Waiting(notice, now, picture, now, was_quiet=self.is_quiet(now))
        else:
            older.notice, older.at, older.picture = notice, now, picture
            older.number += 1
            older.was_quiet |= self.is_quiet(now)
        with_pictures = [one for one in self._waiting.values() if one.picture is not None]
        for one in sorted(with_pictures, key=lambda one: one.at)[:-MOST_PICTURES]:
            one.picture = None

    def answer(self, messages: Sequence[tuple[str, bytes | None]], now_s: float) -> bool:
        """Take an answer of texts and pictures; return False while an older answer is still to be sent."""
        self._forget_old_answers(now_s)
        if self._answers:
            return False
        self._answers.extend((now_s, _fitting(text, picture)) for text, picture in messages)
        return True

    def clear(self) -> None:
        """Forget all notices."""
        self._waiting.clear()

    def wait_s(self, now_s: float, now: dt.datetime) -> float | None:
        """Return seconds until the next message may be sent; None when there is none."""
        self._forget_old_answers(now_s)
        if self._answers:
            return max(0.0, max(self._held_until_s, self._sent_s + self.spacing_s) - now_s)
        if not self._waiting:
            return None
        earliest_s = max(
            self._held_until_s, self._sent_s + self.spacing_s, self._notice_s + self.notice_spacing_s
        )
        return max(0.0, _QUIET_LOOK_S if self.is_quiet(now) else 0.0, earliest_s - now_s)

    def next(self, now_s: float, now: dt.datetime) -> Message | None:
        """Return the message to send now; it waits on until it is `sent` or `refused`."""
        if self.wait_s(now_s, now) != 0.0:
            return None
        if self._answers:
            return self._answers[0][1]
        waiting = sorted(self._waiting.values(), key=lambda one: one.at)
        if len(waiting) > 1 and any(one.was_quiet for one in waiting):
            return Message(self._digest(waiting, now), None, tuple((one, one.number) for one in waiting))
        first = next(iter(self._waiting.values()))
        text = _told_late(first, now)
        return _fitting(text, first.picture, ((first, first.number),))

    def sent(self, message: Message, now_s: float) -> None:
        """Take note that Telegram took a message."""
        self.numbers.sent += 1
        self.numbers.coalesced += sum(number - 1 for _, number in message.stands_for)
        self._done(message, now_s)

    def refused(self, message: Message, now_s: float) -> None:
        """Take note that Telegram never takes a message."""
        self.numbers.refused += 1
        self._done(message, now_s)

    def hold(self, until_s: float) -> None:
        """Send nothing before this."""
        self._held_until_s = until_s

    def _done(self, message: Message, now_s: float) -> None:
        self._sent_s = now_s
        if message.stands_for:
            self._notice_s = now_s
        if self._answers and self._answers[0][1] is message:
            self._answers.popleft()
        for one, number in message.stands_for:
            if self._waiting.get(one.notice.key) is not one:
                continue
            one.number -= number
            one.first_at = one.at
            if not one.number:
                del self._waiting[one.notice.key]

    def _make_room(self) -> None:
        if len(self._waiting) >= MOST_WAITING:
            oldest = min(self._waiting.values(), key=lambda one: one.at)
            self.numbers.dropped += oldest.number
            del self._waiting[oldest.notice.key]

    def _forget_old_answers(self, now_s: float) -> None:
        while self._answers and now_s - self._answers[0][0] > ANSWERS_KEEP_S:
            self._answers.popleft()

    def _digest(self, waiting: Sequence[_Waiting], now: dt.datetime) -> str:
        """Put many notices into one text, the oldest left out where it would be too long."""
        lines = [f'{clock(one.at, now)} {one.notice.text}{_before(one)}' for one in waiting]
        for left_out in range(len(lines)):
            more = f'\n({left_out} older left out)' if left_out else ''
            text = '\n'.join([f'While it was quiet ({self.quiet_hours}):{more}', *lines[left_out:]])
            if fit_text(text, MAX_TEXT) == text:
                return text
        return fit_text(lines[-1], MAX_TEXT)


def _told_late(one: _Waiting, now: dt.datetime) -> str:
    """Return a notice's text, with its time when that is past."""
    when = f'{clock(one.at, now)} ' if now - one.at > _LATE else ''
    return f'{when}{one.notice.text}{_before(one)}'


def _before(one: _Waiting) -> str:
    """Say how many notices of its kind this one replaced."""
    return f' ({one.number - 1} before it since {one.first_at:%H:%M})' if one.number > 1 else ''


def _fitting(text: str, picture: bytes | None, stands_for: tuple[tuple[_Waiting, int], ...] = ()) -> Message:
    if picture is not None and len(picture) > MAX_PHOTO_BYTES:
        picture = None
    return Message(fit_text(text, MAX_TEXT if picture is None else MAX_CAPTION), picture, stands_for)


def shortest_spacing_s(chat_id: str) -> float:
    """Return the seconds between messages that Telegram allows: to groups 20 a minute, else 1 a second."""
    return 3.0 if chat_id.startswith(('-', '@')) else 1.0
