"""Count the cars of one camera: Detections in, CarCount out."""

import time

from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetCount
from rclpy.node import Node

from parking_monitor.counting.counter import Counter
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.nodes.zones import ZONES_DESCRIPTION, to_zone
from parking_monitor.values import Count, CountState

_LEVELS = {CountState.OK: Level.OK, CountState.UNKNOWN: Level.WARN, CountState.STALE: Level.ERROR}
_MESSAGES = {
    CountState.OK: 'counting',
    CountState.UNKNOWN: 'no detections yet',
    CountState.STALE: 'no fresh detections; the count is the last known one',
}


class CarCounter(Node):
    """Publish a claim for every Detections message, and say when there are none any more."""

    def __init__(self) -> None:
        super().__init__('car_counter')
        self._camera = declare(self, 'camera', 'camera', 'Name of the camera in messages')
        labels = declare(self, 'labels', [], 'Labels that count as cars; none stands for all', fixed=False)
        min_confidence = declare(
            self,
            'min_confidence',
            0.0,
            'Confidence below which a detection does not count',
            limits=(0, 1),
            fixed=False,
        )
        self._stale_after_s = declare(
            self, 'stale_after_s', 10.0, 'Silence after which the count is stale, seconds', limits=(0.1, 3600)
        )
        zones = declare(self, 'zones', [], ZONES_DESCRIPTION)
        self._counter = Counter([to_zone(text) for text in zones], labels, min_confidence)
        self._last_header = convert.to_header(self.get_clock().now().nanoseconds, '')
        self._last_seen_s = time.monotonic()
        on_change(self, {'labels': self._set_labels, 'min_confidence': self._set_min_confidence})

        self._publisher = self.create_publisher(CarCount, 'car_count', qos.CAR_COUNT)
        self.create_subscription(DetectionsMessage, 'detections', self._on_detections, qos.DETECTIONS)
        self.create_service(SetCount, '~/set_count', self._on_set_count)
        self.create_timer(min(1.0, self._stale_after_s / 4), self._watch_for_silence)
        self._health = Health(self, self._report)
        self._publish(self._counter.count)

    def close(self) -> None:
        """Put nothing away: this node holds no threads, processes or connections."""

    def _on_detections(self, message: DetectionsMessage) -> None:
        try:
            detections = convert.to_detections(message)
        except ValueError as error:
            self.get_logger().error(f'detections refused: {error}', throttle_duration_sec=10)
            return
        self._last_seen_s = time.monotonic()
        self._last_header = message.header
        was = self._counter.count.state
        self._publish(self._counter.update(detections))
        self._tell_change(was)

    def _watch_for_silence(self) -> None:
        silent_s = time.monotonic() - self._last_seen_s
        was = self._counter.count.state
        if was is CountState.OK and silent_s > self._stale_after_s:
            self._publish(self._counter.expire())
            self._tell_change(was)

    def _tell_change(self, was: CountState) -> None:
        state = self._counter.count.state
        if state is not was:
            self.get_logger().info(f'{self._camera}: {was.name} -> {state.name}: {_MESSAGES[state]}')
            self._health.publish()

    def _publish(self, count: Count) -> None:
        self._publisher.publish(convert.to_count_message(count, self._last_header, self._camera))

    def _on_set_count(self, request: SetCount.Request, response: SetCount.Response) -> SetCount.Response:
        count = self._counter.set_totals(
            entered=request.entered if request.set_entered else None,
            left=request.left if request.set_left else None,
        )
        self._publish(count)
        response.success = True
        response.message = f'entered {count.entered}, left {count.left}, net {count.net}'
        self.get_logger().info(f'{self._camera}: set by hand: {response.message}')
        return response

    def _set_labels(self, labels: list[str]) -> None:
        self._counter.labels = frozenset(labels)

    def _set_min_confidence(self, min_confidence: float) -> None:
        self._counter.min_confidence = min_confidence

    def _report(self) -> Report:
        count = self._counter.count
        values = {
            'cars': count.cars,
            'state': count.state.name,
            'silent_s': time.monotonic() - self._last_seen_s,
        }
        return Report(_LEVELS[count.state], _MESSAGES[count.state], values)


def main() -> None:
    """Run the node."""
    run(CarCounter)
