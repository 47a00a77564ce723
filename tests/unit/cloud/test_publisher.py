import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from parking_monitor.cloud.connection_faults import ConnectionFault, FaultKind
from parking_monitor.cloud.delivery import DeliverySettings
from parking_monitor.cloud.errors import IdentityFileError, PublishError, PublishRefusedError
from parking_monitor.cloud.outbox import Outbox, OutboxSettings
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.values import CountState, ZoneCount
from tests.support.patience import PATIENCE_S
from tests.unit.cloud.builders import ScriptedSession, a_count, an_origin

OWN, SHARED, HISTORY = 'parking/garage/count', 'EI_TOPIC', 'parking/garage/history'
DELIVERY = {field.name for field in fields(DeliverySettings)}

Start = Callable[..., CountPublisher]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def start_publisher(session: ScriptedSession, **settings: Any) -> CountPublisher:
            sending = {name: settings.pop(name) for name in DELIVERY & settings.keys()}
            delivery = DeliverySettings(**{'retry_min_s': 0.02, **sending})
            chosen = {'topics': (OWN,), 'min_spacing_s': 0.0, 'delivery': delivery, **settings}
            cameras = {'lane': an_origin('lane'), 'gate': an_origin('gate')}
            # A clock at its beginning: numbers rise from 1.
            outbox = Outbox(tmp_path, OutboxSettings(history_topic=HISTORY), wall_ns=lambda: 0)
            publisher = CountPublisher(
                session, cameras, PublisherSettings(**chosen), outbox, is_clock_synced=lambda: True
            )
            publisher.start()
            stack.callback(publisher.stop, 0.2)
            session.wait_for_starts(1)
            return publisher

        yield start_publisher


def wait_until(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.002)


def cars_of(payload: bytes) -> int:
    cars: int = json.loads(payload)['cars']
    return cars


def test_a_count_goes_to_every_topic_under_one_number(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, topics=(SHARED, OWN))
    session.connect()
    publisher.observe('lane', a_count(2))

    sent = session.wait_for_sent(2)

    assert [topic for topic, _, _ in sent] == [SHARED, OWN]
    assert sent[0][1] == sent[1][1]
    assert json.loads(sent[0][1])['seq'] == 1


def test_a_count_that_is_unknown_is_kept_from_readers_who_know_cars_alone(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, topics=(SHARED, OWN), reference_topics=frozenset({SHARED}))
    session.connect()
    publisher.observe('lane', a_count(0, state=CountState.UNKNOWN))
    assert [topic for topic, _, _ in session.wait_for_sent(1)] == [OWN]
    publisher.observe('lane', a_count(0))
    assert [topic for topic, _, _ in session.wait_for_sent(3)] == [OWN, SHARED, OWN]


def test_a_count_that_is_unknown_and_that_nobody_else_reads_is_not_sent(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, reference_topics=frozenset({OWN}))
    session.connect()
    publisher.observe('lane', a_count(0, state=CountState.UNKNOWN))
    publisher.observe('gate', a_count(1))
    session.wait_for_sent(1)

    assert publisher.statistics.waiting <= 1
    assert [cars_of(payload) for _, payload, _ in session.sent] == [1]


def test_what_is_acknowledged_is_counted(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(2))
    session.wait_for_sent(1)
    publisher.observe('gate', a_count(1))
    session.wait_for_sent(2)
    publisher.stop()

    statistics = publisher.statistics
    assert (statistics.counts, statistics.published, statistics.acknowledged) == (2, 2, 2)
    assert (statistics.waiting, statistics.refused, statistics.failed, statistics.dropped) == (0, 0, 0, 0)
    assert statistics.last_error == ''
    assert not statistics.running


def test_what_was_counted_offline_arrives_in_its_order_and_the_newest_of_each_camera_too(
    start: Start,
) -> None:
    session = ScriptedSession()
    publisher = start(session)
    for cars in range(5):
        publisher.observe('lane', a_count(cars))
        publisher.observe('gate', a_count(10 + cars))
    # Both cameras' last counts are in the outbox before there is a connection.
    wait_until(lambda: publisher.statistics.counts >= 2)
    publisher.observe('lane', a_count(5))
    waiting = publisher.statistics.counts
    wait_until(lambda: publisher.statistics.counts > waiting)
    session.connect()
    sent = session.wait_for_sent(publisher.statistics.counts)

    numbers = [json.loads(payload)['seq'] for _, payload, _ in sent]
    assert numbers == list(range(1, len(sent) + 1))
    assert {5, 14} <= {cars_of(payload) for _, payload, _ in sent}


def test_a_message_says_whether_the_clock_is_kept_and_how_many_were_given_up(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(2))

    message = json.loads(session.wait_for_sent(1)[0][1])

    assert (message['clock_synced'], message['dropped']) == (True, 0)


def test_a_message_that_got_no_answer_is_sent_again(start: Start) -> None:
    session = ScriptedSession(acknowledging=False)
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(2))
    session.wait_for_sent(1)[0][2].set_exception(PublishError('no answer'))

    again = session.wait_for_sent(2)

    assert again[1][1] == again[0][1]
    assert publisher.statistics.failed == 1
    assert publisher.statistics.last_error == 'no answer'
    again[1][2].set_result(None)
    wait_until(lambda: publisher.statistics.acknowledged == 1)


def test_a_refused_topic_rests_and_does_not_hold_up_the_other(start: Start) -> None:
    session = ScriptedSession(acknowledging=False)
    publisher = start(session, topics=(SHARED, OWN), retry_min_s=60.0)
    session.connect()
    publisher.observe('lane', a_count(1))
    first = session.wait_for_sent(2)
    first[0][2].set_exception(PublishRefusedError(SHARED, 135, 'not authorized'))
    first[1][2].set_result(None)
    publisher.observe('lane', a_count(2))

    sent = session.wait_for_sent(3)

    assert [topic for topic, _, _ in sent] == [SHARED, OWN, OWN]
    assert publisher.statistics.refused == 1
    assert "'EI_TOPIC': not authorized (reason code 135)" in publisher.statistics.last_error
    sent[2][2].set_result(None)


def test_a_topic_that_stays_refused_is_tried_again_and_taken_when_it_is_allowed(start: Start) -> None:
    session = ScriptedSession(acknowledging=False)
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(1))
    for attempt in range(1, 4):
        session.wait_for_sent(attempt)[-1][2].set_exception(PublishRefusedError(OWN, 135, 'not authorized'))
    session.wait_for_sent(4)[-1][2].set_result(None)

    wait_until(lambda: publisher.statistics.waiting == 0)
    assert publisher.statistics.refused == 3


def test_no_more_messages_are_on_their_way_than_the_window_lets(start: Start) -> None:
    session = ScriptedSession(acknowledging=False)
    publisher = start(session, topics=(SHARED, OWN), window=3)
    session.connect()
    publisher.observe('lane', a_count(1))
    publisher.observe('gate', a_count(1))
    held = session.wait_for_sent(3)
    assert publisher.statistics.published == 3
    held[0][2].set_result(None)

    everything = session.wait_for_sent(4)

    assert publisher.statistics.waiting == 2
    for _, _, answer in everything[1:]:
        answer.set_result(None)


def test_a_count_is_repeated_when_the_interval_ends(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, interval_s=0.05)
    session.connect()
    publisher.observe('lane', a_count(2))

    sent = session.wait_for_sent(3)

    assert [json.loads(payload)['seq'] for _, payload, _ in sent[:3]] == [1, 2, 3]
    assert {cars_of(payload) for _, payload, _ in sent} == {2}


def test_a_longer_interval_set_later_is_kept(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, interval_s=1000.0)
    session.connect()
    publisher.observe('lane', a_count(2))
    session.wait_for_sent(1)
    publisher.set_interval(0.05)

    session.wait_for_sent(2)


def test_a_counter_that_falls_silent_leaves_no_claim_standing(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, stale_after_s=0.05)
    session.connect()
    publisher.observe('lane', a_count(2))

    sent = session.wait_for_sent(2)

    assert [json.loads(payload)['state'] for _, payload, _ in sent[:2]] == ['OK', 'STALE']
    assert cars_of(sent[1][1]) == 2


def test_silence_after_unknown_stays_unknown(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, stale_after_s=0.01, interval_s=0.05)
    session.connect()
    publisher.observe('lane', a_count(0, state=CountState.UNKNOWN, stamp_ns=0))

    sent = session.wait_for_sent(3)

    assert {json.loads(payload)['state'] for _, payload, _ in sent} == {'UNKNOWN'}


def test_what_waits_for_its_spacing_is_sent_before_the_end(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session, min_spacing_s=60.0)
    session.connect()
    publisher.observe('lane', a_count(1))
    session.wait_for_sent(1)
    publisher.observe('lane', a_count(2))
    publisher.stop()

    assert [cars_of(payload) for _, payload, _ in session.sent] == [1, 2]
    assert session.stopped


def test_stopping_offline_waits_for_nobody(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session)
    publisher.observe('lane', a_count(1))

    assert publisher.stop(timeout_s=30.0)
    assert not publisher.statistics.running
    assert publisher.statistics.waiting == 1


def test_a_message_without_an_answer_does_not_delay_the_stop_beyond_its_time(start: Start) -> None:
    session = ScriptedSession(acknowledging=False)
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(1))
    session.wait_for_sent(1)
    publisher.stop(timeout_s=0.2)

    wait_until(lambda: not publisher.statistics.running)
    assert session.stopped


def test_the_session_is_started_again_when_the_files_have_come(start: Start) -> None:
    missing = IdentityFileError('certificate', Path('/certs/c'), 'does not exist')
    session = ScriptedSession(start_errors=[missing, missing])
    publisher = start(session, start_retry_s=0.02)
    session.wait_for_starts(3)
    session.connect()
    publisher.observe('lane', a_count(1))

    session.wait_for_sent(1)
    assert session.starts == 3


def test_why_there_is_no_connection_is_told(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session)
    session.fail(ConnectionFault(FaultKind.PORT, 'nothing listens'))
    assert publisher.statistics.last_error == 'nothing listens'
    session.connect()
    session.disconnect('closed')

    assert publisher.statistics.last_error == 'closed'
    assert publisher.statistics.connected_since_ns is None
    assert publisher.statistics.last_error_ns > 0


def test_a_count_too_large_is_reported_and_the_next_one_is_sent(start: Start) -> None:
    session = ScriptedSession()
    publisher = start(session)
    session.connect()
    publisher.observe('lane', a_count(1, zones=(ZoneCount('z' * 200_000, 1),)))
    publisher.observe('gate', a_count(7))

    assert cars_of(session.wait_for_sent(1)[0][1]) == 7
    assert "camera 'lane': parking.count/1 message of" in publisher.statistics.last_error


def test_an_unknown_camera_is_refused_with_those_that_are_known(start: Start) -> None:
    with pytest.raises(ValueError, match=r"camera 'roof' is not known.*\['gate', 'lane'\]"):
        start(ScriptedSession()).observe('roof', a_count())


@pytest.mark.parametrize('topics', [(), ('parking/#',)])
def test_topics_that_take_no_message_are_refused(topics: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match='topic'):
        PublisherSettings(topics=topics)
