"""A count is a claim that carries its state."""

from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting.counter import Counter
from parking_monitor.counting.zones import Zone, count_in_zones
from parking_monitor.values import Box, CountState, Detection
from tests.support.builders import car, cells, seen

LEFT = Zone('left', ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), capacity=4)
RIGHT = Zone('right', ((0.5, 0), (1, 0), (1, 1), (0.5, 1)))


def test_before_anything_is_seen_the_count_is_unknown_and_has_its_zones() -> None:
    count = Counter([LEFT]).count
    assert (count.state, count.cars, count.zones[0].name, count.zones[0].capacity) == (
        CountState.UNKNOWN,
        0,
        'left',
        4,
    )


def test_an_empty_lot_is_a_count() -> None:
    count = Counter().update(seen(stamp_ns=7))
    assert (count.state, count.cars, count.stamp_ns) == (CountState.OK, 0, 7)


def test_cars_are_counted_by_zone() -> None:
    count = Counter([LEFT, RIGHT]).update(seen(car(10, 10), car(100, 10), car(600, 400)))
    assert (count.cars, [zone.cars for zone in count.zones]) == (3, [2, 1])


def test_only_wanted_labels_count() -> None:
    bus = Detection('bus', 0.9, Box(0, 0, 10, 10))
    assert Counter(labels=['car']).update(seen(car(50, 50), bus)).cars == 1
    assert Counter().update(seen(car(50, 50), bus)).cars == 2


def test_a_detection_below_the_confidence_does_not_count() -> None:
    counter = Counter(min_confidence=0.6)
    assert counter.update(seen(car(0, 0, confidence=0.59), car(90, 0, confidence=0.6))).cars == 1


def test_neighbouring_cells_are_one_car() -> None:
    assert Counter().update(cells([(2, 3), (3, 3), (9, 9)])).cars == 2


def test_silence_makes_the_count_stale_and_keeps_its_numbers() -> None:
    counter = Counter()
    counter.update(seen(car(0, 0), stamp_ns=5))
    count = counter.expire()
    assert (count.state, count.cars, count.stamp_ns) == (CountState.STALE, 1, 5)


def test_silence_from_the_start_stays_unknown() -> None:
    assert Counter().expire().state is CountState.UNKNOWN


def test_the_next_detections_end_staleness() -> None:
    counter = Counter()
    counter.update(seen(car(0, 0)))
    counter.expire()
    assert counter.update(seen()).state is CountState.OK


def test_a_classification_model_sees_one_car_when_a_wanted_label_fits_best() -> None:
    counter = Counter(labels=['car'])
    assert counter.update(seen(label_scores={'car': 0.7, 'empty': 0.3})).cars == 1
    assert counter.update(seen(label_scores={'car': 0.4, 'empty': 0.6})).cars == 0


def test_totals_are_set_by_hand_one_by_one() -> None:
    counter = Counter()
    counter.set_totals(entered=10)
    count = counter.set_totals(left=4)
    assert (count.entered, count.left, count.net) == (10, 4, 6)


def test_totals_set_by_hand_survive_the_next_frame() -> None:
    counter = Counter()
    counter.set_totals(entered=10)
    assert counter.update(seen()).entered == 10


fractions = st.floats(0, 1, exclude_max=True)


@given(fractions, fractions)
def test_a_place_lies_in_exactly_one_of_two_zones_that_share_an_edge(x: float, y: float) -> None:
    box = Box(x * 640 - 1, y * 480 - 1, 2, 2)
    centre_x, centre_y = box.centre
    counts = count_in_zones([box], [LEFT, RIGHT], (640, 480))
    is_inside = 0 <= centre_x / 640 < 1 and 0 <= centre_y / 480 < 1
    assert sum(zone.cars for zone in counts) == is_inside


@given(st.lists(st.tuples(fractions, fractions), max_size=30))
def test_a_zone_of_the_whole_picture_holds_every_car(places: list[tuple[float, float]]) -> None:
    whole = Zone('all', ((-1, -1), (2, -1), (2, 2), (-1, 2)))
    detections = [car(x * 600, y * 400) for x, y in places]
    count = Counter([whole]).update(seen(*detections))
    assert count.zones[0].cars == count.cars
    assert (count.cars > 0) == (len(places) > 0)
