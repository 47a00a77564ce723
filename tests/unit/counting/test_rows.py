"""A row of bays, divided as wide as they are on the ground."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting.geometry import contains
from parking_monitor.counting.rows import split_row

ROW = [(0.15, 0.54), (0.85, 0.59), (0.95, 0.78), (0.02, 0.68)]


def test_without_perspective_bays_are_equally_wide_in_the_picture() -> None:
    bays = split_row([(0.1, 0.2), (0.9, 0.2), (0.9, 0.6), (0.1, 0.6)], 4)
    assert np.array(bays[1]) == pytest.approx(np.array([(0.3, 0.2), (0.5, 0.2), (0.5, 0.6), (0.3, 0.6)]))


def test_far_bays_are_narrower_in_the_picture() -> None:
    # A row that runs away from the camera: its far end is a third as wide as its near one.
    bays = split_row([(0.0, 1.0), (0.4, 0.4), (0.6, 0.4), (1.0, 1.0)], 3)
    heights = [bay[0][1] - bay[1][1] for bay in bays]
    assert heights[0] > 2 * heights[1] > 2 * heights[2]


def test_a_simulated_row_is_divided_as_it_was_painted() -> None:
    # The row A of the scene oblique_lot, as `simulate oblique_lot --fleet-yaml` prints its bays.
    row = [(0.1508, 0.5403), (0.8535, 0.5922), (0.9501, 0.7756), (0.0249, 0.683)]
    fourth = [(0.3949, 0.5596), (0.4829, 0.5662), (0.4518, 0.7346), (0.3351, 0.722)]
    # The scene's lens bends straight lines by nearly 0.01; even steps would be off by 0.02 and more.
    assert np.array(split_row(row, 8)[3]) == pytest.approx(np.array(fourth), abs=0.01)


@given(st.integers(1, 60), st.integers(0, 3), st.booleans())
def test_bays_fill_the_row_from_its_first_corner_and_share_their_edges(
    number: int, turn: int, is_mirrored: bool
) -> None:
    corners = ROW[turn:] + ROW[:turn]
    corners = [(1 - x, y) for x, y in corners] if is_mirrored else corners
    bays = split_row(corners, number)
    assert len(bays) == number
    assert bays[0][0] == pytest.approx(corners[0])
    assert bays[-1][1] == pytest.approx(corners[1])
    assert bays[-1][2] == pytest.approx(corners[2])
    assert bays[0][3] == pytest.approx(corners[3])
    for bay, following in itertools.pairwise(bays):
        assert (bay[1], bay[2]) == (following[0], following[3])
    for bay in bays:
        x, y = np.mean(bay, axis=0)
        assert contains(corners, x, y)


@pytest.mark.parametrize(
    ('corners', 'words'),
    [
        (ROW[:3], '3 corners; a row has 4'),
        ([ROW[0], ROW[2], ROW[1], ROW[3]], 'must go around the row'),
        ([(0, 0), (1, 0), (0.3, 0.3), (0, 1)], 'must go around the row'),
        ([(0, 0), (0.5, 0), (1, 0), (0, 1)], 'must go around the row'),
        ([(0.5, 0.5)] * 4, 'must go around the row'),
    ],
)
def test_what_is_no_row_is_refused(corners: list[tuple[float, float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        split_row(corners, 4)
