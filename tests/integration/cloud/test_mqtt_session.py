import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap
from parking_monitor.cloud.delivery import Delivery
from parking_monitor.cloud.errors import (
    InvalidNameError,
    MessageTooLargeError,
    PublishError,
    PublishRefusedError,
)
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.takeover_watch import ENDS_IN_A_ROW
from parking_monitor.cloud.topics import count_topic, history_topic
from tests.integration.cloud.builders import QUICK, frozen, says, settings_for
from tests.integration.cloud.conftest import OpenSession
from tests.integration.cloud.receiver import Receiver
from tests.support.patience import PATIENCE_S


def test_a_message_reaches_the_broker_and_is_acknowledged(
    broker: LocalBroker, tap: BrokerTap, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()
    session.publish(f'parking/{thing}/count', b'{"cars":2}').result(PATIENCE_S)

    copy = tap.wait_for(says(f'parking/{thing}/count', cars=2), PATIENCE_S)

    assert copy.payload == b'{"cars":2}'
    assert not copy.retained
    assert ear.faults == []
    assert session.statistics.acknowledged >= 1
    assert session.statistics.connected_since_ns is not None


def test_a_message_that_nobody_subscribes_to_is_no_failure(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()

    assert session.publish('EI_TOPIC', b'{}').result(PATIENCE_S) is None


def test_a_device_is_online_for_those_who_subscribe_later(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()
    # Presence is the first message of a connection: when another is through, so is that.
    session.publish('EI_TOPIC', b'{}').result(PATIENCE_S)

    with BrokerTap(broker) as late:
        presence = late.wait_for(says(f'parking/{thing}/status', status='online'), PATIENCE_S)

    assert presence.retained
    assert json.loads(presence.payload)['uuid'] == f'uuid-of-{thing}'


def test_a_clean_stop_leaves_offline_behind(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()
    assert session.stop(PATIENCE_S)

    with BrokerTap(broker) as late:
        presence = late.wait_for(says(f'parking/{thing}/status', status='offline'), PATIENCE_S)

    assert presence.retained
    assert json.loads(presence.payload)['at'] is not None
    assert ear.wait_for_reason() == 'stopped'
    assert not session.is_connected


def test_the_broker_says_offline_for_a_device_that_died(
    broker: LocalBroker, tap: BrokerTap, thing: str
) -> None:
    files = broker.identity(thing)
    arguments = [broker.host, broker.port, thing, files.certificate, files.private_key, files.ca]
    device = subprocess.Popen(
        [sys.executable, '-m', 'tests.integration.cloud.lone_device', *map(str, arguments)],
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
    )
    with device:
        try:
            assert device.stdout is not None
            assert device.stdout.readline() == b'connected\n'
            tap.wait_for(says(f'parking/{thing}/status', status='online'), PATIENCE_S)
        finally:
            os.kill(device.pid, signal.SIGKILL)

    tap.wait_for(says(f'parking/{thing}/status', status='offline'), PATIENCE_S)
    with BrokerTap(broker, operator='second-operator') as late:
        will = late.wait_for(says(f'parking/{thing}/status', status='offline'), PATIENCE_S)
    assert will.retained
    assert json.loads(will.payload)['at'] is None


@pytest.mark.parametrize('topic', ['parking/neighbour/count', 'parking/neighbour/status', 'OTHER_TOPIC'])
def test_a_foreign_topic_is_refused_with_its_reason_code(
    broker: LocalBroker, thing: str, open_session: OpenSession, topic: str
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()

    with pytest.raises(PublishRefusedError, match='not authorized') as refused:
        session.publish(topic, b'{}').result(PATIENCE_S)

    assert (refused.value.reason_code, refused.value.topic) == (135, topic)
    assert session.statistics.refused == 1
    assert session.is_connected


def test_the_largest_message_passes_and_a_larger_one_is_not_sent(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()
    session.publish('EI_TOPIC', b' ' * MAX_MESSAGE_BYTES).result(PATIENCE_S)

    with pytest.raises(MessageTooLargeError):
        session.publish('EI_TOPIC', b' ' * (MAX_MESSAGE_BYTES + 1))


def test_a_topic_against_the_rules_of_aws_is_not_sent(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()

    with pytest.raises(InvalidNameError, match='8 slashes'):
        session.publish(f'parking/{thing}/a/b/c/d/e/f/g', b'{}')


def test_without_a_connection_a_message_fails_at_once(own_broker: LocalBroker, thing: str) -> None:
    session = MqttSession(settings_for(own_broker, thing), uuid='u')

    assert isinstance(session.publish('EI_TOPIC', b'{}').exception(0), PublishError)


def test_a_session_comes_back_to_a_broker_that_was_killed(
    own_broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    session, ear = open_session(settings_for(own_broker, thing))
    ear.wait_for_connection()
    own_broker.kill()
    assert 'closed the connection' in ear.wait_for_reason()
    assert 'nothing listens at localhost' in ear.wait_for_fault().text
    assert session.statistics.last_fault
    own_broker.restart()
    ear.wait_for_connection(2)

    session.publish('EI_TOPIC', b'{}').result(PATIENCE_S)
    assert session.statistics.connections == 2
    assert session.statistics.last_fault == ''


def test_a_broker_that_stands_still_holds_nobody_up(
    own_broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    timing = replace(QUICK, ack_timeout_s=1)
    session, ear = open_session(settings_for(own_broker, thing, timing=timing))
    ear.wait_for_connection()
    with frozen(own_broker):
        answer = session.publish('EI_TOPIC', b'{}')
        assert not answer.done()  # it did not wait for the broker
        with pytest.raises(PublishError, match='no acknowledgement'):
            answer.result(PATIENCE_S)
        session.stop(timeout_s=1.0)
    assert not session.is_connected


def test_a_broker_that_has_fallen_silent_is_noticed(
    own_broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    timing = replace(QUICK, keep_alive_s=2, ping_timeout_s=1.0)
    _, ear = open_session(settings_for(own_broker, thing, timing=timing))
    ear.wait_for_connection()
    with frozen(own_broker):
        assert 'does not answer any more' in ear.wait_for_reason()


def test_two_devices_with_one_identity_are_told_so(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    _, first = open_session(settings_for(broker, thing))
    first.wait_for_connection()
    second_session, second = open_session(settings_for(broker, thing))
    second.wait_for_connection()

    # This broker closes without a word; AWS says that the session was taken over.
    assert f"another client may be connected as '{thing}'" in first.wait_for_reason()
    second_session.stop()


def test_two_devices_that_throw_each_other_out_are_noticed(
    broker: LocalBroker, thing: str, open_session: OpenSession
) -> None:
    sessions = [open_session(settings_for(broker, thing)) for _ in range(2)]
    for session, ear in sessions:
        ear.wait_for_reason(ENDS_IN_A_ROW)
        assert session.statistics.identity_is_shared
        assert 'another client seems to use the same identity' in ear.reasons[ENDS_IN_A_ROW - 1]


@pytest.mark.parametrize('reconnect_max_s', [0.25, 2.0])
def test_two_attempts_are_never_closer_than_the_shortest_delay(
    broker: LocalBroker, thing: str, open_session: OpenSession, reconnect_max_s: float
) -> None:
    timing = replace(QUICK, reconnect_min_s=0.25, reconnect_max_s=reconnect_max_s)
    attempts_s: list[float] = []
    seen = threading.Condition()

    def hang_up(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connection.close()
                with seen:
                    attempts_s.append(time.monotonic())
                    seen.notify_all()

    with socket.create_server(('127.0.0.1', 0)) as server:
        # The closer look at a failure connects too, later than this test lasts.
        port = server.getsockname()[1]
        listener = threading.Thread(target=hang_up, args=(server,), daemon=True)
        with mock.patch('parking_monitor.cloud.connection_watch.probe_tls', return_value=None):
            listener.start()
            open_session(settings_for(broker, thing, port=port, timing=timing))
            with seen:
                assert seen.wait_for(lambda: len(attempts_s) >= 5, PATIENCE_S)
        server.shutdown(socket.SHUT_RDWR)
    listener.join(5)

    assert min(later - earlier for earlier, later in itertools.pairwise(attempts_s)) >= 0.24


def test_no_more_than_a_hundred_messages_go_out_in_any_second(
    own_broker: LocalBroker, thing: str, tmp_path: Path
) -> None:
    counts = [a_draft(number, thing) for number in range(250)]
    outbox = Outbox(tmp_path / 'outbox', OutboxSettings(history_topic=history_topic(thing)))
    session = MqttSession(settings_for(own_broker, thing), uuid='u')
    delivery = Delivery(session, outbox, Given(counts))
    with Receiver(own_broker, (count_topic(thing),)) as receiver:
        begun_s = time.monotonic()
        delivery.start()
        receiver.wait_until(lambda: len(receiver.stored) == 250, PATIENCE_S)
        assert delivery.stop(PATIENCE_S)

    # Measured from before the first: what a busy receiver takes late can only add to it.
    arrived_s = receiver.arrived_s[count_topic(thing)]
    assert arrived_s[100] - begun_s >= 1.0
    assert arrived_s[200] - begun_s >= 2.0


def a_draft(number: int, thing: str) -> Draft:
    return Draft(
        'lane',
        (count_topic(thing),),
        lambda seq, _dropped: json.dumps({'uuid': 'u', 'seq': seq, 'cars': number}).encode(),
    )


class Given:
    """Give out drafts, all at once."""

    def __init__(self, drafts: list[Draft]) -> None:
        self._drafts = drafts

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        del now_s, is_last
        drafts, self._drafts = self._drafts, []
        return drafts

    def next_due_s(self) -> float:
        return float('inf')


def test_a_session_is_started_once(broker: LocalBroker, thing: str, open_session: OpenSession) -> None:
    session, ear = open_session(settings_for(broker, thing))
    ear.wait_for_connection()

    with pytest.raises(RuntimeError, match='make a new one'):
        session.start()
