"""Make one detection of the neighbouring FOMO cells that one car lights up."""

from collections.abc import Sequence

from parking_monitor.values import Box, Detection, Detections, ModelType

# Cells are neighbours when less than this share of a cell lies between them.
_LARGEST_GAP_CELLS = 0.5


def merge(detections: Detections) -> tuple[Detection, ...]:
    """Return one detection a car, for a FOMO model; those of other models as they are.

    Cells of one label that touch, also at a corner, become the box around all
    of them, with the confidence of the surest.
    """
    if detections.model_type is not ModelType.FOMO:
        return detections.items
    groups: list[list[Detection]] = []
    for cell in detections.items:
        touching = [group for group in groups if _touches(cell, group, detections.cell_size)]
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
