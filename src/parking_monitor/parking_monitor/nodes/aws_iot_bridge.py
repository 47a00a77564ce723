"""Take the counts of a device to AWS IoT Core, or to any broker with mutual TLS."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from parking_msgs.msg import CarCount
from rclpy.node import Node

from parking_monitor.cloud.connection_faults import ConnectionFault, shared_identity
from parking_monitor.cloud.delivery import DeliveryStatistics
from parking_monitor.cloud.errors import IdentityFileError
from parking_monitor.cloud.identity_files import expiry_warning
from parking_monitor.cloud.messages import Origin
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.outbox import Outbox, OutboxSettings
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.cloud.topics import history_topic, live_topics
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run

_STOP_WITHIN_S = 0.8
_CERTIFICATE_LOOK_S = 3600.0


class AwsIotBridge(Node):
    """Publish each camera's count when it changes, and at least every `interval_s`."""

    def __init__(self) -> None:
        super().__init__('aws_iot_bridge')
        uuid = declare(self, 'uuid', '', 'The device in messages')
        thing = declare(self, 'thing', '', 'AWS thing name; MQTT client id and topic prefix')
        facility = declare(self, 'facility', '', 'Where the device is, in messages')
        cameras = declare(self, 'cameras', [], 'Names of the cameras whose car_count goes out')
        floors = declare(self, 'floors', [], 'Floor of each camera, in the order of the cameras')
        topic = declare(self, 'topic', 'EI_TOPIC', 'Topic that every device publishes its counts to')
        interval_s = declare(
            self,
            'interval_s',
            120.0,
            'Longest time between messages, s',
            limits=(1, 86_400),
            fixed=False,
        )
        if len(cameras) != len(floors):
            raise ValueError(f'floors: {len(floors)} for {len(cameras)} cameras; give one for each')
        folder = declare(
            self, 'outbox_folder', '', "Folder where counts wait to be acknowledged; empty: below ROS's own"
        )
        self._is_closing = False
        self._certificate_notice = ''
        self._mqtt = self._settings(thing)
        self._session = MqttSession(self._mqtt, uuid=uuid)
        self._session.add_listener(self)
        origins = {
            camera: Origin(uuid=uuid, camera=camera, facility=facility, floor=floor)
            for camera, floor in zip(cameras, floors, strict=True)
        }
        settings = PublisherSettings(
            topics=live_topics(thing, topic), reference_topics=frozenset({topic}), interval_s=interval_s
        )
        outbox = Outbox(_outbox_folder(folder, thing), OutboxSettings(history_topic=history_topic(thing)))
        self._publisher = CountPublisher(self._session, origins, settings, outbox)
        for camera in cameras:
            self.create_subscription(
                CarCount, f'{camera}/car_count', partial(self._on_count, camera), qos.CAR_COUNT
            )
        on_change(self, {'interval_s': self._publisher.set_interval})
        self._health = Health(self, self._report)
        self._publisher.start()
        self.create_timer(1.0, self._end_without_publisher)
        self._look_at_certificate()
        self.create_timer(_CERTIFICATE_LOOK_S, self._look_at_certificate)

    def close(self) -> None:
        """Say goodbye to the broker."""
        self._is_closing = True
        if not self._publisher.stop(_STOP_WITHIN_S):
            self.get_logger().warning(f'the broker did not take leave within {_STOP_WITHIN_S} s')

    def connected(self) -> None:
        """Tell that the broker took the connection; called by the session."""
        self.get_logger().info('connected to the broker')

    def disconnected(self, reason: str) -> None:
        """Tell that the connection is lost; called by the session."""
        if not self._is_closing:
            self.get_logger().warning(f'disconnected: {reason}')

    def connection_failed(self, fault: ConnectionFault) -> None:
        """Tell why there is no connection; called by the session."""
        self.get_logger().error(f'no connection: {fault.text}', throttle_duration_sec=60)

    def _end_without_publisher(self) -> None:
        """End this process when a fault of our own ended the publisher, so that it is started again."""
        if not self._publisher.statistics.running:
            raise RuntimeError('the publishing thread died; see its traceback above')

    def _look_at_certificate(self) -> None:
        try:
            notice = expiry_warning(self._mqtt, datetime.now(UTC))
        except IdentityFileError:
            # The session tells this, and why.
            notice = ''
        if notice and notice != self._certificate_notice:
            self.get_logger().warning(notice)
        self._certificate_notice = notice

    def _settings(self, thing: str) -> MqttSettings:
        return MqttSettings(
            endpoint=declare(self, 'endpoint', '', 'Host name of the broker'),
            port=declare(self, 'port', 8883, 'Port of the broker', limits=(1, 65535)),
            thing=thing,
            certificate=Path(declare(self, 'certificate', '', "PEM file of the device's certificate")),
            private_key=Path(declare(self, 'private_key', '', 'PEM file of its private key')),
            ca=Path(declare(self, 'ca', '', "PEM file of who signed the broker's certificate")),
        )

    def _on_count(self, camera: str, message: CarCount) -> None:
        self._publisher.observe(camera, convert.to_count(message))

    def _report(self) -> Report:
        statistics = self._publisher.statistics
        values = {
            'counts': statistics.counts,
            'published': statistics.published,
            'acknowledged': statistics.acknowledged,
            'refused': statistics.refused,
            'failed': statistics.failed,
            'waiting': statistics.waiting,
            'dropped': statistics.dropped,
            'storage_fault': statistics.storage_fault,
            'storage_damage': statistics.storage_damage,
            'last_error': statistics.last_error,
        }
        return Report(*self._judgement(statistics), values)

    def _judgement(self, statistics: DeliveryStatistics) -> tuple[Level, str]:
        """Return how bad it is and why, the worst first."""
        since_ns = statistics.connected_since_ns
        if self._session.statistics.identity_is_shared:
            return Level.ERROR, shared_identity(self._mqtt)
        if since_ns is None:
            return Level.ERROR, f'not connected: {statistics.last_error or "no answer yet"}'
        if statistics.storage_fault:
            return Level.ERROR, statistics.storage_fault
        if self._certificate_notice or statistics.storage_damage:
            return Level.WARN, self._certificate_notice or statistics.storage_damage
        since = datetime.fromtimestamp(since_ns / 1e9, UTC).isoformat(timespec='seconds')
        return Level.OK, f'connected since {since}'


def _outbox_folder(given: str, thing: str) -> Path:
    if given:
        return Path(given)
    home = os.environ.get('ROS_HOME') or '~/.ros'
    return Path(home).expanduser() / 'parking_monitor' / thing / 'outbox'


def main() -> None:
    """Run the node."""
    run(AwsIotBridge)
