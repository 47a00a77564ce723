"""A camera of one picture a second sees a passing car three or four times, and follows it."""

import math

import pytest

from parking_monitor.counting.counter import Counter
from parking_monitor.counting.flow import Flow
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.motion import growth_between
from parking_monitor.counting.picture import Picture
from parking_monitor.counting.track import Track
from parking_monitor.values import Box, Detection, Direction
from tests.unit.counting.traffic import Road, Thing, crossings, in_picture

GATE = Gate('lane', ((0.2, 0.5), (0.8, 0.5)), (0.5, 0.1))
PICTURE = Picture(640, 480)


def driving_away(start_s: float, seen: tuple[int, ...] = (0, 1, 2, 3)) -> Thing:
    """Let a car drive up the picture and get smaller; it is detected in some of its seconds."""

    def at(now_s: float) -> Detection | None:
        second = now_s - start_s
        if round(second) not in seen or not -0.5 < second < 3.5:
            return None
        near = math.exp(-0.6 * second)
        return in_picture(360 + 70 * near, 10 + 340 * near, (20 + 100 * near, 20 + 160 * near))

    return at


def test_a_car_that_drives_away_is_expected_to_get_slower_in_the_picture() -> None:
    seen = [item for second in range(3) if (item := driving_away(0)(second)) is not None]
    track = Track.begin(1, seen[0], 0.0, PICTURE)
    track.advance(1.0)
    track.see(seen[1], 1.0, PICTURE)
    track.advance(1.0)
    assert track.distance_from(seen[2].box.centre) < 0.3


def test_a_car_that_is_seen_twice_is_counted_where_it_goes_as_others_went() -> None:
    road = Road(Counter(gates=[GATE]), rate_hz=1.0)
    road.show(10)
    starts = [10.0 + 12 * index for index in range(4)]
    first = road.show(48, *(driving_away(start) for start in starts))
    assert len(crossings(first)) == len(starts)
    counts = road.show(12, driving_away(58, seen=(0, 1)))
    assert [crossing.direction for crossing in crossings(counts)] == [Direction.IN]


def test_boxes_of_a_fast_camera_or_of_a_turning_car_tell_no_growth() -> None:
    small, large, turned = Box(0, 0, 40, 30), Box(0, 0, 80, 60), Box(0, 0, 30, 40)
    assert growth_between(small, large, 1.0) == pytest.approx(math.log(2))
    assert growth_between(large, small, 1.0) == pytest.approx(-math.log(2))
    assert growth_between(small, large, 0.1) == 0.0
    assert growth_between(small, turned, 1.0) == 0.0


def test_two_cars_that_agree_tell_where_the_next_will_go() -> None:
    flow = Flow()
    flow.learn(Box(300, 300, 80, 60), Box(300, 200, 80, 60), 1.0, PICTURE)
    assert flow.usual((340, 330), PICTURE) is None
    flow.learn(Box(302, 302, 80, 60), Box(302, 182, 80, 60), 1.0, PICTURE)
    assert flow.usual((340, 330), PICTURE) == pytest.approx((0, -110))


def test_cars_that_go_both_ways_tell_nothing_of_the_next() -> None:
    flow = Flow()
    for _ in range(10):
        flow.learn(Box(300, 300, 80, 60), Box(300, 200, 80, 60), 1.0, PICTURE)
        flow.learn(Box(300, 300, 80, 60), Box(300, 400, 80, 60), 1.0, PICTURE)
    assert flow.usual((340, 330), PICTURE) is None
