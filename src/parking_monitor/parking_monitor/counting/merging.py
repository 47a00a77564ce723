"""Make one detection of the several that one car gives."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from parking_monitor.values import Box, Detection, Detections, ModelType

# Cells are neighbours when less than this share of a cell lies between them.
_LARGEST_GAP_CELLS = 0.5
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


def merge(detections: Detections, car_size: tuple[float, float] | None = None) -> tuple[Detection, ...]:
    """Return one detection a car, the surest first for models that answer with boxes.

    FOMO cells of one label that touch, also at a corner, become the box around
    all of them, with the confidence of the surest; where the size of a car is known,
    so do all cells that fit into one car. Of boxes that lie in one another, whatever
    their labels, the surest stays: public models see a car, a bus and a truck in one
    vehicle. A box around several others that lie apart goes first, however sure, and so
    does one that fills the picture: it is a row of cars or the ground. Where the size of a
    car is known, boxes that make up one together, as of bonnet and rear, become one.

    Args:
        detections: of one frame.
        car_size: width and height in pixels of a car in the middle of the picture.
    """
    if not all(_is_box(item.box) for item in detections.items):
        detections = replace(detections, items=tuple(item for item in detections.items if _is_box(item.box)))
    if detections.model_type is ModelType.FOMO:
        groups = _merge_cells(detections.items, detections.cell_size)
        return _fit_into_cars(groups, car_size) if car_size else groups
    boxes = _drop_repeated(_without_huge(detections))
    return _fit_into_cars(boxes, car_size, least_share=_PARTS_SHARE) if car_size else boxes


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


def _merge_cells(cells: Sequence[Detection], cell_size: tuple[float, float]) -> tuple[Detection, ...]:
    groups: list[list[Detection]] = []
    for cell in cells:
        touching = [group for group in groups if _touches(cell, group, cell_size)]
        groups = [group for group in groups if group not in touching]
        groups.append([cell, *(member for group in touching for member in group)])
    return tuple(_around(group) for group in groups)


def _touches(cell: Detection, group: Sequence[Detection], cell_size: tuple[float, float]) -> bool:
    gap_x, gap_y = (_LARGEST_GAP_CELLS * size for size in cell_size)
    box = cell.box
    return any(
        cell.label == other.label
        and box.x - other.box.right <= gap_x
        and other.box.x - box.right <= gap_x
        and box.y - other.box.bottom <= gap_y
        and other.box.y - box.bottom <= gap_y
        for other in group
    )


def _around(group: Sequence[Detection]) -> Detection:
    x = min(member.box.x for member in group)
    y = min(member.box.y for member in group)
    right = max(member.box.right for member in group)
    bottom = max(member.box.bottom for member in group)
    surest = max(group, key=lambda member: member.confidence)
    return Detection(surest.label, surest.confidence, Box(x, y, right - x, bottom - y))


def _fit_into_cars(
    groups: Sequence[Detection], car_size: tuple[float, float], *, least_share: float = 0.0
) -> tuple[Detection, ...]:
    """Join groups of cells, or boxes, the nearest first, while they fit into one car.

    Together they have to fill the least share of it: far cars are smaller, and stay apart.
    """
    least_area = least_share * car_size[0] * car_size[1]
    joined = list(groups)
    while True:
        pairs = [
            (_gap(one.box, other.box, car_size), first, second)
            for first, one in enumerate(joined)
            for second, other in enumerate(joined[:first])
            if one.label == other.label and _fits(one.box, other.box, car_size, least_area)
        ]
        if not pairs:
            return tuple(joined)
        _, first, second = min(pairs)
        together = _around([joined[first], joined[second]])
        joined = [item for index, item in enumerate(joined) if index not in {first, second}]
        joined.append(together)


def _gap(one: Box, other: Box, car_size: tuple[float, float]) -> float:
    (ax, ay), (bx, by) = one.centre, other.centre
    return abs(ax - bx) / car_size[0] + abs(ay - by) / car_size[1]


def _fits(one: Box, other: Box, car_size: tuple[float, float], least_area: float) -> bool:
    width = max(one.right, other.right) - min(one.x, other.x)
    height = max(one.bottom, other.bottom) - min(one.y, other.y)
    return width <= car_size[0] and height <= car_size[1] and width * height >= least_area


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
