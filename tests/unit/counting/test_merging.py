"""The cells that one car lights up are one car."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting.merging import merge
from parking_monitor.values import Box, Detection
from tests.support.builders import car, cells, seen

positions = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=40)


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


def test_the_surest_cell_gives_the_confidence() -> None:
    faint, sure = cells([(2, 3)]).items[0], dataclasses.replace(cells([(3, 3)]).items[0], confidence=0.95)
    assert merge(dataclasses.replace(cells([]), items=(faint, sure)))[0].confidence == 0.95


@given(positions)
def test_merging_does_not_depend_on_the_order_of_the_cells(of: set[tuple[int, int]]) -> None:
    def outcome(order: list[tuple[int, int]]) -> set[Box]:
        return set(boxes(order))

    assert outcome(sorted(of)) == outcome(sorted(of, reverse=True))


@given(positions)
def test_every_cell_lies_in_a_merged_box(of: set[tuple[int, int]]) -> None:
    merged = boxes(list(of))
    for cell in cells(of).items:
        assert any(box.intersection(cell.box) == pytest.approx(cell.box.area) for box in merged)
