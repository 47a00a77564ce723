"""A count is a claim that carries its state."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from parking_monitor.counting.bays import Bay
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.totals import Totals
from parking_monitor.counting.zones import Zone
from parking_monitor.values import Box, Count, CountState, Detection, Detections, ModelType, View
from tests.support.builders import car, cells, seen
from tests.unit.counting.traffic import Road, a_drive, cars, crossings, frame, parked

LEFT = Zone('left', ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), capacity=4)
RIGHT = Zone('right', ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))
GATE = Gate('north', ((0.25, 0.5), (0.75, 0.5)), inside=(0.5, 0.9))


def seen_often(counter: Counter, detections: Detections, times: int = 3) -> Count:
    """Show the same again and again, ten times a second."""
    for index in range(times):
        count = counter.update(dataclasses.replace(detections, stamp_ns=(index + 1) * 100_000_000))
    return count


def test_before_anything_is_seen_the_count_is_unknown_and_has_its_zones() -> None:
    count = Counter([LEFT]).count
    (zone,) = count.zones
    assert (count.state, count.cars, count.stamp_ns) == (CountState.UNKNOWN, 0, 0)
    assert (zone.name, zone.places.unknown, zone.places.capacity) == ('left', 4, 4)


def test_an_empty_lot_is_a_count() -> None:
    count = Counter([LEFT]).update(seen(stamp_ns=7))
    assert (count.state, count.cars, count.stamp_ns, count.places.free) == (CountState.OK, 0, 7, 4)


def test_cars_are_counted_by_zone() -> None:
    count = seen_often(Counter([LEFT, RIGHT]), seen(car(20, 20), car(100, 20), car(560, 400)))
    assert (count.cars, [zone.cars for zone in count.zones]) == (3, [2, 1])


def test_a_car_in_two_zones_counts_in_both() -> None:
    whole = Zone('all', ((0, 0), (1, 0), (1, 1), (0, 1)))
    assert [zone.cars for zone in seen_often(Counter([whole, RIGHT]), seen(car(560, 400))).zones] == [1, 1]


def test_more_cars_than_a_zone_has_places_take_all_of_them() -> None:
    full = seen_often(Counter([LEFT]), seen(*(car(20 + 50 * index, 200) for index in range(5))))
    assert (full.zones[0].cars, full.places.occupied, full.places.free) == (5, 4, 0)


def test_only_wanted_labels_count() -> None:
    bus = Detection('bus', 0.9, Box(200, 20, 40, 30))
    assert seen_often(Counter(labels=['car']), seen(car(50, 50), bus)).cars == 1
    assert seen_often(Counter(), seen(car(50, 50), bus)).cars == 2


def test_a_detection_below_the_confidence_does_not_count() -> None:
    both = seen(car(20, 20, confidence=0.59), car(90, 20, confidence=0.6))
    assert seen_often(Counter(min_confidence=0.6), both).cars == 1


def test_neighbouring_cells_are_one_car() -> None:
    assert seen_often(Counter(), cells([(2, 3), (3, 3), (9, 9)])).cars == 2


def test_cells_apart_are_one_car_where_cars_are_known_to_be_large() -> None:
    assert seen_often(Counter(), cells([(2, 3), (4, 3)])).cars == 2
    assert seen_often(Counter(car_share=(0.3, 0.2)), cells([(2, 3), (4, 3)])).cars == 1


def test_where_bays_are_marked_they_tell_how_large_cars_are() -> None:
    bay = Bay('A1', ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)))
    assert seen_often(Counter(bays=[bay]), cells([(2, 3), (4, 3)])).cars == 1


def test_cars_in_neighbouring_bays_are_two_though_their_cells_touch() -> None:
    row = [
        Bay(name, ((x, 0.2), (x + 0.17, 0.2), (x + 0.17, 0.35), (x, 0.35)))
        for name, x in [('A1', 0.12), ('A2', 0.3)]
    ]
    touching = cells([(2, 3), (3, 3), (4, 3), (5, 3)])
    assert seen_often(Counter(), touching, times=6).cars == 1
    assert seen_often(Counter(bays=row), touching, times=6).cars == 2


def test_cars_that_cells_show_are_kept_when_bays_are_drawn() -> None:
    counter = Counter()
    seen_often(counter, cells([(2, 3), (9, 9)]))
    counter.set_places([], [Bay('A1', ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4), (0.1, 0.4)))], [])
    assert counter.count.cars == 2
    assert counter.update(dataclasses.replace(cells([(2, 3), (9, 9)]), stamp_ns=10**10)).cars == 2


def test_silence_makes_the_count_stale_and_keeps_its_numbers() -> None:
    counter = Counter([LEFT])
    before = seen_often(counter, seen(car(20, 20)))
    count = counter.expire()
    assert (count.state, count.cars, count.stamp_ns) == (CountState.STALE, 1, before.stamp_ns)
    assert (count.zones[0].cars, count.places.unknown) == (1, 4)


def test_silence_from_the_start_stays_unknown() -> None:
    assert Counter().expire().state is CountState.UNKNOWN


def test_other_places_are_taken_while_cars_totals_and_bays_that_stay_are_kept() -> None:
    around = ((0.15, 0.2), (0.23, 0.2), (0.23, 0.26), (0.15, 0.26))
    counter = Counter(bays=[Bay('A1', around)], totals=Totals(entered=7))
    seen_often(counter, seen(car(100, 100)), times=50)
    empty = Bay('A2', tuple((x + 0.5, y) for x, y in around))
    count = counter.set_places([LEFT], [Bay('A1', around), empty], [GATE])
    assert (count.state, count.cars, count.entered) == (CountState.OK, 1, 7)
    assert [(zone.name, zone.cars) for zone in count.zones] == [('left', 1)]
    assert [(bay.name, bay.last.name) for bay in count.bays] == [('A1', 'OCCUPIED'), ('A2', 'UNKNOWN')]
    assert [gate.name for gate in count.gates] == ['north']
    count = counter.set_places([], [Bay('A1', empty.polygon)], [])
    assert [(bay.name, bay.last.name) for bay in count.bays] == [('A1', 'UNKNOWN')]


def test_the_next_detections_end_staleness() -> None:
    counter = Counter()
    counter.update(seen(stamp_ns=1))
    counter.expire()
    assert counter.update(seen(stamp_ns=2)).state is CountState.OK


@pytest.mark.parametrize('view', [View.FROZEN, View.COVERED, View.MOVED])
def test_a_view_of_no_use_turns_the_state_and_not_the_count(view: View) -> None:
    road = Road(Counter([LEFT]))
    road.show(15, parked(100, 240))
    garbage = [parked(100 + 90 * index, 400) for index in range(5)]
    for count in road.show(30, *garbage, view=view):
        assert (count.state, count.cars, count.zones[0].cars) == (CountState[view.name], 1, 1)
        assert count.places == count.places.lost
    assert {(count.state, count.cars) for count in road.show(5, parked(100, 240))} == {(CountState.OK, 1)}


def test_a_classification_model_sees_one_car_when_a_wanted_label_fits_best() -> None:
    counter = Counter(labels=['car'])
    assert counter.update(seen(label_scores={'car': 0.7, 'empty': 0.3}, stamp_ns=1)).cars == 1
    assert counter.update(seen(label_scores={'car': 0.4, 'empty': 0.6}, stamp_ns=2)).cars == 0
    assert counter.update(seen(label_scores={}, stamp_ns=3)).cars == 0


def test_a_classification_below_the_confidence_is_no_car() -> None:
    counter = Counter(labels=['car'], min_confidence=0.8)
    assert counter.update(seen(label_scores={'car': 0.7, 'empty': 0.3})).cars == 0


def test_a_frame_that_comes_again_changes_nothing() -> None:
    road = Road(Counter([LEFT], gates=[GATE]))
    way = a_drive([(4, 320, -40), (12, 320, 520)])
    seen_crossing = False
    for _ in range(150):
        (count,) = road.show(0.1, way)
        seen_crossing |= bool(count.crossings)
        again = road.counter.update(frame(round(road.now_s - 0.1, 6), *(car(90 * i, 300) for i in range(5))))
        assert again == dataclasses.replace(count, crossings=())
    assert seen_crossing
    assert count.entered == 1


@pytest.mark.parametrize('back_s', [0.3, 60.0, 5000.0])
def test_a_clock_that_is_set_back_changes_no_count(back_s: float) -> None:
    road = Road(Counter(gates=[GATE]))
    row = [parked(100 + 110 * index, 400) for index in range(5)]
    road.skip(6000)
    road.show(20, *row)
    known = [track.track_id for track in road.counter.tracks]
    road.skip(-back_s)
    counts = road.show(20, *row)
    assert set(cars(counts)) == {5}
    assert [track.track_id for track in road.counter.tracks] == known
    assert counts[-1].stamp_ns == frame(round(road.now_s - 0.1, 6)).stamp_ns
    assert crossings(counts) == []


def test_another_size_of_the_picture_begins_anew_and_keeps_the_totals() -> None:
    road = Road(Counter([LEFT], gates=[GATE]))
    road.show(14, a_drive([(4, 320, -40), (12, 320, 520)]), parked(100, 400))
    counter = road.counter
    counts = []
    for index in range(5):
        small = Detection('car', 0.9, Box(30, 185, 40, 30))
        shown = frame(road.now_s + index / 10, small, width=320)
        counts.append(counter.update(dataclasses.replace(shown, image_height=240)))
    assert cars(counts) == [0, 0, 1, 1, 1]
    assert (counts[-1].entered, counts[-1].zones[0].cars) == (1, 1)


def test_another_model_begins_anew() -> None:
    counter = Counter()
    seen_often(counter, seen(car(20, 20), car(200, 200)))
    for index in range(3):
        stamp_ns = 1_000_000_000 + index * 100_000_000
        count = counter.update(dataclasses.replace(cells([(9, 9)]), stamp_ns=stamp_ns))
    assert count.cars == 1


def test_totals_are_set_by_hand_one_by_one() -> None:
    counter = Counter()
    counter.set_totals(entered=10)
    count = counter.set_totals(left=4)
    assert (count.entered, count.left, count.net) == (10, 4, 6)


def test_totals_set_by_hand_survive_the_next_frame() -> None:
    counter = Counter()
    counter.set_totals(entered=10, net=3)
    count = counter.update(seen())
    assert (count.entered, count.net) == (10, 3)


def test_that_a_person_set_a_total_is_said_once() -> None:
    counter = Counter()
    counter.update(seen(stamp_ns=1))
    assert counter.set_totals(net=7).set_by_hand
    assert not counter.update(seen(stamp_ns=2)).set_by_hand
    assert not counter.update(seen(stamp_ns=3)).set_by_hand


def test_setting_a_total_leaves_the_state_the_time_and_the_cars_alone() -> None:
    counter = Counter([LEFT])
    before = seen_often(counter, seen(car(20, 20)))
    after = counter.set_totals(entered_today=3)
    assert dataclasses.replace(after, entered_today=0, set_by_hand=False) == before


def test_a_counter_goes_on_from_the_totals_of_the_one_before() -> None:
    day = '2023-11-14'
    before = Totals(entered=5, left=2, entered_today=4, day=day, inside_at_start=1, gates={'north': (5, 2)})
    road = Road(Counter(gates=[GATE], totals=before))
    count = road.show(14, a_drive([(4, 320, -40), (12, 320, 520)]))[-1]
    assert (count.entered, count.left, count.entered_today, count.net) == (6, 2, 5, 5)
    assert (count.gates[0].entered, count.gates[0].left) == (6, 2)


@pytest.mark.parametrize(('zone', 'hours_to_midnight'), [(dt.UTC, 1.7), (ZoneInfo('Europe/Berlin'), 0.7)])
def test_the_sums_of_the_day_end_at_midnight_of_the_time_zone(
    zone: dt.tzinfo, hours_to_midnight: float
) -> None:
    """The first frame is at 22:13 UTC, 23:13 in Berlin."""
    road = Road(Counter(gates=[GATE], time_zone=zone))
    road.show(14, a_drive([(4, 320, -40), (12, 320, 520)]))
    road.skip(hours_to_midnight * 3600)
    assert road.show(0.1)[-1].entered_today == 1
    road.skip(600)
    count = road.show(0.1)[-1]
    assert (count.entered, count.entered_today, count.net) == (1, 0, 1)


def test_a_frame_without_a_view_that_is_clear_also_ends_the_day() -> None:
    road = Road(Counter(gates=[GATE]))
    road.show(14, a_drive([(4, 320, -40), (12, 320, 520)]))
    road.skip(2 * 3600)
    assert road.show(0.1, view=View.COVERED)[-1].entered_today == 0


def test_a_zone_without_bays_is_unknown_while_a_classification_model_answers() -> None:
    """Such a model says nothing of places; the number of cars is all it gives."""
    count = Counter().update(seen(label_scores={'car': 1.0}))
    assert (count.cars, count.zones, count.bays) == (1, (), ())
    assert seen(label_scores={'car': 1.0}).model_type is ModelType.CLASSIFICATION
