import queue

import pytest

from demo.broker import LocalBroker
from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.topics import shadow_topic
from tests.integration.cloud.builders import settings_for
from tests.support.patience import PATIENCE_S


class Hearing:
    """Hear what a session subscribes to."""

    def __init__(self) -> None:
        self.subscriptions: queue.Queue[str] = queue.Queue()
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def subscribed(self) -> None:
        self.subscriptions.put('')

    def subscription_failed(self, reason: str) -> None:
        self.subscriptions.put(reason)

    def received(self, topic: str, payload: bytes) -> None:
        self.messages.put((topic, payload))


def test_a_subscriber_hears_its_own_topics_and_again_after_the_broker_was_restarted(
    own_broker: LocalBroker,
) -> None:
    session, hearing = MqttSession(settings_for(own_broker, 'garage'), uuid='u'), Hearing()
    session.subscribe(['parking/garage/one', 'parking/garage/two'], hearing)
    session.start()
    try:
        assert hearing.subscriptions.get(timeout=PATIENCE_S) == ''
        for topic in ('three', 'one'):
            session.publish(f'parking/garage/{topic}', b'1').result(PATIENCE_S)
        assert hearing.messages.get(timeout=PATIENCE_S) == ('parking/garage/one', b'1')
        own_broker.restart()
        assert hearing.subscriptions.get(timeout=PATIENCE_S) == ''
        session.publish('parking/garage/two', b'').result(PATIENCE_S)
        assert hearing.messages.get(timeout=PATIENCE_S) == ('parking/garage/two', b'')
        session.renew_subscriptions()
        assert hearing.subscriptions.get(timeout=PATIENCE_S) == ''
    finally:
        session.stop()


def test_of_the_brokers_own_topics_a_thing_may_ask_its_shadow_alone(broker: LocalBroker) -> None:
    session = MqttSession(settings_for(broker, 'garage'), uuid='u')
    assert session.publish(shadow_topic('garage', 'get'), b'').exception(0) is not None  # not connected
    for topic in (shadow_topic('other', 'get'), '$aws/things/garage/shadow/delete'):
        with pytest.raises(InvalidNameError, match='belongs to the broker'):
            session.publish(topic, b'')
