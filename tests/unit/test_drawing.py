"""What is known of a camera is drawn so that it can be told apart, also without colours."""

import numpy as np
import pytest

from parking_monitor import drawing
from parking_monitor.drawing import GateLine, Outline, Places
from parking_monitor.values import (
    BayCount,
    BayState,
    Count,
    CountState,
    GateCount,
    Image,
    Occupancy,
    ZoneCount,
)

SQUARE = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
GREY = 90


def a_picture() -> Image:
    return np.full((480, 640, 3), GREY, np.uint8)


def a_count(state: CountState = CountState.OK, **more: object) -> Count:
    return Count(stamp_ns=1, state=state, cars=3, **more)  # type: ignore[arg-type] # what the test names


def drawn_bay(state: BayState) -> Image:
    """Return the part of the picture in which a bay is drawn, with a margin."""
    count = a_count(bays=(BayCount(name='A1', state=state),))
    picture = drawing.annotate(a_picture(), [], Places(bays=[Outline('A1', SQUARE)]), count, 'lane')
    return picture[180:300, 240:400]


def test_states_of_a_bay_differ_also_in_black_and_white() -> None:
    filled, outlined, dashed = (
        drawn_bay(state).astype(int).mean(axis=2)
        for state in (BayState.OCCUPIED, BayState.FREE, BayState.UNKNOWN)
    )
    corner = np.s_[30:45, 30:60]  # inside the bay, away from its name
    assert abs(filled[corner] - GREY).min() > 3
    assert abs(outlined[corner] - GREY).max() <= 1
    assert abs(dashed[corner] - GREY).max() <= 1
    edge = np.s_[12, 24:130]  # along the upper edge of the bay
    assert (abs(outlined[edge] - GREY) > 10).all()
    assert 0.3 < (abs(dashed[edge] - GREY) > 10).mean() < 0.8


def test_a_taken_bay_is_filled_and_its_shared_edges_show_it() -> None:
    left = ((0.2, 0.4), (0.4, 0.4), (0.4, 0.6), (0.2, 0.6))
    count = a_count(
        bays=(BayCount(name='B', state=BayState.OCCUPIED), BayCount(name='A', state=BayState.FREE))
    )
    places = Places(bays=[Outline('B', SQUARE), Outline('A', left)])
    picture = drawing.annotate(a_picture(), [], places, count, 'lane')
    blue, _, red = (int(value) for value in picture[240, 256])
    assert red > blue + 100


def test_a_bay_that_nobody_counted_yet_is_drawn_as_unknown() -> None:
    places = Places(bays=[Outline('A1', SQUARE)])
    without = drawing.annotate(a_picture(), [], places, None, 'lane')
    unknown = drawing.annotate(
        a_picture(), [], places, Count(stamp_ns=0, state=CountState.UNKNOWN, cars=0), 'lane'
    )
    assert (without[180:300, 240:400] == unknown[180:300, 240:400]).all()


@pytest.mark.parametrize(('inside', 'side'), [((0.5, 0.9), 1), ((0.5, 0.1), -1)])
def test_the_arrow_of_a_gate_points_inside(inside: tuple[float, float], side: int) -> None:
    gate = GateLine('in', ((0.2, 0.5), (0.8, 0.5)), inside)
    picture = drawing.annotate(a_picture(), [], Places(gates=[gate]), None, 'lane')
    yellow = (picture[:, 315:326].astype(int) @ [-2, 1, 1]).max(axis=1) > 100
    rows = np.flatnonzero(yellow[240 - 40 : 240 + 40]) - 40
    assert abs(rows * side).max() == (rows * side).max() > 12


def test_everything_fits_into_the_picture_and_the_original_stays() -> None:
    picture = np.full((60, 80, 3), GREY, np.uint8)
    count = a_count(
        state=CountState.COVERED,
        places=Occupancy(1, 2, 3),
        zones=(ZoneCount('all', 2, Occupancy(1, 2, 3)),),
        bays=(BayCount(name='A1'),),
        gates=(GateCount('in', 4, 5),),
    )
    places = Places(
        zones=[Outline('all', ((0, 0), (1, 0), (1, 1), (0, 1)))],
        bays=[Outline('A1', ((0, 0), (1, 0), (1, 1)))],
        gates=[GateLine('in', ((0, 0), (1, 1)), (1, 0))],
    )
    drawn = drawing.annotate(picture, [], places, count, 'a camera with a very long name')
    assert drawn.shape == picture.shape
    assert (picture == GREY).all()
