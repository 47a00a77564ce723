"""Listen to the graph as any ROS node could, and tell what changes."""

import threading
import time
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage

from demo.listening import ListeningNode
from demo.measurements import Measurements
from parking_monitor.nodes import convert, qos
from parking_monitor.values import BayState, Count, CountState, ZoneCount

_MOST_CHANGES = 4
# So often a model may fail to start before nothing is expected of it any more.
_MOST_RESTARTS = 2


class Observer:
    """Watch one camera of one device.

    Args:
        device: name of the device.
        camera: name of the camera.
        measurements: take what is observed.
        say: takes a line for people whenever the count changes.
    """

    def __init__(
        self, device: str, camera: str, measurements: Measurements, say: Callable[[str], None]
    ) -> None:
        self._camera = camera
        self._measurements = measurements
        self._say = say
        self._last: Count | None = None
        self._trouble = ''
        self._is_finishing = False
        self._frozen = threading.Event()
        self.source_ended = threading.Event()
        self.bridge_reported = threading.Event()
        self.first_count = threading.Event()
        self.model_failed = threading.Event()
        namespace = f'/{device}/{camera}'
        self._node = ListeningNode('demo_observer')
        self._node.listen(
            [
                (CarCount, f'{namespace}/car_count', self._on_count, qos.CAR_COUNT),
                (DetectionsMessage, f'{namespace}/detections', self._on_detections, qos.DETECTIONS),
                (DetectionsMessage, f'{namespace}/truth', self._on_truth, qos.DETECTIONS),
                (DiagnosticArray, '/diagnostics', self._on_diagnostics, qos.DIAGNOSTICS),
            ]
        )

    def close(self) -> None:
        """Stop listening."""
        self._node.close()

    def finish(self, timeout_s: float) -> None:
        """Take the last numbers; the camera's and the bridge's come once a second, the others stop then."""
        self._is_finishing = True
        self._frozen.wait(timeout_s)
        self.bridge_reported.clear()
        self.bridge_reported.wait(timeout_s)

    def _on_truth(self, message: DetectionsMessage) -> None:
        shares = [item.confidence for item in message.detections]
        self._measurements.add_truth(convert.to_stamp_ns(message.header.stamp), shares)

    def _on_detections(self, _message: DetectionsMessage) -> None:
        if not self._frozen.is_set():
            self._measurements.detections += 1

    def _on_count(self, message: CarCount) -> None:
        if self._frozen.is_set():
            return
        count = convert.to_count(message)
        self._measurements.add_count(count, time.time_ns())
        if count.state is CountState.OK:
            self.first_count.set()
        if _differs(count, self._last):
            self._say(f'camera {self._camera}: {describe(count, self._last)}')
        self._last = count

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {pair.key: pair.value for pair in status.values}
            if status.name.endswith('/usb_cam'):
                if not self._frozen.is_set():
                    self._measurements.frames = int(values.get('frames', '0'))
                if self._is_finishing:
                    self._frozen.set()
                if 'source ended' in status.message:
                    self.source_ended.set()
            elif status.name.endswith('/ei_detector'):
                self._look_at_model(status.level, int(values.get('model_restarts', '0')))
            elif status.name.endswith('/aws_iot_bridge'):
                self._measurements.acknowledged = int(values.get('acknowledged', '0'))
                self.bridge_reported.set()
            self._tell_trouble(status)

    def _look_at_model(self, level: bytes, restarts: int) -> None:
        has_failed = level == DiagnosticStatus.ERROR and restarts >= _MOST_RESTARTS
        if has_failed and not self.first_count.is_set():
            self.model_failed.set()

    def _tell_trouble(self, status: DiagnosticStatus) -> None:
        is_trouble = status.level == DiagnosticStatus.ERROR and self.first_count.is_set()
        if is_trouble and status.message != self._trouble:
            self._trouble = status.message
            self._say(f'{status.name}: {status.message}')


def describe(count: Count, before: Count | None) -> str:
    """Say a count in words, with what came in and went out since the one before."""
    parts = [f'{count.cars} car' + ('' if count.cars == 1 else 's')]
    parts += [f'{zone.name} {_places_of(zone)}' for zone in count.zones]
    if count.places.capacity:
        unknown = f' ({count.places.unknown} unknown)' if count.places.unknown else ''
        parts.append(f'{count.places.free} of {count.places.capacity} places free{unknown}')
    if before:
        entered, left = count.entered - before.entered, count.left - before.left
        parts += [f'+{entered} in'] * (entered > 0) + [f'+{left} out'] * (left > 0)
        parts += _changes_of_bays(count, before)
    state = '' if count.state is CountState.OK else f' [{count.state.name}]'
    return ', '.join(parts) + state


def _places_of(zone: ZoneCount) -> str:
    return f'{zone.places.occupied}/{zone.places.capacity}' if zone.places.capacity else str(zone.cars)


def _changes_of_bays(count: Count, before: Count) -> list[str]:
    """Name the bays that were taken or left; a few, since at the start all become known at once."""
    states = {bay.name: bay.state for bay in before.bays}
    changed = [
        f'{bay.name} {bay.state.name.lower()}'
        for bay in count.bays
        if BayState.UNKNOWN not in {bay.state, states.get(bay.name, BayState.UNKNOWN)}
        and bay.state is not states[bay.name]
    ]
    return changed if len(changed) <= _MOST_CHANGES else [f'{len(changed)} bays changed']


def _differs(count: Count, before: Count | None) -> bool:
    def visible(one: Count) -> tuple[object, ...]:
        bays = [(bay.name, bay.state) for bay in one.bays]
        return one.state, one.cars, one.zones, one.places, bays, one.entered, one.left

    return before is None or visible(count) != visible(before)
