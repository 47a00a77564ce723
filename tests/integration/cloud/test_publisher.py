import json
from pathlib import Path
from typing import Any

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap
from parking_monitor.cloud.delivery import DeliverySettings
from parking_monitor.cloud.messages import CountMessage, Origin
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.outbox import Outbox, OutboxSettings
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.cloud.topics import count_topic, history_topic, live_topics, status_topic
from parking_monitor.values import Count, CountState, Occupancy, ZoneCount
from tests.integration.cloud.builders import Ear, says, settings_for
from tests.integration.cloud.link import Link
from tests.support.patience import PATIENCE_S


def a_count(cars: int) -> Count:
    return Count(
        stamp_ns=1_772_352_930_250_000_000,
        state=CountState.OK,
        cars=cars,
        zones=(ZoneCount('aisle', cars, Occupancy(4, cars, 0)),),
    )


def a_publisher(broker: LocalBroker, thing: str, folder: Path, **changes: Any) -> tuple[CountPublisher, Ear]:
    session, ear = MqttSession(settings_for(broker, thing, **changes), uuid=f'uuid-of-{thing}'), Ear()
    session.add_listener(ear)
    origins = {
        camera: Origin(uuid=f'uuid-of-{thing}', camera=camera, facility='North', floor='2')
        for camera in ('lane', 'gate')
    }
    delivery = DeliverySettings(retry_min_s=0.05)
    settings = PublisherSettings(topics=live_topics(thing), min_spacing_s=0.0, delivery=delivery)
    outbox = Outbox(folder / 'outbox', OutboxSettings(history_topic=history_topic(thing)))
    return CountPublisher(session, origins, settings, outbox), ear


def test_a_count_arrives_on_the_topic_of_the_reference_and_on_its_own(
    broker: LocalBroker, tap: BrokerTap, thing: str, tmp_path: Path
) -> None:
    publisher, ear = a_publisher(broker, thing, tmp_path)
    publisher.start()
    ear.wait_for_connection()
    publisher.observe('lane', a_count(3))

    copies = [tap.wait_for(says(topic, cars=3), PATIENCE_S) for topic in ('EI_TOPIC', count_topic(thing))]

    assert publisher.stop(PATIENCE_S)
    assert copies[0].payload == copies[1].payload
    message = CountMessage.model_validate_json(copies[0].payload)
    assert (message.uuid, message.camera, message.facility) == (f'uuid-of-{thing}', 'lane', 'North')
    assert list(json.loads(copies[0].payload))[:2] == ['uuid', 'cars']
    assert publisher.statistics.acknowledged == publisher.statistics.published == 2


def test_after_the_broker_was_killed_what_was_counted_meanwhile_arrives_in_its_order(
    tmp_path: Path, thing: str
) -> None:
    with LocalBroker(tmp_path / 'broker') as broker, Link(broker.port) as link:
        publisher, ear = a_publisher(broker, thing, tmp_path, port=link.port)
        publisher.start()
        ear.wait_for_connection()
        publisher.observe('lane', a_count(0))
        broker.kill()
        link.cut()
        ear.wait_for_reason()
        for cars in range(1, 6):
            publisher.observe('lane', a_count(cars))
            publisher.observe('gate', a_count(10 + cars))
        broker.restart()
        with BrokerTap(broker) as tap:
            # The link was cut until here, so that nothing arrives before the tap listens.
            link.restore()
            tap.wait_for(says(count_topic(thing), camera='lane', cars=5), PATIENCE_S)
            tap.wait_for(says(count_topic(thing), camera='gate', cars=15), PATIENCE_S)
            assert publisher.stop(PATIENCE_S)
            tap.wait_for(says(status_topic(thing), status='offline'), PATIENCE_S)

    arrived = [json.loads(message.payload) for message in tap.messages if message.topic == count_topic(thing)]
    first = list(dict.fromkeys(message['seq'] for message in arrived))
    assert first == sorted(first)
    assert arrived[-1]['cars'] in {5, 15}
    assert publisher.statistics.waiting == 0


def test_counts_go_on_over_a_link_that_is_cut_again_and_again(
    broker: LocalBroker, tap: BrokerTap, thing: str, tmp_path: Path
) -> None:
    with Link(broker.port) as link:
        publisher, ear = a_publisher(broker, thing, tmp_path, port=link.port)
        publisher.start()
        for cars in range(5):
            link.restore()
            ear.wait_for_connection(cars + 1)
            publisher.observe('lane', a_count(cars))
            tap.wait_for(says(count_topic(thing), cars=cars), PATIENCE_S)
            link.cut()
            ear.wait_for_reason(cars + 1)
        link.restore()
        ear.wait_for_connection(6)
        assert publisher.stop(PATIENCE_S)

    numbers = [
        json.loads(message.payload)['seq'] for message in tap.messages if message.topic == count_topic(thing)
    ]
    # What was cut off before its acknowledgement is sent again: a receiver takes the first of each number.
    first = list(dict.fromkeys(numbers))
    assert first == sorted(first)
    assert len(first) == 5


def test_counts_taken_before_the_broker_was_there_arrive_when_it_is(tmp_path: Path, thing: str) -> None:
    with LocalBroker(tmp_path / 'broker') as broker:
        publisher, ear = a_publisher(broker, thing, tmp_path)
        broker.stop()
        publisher.start()
        publisher.observe('lane', a_count(2))
        assert 'nothing listens' in ear.wait_for_fault().text
        assert 'nothing listens' in publisher.statistics.last_error
        broker.start()
        ear.wait_for_connection()

        assert publisher.stop(PATIENCE_S)
        assert publisher.statistics.acknowledged == 2


def test_the_goodbye_follows_the_last_count(
    broker: LocalBroker, tap: BrokerTap, thing: str, tmp_path: Path
) -> None:
    publisher, ear = a_publisher(broker, thing, tmp_path)
    publisher.start()
    ear.wait_for_connection()
    publisher.observe('lane', a_count(4))
    publisher.stop()
    tap.wait_for(says(status_topic(thing), status='offline'), PATIENCE_S)

    own = [message for message in tap.messages if message.topic.startswith(f'parking/{thing}/')]
    assert [message.topic for message in own] == [
        status_topic(thing),
        count_topic(thing),
        status_topic(thing),
    ]
    assert json.loads(own[1].payload)['cars'] == 4
