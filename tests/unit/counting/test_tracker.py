"""A car is counted once it is certain, and no longer than it is there."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.track import Life
from parking_monitor.values import Direction
from tests.unit.counting.traffic import (
    Road,
    Thing,
    a_drive,
    cars,
    crossings,
    frame,
    in_picture,
    parked,
    unseen,
)

RATES_HZ = [15.0, 1.0, 0.5]
THROUGH = [(4.0, -60.0, 240.0), (14.0, 700.0, 240.0)]
"""A drive through the whole picture, one car's length a second."""


def a_false_box(x: float, y: float, from_s: float, until_s: float) -> Thing:
    return parked(x, y, from_s, until_s, size=(70, 50))


def test_a_car_that_is_there_from_the_start_counts_with_its_third_detection() -> None:
    counts = Road(Counter()).show(0.5, parked(320, 240))
    assert cars(counts) == [0, 0, 1, 1, 1]


def test_a_car_that_enters_at_the_edge_counts_by_its_third_detection_and_not_with_its_first() -> None:
    road = Road(Counter())
    road.show(5)
    counts = cars(road.show(0.5, a_drive([(5.0, 20.0, 240.0), (9.0, 400.0, 240.0)])))
    assert counts[0] == 0
    assert counts[2:] == [1, 1, 1]


def test_two_frames_of_a_false_box_never_count_even_at_the_start() -> None:
    assert set(cars(Road(Counter()).show(5, a_false_box(320, 240, 0.0, 0.15)))) == {0}


def test_three_frames_of_a_false_box_after_the_first_pictures_never_count() -> None:
    assert set(cars(Road(Counter()).show(5, a_false_box(320, 240, 1.0, 1.25)))) == {0}


def test_false_boxes_side_by_side_at_different_times_are_no_car_that_drives() -> None:
    road = Road(Counter())
    road.show(5)
    first, second = a_false_box(45, 240, 5.0, 5.05), a_false_box(75, 240, 5.7, 5.85)
    assert set(cars(road.show(5, first, second))) == {0}


@pytest.mark.parametrize('x', [20.0, 45.0, 320.0])
def test_two_frames_of_a_false_box_later_on_never_count(x: float) -> None:
    road = Road(Counter())
    road.show(5)
    assert set(cars(road.show(5, a_false_box(x, 240, 5.0, 5.15)))) == {0}


def test_three_frames_of_a_false_box_where_no_car_can_appear_never_count() -> None:
    road = Road(Counter())
    road.show(5)
    assert set(cars(road.show(5, a_false_box(320, 240, 5.0, 5.25)))) == {0}


def test_a_false_box_near_the_edge_that_jitters_by_less_than_a_car_stirs_never_counts() -> None:
    """Carried on, its first step would lead farther than it ever was."""
    road = Road(Counter())
    road.show(5)
    jittering = a_drive(
        [(4.99, 55.0, 240.0), (5.1, 65.0, 240.0), (5.2, 61.0, 240.0), (5.21, 61.0, 240.0)], size=(70, 50)
    )
    assert set(cars(road.show(5, jittering))) == {0}


def test_a_false_box_ahead_of_a_car_that_comes_in_does_not_turn_it_round() -> None:
    gate = Gate('lane', ((0.0, 0.55), (1.0, 0.55)), (0.5, 0.1))
    road = Road(Counter(gates=[gate]))
    road.show(5)
    coming_in = a_drive([(5.15, 300.0, 445.0), (8.0, 300.0, 100.0)], size=(160, 230))
    counts = road.show(5, parked(300, 250, 5.0, 5.05, size=(160, 230)), coming_in)
    assert [crossing.direction for crossing in crossings(counts)] == [Direction.IN]


def test_false_boxes_beside_a_parked_car_change_nothing() -> None:
    road = Road(Counter())
    flashes = [a_false_box(150, 300, start, start + 0.25) for start in range(6, 60, 4)]
    road.show(5, parked(320, 240))
    assert set(cars(road.show(60, parked(320, 240), *flashes))) == {1}


@pytest.mark.parametrize('rate_hz', RATES_HZ)
def test_a_car_that_drives_through_counts_as_one_and_is_gone_within_seconds(rate_hz: float) -> None:
    road = Road(Counter(), rate_hz)
    road.show(4)
    counts = cars(road.show(10, a_drive(THROUGH)))
    assert max(counts) == 1
    assert [count for count, _ in itertools.groupby(counts)][:2] == [0, 1]
    assert set(cars(road.show(6))[round(max(2.0, 2 / rate_hz) * rate_hz) :]) <= {0}


def test_a_car_that_leaves_the_picture_is_gone_within_a_second() -> None:
    road = Road(Counter())
    assert cars(road.show(14, a_drive(THROUGH)))[120] == 1
    # Its last part in the picture is at 13.2 s.
    assert cars(road.show(1))[-1] == 0


@pytest.mark.parametrize('rate_hz', RATES_HZ)
def test_parked_cars_are_counted_at_any_rate(rate_hz: float) -> None:
    road = Road(Counter(), rate_hz)
    row = [parked(100 + 90 * index, 240) for index in range(5)]
    counts = cars(road.show(40, *row))
    assert set(counts[3:]) == {5}


@pytest.mark.parametrize('rate_hz', [15.0, 2.0, 1.0])
def test_a_car_that_parks_and_leaves_later_keeps_its_track(rate_hz: float) -> None:
    way = [(4, 320, 540), (9, 320, 240), (40, 320, 240), (45, 320, 540)]
    road = Road(Counter(), rate_hz)
    road.show(4)
    road.show(16, a_drive(way))
    (before,) = (track.track_id for track in road.counter.tracks)
    counts = road.show(23, a_drive(way))
    assert set(cars(counts)) == {1}
    assert [track.track_id for track in road.counter.tracks] == [before]
    assert cars(road.show(8, a_drive(way)))[-1] == 0


def test_two_cars_that_pass_each_other_stay_two() -> None:
    right, left = a_drive([(4, -60, 200), (14, 700, 200)]), a_drive([(4, 700, 290), (14, -60, 290)])
    road = Road(Counter())
    road.show(4)
    counts = road.show(10, right, left)
    assert set(cars(counts)[15:-15]) == {2}


def test_half_of_all_detections_are_enough_to_follow_a_parked_car() -> None:
    road = Road(Counter())
    road.show(3, parked(320, 240))
    car = parked(320, 240)
    flickering = [car(0.0) if index % 2 else None for index in range(300)]
    counts = road.show(30, lambda now_s: flickering[round((now_s - 3) * 10)])
    assert set(cars(counts)) == {1}


def test_a_fomo_model_that_lights_one_cell_or_another_sees_one_car() -> None:
    road = Road(Counter(), is_fomo=True)
    wandering = a_drive([(0, 118, 118), (10, 122, 122), (20, 118, 122), (30, 122, 118)])
    assert set(cars(road.show(30, wandering))[2:]) == {1}


def test_the_life_of_a_car_goes_from_tentative_over_moving_and_parked_to_hidden() -> None:
    road = Road(Counter())
    road.show(4)
    way = a_drive([(4, 20, 240), (7, 320, 240), (60, 320, 240)])
    tracker = road.counter._tracker
    road.show(0.1, way)
    assert [track.life for track in tracker.all_tracks] == [Life.TENTATIVE]
    (track,) = tracker.all_tracks
    lives = [track.life]
    for _ in range(200):
        road.show(0.1, way)
        lives.append(track.life)
    road.show(2)
    lives.append(track.life)
    assert [life for life, _ in itertools.groupby(lives)] == [
        Life.TENTATIVE,
        Life.MOVING,
        Life.PARKED,
        Life.HIDDEN,
    ]
    road.show(200)
    assert track.life is Life.GONE


@settings(max_examples=15)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), unique=True, max_size=12),
    st.randoms(use_true_random=False),
)
def test_a_still_lot_is_counted_exactly_in_whatever_order_its_boxes_come(
    places: list[tuple[int, int]], order: object
) -> None:
    items = [in_picture(90 + 115 * column, 80 + 100 * row, (80, 60)) for column, row in places]
    boxes = [item for item in items if item is not None]
    counter = Counter()
    for index in range(8):
        order.shuffle(boxes)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
        count = counter.update(frame(index / 5, *boxes))
    assert count.cars == len(places)


def test_after_an_unseen_hour_the_new_state_is_believed_within_seconds() -> None:
    road = Road(Counter())
    stays, leaves = [parked(100, 240), parked(200, 240)], parked(300, 240)
    comes = [parked(200 + 100 * index, 400) for index in range(4)]
    assert cars(road.show(20, *stays, leaves))[-1] == 3
    road.skip(3600)
    assert set(cars(road.show(20, *stays, *comes))[100:]) == {6}


def test_a_gap_of_some_seconds_without_pictures_changes_nothing() -> None:
    road = Road(Counter())
    row = [parked(100 + 110 * index, 240) for index in range(5)]
    road.show(15, *row)
    known = [track.track_id for track in road.counter.tracks]
    road.skip(8)
    assert set(cars(road.show(10, *row))) == {5}
    assert [track.track_id for track in road.counter.tracks] == known
    assert set(cars(road.show(10, *(unseen(car, 33, 36) for car in row)))) == {5}
