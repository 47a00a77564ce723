"""Make one detection of the several that one car gives."""

from collections.abc import Sequence

from parking_monitor.values import Box, Detection, Detections, ModelType

# Cells are neighbours when less than this share of a cell lies between them.
_LARGEST_GAP_CELLS = 0.5
# Of two boxes, the less sure one shows the same car when so much of the smaller lies in the other.
# Parked cars seen obliquely hide each other by less than that.
_SAME_CAR_SHARE = 0.75


def merge(detections: Detections) -> tuple[Detection, ...]:
    """Return one detection a car, the surest first for models that answer with boxes.

    FOMO cells of one label that touch, also at a corner, become the box around
    all of them, with the confidence of the surest. Of boxes that lie in one
    another, whatever their labels, the surest stays: public models see a car, a
    bus and a truck in one vehicle.
    """
    if detections.model_type is ModelType.FOMO:
        return _merge_cells(detections.items, detections.cell_size)
    return _drop_repeated(detections.items)


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


def _drop_repeated(boxes: Sequence[Detection]) -> tuple[Detection, ...]:
    kept: list[Detection] = []
    for item in sorted(boxes, key=lambda item: item.confidence, reverse=True):
        if not any(_is_same_car(item.box, other.box) for other in kept):
            kept.append(item)
    return tuple(kept)


def _is_same_car(one: Box, other: Box) -> bool:
    smaller = min(one.area, other.area)
    return smaller > 0 and one.intersection(other) / smaller > _SAME_CAR_SHARE
