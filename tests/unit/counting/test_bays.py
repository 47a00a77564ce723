"""A bay is taken and free by the evidence of time, and unknown when it cannot be seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.counting.bays import Bay
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.zones import Zone
from parking_monitor.values import BayState, Count, CountState, Occupancy, View
from tests.unit.counting.traffic import HEIGHT, WIDTH, Road, Thing, a_drive, parked, unseen

FREE, OCCUPIED, UNKNOWN = BayState.FREE, BayState.OCCUPIED, BayState.UNKNOWN


def a_bay(name: str, x: float, y: float) -> Bay:
    """Mark a place of 90 x 70 pixels whose middle is at x, y."""
    left, right, top, bottom = x - 45, x + 45, y - 35, y + 35
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Bay(name, tuple((a / WIDTH, b / HEIGHT) for a, b in corners))


NAMES = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6']
BAYS = [a_bay(name, 60 + 100 * index, 240) for index, name in enumerate(NAMES)]
ROW = [parked(60 + 100 * index, 240) for index in range(6)]
LEFT = Zone('left', ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), capacity=9)
RIGHT = Zone('right', ((0.5, 0), (1, 0), (1, 1), (0.5, 1)), capacity=2)


def states(count: Count) -> list[BayState]:
    return [bay.state for bay in count.bays]


def lasts(count: Count) -> list[BayState]:
    return [bay.last for bay in count.bays]


def a_road(rate_hz: float = 5.0) -> Road:
    return Road(Counter(bays=BAYS), rate_hz)


def test_before_anything_is_seen_all_bays_are_unknown() -> None:
    count = a_road().counter.count
    assert states(count) == [UNKNOWN] * 6
    assert [bay.since_ns for bay in count.bays] == [0] * 6
    assert count.places == Occupancy(unknown=6)


@pytest.mark.parametrize('rate_hz', [15.0, 1.0, 0.5])
def test_bays_with_standing_cars_become_taken_and_the_others_free(rate_hz: float) -> None:
    count = a_road(rate_hz).show(16, ROW[1], ROW[4])[-1]
    assert states(count) == lasts(count) == [FREE, OCCUPIED, FREE, FREE, OCCUPIED, FREE]
    assert count.places == Occupancy(occupied=2, free=4)


def test_one_frame_is_no_evidence() -> None:
    assert states(a_road().show(0.3, *ROW)[-1]) == [UNKNOWN] * 6


def test_a_car_takes_a_bay_after_standing_and_frees_it_after_leaving() -> None:
    road = a_road()
    way = a_drive([(10, 260, 540), (14, 260, 240), (40, 260, 240), (44, 260, 540)])
    assert states(road.show(13, way)[-1])[2] is FREE
    assert states(road.show(7, way)[-1])[2] is OCCUPIED
    since_ns = road.counter.count.bays[2].since_ns
    assert {count.bays[2].since_ns for count in road.show(18, way)} == {since_ns}
    assert states(road.show(10, way)[-1])[2] is FREE
    assert road.counter.count.bays[2].since_ns > since_ns


def test_a_car_that_passes_takes_no_bay() -> None:
    road = a_road()
    counts = road.show(25, a_drive([(6, -60, 240), (14, 700, 240)]))[25:]
    assert {state for count in counts for state in states(count)} == {FREE}


def test_a_car_in_a_bay_changes_nothing_when_another_passes_before_it() -> None:
    road = a_road()
    road.show(20, *ROW[1:4])
    counts = road.show(20, *ROW[1:4], a_drive([(22, -60, 330), (30, 700, 330)]))
    assert {tuple(states(count)) for count in counts} == {(FREE, OCCUPIED, OCCUPIED, OCCUPIED, FREE, FREE)}


def test_a_car_that_is_missed_for_some_seconds_keeps_its_bay() -> None:
    road = a_road()
    road.show(30, *ROW)
    flickering = [unseen(car, 30 + 3 * index, 34 + 3 * index) for index, car in enumerate(ROW)]
    assert {state for count in road.show(30, *flickering) for state in states(count)} == {OCCUPIED}


def test_in_the_fog_bays_become_unknown_keep_what_they_were_and_are_surely_known_afterwards() -> None:
    road = a_road(2.0)
    before = road.show(60, *ROW[:4])[-1]
    fog = road.show(300)[-1]
    assert states(fog) == [UNKNOWN] * 6
    assert lasts(fog) == lasts(before)
    assert [bay.since_ns for bay in fog.bays] == [bay.since_ns for bay in before.bays]
    assert all(
        0 < in_fog.confidence < bay.confidence for in_fog, bay in zip(fog.bays, before.bays, strict=True)
    )
    assert fog.cars == 4
    after = road.show(30, *ROW[:4])[-1]
    assert (states(after), lasts(after)) == (states(before), lasts(before))


@pytest.mark.parametrize('view', [View.FROZEN, View.COVERED, View.MOVED])
def test_a_view_of_no_use_makes_bays_unknown_and_keeps_the_rest(view: View) -> None:
    road = a_road()
    before = road.show(20, *ROW[:3])[-1]
    count = road.show(5, view=view)[-1]
    assert count.state is CountState[view.name]
    assert (states(count), lasts(count)) == ([UNKNOWN] * 6, lasts(before))
    assert (count.cars, count.places) == (3, Occupancy(unknown=6))
    after = road.show(10, *ROW[:3])
    assert states(after[-1]) == states(before)
    assert {count.cars for count in after} == {3}


def test_silence_makes_bays_unknown_and_keeps_what_they_were() -> None:
    road = a_road()
    before = road.show(20, *ROW[:3])[-1]
    count = road.counter.expire()
    assert (states(count), lasts(count), count.cars) == ([UNKNOWN] * 6, lasts(before), 3)
    assert states(road.show(6, *ROW[:3])[-1]) == states(before)


def test_after_a_restart_bays_are_unknown_and_remember_what_they_were() -> None:
    count = Counter(bays=BAYS, bay_memory={'A2': OCCUPIED, 'A3': FREE, 'gone': FREE}).count
    assert states(count) == [UNKNOWN] * 6
    assert lasts(count) == [UNKNOWN, OCCUPIED, FREE, UNKNOWN, UNKNOWN, UNKNOWN]


def test_a_bay_grows_surer_with_time() -> None:
    road = a_road()
    early, late = road.show(6, *ROW)[-1], road.show(60, *ROW)[-1]
    assert all(0 < a.confidence < b.confidence <= 1 for a, b in zip(early.bays, late.bays, strict=True))


@pytest.mark.parametrize('size', [(110, 60), (170, 80)])
def test_one_car_takes_one_bay_even_if_it_stands_on_the_line_between_two(size: tuple[float, float]) -> None:
    count = a_road().show(20, parked(110, 240, size=size))[-1]
    assert states(count).count(OCCUPIED) == 1


def test_bays_of_a_zone_are_its_places_and_a_zone_without_bays_has_its_capacity() -> None:
    road = Road(Counter(zones=[LEFT, RIGHT], bays=BAYS[:3]))
    count = road.show(16, ROW[1], ROW[3], ROW[4])[-1]
    assert [bay.zone for bay in count.bays] == ['left'] * 3
    assert [(zone.cars, zone.places) for zone in count.zones] == [
        (1, Occupancy(occupied=1, free=2)),
        (2, Occupancy(occupied=2)),
    ]
    assert count.places == Occupancy(occupied=3, free=2)


some_things = st.lists(
    st.builds(
        parked,
        st.integers(40, 600),
        st.integers(40, 440),
        st.floats(0, 20),
        st.floats(5, 40),
        st.just((80.0, 60.0)),
    ),
    max_size=8,
)


@settings(max_examples=12)
@given(
    some_things,
    st.lists(st.tuples(st.sampled_from([*View, None]), st.integers(1, 12)), max_size=5),
    st.integers(0, 6),
    st.lists(st.sampled_from([LEFT, RIGHT]), unique=True),
)
def test_capacity_is_always_occupied_and_free_and_unknown(
    things: list[Thing], parts: list[tuple[View | None, int]], bays: int, zones: list[Zone]
) -> None:
    road = Road(Counter(zones=zones, bays=BAYS[:bays]), rate_hz=2.0)
    capacity = road.counter.count.places.capacity
    owned = {bay.zone for bay in road.counter.count.bays}
    assert capacity == bays + sum(zone.capacity for zone in zones if zone.name not in owned)
    for view, seconds in parts:
        counts = [road.counter.expire()] if view is None else road.show(seconds, *things, view=view)
        for count in counts:
            places = count.places
            assert places.occupied + places.free + places.unknown == places.capacity == capacity
            assert min(places.occupied, places.free, places.unknown) >= 0
            assert all(bay.state in {bay.last, UNKNOWN} for bay in count.bays)
            assert all(0 <= bay.confidence <= 1 for bay in count.bays)
