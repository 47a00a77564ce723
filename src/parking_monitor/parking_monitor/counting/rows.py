"""Divide a row of bays that is seen in perspective."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from parking_monitor.counting.geometry import Point

Quadrilateral = tuple[Point, Point, Point, Point]


def split_row(corners: Sequence[Point], number: int) -> list[Quadrilateral]:
    """Return the outlines of bays that are equally wide on the ground.

    The ground's perspective is that of the row itself: the homography which takes the unit square
    to its corners (R. Hartley, A. Zisserman, Multiple View Geometry, 2nd edition, 4.1).

    Args:
        corners: of the row, going around: the first two are the ends of one long side, in the
            direction in which bays are numbered.
        number: of bays, 1 or more.

    Raises:
        ValueError: when the corners do not go around a four-sided figure without a dent.
    """
    _check(corners)
    homography = _from_unit_square(corners)

    def seen(along: float, across: float) -> Point:
        x, y, w = homography @ (along, across, 1.0)
        return float(x / w), float(y / w)

    edges = [(seen(index / number, 0.0), seen(index / number, 1.0)) for index in range(number + 1)]
    return [
        (near, next_near, next_far, far) for (near, far), (next_near, next_far) in itertools.pairwise(edges)
    ]


def _check(corners: Sequence[Point]) -> None:
    if len(corners) != 4:
        raise ValueError(f'{len(corners)} corners; a row has 4')
    turns = set()
    for index in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(index + step) % 4] for step in range(3))
        turn = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
        turns.add(0 if abs(turn) < 1e-9 else 1 if turn > 0 else -1)
    if turns not in ({1}, {-1}):
        raise ValueError('the corners must go around the row, one after another, without a dent or a line')


def _from_unit_square(corners: Sequence[Point]) -> NDArray[np.float64]:
    """Return the 3x3 homography that takes (0, 0), (1, 0), (1, 1), (0, 1) to the corners."""
    rows, values = [], []
    for (u, v), (x, y) in zip(((0, 0), (1, 0), (1, 1), (0, 1)), corners, strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * x, -v * x], [0, 0, 0, u, v, 1, -u * y, -v * y]]
        values += [x, y]
    solved = np.linalg.solve(np.array(rows, float), np.array(values, float))
    return np.append(solved, 1.0).reshape(3, 3)
