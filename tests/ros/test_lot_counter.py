"""The cameras of a device, seen as one lot."""

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount, LotOccupancy
from parking_msgs.msg import LotOccupancy as LotOccupancyMessage

from parking_monitor.nodes import convert, qos
from parking_monitor.values import BayCount, BayState, Count, CountState, Occupancy, ZoneCount
from tests.support.repeating import repeated
from tests.support.ros_graph import RosGraph, is_about

FREE, OCCUPIED = BayState.FREE, BayState.OCCUPIED


def message_of(
    camera: str, *bays: BayCount, state: CountState = CountState.OK, stamp_ns: int = 1
) -> CarCount:
    zone = ZoneCount(camera, 1, Occupancy(occupied=1, free=1))
    count = Count(stamp_ns=stamp_ns, state=state, cars=1, bays=bays, zones=(zone,))
    return convert.to_count_message(count, convert.to_header(stamp_ns, camera), camera)


def a_bay(name: str, state: BayState, confidence: float) -> BayCount:
    return BayCount(name=name, state=state, last=state, confidence=confidence)


def test_a_bay_that_two_cameras_see_is_there_once_by_the_surer() -> None:
    with RosGraph() as ros:
        ros.start('lot_counter', {'cameras': ['north', 'south']})
        lots = ros.listen(LotOccupancy, 'lot', qos.LOT)
        north = ros.publisher(CarCount, 'north/car_count', qos.CAR_COUNT)
        south = ros.publisher(CarCount, 'south/car_count', qos.CAR_COUNT)
        north.publish(message_of('north', a_bay('A1', FREE, 0.5)))
        lots.wait_for(lambda lot: lot.capacity == 3)
        south.publish(message_of('south', a_bay('A1', OCCUPIED, 0.75), a_bay('A2', FREE, 0.5), stamp_ns=9))
        lot = lots.wait_for(lambda lot: lot.capacity == 6)
        late = ros.listen(LotOccupancy, 'lot', qos.LOT)
        assert late.wait_for() == lot
    assert [(one.camera, one.bay.name, one.bay.state) for one in lot.bays] == [
        ('south', 'A1', OCCUPIED),
        ('south', 'A2', FREE),
    ]
    assert (lot.occupied, lot.free, lot.unknown) == (3, 3, 0)
    assert [zone.name for zone in lot.zones] == ['north', 'south']
    assert convert.to_stamp_ns(lot.header.stamp) == 9


def test_what_a_blind_or_silent_camera_alone_saw_is_unknown() -> None:
    def all_unknown(lot: LotOccupancyMessage) -> bool:
        return bool(lot.unknown == lot.capacity == 3)

    with RosGraph() as ros:
        ros.start('lot_counter', {'cameras': ['north', 'south'], 'stale_after_s': 2.0})
        lots = ros.listen(LotOccupancy, 'lot', qos.LOT)
        diagnostics = ros.diagnostics()
        north = ros.publisher(CarCount, 'north/car_count', qos.CAR_COUNT)
        with repeated(lambda: north.publish(message_of('north', a_bay('A1', FREE, 0.5)))):
            lots.wait_for(lambda lot: lot.unknown == 0)
        north.publish(message_of('north', a_bay('A1', FREE, 0.5), state=CountState.COVERED))
        lot = lots.wait_for(all_unknown)
        assert lot.bays[0].bay.last == FREE
        diagnostics.wait_for(is_about('lot_counter', DiagnosticStatus.WARN, 'north, south alone would see'))
        with repeated(lambda: north.publish(message_of('north', a_bay('A1', FREE, 0.5)))):
            lots.wait_for(lambda lot: lot.unknown == 0)
        lots.wait_for(all_unknown)  # nothing more is said, as by a counter that died
