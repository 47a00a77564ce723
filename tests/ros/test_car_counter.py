"""The counter's node: a claim for every Detections message, and a word when there are none."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import BayOccupancy, CarCount, Crossing
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetCount

from parking_monitor.counting.state_file import load
from parking_monitor.nodes import convert, qos
from parking_monitor.values import BayState, View
from tests.support.builders import car, seen
from tests.support.patience import PATIENCE_S
from tests.support.repeating import repeated
from tests.support.ros_graph import RosGraph, is_about

LEFT_HALF = json.dumps({'name': 'left', 'polygon': [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], 'capacity': 4})


def message_of(
    *cars: object, stamp_ns: int = 1_700_000_000_000_000_123, view: View = View.CLEAR
) -> DetectionsMessage:
    detections = replace(seen(*cars, stamp_ns=stamp_ns), view=view)  # type: ignore[arg-type] # only cars
    return convert.to_detections_message(detections, convert.to_header(stamp_ns, 'lane'))


def wait_until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s, 'it did not come to be'
        threading.Event().wait(0.05)


def test_an_unknown_count_is_there_before_anything_is_seen() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'camera': 'lane', 'zones': [LEFT_HALF]})
        count = ros.listen(CarCount, 'car_count', qos.CAR_COUNT).wait_for()
    assert (count.state, count.cars, count.camera) == (CarCount.UNKNOWN, 0, 'lane')
    assert [(zone.name, zone.capacity, zone.unknown) for zone in count.zones] == [('left', 4, 4)]


class Drive:
    """Send frames of cars to a counter, a tenth of a second apart."""

    def __init__(self, ros: RosGraph, start_s: int = 1_700_000_000) -> None:
        self._publisher = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        self._counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        self._stamp_ns = start_s * 10**9
        # A counter that was killed is listed among the listeners for a while, but only a living one answers.
        empty = message_of(stamp_ns=self._stamp_ns)
        with repeated(lambda: self._publisher.publish(empty)):
            self._count_at_now()

    def frame(self, *cars: object, view: View = View.CLEAR) -> CarCount:
        """Send a frame and return its count."""
        self._stamp_ns += 10**8
        self._publisher.publish(message_of(*cars, stamp_ns=self._stamp_ns, view=view))
        return self._count_at_now()

    def _count_at_now(self) -> CarCount:
        return self._counts.wait_for(
            lambda message: convert.to_stamp_ns(message.header.stamp) == self._stamp_ns
        )

    def stand(self, *cars: object, frames: int = 5) -> CarCount:
        """Send frames with cars that stand, until they are sure to be counted."""
        for _ in range(frames):
            count = self.frame(*cars)
        return count

    def down(self) -> CarCount:
        """Let a car drive down through the picture, and leave it."""
        for y in range(0, 460, 10):
            self.frame(car(300, y))
        return self.empty(30)

    def empty(self, frames: int) -> CarCount:
        """Send pictures without a car."""
        return self.stand(frames=frames)


def test_each_detections_message_gives_a_count_with_its_own_stamp_and_who_comes_late_gets_the_last() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'zones': [LEFT_HALF]})
        drive = Drive(ros)
        count = drive.stand(car(10, 10), car(500, 10))
        assert (count.cars, count.zones[0].cars, count.header.frame_id) == (2, 1, 'lane')
        late = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        assert late.wait_for().cars == 2
        assert drive.frame().state == CarCount.OK


def test_silence_makes_the_count_stale_and_the_diagnostics_an_error() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'stale_after_s': 0.5})
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        diagnostics = ros.diagnostics()
        drive = Drive(ros)
        assert drive.stand(car(1, 1)).cars == 1
        assert counts.wait_for(lambda message: message.state == CarCount.STALE).cars == 1
        diagnostics.wait_for(is_about('car_counter', DiagnosticStatus.ERROR, 'no fresh detections'))
        assert drive.frame(car(1, 1)).state == CarCount.OK


def test_totals_are_set_by_a_service_or_refused_and_told_in_the_next_message() -> None:
    with RosGraph() as ros:
        ros.start('car_counter')
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        response = ros.call(SetCount, 'car_counter/set_count', entered=12)
        assert not response.success
        assert 'nothing to set' in response.message
        response = ros.call(
            SetCount, 'car_counter/set_count', set_entered=True, entered=3, set_net=True, net=-1
        )
        assert not response.success
        assert 'net -1 is not allowed; give 0 to 99999999' in response.message
        assert ros.call(SetCount, 'car_counter/set_count', set_left=True, left=7).success
        assert counts.wait_for(lambda message: message.left == 7).entered == 0
        response = ros.call(SetCount, 'car_counter/set_count', set_entered=True, entered=12)
        assert response.success
        assert response.message == 'entered 12, left 7, entered_today 0, left_today 0, net 5'
        count = counts.wait_for(lambda message: message.entered == 12)
        assert (count.net, count.set_by_hand) == (5, True)
        response = ros.call(
            SetCount,
            'car_counter/set_count',
            set_left=True,
            left=2,
            set_entered_today=True,
            entered_today=5,
            set_left_today=True,
            left_today=1,
            set_net=True,
            net=40,
        )
        assert response.message == 'entered 12, left 2, entered_today 5, left_today 1, net 40'
        assert counts.wait_for(lambda message: message.net == 40).entered_today == 5
        ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS).publish(message_of())
        count = counts.wait_for(lambda message: message.state == CarCount.OK)
        assert (count.net, count.set_by_hand) == (40, False)


RAMP = json.dumps({'name': 'ramp', 'line': [[0.2, 0.5], [0.8, 0.5]], 'inside': [0.5, 0.9]})
BAY = json.dumps({'name': 'A1', 'polygon': [[0.3, 0.6], [0.5, 0.6], [0.5, 0.8], [0.3, 0.8]]})


def test_a_car_through_a_gate_is_a_crossing_and_counted() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'gates': [RAMP]})
        crossings = ros.listen(Crossing, 'crossings', qos.CROSSINGS)
        count = Drive(ros).down()
        crossing = crossings.wait_for()
    assert (crossing.gate, crossing.direction, crossing.header.frame_id) == ('ramp', Crossing.IN, 'lane')
    assert crossing.header.stamp.sec >= 1_700_000_000
    assert (count.entered, count.entered_today, count.left, count.net) == (1, 1, 0, 1)
    assert [(gate.name, gate.entered, gate.left) for gate in count.gates] == [('ramp', 1, 0)]
    assert crossings.drain() == []


def test_totals_and_bays_are_there_again_after_the_process_was_killed(tmp_path: Path) -> None:
    file = tmp_path / 'state' / 'lane.json'
    parameters = {'camera': 'lane', 'gates': [RAMP], 'bays': [BAY], 'state_file': str(file)}
    with RosGraph() as ros:
        first = ros.start('car_counter', parameters)
        drive = Drive(ros)
        drive.down()
        for y in range(0, 296, 8):
            drive.frame(car(200, y, 110, 80))
        count = drive.stand(car(200, 296, 110, 80), frames=60)
        assert (count.entered, count.bays[0].state) == (2, BayOccupancy.OCCUPIED)
        wait_until(lambda: load(file, 'lane').state.bays == {'A1': BayState.OCCUPIED})
        first.kill()
        first.wait(PATIENCE_S)

        second = ros.start('car_counter', parameters)
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        count = counts.wait_for(lambda message: message.state == CarCount.UNKNOWN)
        assert (count.entered, count.left, count.net, count.gates[0].entered) == (2, 0, 2, 2)
        assert (count.bays[0].state, count.bays[0].last) == (BayOccupancy.UNKNOWN, BayOccupancy.OCCUPIED)
        assert count.unknown == count.capacity == 1
        assert Drive(ros, 1_700_000_100).down().entered == 3
        assert ros.stop(second) == 0
    assert load(file, 'lane').state.totals.entered == 3


def test_a_damaged_state_file_is_set_aside_and_told_until_a_person_sets_totals(tmp_path: Path) -> None:
    file = tmp_path / 'lane.json'
    file.write_text('{"format":')
    with RosGraph() as ros:
        ros.start('car_counter', {'camera': 'lane', 'state_file': str(file)})
        diagnostics = ros.diagnostics()
        Drive(ros).empty(1)
        diagnostics.wait_for(
            is_about('car_counter', DiagnosticStatus.WARN, 'set aside as lane.json.set-aside')
        )
        assert ros.call(SetCount, 'car_counter/set_count', set_net=True, net=4).success
        diagnostics.wait_for(is_about('car_counter', DiagnosticStatus.OK, 'counting'))
        wait_until(lambda: load(file, 'lane').state.totals.net == 4)
    assert (tmp_path / 'lane.json.set-aside').read_text() == '{"format":'


def test_a_full_disk_is_told_and_counting_goes_on(tmp_path: Path) -> None:
    file = tmp_path / 'lane.json'
    (tmp_path / 'lane.json.new').symlink_to('/dev/full')
    with RosGraph() as ros:
        ros.start('car_counter', {'camera': 'lane', 'state_file': str(file), 'gates': [RAMP]})
        diagnostics = ros.diagnostics()
        drive = Drive(ros)
        assert drive.down().entered == 1
        status = diagnostics.wait_for(
            is_about('car_counter', DiagnosticStatus.WARN, 'No space left on device')
        )
        assert 'make room on the disk' in status.message
        assert drive.down().entered == 2


def test_a_picture_that_shows_nothing_of_use_turns_the_state_and_says_what_to_do() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'zones': [LEFT_HALF]})
        diagnostics = ros.diagnostics()
        drive = Drive(ros)
        for view, state, advice in (
            (View.FROZEN, CarCount.FROZEN, 'restart the camera'),
            (View.COVERED, CarCount.COVERED, 'uncover or clean the lens'),
            (View.MOVED, CarCount.MOVED, 'turn the camera back'),
        ):
            assert drive.stand(car(10, 10)).state == CarCount.OK
            count = drive.frame(view=view)
            assert (count.state, count.cars, count.unknown, count.capacity) == (state, 1, 4, 4)
            diagnostics.wait_for(is_about('car_counter', DiagnosticStatus.ERROR, advice))


def test_labels_and_confidence_change_at_run_time_and_bad_values_are_refused() -> None:
    with RosGraph() as ros:
        ros.start('car_counter')
        drive = Drive(ros)
        assert ros.set_parameter('car_counter', 'min_confidence', 0.95).successful
        assert drive.stand(car(1, 1, confidence=0.9)).cars == 0
        assert ros.set_parameter('car_counter', 'min_confidence', 0.8).successful
        assert drive.stand(car(1, 1, confidence=0.9)).cars == 1
        assert ros.set_parameter('car_counter', 'labels', ['bus']).successful
        refused = ros.set_parameter('car_counter', 'min_confidence', 1.5)
        assert not refused.successful
        assert 'min_confidence' in refused.reason
        assert not ros.set_parameter('car_counter', 'stale_after_s', 5.0).successful  # fixed at the start


def test_what_cannot_be_at_the_start_ends_the_node_with_the_reason() -> None:
    impossible: list[dict[str, object]] = [
        {'stale_after_s': -1.0},
        {'zones': ['left half']},
        {'bays': ['{"name": "A1", "polygon": [[0, 0], [1, 1]]}']},
        {'gates': ['{"name": "in", "line": [[0, 0]], "inside": [0, 1]}']},
        {'time_zone': 'Europe/Atlantis'},
    ]
    with RosGraph() as ros:
        processes = [ros.start('car_counter', parameters) for parameters in impossible]
        assert [process.wait(PATIENCE_S) for process in processes] == [2] * len(impossible)
