"""The bridge's node: counts from ROS to the broker through a file, and what it tells of itself."""

import datetime as dt
import json
import math
import signal
from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not here')

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount, Crossing
from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image, LaserScan
from std_msgs.msg import String

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap
from parking_monitor.cloud.outbox_store import FILE_NAME
from parking_monitor.cloud.topics import count_topic, crossing_topic, history_topic, ros_topic
from parking_monitor.nodes import convert, qos
from parking_monitor.values import Count, CountState
from tests.integration.cloud.builders import says
from tests.support.patience import PATIENCE_S
from tests.support.repeating import repeated
from tests.support.ros_graph import RosGraph, is_about, values_of

THING = 'garage'


def a_count(cars: int) -> CarCount:
    count = Count(stamp_ns=1_772_352_930_250_000_000, state=CountState.OK, cars=cars)
    return convert.to_count_message(count, convert.to_header(1, 'lane'), 'lane')


def parameters(broker: LocalBroker, outbox_folder: Path) -> dict[str, object]:
    identity = broker.identity(THING)
    return {
        'uuid': 'u',
        'thing': THING,
        'cameras': ['lane'],
        'floors': ['2'],
        'endpoint': broker.host,
        'port': broker.port,
        'certificate': str(identity.certificate),
        'private_key': str(identity.private_key),
        'ca': str(identity.ca),
        'outbox_folder': str(outbox_folder),
    }


def test_a_count_arrives_after_one_that_means_nothing_and_a_certificate_of_twenty_days_is_told(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    own_broker.identity(THING, life=dt.timedelta(days=20))
    with BrokerTap(own_broker) as tap, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        log = ros.listen(Log, '/rosout', QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        ros.start('aws_iot_bridge', parameters(own_broker, tmp_path / 'outbox'))
        counts = ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT)
        counts.publish(CarCount(state=200))
        log.wait_for(lambda entry: entry.msg == 'a count of lane is not sent: 200 is not a valid CountState')
        counts.publish(a_count(3))
        copy = tap.wait_for(says(count_topic(THING), cars=3), PATIENCE_S)
        status = diagnostics.wait_for(is_about('aws_iot_bridge', DiagnosticStatus.WARN, 'expires on'))

    assert json.loads(copy.payload)['dropped'] == 0
    assert 'rotate it before' in status.message
    assert values_of(status)['storage_fault'] == ''


def test_a_count_taken_before_the_bridge_was_killed_arrives_after_it(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    own_broker.stop()
    with RosGraph() as ros:
        diagnostics = ros.diagnostics()
        bridge = ros.start('aws_iot_bridge', parameters(own_broker, tmp_path / 'outbox'))
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(3))
        diagnostics.wait_for(lambda status: values_of(status).get('waiting') == '1')
        bridge.send_signal(signal.SIGKILL)
        bridge.wait()
        assert (tmp_path / 'outbox' / FILE_NAME).exists()
        own_broker.start()
        with BrokerTap(own_broker) as tap:
            ros.start('aws_iot_bridge', parameters(own_broker, tmp_path / 'outbox'))
            topics = {count_topic(THING), history_topic(THING)}
            copy = tap.wait_for(lambda message: message.topic in topics, PATIENCE_S)

    assert json.loads(copy.payload)['cars'] == 3


def test_where_nothing_can_be_stored_counts_arrive_and_it_is_told(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    (tmp_path / 'place').touch()
    with BrokerTap(own_broker) as tap, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        ros.start('aws_iot_bridge', parameters(own_broker, tmp_path / 'place' / 'outbox'))
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(3))
        tap.wait_for(says(count_topic(THING), cars=3), PATIENCE_S)
        diagnostics.wait_for(is_about('aws_iot_bridge', DiagnosticStatus.ERROR, 'Not a directory'))


def test_a_bridge_waits_for_the_identity_of_the_first_boot_and_then_sends_counts_and_crossings(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    folder = tmp_path / 'identity'
    waiting = {
        **parameters(own_broker, tmp_path / 'outbox'),
        'identity': str(folder),
        'thing': '',
        'endpoint': '',
        'port': 0,
        'topic': '',
        'floors': [''],
    }
    identity = {'thing': THING, 'endpoint': own_broker.host, 'port': own_broker.port, 'floor': '7'}
    with BrokerTap(own_broker) as tap, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        ros.start('aws_iot_bridge', waiting)
        status = diagnostics.wait_for(is_about('aws_iot_bridge', DiagnosticStatus.ERROR, 'identity'))
        folder.mkdir()
        (folder / 'thing.json').write_text(json.dumps(identity))
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(3))
        gate = ros.publisher(Crossing, 'lane/crossings', qos.CROSSINGS)
        for direction in (Crossing.IN, Crossing.OUT):
            gate.publish(Crossing(gate='ramp', direction=direction))
        count = tap.wait_for(says(count_topic(THING), cars=3), PATIENCE_S)
        out = tap.wait_for(says(crossing_topic(THING), direction='OUT'), PATIENCE_S)
        into = tap.wait_for(says(crossing_topic(THING), direction='IN'), PATIENCE_S)

    assert f'{folder}/thing.json is not there yet; the first boot writes it' in status.message
    numbers = [json.loads(copy.payload)['seq'] for copy in (into, out)]
    assert numbers == sorted(numbers)
    assert {json.loads(copy.payload)['floor'] for copy in (count, into, out)} == {'7'}
    assert json.loads(out.payload)['gate'] == 'ramp'


FORWARDED = (
    {'topic': '/lidar/scan', 'rate_hz': 10},
    {'topic': 'pictures', 'mqtt': 'big'},
    {'topic': '/notes', 'type': 'std_msgs/msg/String', 'mqtt': 'notes/last'},
    {'topic': '/nobody'},
    {'topic': '/strange', 'type': 'no_such_msgs/msg/Thing'},
)


def test_other_topics_of_any_type_are_forwarded_beside_the_counts(
    own_broker: LocalBroker, tmp_path: Path
) -> None:
    forwarding = {
        **parameters(own_broker, tmp_path / 'outbox'),
        'forward': [json.dumps(one) for one in FORWARDED],
    }
    with BrokerTap(own_broker) as tap, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        ros.start('aws_iot_bridge', forwarding)
        # Said once, before anybody listened, and kept: as a count is.
        ros.node.create_publisher(String, '/notes', qos.CAR_COUNT).publish(String(data='Süd'))
        ros.node.create_publisher(String, '/strange', 1)
        scan = LaserScan(range_max=math.inf, ranges=[1.5, math.nan])
        scans = ros.publisher(LaserScan, '/lidar/scan', qos_profile_sensor_data)
        ros.publisher(Image, 'pictures', 1).publish(Image(data=bytes(200_000)))
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(3))
        tap.wait_for(says(count_topic(THING), cars=3), PATIENCE_S)
        notes = tap.wait_for(says(ros_topic(THING, 'notes/last'), type='std_msgs/msg/String'), PATIENCE_S)
        with repeated(lambda: scans.publish(scan)):
            copy = tap.wait_for(
                says(ros_topic(THING, 'lidar/scan'), type='sensor_msgs/msg/LaserScan'), PATIENCE_S
            )
        is_told = is_about('aws_iot_bridge', DiagnosticStatus.WARN, 'over the limit')
        status = diagnostics.wait_for(lambda status: is_told(status) and '/strange' in status.message)
        told = values_of(status)

    message = json.loads(copy.payload)
    assert (message['schema'], message['uuid']) == ('parking.ros/1', 'u')
    assert message['topic'] == '/lidar/scan'
    assert message['message']['ranges'] == [1.5, None]
    assert message['message']['range_max'] is None
    assert json.loads(notes.payload)['message'] == {'data': 'Süd'}
    assert told['forward /nobody'] == 'waiting for a publisher'
    strange = 'is published as std_msgs/msg/String, not as no_such_msgs/msg/Thing'
    assert told['forward /strange'] == strange
    assert 'bytes, over the limit of 131072: not sent' in told['forward /device/camera/pictures']
