"""Make one detection of the several that one car gives."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from parking_monitor.counting.cells import cars_of, join
from parking_monitor.counting.picture import Picture
from parking_monitor.values import Box, Detection, Detections

# Of two boxes, the less sure one shows the same car when so much of the smaller lies in the other.
# Parked cars seen obliquely hide each other by less than that.
_SAME_CAR_SHARE = 0.75
# A box that swallows so many others, which lie apart, is no car.
_SWALLOWED = 2
# One of more than this share of the picture gives way to any box in it, and one of more than that is no car.
_LARGE_SHARE = 0.25
_HUGE_SHARE = 0.6
# Boxes that are parts of one car fill so much of it together.
_PARTS_SHARE = 0.35
# A box in a large one has to be at least so sure, as a share of it.
_AS_SURE = 0.5

_Values = NDArray[np.float64]
Edges = _Values
"""Boxes as (n, 4): left, top, right, bottom in pixels."""


def merge(detections: Detections, picture: Picture | None = None) -> tuple[Detection, ...]:
    """Return one detection a car, the surest first for models that answer with boxes.

    FOMO's cells: see `cells`. Of boxes that lie in one another, whatever their labels,
    the surest stays: public models see a car, a bus and a truck in one vehicle. A box
    around several others that lie apart goes first, however sure, and so does one that
    fills the picture: it is a row of cars or the ground. Where the size of a car is
    known, boxes that make up one together, as of bonnet and rear, become one.

    Args:
        detections: of one frame.
        picture: its measures; by default, what the detections tell of them.
    """
    picture = picture or Picture.of(detections)
    if not all(_is_box(item.box) for item in detections.items):
        detections = replace(detections, items=tuple(item for item in detections.items if _is_box(item.box)))
    if picture.has_cells:
        return cars_of(detections.items, picture)
    boxes = _drop_repeated(_without_huge(detections))
    return _fit_into_cars(boxes, picture) if picture.usual else boxes


def _is_box(box: Box) -> bool:
    """Tell whether a box has a place, and a width and height of at least a pixel."""
    width, height = box.width, box.height
    return width >= 1 and height >= 1 and math.isfinite(box.x + box.y + width * height)


def edges_of(boxes: Sequence[Box]) -> Edges:
    """Return boxes as an array of their edges."""
    corners = np.array([(box.x, box.y, box.width, box.height) for box in boxes], np.float64).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners


def _shared_areas(left: _Values, top: _Values, right: _Values, bottom: _Values) -> _Values:
    """Return the areas that each of n boxes shares with each, (n, n) square pixels."""
    wide = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    high = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    return np.asarray(np.maximum(wide, 0.0) * np.maximum(high, 0.0))


def _fit_into_cars(boxes: Sequence[Detection], picture: Picture) -> tuple[Detection, ...]:
    """Join boxes of one label, the nearest first, while they fit into one car and fill enough of it."""
    left = list(boxes)
    while True:
        pairs = [
            (gap, first, second)
            for first, one in enumerate(left)
            for second, other in enumerate(left[:first])
            if one.label == other.label and (gap := _gap_in_car(one.box, other.box, picture)) is not None
        ]
        if not pairs:
            return tuple(left)
        _, first, second = min(pairs)
        joined = join([left[first], left[second]])
        left = [item for index, item in enumerate(left) if index not in {first, second}]
        left.append(joined)


def _gap_in_car(one: Box, other: Box, picture: Picture) -> float | None:
    """Return how far apart two parts of one car are, in its sizes; None where they are not.

    Far cars are smaller, and stay apart: they fill too little of it together.
    """
    (ax, ay), (bx, by) = one.centre, other.centre
    car_width, car_height = picture.car_size((ay + by) / 2)
    width = max(one.right, other.right) - min(one.x, other.x)
    height = max(one.bottom, other.bottom) - min(one.y, other.y)
    if width > car_width or height > car_height or width * height < _PARTS_SHARE * car_width * car_height:
        return None
    return abs(ax - bx) / car_width + abs(ay - by) / car_height


def _without_huge(detections: Detections) -> Sequence[Detection]:
    """Return the boxes without those that fill the picture, or much of it around a smaller one."""
    area = detections.image_width * detections.image_height
    if not any(item.box.width * item.box.height > _LARGE_SHARE * area for item in detections.items):
        return detections.items
    return [
        item
        for item in detections.items
        if item.box.area <= _LARGE_SHARE * area
        or (
            item.box.area <= _HUGE_SHARE * area
            and not any(
                other.box.area < 0.5 * item.box.area
                and other.confidence >= _AS_SURE * item.confidence
                and other.box.intersection(item.box) > _SAME_CAR_SHARE * other.box.area
                for other in detections.items
            )
        )
    ]


def _drop_repeated(items: Sequence[Detection]) -> tuple[Detection, ...]:
    surest_first = sorted(items, key=lambda item: item.confidence, reverse=True)
    if len(surest_first) < 2:
        return tuple(surest_first)
    left, top, right, bottom = np.ascontiguousarray(edges_of([item.box for item in surest_first]).T)
    area = (right - left) * (bottom - top)
    smaller = _SAME_CAR_SHARE * area
    is_same = _shared_areas(left, top, right, bottom) > np.minimum(smaller[:, None], smaller)
    np.fill_diagonal(is_same, val=False)
    if not is_same.any():
        return tuple(surest_first)
    kept: list[int] = []
    for index in range(len(surest_first)):
        if not is_same[index, kept].any() and not _swallows_several(index, is_same, area):
            kept.append(index)
    return tuple(surest_first[index] for index in kept)


def _swallows_several(index: int, is_same: NDArray[np.bool_], area: NDArray[np.float64]) -> bool:
    inside = np.flatnonzero(is_same[index] & (area < 0.6 * area[index]))
    if len(inside) < _SWALLOWED:
        return False
    apart = ~is_same[np.ix_(inside, inside)]
    np.fill_diagonal(apart, val=False)
    return bool(apart.any())
