"""Take the counts of a device to AWS IoT Core, or to any broker with mutual TLS."""

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from parking_msgs.msg import CarCount, Crossing
from rclpy.node import Node

from parking_monitor.cloud.connection_faults import ConnectionFault, shared_identity
from parking_monitor.cloud.crossing_source import CrossingSource
from parking_monitor.cloud.delivery import DeliveryStatistics
from parking_monitor.cloud.device_health import HealthReport
from parking_monitor.cloud.errors import IdentityFileError
from parking_monitor.cloud.identity_files import expiry_warning
from parking_monitor.cloud.messages import Origin
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.outbox import Outbox, OutboxSettings
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.cloud.topics import crossing_topic, history_topic, live_topics
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.cloud_settings import CloudSettings
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.identity_wait import IdentityWait, WhoAndWhere, declare_who_and_where
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.nodes.snapshots import Snapshots
from parking_monitor.nodes.topic_forwarding import FORWARD_DESCRIPTION, TopicForwarding

_STOP_WITHIN_S = 0.8
_CERTIFICATE_LOOK_S = 3600.0


class AwsIotBridge(Node):
    """Publish each camera's count when it changes, and at least every `interval_s`."""

    def __init__(self) -> None:
        super().__init__('aws_iot_bridge')
        self._uuid = declare(self, 'uuid', '', 'The device in messages')
        self._cameras = declare(self, 'cameras', [], 'Names of the cameras whose car_count goes out')
        declare(
            self,
            'interval_s',
            120.0,
            'Longest time between messages, s',
            limits=(1, 86_400),
            fixed=False,
        )
        self._outbox_folder = declare(
            self, 'outbox_folder', '', "Folder where counts wait to be acknowledged; empty: below ROS's own"
        )
        self._forwarded = declare(self, 'forward', [], FORWARD_DESCRIPTION)
        given = declare_who_and_where(self)
        if len(self._cameras) != len(given.floors):
            raise ValueError(
                f'floors: {len(given.floors)} for {len(self._cameras)} cameras; give one for each'
            )
        self._is_closing = False
        self._certificate_notice = ''
        self._wait = IdentityWait(self, given, self._begin)
        self._health = Health(self, self._report)

    def _begin(self, known: WhoAndWhere) -> None:
        """Connect and deliver; called once it is known which thing this is."""
        self._mqtt = known.mqtt_settings()
        self._session = MqttSession(self._mqtt, uuid=self._uuid)
        self._session.add_listener(self)
        origins = {
            camera: Origin(uuid=self._uuid, camera=camera, facility=known.facility, floor=floor)
            for camera, floor in zip(self._cameras, known.floors, strict=True)
        }
        settings = PublisherSettings(
            topics=live_topics(known.thing, known.topic),
            reference_topics=frozenset({known.topic}),
            interval_s=self.get_parameter('interval_s').value,
        )
        folder = _outbox_folder(self._outbox_folder, known.thing)
        outbox = Outbox(
            folder,
            OutboxSettings(
                history_topic=history_topic(known.thing),
                event_topics=frozenset({crossing_topic(known.thing)}),
            ),
        )
        self._settings = CloudSettings(
            self,
            self._session,
            thing=known.thing,
            cameras=self._cameras,
            state_folder=folder.parent,
            health=HealthReport(self._mqtt, lambda: self._publisher.statistics.waiting),
        )
        self._snapshots = Snapshots(
            self,
            self._session,
            thing=known.thing,
            uuid=self._uuid,
            layouts={camera: partial(self._settings.layout_of, camera) for camera in self._cameras},
        )
        self._crossings = CrossingSource(crossing_topic(known.thing), origins)
        self._publisher = CountPublisher(self._session, origins, settings, outbox, others=[self._crossings])
        for camera in self._cameras:
            self.create_subscription(
                CarCount, f'{camera}/car_count', partial(self._on_count, camera), qos.CAR_COUNT
            )
            self.create_subscription(
                Crossing, f'{camera}/crossings', partial(self._on_crossing, camera), qos.CROSSINGS
            )
        self._forwarding = TopicForwarding(self, self._session, known.thing, self._uuid, self._forwarded)
        on_change(self, {'interval_s': self._publisher.set_interval})
        self._publisher.start()
        self.create_timer(1.0, self._end_without_publisher)
        self._look_at_certificate()
        self.create_timer(_CERTIFICATE_LOOK_S, self._look_at_certificate)

    def close(self) -> None:
        """Say goodbye to the broker."""
        self._is_closing = True
        if self._wait.problem:
            return
        self._settings.close()
        self._snapshots.close()
        self._forwarding.close()
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

    def _on_count(self, camera: str, message: CarCount) -> None:
        try:
            count = convert.to_count(message)
        except ValueError as error:
            self.get_logger().error(f'a count of {camera} is not sent: {error}', throttle_duration_sec=60)
            return
        self._publisher.observe(camera, count)

    def _on_crossing(self, camera: str, message: Crossing) -> None:
        try:
            crossing = convert.to_crossing(message)
        except ValueError as error:
            self.get_logger().error(f'a crossing of {camera} is not sent: {error}')
            return
        self._crossings.observe(camera, crossing)
        self._publisher.wake()

    def _report(self) -> Report:
        if self._wait.problem:
            return Report(Level.ERROR, f'waiting for the identity: {self._wait.problem}')
        statistics = self._publisher.statistics
        values = {
            'counts': statistics.counts,
            'published': statistics.published,
            'acknowledged': statistics.acknowledged,
            'refused': statistics.refused,
            'failed': statistics.failed,
            'waiting': statistics.waiting,
            'dropped': statistics.dropped,
            'crossings_lost': self._crossings.lost,
            'storage_fault': statistics.storage_fault,
            'storage_damage': statistics.storage_damage,
            'last_error': statistics.last_error,
            **self._settings.values,
            **self._forwarding.values,
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
        if self._settings.problem or self._forwarding.problem:
            return Level.WARN, self._settings.problem or f'not forwarded: {self._forwarding.problem}'
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
