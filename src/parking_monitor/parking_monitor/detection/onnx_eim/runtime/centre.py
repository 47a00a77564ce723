"""Decode the centre-point head: a peak in a map for each object, and its distances to the edges there.

Outputs `heat` (1, classes, rows, columns), scores 0 to 1, and `box`
(1, 4, rows, columns): distances left, top, right, bottom in pixels of the
input, from the middle of the cell, (i + 0.5) * stride.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates, Floats
from .settings import Settings

HEAT = 'heat'
BOX = 'box'
_MOST_PEAKS = 100


def decode(outputs: Mapping[str, Floats], settings: Settings, min_score: float) -> Candidates:
    """Return the best hundred peaks that reach a score."""
    heat, distances = outputs[HEAT][0], outputs[BOX][0]
    wanted = np.array([number for number in settings.classes if number < heat.shape[0]], np.int64)
    considered = heat[wanted]
    which, row, column = np.nonzero(is_peak(considered) & (considered >= min_score))
    scores = considered[which, row, column]
    best = np.argsort(-scores, kind='stable')[:_MOST_PEAKS]
    which, row, column, scores = which[best], row[best], column[best], scores[best]
    strides = np.array([settings.size[0] / heat.shape[2], settings.size[1] / heat.shape[1]], np.float32)
    centres = (np.stack([column, row], axis=1) + np.float32(0.5)) * strides
    edges = distances[:, row, column].T
    boxes = np.concatenate([centres - edges[:, :2], centres + edges[:, 2:]], axis=1)
    return Candidates(boxes.astype(np.float32), scores, wanted[which])


def is_peak(heat: Floats) -> NDArray[np.bool_]:
    """Return where a (classes, rows, columns) map is as high as its eight neighbours, and above 0."""
    rows, columns = heat.shape[1:]
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    highest = heat
    for down in range(3):
        for across in range(3):
            highest = np.maximum(highest, padded[:, down : down + rows, across : across + columns])
    return np.asarray((heat == highest) & (heat > 0))
