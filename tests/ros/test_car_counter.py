"""The counter's node: a claim for every Detections message, and a word when there are none."""

import json

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetCount

from parking_monitor.nodes import convert, qos
from tests.support.builders import car, seen
from tests.support.ros_graph import RosGraph, is_about

LEFT_HALF = json.dumps({'name': 'left', 'polygon': [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], 'capacity': 4})


def message_of(*cars: object, stamp_ns: int = 1_700_000_000_000_000_123) -> DetectionsMessage:
    detections = seen(*cars, stamp_ns=stamp_ns)  # type: ignore[arg-type] # only cars are passed
    return convert.to_detections_message(detections, convert.to_header(stamp_ns, 'lane'))


def test_an_unknown_count_is_there_before_anything_is_seen() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'camera': 'lane', 'zones': [LEFT_HALF]})
        count = ros.listen(CarCount, 'car_count', qos.CAR_COUNT).wait_for()
    assert (count.state, count.cars, count.camera) == (CarCount.UNKNOWN, 0, 'lane')
    assert [(zone.name, zone.capacity) for zone in count.zones] == [('left', 4)]


def test_each_detections_message_gives_a_count_with_its_own_stamp() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'zones': [LEFT_HALF]})
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        detections.publish(message_of(car(10, 10), car(500, 10)))
        count = counts.wait_for(lambda message: message.state == CarCount.OK)
        assert (count.cars, count.zones[0].cars, count.header.frame_id) == (2, 1, 'lane')
        assert convert.to_stamp_ns(count.header.stamp) == 1_700_000_000_000_000_123
        detections.publish(message_of(stamp_ns=2))
        assert counts.wait_for().cars == 0


def test_who_comes_late_gets_the_count_that_stands() -> None:
    with RosGraph() as ros:
        ros.start('car_counter')
        first = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS).publish(message_of(car(1, 1)))
        first.wait_for(lambda message: message.cars == 1)
        late = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        assert late.wait_for().cars == 1


def test_silence_makes_the_count_stale_and_the_diagnostics_an_error() -> None:
    with RosGraph() as ros:
        ros.start('car_counter', {'stale_after_s': 0.5})
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        diagnostics = ros.diagnostics()
        detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        detections.publish(message_of(car(1, 1)))
        stale = counts.wait_for(lambda message: message.state == CarCount.STALE)
        assert stale.cars == 1
        diagnostics.wait_for(is_about('car_counter', DiagnosticStatus.ERROR, 'no fresh detections'))
        detections.publish(message_of())
        counts.wait_for(lambda message: message.state == CarCount.OK)


def test_totals_are_set_by_a_service_and_told_in_the_next_message() -> None:
    with RosGraph() as ros:
        ros.start('car_counter')
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        response = ros.call(SetCount, 'car_counter/set_count', set_entered=True, entered=12)
        assert response.success
        assert response.message == 'entered 12, left 0, net 12'
        assert counts.wait_for(lambda message: message.entered == 12).net == 12


def test_labels_and_confidence_change_at_run_time_and_bad_values_are_refused() -> None:
    with RosGraph() as ros:
        ros.start('car_counter')
        counts = ros.listen(CarCount, 'car_count', qos.CAR_COUNT)
        detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        assert ros.set_parameter('car_counter', 'min_confidence', 0.95).successful
        detections.publish(message_of(car(1, 1, confidence=0.9)))
        assert counts.wait_for(lambda message: message.state == CarCount.OK).cars == 0
        refused = ros.set_parameter('car_counter', 'min_confidence', 1.5)
        assert not refused.successful
        assert 'min_confidence' in refused.reason
        assert not ros.set_parameter('car_counter', 'stale_after_s', 5.0).successful  # fixed at the start


def test_a_parameter_out_of_range_at_the_start_ends_the_node_with_the_reason() -> None:
    with RosGraph() as ros:
        process = ros.start('car_counter', {'stale_after_s': -1.0})
        assert process.wait(10) == 2


def test_a_zone_that_is_no_zone_ends_the_node_with_the_reason() -> None:
    with RosGraph() as ros:
        assert ros.start('car_counter', {'zones': ['left half']}).wait(10) == 2
