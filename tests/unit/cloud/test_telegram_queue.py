"""What may go to the chat, and when: notices and times in, messages out."""

import datetime as dt
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.quiet_hours import QuietHours
from parking_monitor.cloud.telegram import MAX_CAPTION, MAX_PHOTO_BYTES, MAX_TEXT
from parking_monitor.cloud.telegram_queue import (
    ANSWERS_KEEP_S,
    MOST_PICTURES,
    MOST_WAITING,
    Message,
    Outgoing,
    shortest_spacing_s,
)
from parking_monitor.cloud.telegram_rules import Notice

EVENING = dt.datetime(2026, 3, 1, 21, 0, tzinfo=dt.UTC)
NIGHT = QuietHours.parse('22:00-06:00')


@dataclass
class Chat:
    """Hold a queue and its times: seconds since nine in the evening."""

    queue: Outgoing = field(default_factory=Outgoing)
    now_s: float = 0.0

    @property
    def now(self) -> dt.datetime:
        return EVENING + dt.timedelta(seconds=self.now_s)

    def put(self, *texts: str, key: str = 'rule', picture: bytes | None = None) -> None:
        for text in texts:
            self.queue.put(Notice(key, 'lane', text), picture, self.now)

    def next(self) -> Message | None:
        return self.queue.next(self.now_s, self.now)

    def wait_s(self) -> float | None:
        return self.queue.wait_s(self.now_s, self.now)

    def send(self) -> Message:
        message = self.next()
        assert message is not None
        self.queue.sent(message, self.now_s)
        return message

    def pass_hours(self, hours: float) -> None:
        self.now_s += hours * 3600

    def send_all(self) -> list[str]:
        texts = []
        while (wait_s := self.wait_s()) is not None:
            self.now_s += wait_s
            if self.next():
                texts.append(self.send().text)
        return texts


def test_a_notice_goes_at_once_with_its_picture() -> None:
    chat = Chat()
    chat.put('lane: 2 cars', picture=b'jpeg')
    message = chat.send()
    assert (message.text, message.picture) == ('lane: 2 cars', b'jpeg')
    assert (chat.wait_s(), len(chat.queue)) == (None, 0)


def test_a_message_waits_until_it_was_sent() -> None:
    chat = Chat()
    chat.put('x')
    assert chat.next() is not None
    assert chat.send().text == 'x'


def test_notices_of_different_rules_keep_their_distance() -> None:
    chat = Chat(Outgoing(spacing_s=1.0, notice_spacing_s=10.0))
    chat.put('a', key='a')
    chat.put('b', key='b')
    assert chat.send().text == 'a'
    assert (chat.next(), chat.wait_s()) == (None, 10.0)
    chat.now_s += 10.0
    assert chat.send().text == 'b'


def test_an_answer_goes_before_notices_and_waits_for_telegrams_limit_alone() -> None:
    chat = Chat(Outgoing(spacing_s=1.0, notice_spacing_s=10.0, quiet_hours=QuietHours.parse('21:00-22:00')))
    chat.put('a')
    assert chat.queue.answer([('one', b'jpeg'), ('two', None)], chat.now_s)
    assert chat.send().picture == b'jpeg'
    assert chat.wait_s() == 1.0
    chat.now_s += 1.0
    assert chat.send().text == 'two'


def test_who_asks_again_before_the_answer_is_sent_gets_one_answer() -> None:
    chat = Chat()
    assert chat.queue.answer([('one', None)], chat.now_s)
    assert not chat.queue.answer([('two', None)], chat.now_s)
    assert chat.send_all() == ['one']


def test_an_answer_that_nobody_waits_for_any_more_is_not_sent() -> None:
    chat = Chat()
    chat.queue.answer([('one', None)], chat.now_s)
    chat.queue.hold(ANSWERS_KEEP_S * 2)
    chat.now_s += ANSWERS_KEEP_S + 1
    assert chat.wait_s() is None


def test_while_nothing_can_be_sent_the_newest_of_each_rule_is_kept_with_the_number_before_it() -> None:
    chat = Chat()
    chat.queue.hold(3600.0)
    chat.put('lane: 1 car', 'lane: 2 cars', key='change')
    chat.pass_hours(0.5)
    chat.put('lane: 3 cars', key='change', picture=b'newest')
    chat.put('front is full', key='full')
    assert chat.wait_s() == 1800.0
    chat.pass_hours(0.5)
    first = chat.send()
    assert (first.text, first.picture) == ('21:30 lane: 3 cars (2 before it since 21:00)', b'newest')
    assert chat.send_all() == ['21:30 front is full']
    assert (chat.queue.numbers.sent, chat.queue.numbers.coalesced) == (2, 2)


def test_what_comes_while_a_message_is_under_way_is_sent_next() -> None:
    chat = Chat()
    chat.put('1', '2')
    under_way = chat.next()
    chat.put('3', '4')
    assert under_way is not None
    chat.queue.sent(under_way, chat.now_s)
    assert chat.send_all() == ['4 (1 before it since 21:00)']


def test_what_is_refused_is_not_sent_again() -> None:
    chat = Chat()
    chat.put('x')
    message = chat.next()
    assert message is not None
    chat.queue.refused(message, chat.now_s)
    assert (chat.wait_s(), chat.queue.numbers.refused, chat.queue.numbers.sent) == (None, 1, 0)


def test_what_was_forgotten_while_under_way_takes_nothing_newer_with_it() -> None:
    chat = Chat()
    chat.put('1', '2', '3')
    message = chat.next()
    assert message is not None
    chat.queue.clear()
    chat.put('4')
    chat.queue.sent(message, chat.now_s)
    assert chat.send_all() == ['4']


def test_what_happened_in_quiet_hours_is_one_message_at_their_end() -> None:
    chat = Chat(Outgoing(quiet_hours=NIGHT))
    chat.pass_hours(2)
    chat.put('lane: 1 car', key='change')
    chat.pass_hours(1)
    chat.put('lane: 2 cars', key='change', picture=b'jpeg')
    chat.put('lot is empty', key='empty')
    chat.pass_hours(5.99)
    assert chat.next() is None
    chat.pass_hours(0.01)
    assert chat.send_all() == [
        'While it was quiet (22:00-06:00):\n00:00 lane: 2 cars (1 before it since 23:00)\n00:00 lot is empty'
    ]


def test_a_single_event_of_the_night_comes_with_its_picture() -> None:
    chat = Chat(Outgoing(quiet_hours=NIGHT))
    chat.pass_hours(2)
    chat.put('lane: 2 cars', picture=b'jpeg')
    chat.pass_hours(7)
    message = chat.send()
    assert (message.text, message.picture) == ('23:00 lane: 2 cars', b'jpeg')


def test_the_digest_of_a_night_stays_until_it_is_sent() -> None:
    chat = Chat(Outgoing(quiet_hours=NIGHT))
    chat.pass_hours(2)
    chat.put('a', key='a')
    chat.put('b', key='b')
    chat.pass_hours(8)
    failed = chat.next()
    chat.queue.hold(chat.now_s + 60)
    chat.put('c', key='a')
    assert failed is not None
    (text,) = chat.send_all()
    assert '07:00 c (1 before it since 23:00)' in text


def test_a_long_night_fits_a_message_and_leaves_the_oldest_out() -> None:
    chat = Chat(Outgoing(quiet_hours=NIGHT))
    chat.pass_hours(2)
    for number in range(MOST_WAITING):
        chat.put(f'{number}: ' + 'ü' * 300, key=str(number))
        chat.pass_hours(0.1)
    chat.pass_hours(8)
    (text,) = chat.send_all()
    assert len(text) <= MAX_TEXT
    assert 'older left out)' in text
    assert f'{MOST_WAITING - 1}: ü' in text


def test_there_is_a_bound_to_what_waits_and_to_its_pictures() -> None:
    chat = Chat()
    for number in range(MOST_WAITING + 5):
        chat.put(str(number), key=str(number), picture=b'jpeg')
        chat.now_s += 1
    assert len(chat.queue) == MOST_WAITING
    assert chat.queue.numbers.dropped == 5
    messages = []
    while chat.wait_s() is not None:
        chat.now_s += 10
        messages.append(chat.send())
    assert sum(message.picture is not None for message in messages) == MOST_PICTURES
    assert messages[-1].picture is not None


def test_captions_texts_and_pictures_are_within_telegrams_limits() -> None:
    chat = Chat()
    chat.put('c' * 5000, key='a', picture=b'jpeg')
    chat.put('t' * 5000, key='b', picture=bytes(MAX_PHOTO_BYTES + 1))
    caption = chat.send()
    chat.now_s += 60
    text = chat.send()
    assert (len(caption.text), caption.picture) == (MAX_CAPTION, b'jpeg')
    assert (len(text.text), text.picture) == (MAX_TEXT, None)


def test_groups_and_channels_get_fewer_messages_than_a_person() -> None:
    assert [shortest_spacing_s(chat) for chat in ('42', '-10042', '@lot')] == [1.0, 3.0, 3.0]


EVENTS = st.lists(
    st.tuples(st.floats(0, 7200), st.sampled_from(['put', 'send', 'hold', 'refuse']), st.integers(0, 40)),
    max_size=80,
)


@given(EVENTS)
def test_nothing_is_sent_in_quiet_hours_nor_too_soon_nor_lost(events: list[tuple[float, str, int]]) -> None:
    chat = Chat(Outgoing(spacing_s=1.0, notice_spacing_s=3.0, quiet_hours=NIGHT))
    held_until_s, last_s, put, told = 0.0, float('-inf'), 0, 0
    for wait_s, event, number in events:
        chat.now_s += wait_s
        if event == 'put':
            chat.put(str(put), key=str(number))
            put += 1
        elif event == 'hold':
            held_until_s = chat.now_s + number
            chat.queue.hold(held_until_s)
        elif message := chat.next():
            assert not NIGHT.contain(chat.now)
            assert chat.now_s >= held_until_s
            assert chat.now_s - last_s >= 3.0
            last_s = chat.now_s
            told += sum(count for _, count in message.stands_for)
            (chat.queue.sent if event == 'send' else chat.queue.refused)(message, chat.now_s)
    chat.queue.quiet_hours = None
    chat.now_s += 10_000
    while (message := chat.next()) is not None:
        told += sum(count for _, count in message.stands_for)
        chat.queue.sent(message, chat.now_s)
        chat.now_s += 10
    assert told + chat.queue.numbers.dropped == put
    assert len(chat.queue) == 0
