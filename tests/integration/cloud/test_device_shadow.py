"""A device that is set from its shadow: broker, shadow service, bridge, detector and counter are real."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not here')

from cryptography.x509 import load_pem_x509_certificate
from rcl_interfaces.srv import GetParameters
from rclpy.parameter import parameter_value_to_python

from demo.broker import LocalBroker
from parking_monitor.cloud.shadow_file import FILE_NAME
from parking_monitor.detection.studio.api import KEY_VARIABLE, target_of
from tests.support.aws_on_broker import ACCESS_RULES, NAME, AwsOnBroker
from tests.support.models import write_fake_eim
from tests.support.patience import PATIENCE_S
from tests.support.ros_graph import RosGraph, is_about, values_of
from tests.support.studio_api import KEY, FakeStudio

THING = 'garage'
NOWHERE = 'http://127.0.0.1:9'
ANSWER_S = 5.0
COUNTER, DETECTOR = 'lane/car_counter', 'lane/ei_detector'


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalBroker]:
    broker = LocalBroker(tmp_path / 'broker', operators=('operator',))
    access = tmp_path / 'broker' / 'acl'
    access.write_text(access.read_text() + ACCESS_RULES)
    assert broker.identity(NAME)
    with broker:
        yield broker


@pytest.fixture
def aws(broker: LocalBroker) -> Iterator[AwsOnBroker]:
    with AwsOnBroker(broker) as aws:
        yield aws


class Device:
    """Run the nodes of a device with one camera, and look at their parameters."""

    def __init__(self, ros: RosGraph, broker: LocalBroker, folder: Path) -> None:
        self.ros = ros
        self.broker = broker
        self.folder = folder
        self.models = folder / 'models'
        self.models.mkdir(exist_ok=True)
        self.diagnostics = ros.diagnostics()

    def start_bridge(self, *, telegram: bool = False, **more: object) -> Any:
        identity = self.broker.identity(THING)
        parameters = {
            'uuid': 'u',
            'thing': THING,
            'cameras': ['lane'],
            'floors': ['2'],
            'endpoint': self.broker.host,
            'port': self.broker.port,
            'certificate': str(identity.certificate),
            'private_key': str(identity.private_key),
            'ca': str(identity.ca),
            'outbox_folder': str(self.folder / 'outbox'),
            'models_folder': str(self.models),
            'models': [str(self.models / 'lot-v1.eim')],
            'confidences': ['0.4'],
            'telegram': telegram,
            **more,
        }
        return self.ros.start('aws_iot_bridge', parameters)

    def start_counter(self) -> Any:
        return self.ros.start('car_counter', {'camera': 'lane'}, below='lane')

    def start_detector(self) -> Any:
        write_fake_eim(self.models / 'lot-v1.eim', name='lot', version=1)
        parameters = {'model': str(self.models / 'lot-v1.eim'), 'confidence': 0.4, 'watch_view': False}
        return self.ros.start('ei_detector', parameters, below='lane')

    def parameter(self, node: str, name: str) -> Any:
        values = self.ros.call(GetParameters, f'{node}/get_parameters', names=[name]).values
        return parameter_value_to_python(values[0])

    def wait_for_parameter(self, node: str, name: str, value: object) -> None:
        """Return once a node has a value, that of a killed one being asked in vain for a while."""
        end_s = time.monotonic() + PATIENCE_S
        held: object = None
        while held != value:
            assert time.monotonic() < end_s, f'{name} of {node} is {held}, not {value}'
            response = self.ros.ask(GetParameters, f'{node}/get_parameters', ANSWER_S, names=[name])
            held = parameter_value_to_python(response.values[0]) if response else None

    def wait_for_value(self, name: str, text: str) -> dict[str, str]:
        """Return what the bridge shows on /diagnostics, once a value has a text in it."""
        status = self.diagnostics.wait_for(
            lambda one: is_about('aws_iot_bridge')(one) and text in values_of(one).get(name, '')
        )
        return values_of(status)


def test_what_was_desired_while_offline_is_applied_refused_and_reported(
    broker: LocalBroker, aws: AwsOnBroker, tmp_path: Path
) -> None:
    good = {'interval_s': 60, 'min_confidence': 0.7, 'model': {'name': 'lot', 'version': '2'}}
    bad = {'mode': 'collect', 'telegram': True, 'colour': 'red'}
    version = aws.desire(THING, {**good, **bad})
    with RosGraph() as ros:
        device = Device(ros, broker, tmp_path)
        write_fake_eim(device.models / 'lot-v2.eim', name='lot', version=2)
        device.start_detector()
        device.start_counter()
        device.start_bridge()
        report = aws.wait_for_report(
            THING, lambda report: good.items() <= report.items() and 'pending' not in report
        )
        assert {name: report['refused'][name].split(';')[0] for name in bad} == {
            'mode': 'mode "collect" is not possible: no collector runs on this device',
            'telegram': 'telegram true is not possible: no telegram_notifier runs on this device',
            'colour': 'is not a setting',
        }
        assert (report['mode'], report['telegram'], report['desired_version']) == ('count', False, version)
        certificate = load_pem_x509_certificate(broker.identity(THING).certificate.read_bytes())
        end = certificate.not_valid_after_utc.isoformat().replace('+00:00', 'Z')
        assert report['health']['certificate_expires'] == end
        assert report['health']['waiting'] == 0
        assert device.parameter('aws_iot_bridge', 'interval_s') == 60.0
        assert device.parameter(COUNTER, 'min_confidence') == 0.7
        assert device.parameter(DETECTOR, 'confidence') == 0.7
        assert device.parameter(DETECTOR, 'model') == str(device.models / 'lot-v2.eim')
        assert 'colour' in device.wait_for_value('shadow_settings', '"interval_s": 60')['shadow_refused']

        version = aws.desire(THING, {'model': {'version': '9'}, 'min_confidence': None, 'colour': None})
        report = aws.wait_for_report(THING, lambda report: report['desired_version'] == version)
        assert 'model lot 9 is not in' in report['refused']['model']
        assert 'there are lot 1, lot 2' in report['refused']['model']
        report = aws.wait_for_report(THING, lambda report: report['min_confidence'] == 0.4)
        assert report['model'] == {'name': 'lot', 'version': '2'}
        assert set(report['refused']) == {'mode', 'telegram', 'model'}
        assert device.parameter(COUNTER, 'min_confidence') == 0.0
        assert device.parameter(DETECTOR, 'confidence') == 0.4


def test_a_node_that_comes_late_or_again_gets_its_setting_and_is_pending_until_then(
    broker: LocalBroker, aws: AwsOnBroker, tmp_path: Path
) -> None:
    aws.desire(THING, {'min_confidence': 0.7, 'model': {'name': 'lot', 'version': 1}, 'telegram': False})
    with RosGraph() as ros:
        device = Device(ros, broker, tmp_path)
        device.start_bridge(telegram=True)
        write_fake_eim(device.models / 'lot-v1.eim', name='lot', version=1)
        aws.desire(THING, {'interval_s': 30})
        report = aws.wait_for_report(THING, lambda report: 'model' in report.get('pending', {}))
        assert report['pending']['min_confidence'].endswith('lane/ei_detector')
        counter = device.start_counter()
        device.start_detector()
        ros.start(
            'telegram_notifier', {'cameras': ['lane'], 'chat_id': '5', 'base_url': NOWHERE}, TG_TOKEN='1:a'
        )
        report = aws.wait_for_report(THING, lambda report: 'pending' not in report)
        assert (report['min_confidence'], report['model']) == (0.7, {'name': 'lot', 'version': 1})
        assert report['telegram'] is False
        assert device.parameter('telegram_notifier', 'enabled') is False
        assert device.parameter(COUNTER, 'min_confidence') == 0.7

        counter.send_signal(signal.SIGKILL)
        counter.wait()
        device.start_counter()
        device.wait_for_parameter(COUNTER, 'min_confidence', 0.7)

        assert ros.set_parameter(DETECTOR, 'confidence', 0.9).successful
        aws.wait_for_report(THING, lambda report: report['min_confidence'] == 0.9)


def test_a_device_that_counts_collects_too_while_the_cloud_wants_it(
    broker: LocalBroker, aws: AwsOnBroker, tmp_path: Path
) -> None:
    aws.desire(THING, {'mode': 'collect'})
    with RosGraph() as ros:
        device = Device(ros, broker, tmp_path)
        device.start_bridge(collector='count')
        folder = tmp_path / 'samples'
        ros.start('sample_collector', {'mode': 'count', 'privacy': 'local', 'folder': str(folder)})
        report = aws.wait_for_report(THING, lambda report: report.get('mode') == 'collect')
        assert 'refused' not in report
        assert device.parameter('sample_collector', 'mode') == 'collect'
        assert folder.is_dir()
        aws.desire(THING, {'mode': None})
        aws.wait_for_report(THING, lambda report: report['mode'] == 'count')
        assert device.parameter('sample_collector', 'mode') == 'count'


def test_settings_hold_after_a_restart_without_a_network_and_garbage_changes_nothing(
    broker: LocalBroker, aws: AwsOnBroker, tmp_path: Path
) -> None:
    with RosGraph() as ros:
        device = Device(ros, broker, tmp_path)
        bridge = device.start_bridge()
        # There is no shadow yet: the device makes it.
        report = aws.wait_for_report(THING, lambda report: 'interval_s' in report)
        assert (report['interval_s'], report['desired_version']) == (120.0, 0)
        version = aws.desire(THING, {'interval_s': 45})
        aws.wait_for_report(THING, lambda report: report['interval_s'] == 45)

        topic = f'$aws/things/{THING}/shadow'
        known = len(aws.requests(THING, 'update'))
        aws.publish(f'{topic}/update/delta', b'\xff not JSON')
        device.wait_for_value('shadow_fault', 'update/delta: is not JSON')
        aws.publish(f'{topic}/update/delta', b'{"state": {"interval_s": 5}, "version": 1}')
        aws.publish(f'{topic}/get/accepted', b'{"state": {"desired": {"interval_s": 5}}, "version": 99}')
        aws.publish(f'{topic}/update/accepted', b'[' * 9000)
        aws.shadows.states[THING]['desired']['notes'] = 'n' * 9000
        aws.publish(f'{topic}/update/delta', json.dumps({'state': {}, 'version': 99}).encode())
        values = device.wait_for_value('shadow_fault', '8192 are allowed')
        assert values['shadow_version'] == str(version)
        assert device.parameter('aws_iot_bridge', 'interval_s') == 45.0
        assert len(aws.requests(THING, 'update')) == known

        ros.stop(bridge)
        kept = json.loads((tmp_path / FILE_NAME).read_text())
        assert (kept['settings'], kept['version']) == ({'interval_s': 45}, version)
        broker.stop()
        device.diagnostics.drain()
        device.start_bridge()
        device.wait_for_value('shadow_settings', '"interval_s": 45')
        assert device.parameter('aws_iot_bridge', 'interval_s') == 45.0
        del aws.shadows.states[THING]['desired']['notes']
        aws.shadows.desire(THING, {'interval_s': 15})
        broker.start()
        aws.wait_for_report(THING, lambda report: report['interval_s'] == 15)
        assert device.parameter('aws_iot_bridge', 'interval_s') == 15.0


def test_a_model_that_is_not_on_the_device_is_fetched_from_studio(
    broker: LocalBroker, aws: AwsOnBroker, tmp_path: Path
) -> None:
    wanted = {'name': 'park', 'version': '2'}
    aws.desire(THING, {'model': wanted})
    with RosGraph() as ros, FakeStudio(projects={7: 'park'}) as studio:
        content = write_fake_eim(tmp_path / 'built.eim', name='park', version=2).read_bytes()
        studio.build(content, 2, target_of(os.uname().machine).type)
        device = Device(ros, broker, tmp_path)
        device.start_detector()
        device.start_bridge(model_keeper=True)
        keeper = {'models_folder': str(device.models), 'api': studio.url, 'follow': False}
        ros.start('model_keeper', keeper, **{KEY_VARIABLE: KEY})
        report = aws.wait_for_report(THING, lambda report: report.get('model') == wanted)
        assert device.parameter(DETECTOR, 'model') == str(device.models / 'studio' / 'park-v2.eim')
        assert len(studio.downloads) == 1

        aws.desire(THING, {'model': {'version': '9'}})
        report = aws.wait_for_report(THING, lambda report: 'model' in report.get('refused', {}))
        assert 'has no version 9 for this processor' in report['refused']['model']
        assert report['model'] == wanted
