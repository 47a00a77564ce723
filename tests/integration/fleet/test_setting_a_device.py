"""A device that the fleet's service sets: broker, service, bridge and counter are real; no AWS is there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not here')

from parking_msgs.msg import CarCount

from demo.broker import LocalBroker
from parking_fleet.service import Service
from parking_fleet.shadow.layouts import compact, digest
from parking_monitor.nodes import qos
from parking_monitor.places_setting import digest as digest_on_the_device
from tests.integration.fleet.test_shadow import service_on, until
from tests.support.fleet_service import RECEIVER
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


def reported(service: Service, name: str) -> Any:
    shadow = service.shadows.document(THING)
    return shadow and shadow.reported.get(name)


def test_zones_from_the_service_are_counted_in_at_once_and_after_a_restart(
    broker: LocalBroker, service: Service, tmp_path: Path
) -> None:
    with RosGraph() as ros:
        counts = ros.listen(CarCount, f'{CAMERA}/car_count', qos.CAR_COUNT)
        counter = ros.start('car_counter', {'camera': CAMERA, 'zones': [json.dumps(LEFT)]}, below=CAMERA)
        start_bridge(ros, broker, tmp_path)
        told = until(lambda: reported(service, 'zones'))
        assert [zone['name'] for zone in told[CAMERA]['zones']] == ['left']

        wanted = {'zones': [{**LEFT, 'name': 'north', 'capacity': 0}], 'bays': [BAY]}
        assert service.shadows.desire(THING, {'zones': {CAMERA: compact(wanted)}}).is_taken
        counts.wait_for(lambda count: [bay.name for bay in count.bays] == ['A1'])
        until(lambda: reported(service, 'zones')[CAMERA]['digest'] == digest(wanted))
        assert digest(wanted) == digest_on_the_device(json.dumps(compact(wanted), separators=(',', ':')))

        ros.stop(counter)
        counts.drain()
        ros.start('car_counter', {'camera': CAMERA, 'zones': [json.dumps(LEFT)]}, below=CAMERA)
        counts.wait_for(lambda count: [zone.name for zone in count.zones] == ['north'])

        flat = {'zones': {CAMERA: {'bays': [{**BAY, 'polygon': [0, 0, 1, 1, 0.5, 0.5]}]}}}
        assert service.shadows.desire(THING, flat).is_taken
        reason = until(lambda: (reported(service, 'refused') or {}).get('zones'))
        assert 'zones.lane.bays.0.polygon: must enclose an area' in reason
        assert reported(service, 'zones')[CAMERA]['digest'] == digest(wanted)

        assert service.shadows.desire(THING, {'zones': None}).is_taken
        counts.wait_for(lambda count: [zone.name for zone in count.zones] == ['left'])
