"""Tell which FOMO cells show one car."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from parking_monitor.counting.picture import Picture
from parking_monitor.values import Box, Detection

# Middles of cells so many cells apart leave half a cell between them: they touch, also at a corner.
_TOUCHING = 1.5
# Cells of two labels never show one car.
_ANOTHER_LABEL = 1e9
_ALMOST = 1e-9

_Values = NDArray[np.float64]


def cars_of(cells: Sequence[Detection], picture: Picture) -> tuple[Detection, ...]:
    """Return one detection a car: the box around its cells, as sure as the surest.

    Where the size of a car is known, those are cells of one label that fit into one car, the
    nearest first: neighbours in a row touch and stay two, and those of a large car near by
    need not touch. Otherwise they are those that touch, as in Edge Impulse's own SDK.
    """
    if len(cells) < 2:
        return tuple(cells)
    first, second = np.triu_indices(len(cells), 1)
    middles = np.array([cell.box.centre for cell in cells])
    away = np.abs(middles[first] - middles[second])
    if picture.usual is None:
        far, linked, most = (away / picture.cell_size).max(axis=1), 'single', _TOUCHING
    else:
        room = _room(middles[:, 1], picture)
        far, linked, most = (away / ((room[first] + room[second]) / 2)).max(axis=1), 'complete', 1.0
    labels = np.array([cell.label for cell in cells])
    far[labels[first] != labels[second]] = _ANOTHER_LABEL
    groups = fcluster(linkage(far, linked), most + _ALMOST, 'distance')
    return tuple(
        join([cells[index] for index in np.flatnonzero(groups == group)]) for group in np.unique(groups)
    )


def _room(heights: _Values, picture: Picture) -> _Values:
    """Return how far apart the middles of a car's cells can lie along each axis, (n, 2) pixels."""
    size_at = {y: picture.car_size(y) for y in set(heights.tolist())}
    return np.array([size_at[y] for y in heights.tolist()]) - picture.cell_size


def join(group: Sequence[Detection]) -> Detection:
    """Return the box around detections, with the label and the confidence of the surest."""
    x = min(member.box.x for member in group)
    y = min(member.box.y for member in group)
    right = max(member.box.right for member in group)
    bottom = max(member.box.bottom for member in group)
    surest = max(group, key=lambda member: member.confidence)
    return Detection(surest.label, surest.confidence, Box(x, y, right - x, bottom - y))
