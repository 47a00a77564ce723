"""Shadows kept by the fleet's service on a real broker: for devices, and for who sets them."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from demo.broker import LocalBroker
from parking_fleet.service import Service
from parking_fleet.settings import Broker, Settings, StoreSettings
from parking_fleet.shadow.answering import shadow_topic
from parking_fleet.shadow.document import Document, updated
from parking_fleet.store.database import Database
from parking_fleet.store.shadows import LEASE_MS, ShadowStore
from tests.support.fleet_service import RECEIVER
from tests.support.patience import PATIENCE_S

THING = 'garage'


def raised(document: Document) -> Document:
    return updated(document, {'state': {'desired': {'n': document.version}}}, 1)


def test_what_many_change_at_once_is_lost_by_none(database: Database) -> None:
    def change() -> None:
        for _ in range(10):
            ShadowStore(database).change(THING, 1_000, raised)

    threads = [threading.Thread(target=change) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    document = ShadowStore(database).change(THING, 1_000, lambda each: each)
    assert document is not None
    assert (document.version, document.state) == (30, {'desired': {'n': 29}})


def test_one_worker_answers_and_another_when_it_is_gone(database: Database) -> None:
    first, second = ShadowStore(database, 'first'), ShadowStore(database, 'second')
    assert first.change(THING, 1_000, raised) is not None
    assert second.change(THING, 2_000, raised) is None
    assert first.change(THING, 1_000 + LEASE_MS // 2 + 1_000, raised) is not None
    assert second.change(THING, 1_000 + LEASE_MS, raised) is None
    taken_over = second.change(THING, 1_000 + 2 * LEASE_MS, raised)
    assert taken_over is not None
    assert taken_over.version == 3
    assert first.change(THING, 1_001 + 2 * LEASE_MS, raised) is None


class Thing:
    """Be a thing on the broker: publish, and remember what comes."""

    def __init__(self, broker: LocalBroker, *topics: str) -> None:
        identity = broker.identity(THING)
        self._topics = topics
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self.heard: list[tuple[str, Any]] = []
        self._client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=THING,
            enable_metrics_collection=False,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
        )

    def __enter__(self) -> Self:
        self._client.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop()

    def publish(self, topic: str, content: object) -> None:
        packet = mqtt5.PublishPacket(topic=topic, payload=json.dumps(content), qos=mqtt5.QoS.AT_LEAST_ONCE)
        self._client.publish(packet).result(PATIENCE_S)

    def wait_for(self, topic: str, holds: Callable[[Any], bool] = lambda _: True) -> Any:
        def found() -> list[Any]:
            return [content for at, content in self.heard if at == topic and holds(content)]

        with self._changed:
            assert self._changed.wait_for(found, PATIENCE_S), self.heard
            return found()[0]

    def _on_connected(self, _: Any) -> None:
        wanted = [mqtt5.Subscription(topic_filter=each, qos=mqtt5.QoS.AT_LEAST_ONCE) for each in self._topics]
        done = self._client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted))
        done.add_done_callback(lambda _: self._ready.set())

    def _on_publish(self, received: Any) -> None:
        packet = received.publish_packet
        with self._changed:
            self.heard.append((packet.topic, json.loads(packet.payload)))
            self._changed.notify_all()


@pytest.fixture(scope='module')
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    with LocalBroker(tmp_path_factory.mktemp('broker'), operators=(RECEIVER,)) as running:
        yield running


def service_on(broker: LocalBroker, folder: Path, **more: Any) -> Service:
    identity = broker.identity(RECEIVER)
    return Service(
        Settings(
            store=StoreSettings(url=f'sqlite:///{folder}/f.sqlite3'),  # type: ignore[arg-type]  # made a secret
            broker=Broker(
                host=broker.host,
                port=broker.port,
                client_id=RECEIVER,
                certificate=identity.certificate,
                private_key=identity.private_key,
                ca=identity.ca,
                session_expiry_s=0,
                **more,
            ),
        )
    )


def until(holds: Callable[[], Any]) -> Any:
    end_s = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < end_s, 'it did not come to be'
        threading.Event().wait(0.02)
    return found


def test_settings_reach_a_device_and_its_report_comes_back_over_a_restart(
    broker: LocalBroker, tmp_path: Path
) -> None:
    topics = [shadow_topic(THING, rest) for rest in ('get/accepted', 'get/rejected', 'update/delta')]
    with Thing(broker, *topics) as thing:
        with service_on(broker, tmp_path, answers_shadow=True) as service:
            first = until(lambda: (done := service.shadows.desire(THING, {})).is_taken and done)
            outcome = service.shadows.desire(THING, {'interval_s': 60}, PATIENCE_S)
            assert (outcome.is_taken, outcome.version) == (True, first.version + 1)
            assert thing.wait_for(topics[2])['state'] == {'interval_s': 60}
            report = {'interval_s': 60, 'desired_version': outcome.version}
            thing.publish(shadow_topic(THING, 'update'), {'state': {'reported': report}})
            shadow = until(
                lambda: (known := service.shadows.document(THING)) and known.reported == report and known
            )
            assert (shadow.delta, shadow.version) == ({}, outcome.version + 1)
            refused = service.shadows.desire(THING, {'x': {'y': json.loads('{"a":' * 9 + '1' + '}' * 9)}})
            assert (refused.code, refused.is_taken) == (400, False)
        with service_on(broker, tmp_path, answers_shadow=True) as service:
            until(lambda: service.shadows.is_ready)
            shadow = until(lambda: service.shadows.document(THING))
            assert shadow.desired == {'interval_s': 60}
            thing.publish(shadow_topic(THING, 'get'), {'clientToken': 'mine'})
            answered = thing.wait_for(topics[0], lambda content: content.get('clientToken') == 'mine')
            assert answered['state']['reported'] == report


def test_where_nobody_keeps_shadows_it_is_said_what_to_do(broker: LocalBroker, tmp_path: Path) -> None:
    with service_on(broker, tmp_path) as service:
        until(lambda: service.shadows.is_ready)
        outcome = service.shadows.desire(THING, {'interval_s': 60}, 0.2)
        assert outcome.code == 504
        assert 'set broker.answers_shadow' in outcome.reason
