"""Hold what a model proposes, and thin it out to one box an object."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_MOST = 300
"""Proposals that are considered at once: more than a camera sees cars, and few enough to compare quickly."""


@dataclass(frozen=True)
class Candidates:
    """Hold boxes as (left, top, right, bottom) in pixels of the input, with score and class id of each."""

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]


def best_class(scores: Floats, wanted: tuple[int, ...], min_score: float) -> tuple[NDArray[np.int64], Floats]:
    """Find the rows whose best wanted class reaches a score.

    Args:
        scores: (rows, classes).
        wanted: the class ids that count.
        min_score: what the best must reach.

    Returns:
        (rows, 2) int64 of row and class id, and the (rows,) scores.
    """
    columns = np.array([number for number in wanted if number < scores.shape[1]], np.int64)
    if not columns.size:
        return np.zeros((0, 2), np.int64), np.zeros(0, np.float32)
    considered = scores[:, columns]
    best = considered.argmax(axis=1)
    value = considered[np.arange(len(best)), best]
    rows = np.flatnonzero(value >= min_score)
    return np.stack([rows, columns[best[rows]]], axis=1), value[rows]


def objects(
    candidates: Candidates, labels: dict[int, str], size: tuple[int, int], overlap: float
) -> list[dict[str, Any]]:
    """Return one box an object, in the form of the protocol, best first.

    A box is dropped when a better one of the same label overlaps it by more
    than `overlap`, intersection over union.
    """
    order = np.argsort(-candidates.scores, kind='stable')[:_MOST]
    found: list[dict[str, Any]] = []
    kept: dict[str, list[Floats]] = {}
    for index in order:
        label = labels.get(int(candidates.classes[index]))
        if label is None:
            continue
        box = candidates.boxes[index]
        better = kept.setdefault(label, [])
        if better and _overlaps(box, np.array(better)).max() > overlap:
            continue
        better.append(box)
        entry = _entry(box, label, float(candidates.scores[index]), size)
        if entry is not None:
            found.append(entry)
    return found


def _overlaps(box: Floats, others: Floats) -> Floats:
    left_top = np.maximum(box[:2], others[:, :2])
    right_bottom = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(right_bottom - left_top, 0, None), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1) + np.prod(box[2:] - box[:2]) - shared
    return np.asarray(np.where(areas > 0, shared / np.maximum(areas, 1e-9), 0), np.float32)


def _entry(box: Floats, label: str, score: float, size: tuple[int, int]) -> dict[str, Any] | None:
    """Return a box in whole pixels within the input, or None where nothing of it is within."""
    limits = np.array([*size, *size], np.float32)
    left, top, right, bottom = (int(edge) for edge in np.rint(np.clip(box, 0, limits)))
    if right <= left or bottom <= top:
        return None
    return {
        'height': bottom - top,
        'label': label,
        'value': score,
        'width': right - left,
        'x': left,
        'y': top,
    }
