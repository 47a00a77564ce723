"""One car gives one detection, whatever the model made of it."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.counting.car_size import CarSize
from parking_monitor.counting.merging import merge
from parking_monitor.counting.picture import Picture
from parking_monitor.values import Box, Detection, Detections
from tests.support.builders import car, cells, seen

positions = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


def merge_with_cars_of(found: Detections, width: float, height: float) -> tuple[Detection, ...]:
    """Merge where a usual car has a size in pixels."""
    share = (width / found.image_width, height / found.image_height)
    return merge(found, Picture.of(found, CarSize.everywhere(*share)))


def boxes(of: list[tuple[int, int]]) -> list[Box]:
    return [detection.box for detection in merge(cells(of))]


@pytest.mark.parametrize(
    ('of', 'expected'),
    [
        ([], []),
        ([(2, 3)], [Box(80, 120, 40, 40)]),
        ([(2, 3), (3, 3)], [Box(80, 120, 80, 40)]),  # side by side
        ([(2, 3), (3, 4)], [Box(80, 120, 80, 80)]),  # corner to corner
        ([(2, 3), (4, 3), (3, 3)], [Box(80, 120, 120, 40)]),  # the one between joins the others
    ],
)
def test_cells_that_touch_become_the_box_around_them(of: list[tuple[int, int]], expected: list[Box]) -> None:
    assert boxes(of) == expected


def test_cells_with_a_cell_between_them_are_two_cars() -> None:
    assert len(boxes([(2, 3), (4, 3)])) == 2


def test_cells_apart_are_one_car_when_they_fit_into_one() -> None:
    merged = merge_with_cars_of(cells([(2, 3), (4, 3)]), 120, 80)
    assert [detection.box for detection in merged] == [Box(80, 120, 120, 40)]


def test_cells_apart_are_two_cars_when_they_do_not_fit_into_one() -> None:
    assert len(merge_with_cars_of(cells([(2, 3), (4, 3)]), 119, 80)) == 2


def test_cells_that_touch_are_two_cars_when_they_do_not_fit_into_one() -> None:
    merged = merge_with_cars_of(cells([(2, 3), (3, 3), (4, 3), (5, 3)]), 80, 80)
    assert {detection.box for detection in merged} == {Box(80, 120, 80, 40), Box(160, 120, 80, 40)}


def test_the_nearest_cells_are_joined_first() -> None:
    merged = merge_with_cars_of(cells([(0, 0), (2, 0), (5, 0), (7, 0)]), 160, 80)
    assert {detection.box for detection in merged} == {Box(0, 0, 120, 40), Box(200, 0, 120, 40)}


def test_a_car_near_by_may_have_cells_that_far_cars_may_not() -> None:
    far_row, near_row = [(2, 2), (4, 2)], [(2, 9), (4, 9)]
    usual = CarSize(far_y=0.2, near_y=0.8, far=(80 / 640, 80 / 480), near=(160 / 640, 120 / 480))
    both = cells(far_row + near_row)
    merged = merge(both, Picture.of(both, usual))
    assert {detection.box for detection in merged} == {
        Box(80, 80, 40, 40),
        Box(160, 80, 40, 40),
        Box(80, 360, 120, 40),
    }


def test_cells_of_two_labels_are_two_cars_even_if_they_fit_into_one() -> None:
    both = dataclasses.replace(cells([]), items=cells([(2, 3)]).items + cells([(4, 3)], label='bus').items)
    assert len(merge_with_cars_of(both, 200, 200)) == 2


def test_cells_of_two_labels_stay_apart() -> None:
    both = dataclasses.replace(cells([]), items=cells([(2, 3)]).items + cells([(3, 3)], label='bus').items)
    assert {detection.label for detection in merge(both)} == {'car', 'bus'}


def test_boxes_side_by_side_are_two_cars() -> None:
    assert len(merge(seen(car(0, 0), car(40, 0)))) == 2


def test_boxes_of_cars_that_hide_each_other_by_half_are_two_cars() -> None:
    assert len(merge(seen(car(0, 0, width=40), car(20, 0, width=40)))) == 2


def test_of_a_car_and_a_truck_on_one_vehicle_the_surer_stays() -> None:
    truck = Detection('truck', 0.4, Box(98, 99, 60, 33))
    merged = merge(seen(car(100, 100, 56, 30, confidence=0.7), truck))
    assert [(item.label, item.confidence) for item in merged] == [('car', 0.7)]


def test_a_part_of_a_car_is_no_second_car() -> None:
    assert len(merge(seen(car(100, 100, 80, 60), car(110, 110, 30, 20, confidence=0.3)))) == 1


def test_a_box_around_a_row_of_cars_goes_however_sure_it_is() -> None:
    row = Detection('car', 0.99, Box(95, 95, 260, 70))
    parked = [car(100 + 85 * index, 100, 75, 60, confidence=0.5) for index in range(3)]
    assert {item.box for item in merge(seen(row, *parked))} == {item.box for item in parked}


def test_a_box_that_fills_the_picture_goes() -> None:
    ground, there = Detection('car', 0.99, Box(0, 0, 640, 400)), car(300, 200, 80, 60)
    assert merge(seen(ground)) == ()
    assert merge(seen(ground, there)) == (there,)


def test_a_large_box_gives_way_to_a_car_in_it_that_is_about_as_sure() -> None:
    large, there = Detection('car', 0.9, Box(100, 80, 400, 300)), car(300, 200, 80, 60, confidence=0.5)
    assert merge(seen(large, there)) == (there,)


def test_a_truck_near_the_camera_stays_over_a_faint_box_in_it() -> None:
    truck, wheel = Detection('truck', 0.9, Box(100, 80, 400, 300)), car(150, 300, 50, 50, confidence=0.2)
    assert merge(seen(truck, wheel)) == (truck,)


def test_the_surest_cell_gives_the_confidence() -> None:
    faint, sure = cells([(2, 3)]).items[0], dataclasses.replace(cells([(3, 3)]).items[0], confidence=0.95)
    assert merge(dataclasses.replace(cells([]), items=(faint, sure)))[0].confidence == 0.95


some_boxes = st.lists(
    st.builds(
        car,
        st.integers(0, 600),
        st.integers(0, 440),
        st.integers(5, 300),
        st.integers(5, 300),
        st.floats(0.1, 1).map(lambda confidence: round(confidence, 2)),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(some_boxes)
def test_boxes_are_kept_as_they_are_or_go(items: list[Detection]) -> None:
    merged = merge(seen(*items))
    assert all(item in items for item in merged)
    assert merge(seen(*merged)) == merged


@settings(max_examples=40)
@given(some_boxes)
def test_boxes_that_stay_come_with_the_surest_first(items: list[Detection]) -> None:
    confidences = [item.confidence for item in merge(seen(*items))]
    assert confidences == sorted(confidences, reverse=True)


@settings(max_examples=40)
@given(positions)
def test_merging_does_not_depend_on_the_order_of_the_cells(of: set[tuple[int, int]]) -> None:
    def outcome(order: list[tuple[int, int]]) -> set[Box]:
        return set(boxes(order))

    assert outcome(sorted(of)) == outcome(sorted(of, reverse=True))


@settings(max_examples=40)
@given(positions)
def test_every_cell_lies_in_a_merged_box(of: set[tuple[int, int]]) -> None:
    merged = boxes(list(of))
    for cell in cells(of).items:
        assert any(box.intersection(cell.box) == pytest.approx(cell.box.area) for box in merged)
