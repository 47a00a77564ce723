"""Score detections: against boxes, against marked spaces, and against times at which a car is shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MATCH_OVERLAP = 0.5
"""Intersection over union from which a detection finds a car, as in PASCAL VOC."""
ASKED_FROM = 0.5
"""Visibility from which a simulated car has to be found."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Hold what was found in a picture: boxes (n, 4) left, top, right, bottom in pixels, and scores (n,)."""

    boxes: Floats
    scores: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Hold the cars of one picture: boxes (n, 4), and which of them have to be found (n,)."""

    boxes: Floats
    asked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Hold the scores of detections that count, which of them are right, and how many cars were asked for."""

    scores: Floats
    right: NDArray[np.bool_]
    asked: int

    def at(self, threshold: float) -> tuple[float, float]:
        """Return recall and precision of detections that reach a threshold; precision is 1 without any."""
        kept = self.scores >= threshold
        hits = int(self.right[kept].sum())
        recall = hits / self.asked if self.asked else 1.0
        return recall, hits / int(kept.sum()) if kept.any() else 1.0

    def best_threshold(self) -> float:
        """Return the threshold with the highest F1: where recall and precision are best together."""
        candidates = np.arange(0.05, 0.951, 0.01)
        return float(max(candidates, key=lambda t: _f1(*self.at(float(t)))))


def judge(found: Found, wanted: Wanted) -> Verdicts:
    """Match detections to cars one to one, best score first.

    A detection of a car that is not asked for, or one that lies mostly upon such a car,
    is neither right nor wrong.
    """
    order = np.argsort(-found.scores, kind='stable')
    overlaps = overlap(found.boxes[order], wanted.boxes)
    taken = np.zeros(len(wanted.boxes), bool)
    scores, right = [], []
    for row, score in zip(overlaps, found.scores[order], strict=True):
        free = np.where(taken, 0, row)
        best = int(free.argmax()) if len(free) else -1
        if best >= 0 and free[best] >= MATCH_OVERLAP:
            taken[best] = True
            if not wanted.asked[best]:
                continue
            right.append(True)
        elif len(row) and row[~wanted.asked].max(initial=0) >= MATCH_OVERLAP / 2:
            continue
        else:
            right.append(False)
        scores.append(score)
    return Verdicts(np.array(scores, float), np.array(right, bool), int(wanted.asked.sum()))


def joined(parts: Iterable[Verdicts]) -> Verdicts:
    """Return the verdicts of several pictures as one."""
    listed = list(parts)
    return Verdicts(
        np.concatenate([part.scores for part in listed]) if listed else np.zeros(0),
        np.concatenate([part.right for part in listed]) if listed else np.zeros(0, bool),
        sum(part.asked for part in listed),
    )


def overlap(boxes: Floats, others: Floats) -> Floats:
    """Return intersection over union of each box with each other: (n, 4), (m, 4) to (n, m)."""
    corner = np.maximum(boxes[:, None, :2], others[None, :, :2])
    far = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.prod(np.clip(far - corner, 0, None), axis=2)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None] + np.prod(
        others[:, 2:] - others[:, :2], axis=1
    )
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), float)


def occupied_spaces(found: Found, spaces: Sequence[Floats]) -> Floats:
    """Return for each marked space the score of the car that stands in it, 0 where none does.

    Each car takes one space at most: the one whose upright bound overlaps its box most,
    if its middle lies in that bound. Best score first; a space takes one car.

    Args:
        found: detections in one picture.
        spaces: the corners of each space, (4, 2) pixels.
    """
    scores = np.zeros(len(spaces))
    if not len(found.scores):
        return scores
    bounds = np.array([[*space.min(0), *space.max(0)] for space in spaces])
    overlaps = overlap(found.boxes, bounds)
    for index in np.argsort(-found.scores, kind='stable'):
        x, y = (found.boxes[index, :2] + found.boxes[index, 2:]) / 2
        inside = (bounds[:, 0] <= x) & (x <= bounds[:, 2]) & (bounds[:, 1] <= y) & (y <= bounds[:, 3])
        free = np.where(inside & (scores == 0), overlaps[index], 0)
        if free.max() >= SPACE_OVERLAP:
            scores[free.argmax()] = found.scores[index]
    return scores


SPACE_OVERLAP = 0.2
"""Overlap of a car's box with a space's bound from which it stands there: it is higher than its space."""


def _f1(recall: float, precision: float) -> float:
    return 2 * recall * precision / (recall + precision) if recall + precision > 0 else 0.0
