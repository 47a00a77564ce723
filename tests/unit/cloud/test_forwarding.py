"""Other topics' newest messages go out when they are due and have room, and never wait in line."""

import json
import threading
from functools import partial

import pytest

from parking_monitor.cloud.errors import CloudError, PublishRefusedError
from parking_monitor.cloud.forwarded_message import FORWARDED_SCHEMA, ForwardedMessage
from parking_monitor.cloud.forwarding import Encode, ForwardedTopic, Forwarder
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES
from tests.support.patience import PATIENCE_S
from tests.unit.cloud.builders import ScriptedSession

SCAN, ODOM = 'parking/garage/ros/scan', 'parking/garage/ros/odom'


def a_topic(target: str = SCAN, rate_hz: float = 1.0) -> ForwardedTopic:
    return ForwardedTopic(target=target, rate_hz=rate_hz)


def said(text: str) -> Encode:
    return text.encode


def payloads(session: ScriptedSession) -> list[str]:
    return [payload.decode() for _, payload, _ in session.sent]


class CrowdedSession(ScriptedSession):
    """A connection of which the counts leave little."""

    room = 0

    def send_room(self) -> tuple[int, float]:
        return self.room, 0.1


def connected(session: ScriptedSession) -> ScriptedSession:
    session.connect()
    return session


def test_of_many_messages_the_newest_is_sent_when_it_is_due() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic(rate_hz=2.0)])
    forwarder.offer(SCAN, said('a'))
    assert forwarder.step(10.0) == pytest.approx(float('inf'))
    forwarder.offer(SCAN, said('b'))
    assert forwarder.step(10.1) == pytest.approx(0.4)
    forwarder.offer(SCAN, said('c'))
    forwarder.step(10.5)
    forwarder.step(20.0)

    assert payloads(session) == ['a', 'c']
    assert [topic for topic, _, _ in session.sent] == [SCAN, SCAN]
    assert (forwarder.report(SCAN).received, forwarder.report(SCAN).sent) == (3, 2)


def test_what_is_not_sent_is_never_made() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic()])
    made: list[int] = []

    def make(number: int) -> bytes:
        made.append(number)
        return b'{}'

    for number in range(100):
        forwarder.offer(SCAN, partial(make, number))
    forwarder.step(10.0)
    assert made == [99]


def test_offline_the_newest_message_is_kept_and_goes_out_first() -> None:
    session = ScriptedSession()
    forwarder = Forwarder(session, [a_topic()])
    forwarder.offer(SCAN, said('old'))
    forwarder.step(10.0)
    forwarder.offer(SCAN, said('new'))
    forwarder.step(11.0)
    assert session.sent == []
    session.connect()
    forwarder.step(12.0)
    assert payloads(session) == ['new']


def test_while_counts_take_all_room_nothing_is_forwarded() -> None:
    session = CrowdedSession()
    session.connect()
    forwarder = Forwarder(session, [a_topic()])
    forwarder.offer(SCAN, said('a'))
    for room in (0, 1, 2):
        session.room = room
        assert 0 < forwarder.step(10.0) < 1
        assert session.sent == []
    session.room = 5
    forwarder.step(10.0)
    assert payloads(session) == ['a']


def test_a_topic_waits_for_its_answer_and_few_are_on_their_way_at_once() -> None:
    session = connected(ScriptedSession(acknowledging=False))
    targets = [f'parking/garage/ros/{number}' for number in range(6)]
    forwarder = Forwarder(session, [a_topic(target, rate_hz=10.0) for target in targets])
    for target in targets:
        forwarder.offer(target, said(target))
    for now_s in (10.0, 11.0, 12.0):
        forwarder.step(now_s)
        forwarder.offer(targets[0], said('again'))
    assert [topic for topic, _, _ in session.sent] == targets[:4]
    session.sent[0][2].set_result(None)
    forwarder.step(13.0)
    assert [topic for topic, _, _ in session.sent[4:]] == [targets[4]]


def test_large_messages_take_half_of_what_a_connection_takes() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic(SCAN, 10.0), a_topic(ODOM, 10.0)])
    for tenth in range(100):
        for target in (SCAN, ODOM):
            forwarder.offer(target, lambda: bytes(100_000))
        forwarder.step(100 + tenth / 10)
    assert sum(len(payload) for _, payload, _ in session.sent) <= 256 * 1024 * 10.5 + 100_000
    assert {topic for topic, _, _ in session.sent} == {SCAN, ODOM}


def test_what_is_too_large_is_told_and_not_sent_and_the_other_topic_goes_on() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic(SCAN), a_topic(ODOM)])
    forwarder.offer(SCAN, lambda: bytes(MAX_MESSAGE_BYTES + 1))
    forwarder.offer(ODOM, lambda: bytes(MAX_MESSAGE_BYTES))
    forwarder.step(10.0)
    assert [topic for topic, _, _ in session.sent] == [ODOM]
    assert forwarder.report(SCAN).problem == 'a message has 131073 bytes, over the limit of 131072: not sent'
    assert forwarder.report(ODOM).problem == ''


def test_a_message_that_cannot_be_made_or_is_refused_rests_its_topic_and_is_told_until_one_is_taken() -> None:
    session = connected(ScriptedSession(acknowledging=False))
    forwarder = Forwarder(session, [a_topic()])

    def broken() -> bytes:
        raise CloudError('a message is not of its type')

    forwarder.offer(SCAN, broken)
    forwarder.step(10.0)
    assert forwarder.report(SCAN).problem == 'a message is not of its type'
    forwarder.offer(SCAN, said('a'))
    assert forwarder.step(11.0) == pytest.approx(9.0)
    forwarder.step(20.0)
    session.sent[0][2].set_exception(PublishRefusedError(SCAN, 135, 'not authorized'))
    forwarder.step(20.1)
    assert 'not authorized' in forwarder.report(SCAN).problem
    forwarder.offer(SCAN, said('b'))
    forwarder.step(31.0)
    session.sent[1][2].set_result(None)
    forwarder.step(31.1)
    assert forwarder.report(SCAN).problem == ''
    assert forwarder.report(SCAN).sent == 1


def test_its_thread_sends_what_is_offered_and_ends_at_once() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic()])
    assert not forwarder.is_dead
    forwarder.start()
    forwarder.offer(SCAN, said('a'))
    session.wait_for_sent(1)
    forwarder.stop()
    assert not forwarder.is_dead


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_thread_that_died_is_told() -> None:
    session = connected(ScriptedSession())
    forwarder = Forwarder(session, [a_topic()])
    broken = threading.Event()

    def impossible() -> bytes:
        broken.set()
        raise AssertionError

    forwarder.start()
    forwarder.offer(SCAN, impossible)
    assert broken.wait(PATIENCE_S)
    forwarder._thread.join(PATIENCE_S)
    assert forwarder.is_dead


def test_a_message_is_said_with_its_type_and_in_json_that_everybody_reads() -> None:
    message = ForwardedMessage(
        uuid='u',
        schema=FORWARDED_SCHEMA,
        topic='/scan',
        type='a_msgs/msg/Scan',
        received_at='2026-03-01T08:15:30.250Z',
        message={'ranges': [1.5, float('nan'), float('inf')], 'name': 'Süd'},
    )
    assert message.payload().decode() == (
        '{"uuid":"u","schema":"parking.ros/1","topic":"/scan","type":"a_msgs/msg/Scan",'
        '"received_at":"2026-03-01T08:15:30.250Z","message":{"ranges":[1.5,null,null],"name":"Süd"}}'
    )
    assert json.loads(message.payload())['message']['ranges'][1:] == [None, None]
