"""A device that the fleet's service sets: broker, service, bridge and counter are real; no AWS is there."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not here')

from cryptography.x509 import load_pem_x509_certificate
from fastapi.testclient import TestClient
from parking_msgs.msg import CarCount

from demo.broker import LocalBroker
from parking_fleet.api.app import make_app
from parking_fleet.ingest.sorting import Delivery
from parking_fleet.live.fleet import now_ms
from parking_fleet.service import Service
from parking_fleet.shadow.layouts import compact, digest
from parking_monitor import jpeg
from parking_monitor.nodes import qos
from parking_monitor.places_setting import digest as digest_on_the_device
from tests.integration.fleet.test_shadow import service_on, until
from tests.support.camera_topic import Pictures
from tests.support.fleet_service import RECEIVER
from tests.support.repeating import repeated
from tests.support.ros_graph import RosGraph

THING, CAMERA = 'garage', 'lane'
LEFT = {'name': 'left', 'polygon': [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], 'capacity': 4}
BAY = {'name': 'A1', 'polygon': [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]]}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalBroker]:
    with LocalBroker(tmp_path / 'broker', operators=(RECEIVER,)) as running:
        yield running


@pytest.fixture
def service(broker: LocalBroker, tmp_path: Path) -> Iterator[Service]:
    with service_on(broker, tmp_path, answers_shadow=True) as running:
        until(lambda: running.shadows.is_ready)
        yield running


def start_bridge(ros: RosGraph, broker: LocalBroker, folder: Path, **more: object) -> Any:
    identity = broker.identity(THING)
    parameters = {
        'uuid': 'u',
        'thing': THING,
        'cameras': [CAMERA],
        'floors': ['2'],
        'endpoint': broker.host,
        'port': broker.port,
        'certificate': str(identity.certificate),
        'private_key': str(identity.private_key),
        'ca': str(identity.ca),
        'outbox_folder': str(folder / 'outbox'),
        'layouts': [json.dumps(compact({'zones': [LEFT]}))],
        **more,
    }
    return ros.start('aws_iot_bridge', parameters)


def see(service: Service, thing: str, uuid: str) -> None:
    """Let the service know a device, as its first message does."""
    content = json.dumps({'uuid': uuid, 'cars': 0}).encode()
    service.worker.take(Delivery(f'parking/{thing}/count', content, now_ms(), lambda: None))
    until(lambda: service.fleet.thing_of(uuid) == thing)


def reported(service: Service, name: str) -> Any:
    shadow = service.shadows.document(THING)
    return shadow and shadow.reported.get(name)


def test_zones_from_the_service_are_counted_in_at_once_or_refused_with_the_reason(
    broker: LocalBroker, service: Service, tmp_path: Path
) -> None:
    with RosGraph() as ros:
        counts = ros.listen(CarCount, f'{CAMERA}/car_count', qos.CAR_COUNT)
        ros.start('car_counter', {'camera': CAMERA, 'zones': [json.dumps(LEFT)]}, below=CAMERA)
        start_bridge(ros, broker, tmp_path)
        told = until(lambda: reported(service, 'zones'))
        assert [zone['name'] for zone in told[CAMERA]['zones']] == ['left']

        wanted = {'zones': [{**LEFT, 'name': 'north', 'capacity': 0}], 'bays': [BAY]}
        assert service.shadows.desire(THING, {'zones': {CAMERA: compact(wanted)}}).is_taken
        counts.wait_for(lambda count: [bay.name for bay in count.bays] == ['A1'])
        until(lambda: reported(service, 'zones')[CAMERA]['digest'] == digest(wanted))
        assert digest(wanted) == digest_on_the_device(json.dumps(compact(wanted), separators=(',', ':')))

        flat = {'zones': {CAMERA: {'bays': [{**BAY, 'polygon': [0, 0, 1, 1, 0.5, 0.5]}]}}}
        assert service.shadows.desire(THING, flat).is_taken
        reason = until(lambda: (reported(service, 'refused') or {}).get('zones'))
        assert 'zones.lane.bays.0.polygon: must enclose an area' in reason
        assert reported(service, 'zones')[CAMERA]['digest'] == digest(wanted)

        assert service.shadows.desire(THING, {'zones': None}).is_taken
        counts.wait_for(lambda count: [zone.name for zone in count.zones] == ['left'])


def test_health_is_known_and_a_picture_comes_where_the_operator_allows_it(
    broker: LocalBroker, service: Service, tmp_path: Path
) -> None:
    see(service, THING, 'u')
    with RosGraph() as ros:
        bridge = start_bridge(ros, broker, tmp_path)
        until(lambda: reported(service, 'interval_s'))
        client = TestClient(make_app(service), base_url='http://localhost')
        told = until(
            lambda: (device := client.get('/api/v1/devices/u').json())['certificate_until'] and device
        )
        certificate = load_pem_x509_certificate(broker.identity(THING).certificate.read_bytes())
        assert dt.datetime.fromisoformat(told['certificate_until']) == certificate.not_valid_after_utc
        assert told['waiting'] == 0
        assert service.pictures.ask('u', CAMERA) == ''
        reason = until(lambda: service.pictures.reason('u', CAMERA))
        assert 'cloud.snapshots: true in its fleet.yaml' in reason
        assert service.pictures.newest('u', CAMERA) is None
        layout = service.layouts('u', CAMERA)
        assert layout is not None
        assert [zone['polygon'] for zone in layout['zones']] == [LEFT['polygon']]

        ros.stop(bridge)
        start_bridge(ros, broker, tmp_path, snapshots=True)
        asking = repeated(lambda: service.pictures.ask('u', CAMERA))
        # Pictures begin once somebody subscribes, which the bridge does for who asks.
        with asking, Pictures(ros, 3, f'{CAMERA}/image_raw/compressed'):
            picture = until(lambda: service.pictures.newest('u', CAMERA))
        assert jpeg.size(picture.jpeg) == (640, 480)
        assert picture.observed_ms < now_ms()
