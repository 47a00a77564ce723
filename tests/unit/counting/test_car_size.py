"""Bays tell how large cars are in each part of the picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting.car_size import CarSize

ASPECT = 4 / 3
shares = st.floats(0.0, 1.0)
sizes = st.floats(0.001, 1.0)


def a_bay(x: float, y: float, width: float, depth: float) -> tuple[tuple[float, float], ...]:
    return ((x, y), (x + width, y), (x + width, y + depth), (x, y + depth))


def test_without_bays_nothing_is_known() -> None:
    assert CarSize.in_bays([], ASPECT) is None


def test_one_row_tells_one_size_for_the_whole_picture() -> None:
    usual = CarSize.in_bays([a_bay(0.1 * column, 0.5, 0.08, 0.1) for column in range(5)], ASPECT)
    assert usual is not None
    assert usual.at(0.1) == usual.at(0.9) == pytest.approx((0.06, 0.08 + 0.25 * 0.08 * ASPECT))


def test_two_rows_tell_how_cars_shrink_towards_the_horizon() -> None:
    near = [a_bay(0.2 * column, 0.7, 0.2, 0.25) for column in range(4)]
    far = [a_bay(0.05 * column, 0.3, 0.05, 0.05) for column in range(4)]
    usual = CarSize.in_bays(near + far, ASPECT)
    assert usual is not None
    assert usual.at(usual.near_y) == pytest.approx((0.15, 0.2 + 0.25 * 0.2 * ASPECT))
    assert usual.at(usual.far_y) == pytest.approx((0.0375, 0.04 + 0.25 * 0.05 * ASPECT))
    halfway = usual.at((usual.near_y + usual.far_y) / 2)
    assert halfway[0] == pytest.approx((0.15 + 0.0375) / 2)


def test_beyond_the_bays_sizes_stay_within_limits() -> None:
    usual = CarSize(far_y=0.4, near_y=0.6, far=(0.05, 0.04), near=(0.1, 0.08))
    assert usual.at(0.0) == pytest.approx((0.025, 0.02))
    assert usual.at(3.0) == pytest.approx((0.2, 0.16))


@given(
    bays=st.lists(st.tuples(shares, shares, sizes, sizes), min_size=1, max_size=12),
    y=st.floats(-1.0, 2.0),
)
def test_any_bays_tell_a_size_that_is_one(bays: list[tuple[float, float, float, float]], y: float) -> None:
    usual = CarSize.in_bays([a_bay(*bay) for bay in bays], ASPECT)
    assert usual is not None
    width, height = usual.at(y)
    assert 0 < width <= 4
    assert 0 < height <= 4
