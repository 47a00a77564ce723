"""A car that cannot be seen is still there, and one that has left is not."""

import pytest

from parking_monitor.counting.counter import Counter
from tests.unit.counting.traffic import Road, Thing, a_drive, cars, parked, unseen

ROW = [parked(60 + 100 * index, 240) for index in range(6)]
BACK_ROW = [parked(60 + 100 * index, 120) for index in range(6)]


def all_unseen(things: list[Thing], from_s: float, until_s: float) -> list[Thing]:
    return [unseen(thing, from_s, until_s) for thing in things]


def known(road: Road) -> list[int]:
    return sorted(track.track_id for track in road.counter.tracks)


def test_a_lone_parked_car_survives_misses_of_ten_seconds() -> None:
    road = Road(Counter(), rate_hz=4.0)
    car = parked(320, 240)
    road.show(30, car)
    before = known(road)
    for start in (30, 60, 90):
        assert set(cars(road.show(30, unseen(car, start, start + 10)))) == {1}
    assert known(road) == before


def test_one_car_of_a_row_survives_misses_of_ten_seconds() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    before = known(road)
    assert set(cars(road.show(30, *ROW[:2], unseen(ROW[2], 32, 42), *ROW[3:]))) == {6}
    assert known(road) == before


@pytest.mark.parametrize('count', [2, 6])
def test_a_fog_of_twenty_minutes_hides_all_cars_and_none_arrives_again(count: int) -> None:
    road = Road(Counter(), rate_hz=4.0)
    row = ROW[:count]
    road.show(30, *row)
    before = known(road)
    road.rate_hz = 1.0
    assert set(cars(road.show(1200))) == {count}
    road.rate_hz = 4.0
    assert set(cars(road.show(60, *row))) == {count}
    assert known(road) == before


def test_cars_come_out_of_the_fog_one_after_the_other() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    before = known(road)
    returning = [unseen(car, 30, 300 + 2 * index) for index, car in enumerate(ROW)]
    road.rate_hz = 2.0
    assert set(cars(road.show(400, *returning))) == {6}
    assert known(road) == before


def test_a_truck_that_is_not_detected_hides_three_neighbours_for_five_minutes() -> None:
    road = Road(Counter(), rate_hz=4.0)
    hidden, others = BACK_ROW[1:4], [BACK_ROW[0], *BACK_ROW[4:], *ROW]
    road.show(30, *hidden, *others)
    before = known(road)
    road.rate_hz = 2.0
    assert set(cars(road.show(360, *all_unseen(hidden, 30, 330), *others))) == {12}
    assert known(road) == before


def test_a_truck_that_is_detected_hides_the_car_behind_it() -> None:
    road = Road(Counter(), rate_hz=4.0)
    car = parked(320, 200)
    road.show(30, car)
    before = known(road)
    truck = a_drive([(30, -80, 240), (36, 325, 240), (330, 325, 240), (336, 730, 240)], size=(150, 130))
    assert cars(road.show(20, unseen(car, 34.5, 332), truck))[-1] == 2
    road.rate_hz = 2.0
    assert set(cars(road.show(270, unseen(car, 34.5, 332), truck))) == {2}
    road.rate_hz = 4.0
    assert cars(road.show(30, unseen(car, 34.5, 332), truck))[-1] == 1
    assert known(road) == before


def test_a_lone_car_that_vanishes_for_good_is_given_up() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, parked(320, 240))
    assert cars(road.show(300))[-1] == 0


def test_one_car_of_a_row_that_vanishes_for_good_is_given_up() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    assert cars(road.show(140, *ROW[:2], *ROW[3:]))[-1] == 5


def test_cars_that_left_in_the_fog_are_given_up_once_the_others_are_seen() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    road.rate_hz = 2.0
    road.show(300)
    stayed = [ROW[0], ROW[1], ROW[3], ROW[5]]
    assert cars(road.show(140, *stayed))[-1] == 4


def test_a_parked_car_that_was_given_up_comes_back_as_the_same() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    before = known(road)
    road.show(140, *ROW[:2], *ROW[3:])
    assert len(known(road)) == 5
    assert cars(road.show(20, *ROW))[-1] == 6
    assert known(road) == before


def test_a_night_of_flicker_brings_nobody() -> None:
    """Each car is missed on its own now and then for up to ten seconds, and all together in the fog."""
    road = Road(Counter(), rate_hz=2.0)
    road.show(30, *ROW)
    before = known(road)
    flickering = list(ROW)
    for hour in range(4):
        for index in range(6):
            start = 100 + 200 * hour + 17 * index
            flickering[index] = unseen(flickering[index], start, start + 4 + index)
        flickering = all_unseen(flickering, 230 + 200 * hour, 260 + 200 * hour)
    assert set(cars(road.show(900, *flickering))) == {6}
    assert known(road) == before


def test_headlights_hide_two_cars_of_which_one_has_nearer_neighbours() -> None:
    """The third car stands next to the second; the lone one's nearest is the third."""
    road = Road(Counter(), rate_hz=2.0)
    row, lone = [parked(60 + 90 * index, 240) for index in range(3)], parked(450, 240)
    road.show(30, *row, lone)
    before = known(road)
    blinded = all_unseen([row[2], lone], 30, 90)
    assert set(cars(road.show(100, *row[:2], *blinded))) == {4}
    assert known(road) == before


def test_headlights_hide_two_cars_that_stand_apart_for_a_minute() -> None:
    road = Road(Counter(), rate_hz=2.0)
    road.show(30, *ROW)
    before = known(road)
    blinded = all_unseen([ROW[1], ROW[5]], 30, 90)
    assert set(cars(road.show(100, ROW[0], *ROW[2:5], *blinded))) == {6}
    assert known(road) == before


def test_what_drives_past_cars_in_fog_does_not_take_the_place_of_one() -> None:
    road = Road(Counter(), rate_hz=4.0)
    road.show(30, *ROW)
    before = known(road)
    past = a_drive([(45, 480, 330), (49, 330, 300)])
    road.show(40, past)
    assert known(road) == before


def test_a_parked_car_that_left_unseen_by_the_edge_is_not_counted_twice() -> None:
    road = Road(Counter(), rate_hz=10.0)
    road.show(30, parked(500, 240))
    counts = road.show(8, a_drive([(33, 560, 200), (38, 300, 200)]))
    assert set(cars(counts)) == {1}


def test_a_car_that_drives_and_is_missed_for_three_seconds_is_still_the_same() -> None:
    road = Road(Counter())
    road.show(4)
    drive = unseen(a_drive([(4, -60, 240), (18, 700, 240)]), 8, 11)
    assert set(cars(road.show(8, drive))[10:]) == {1}
    assert len(known(road)) == 1


def test_what_was_seen_for_a_moment_only_is_given_up_soon() -> None:
    road = Road(Counter())
    assert cars(road.show(0.5, parked(320, 240, 0.0, 0.35)))[-1] == 1
    assert cars(road.show(1.5))[-1] == 0
