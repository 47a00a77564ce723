"""Decode YOLOX: a row a cell of strides 8, 16 and 32, one after another, cells row by row.

Output (1, cells, 5 + classes): offset of the centre from the cell in x and y,
logarithm of width and height, all in strides; objectness; a score of each class.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates, Floats, best_class
from .settings import Settings

STRIDES = (8, 16, 32)


def cell_count(size: tuple[int, int]) -> int:
    """Return how many rows the output has for an input of (width, height)."""
    return sum((size[0] // stride) * (size[1] // stride) for stride in STRIDES)


def decode(outputs: Mapping[str, Floats], settings: Settings, min_score: float) -> Candidates:
    """Return the proposals that reach a score, which is objectness times class score."""
    rows = next(iter(outputs.values()))[0]
    found, values = best_class(rows[:, 5:] * rows[:, 4:5], tuple(settings.classes), min_score)
    cells, strides = (part[found[:, 0]] for part in _grid(settings.size))
    picked = rows[found[:, 0]]
    centres = (picked[:, :2] + cells) * strides
    halves = np.exp(picked[:, 2:4]) * strides / 2
    boxes = np.concatenate([centres - halves, centres + halves], axis=1)
    return Candidates(boxes.astype(np.float32), values, found[:, 1])


def _grid(size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return column and row of each cell, (cells, 2), and the stride of each, (cells, 1)."""
    cells, strides = [], []
    for stride in STRIDES:
        columns, rows = size[0] // stride, size[1] // stride
        row, column = np.divmod(np.arange(columns * rows), columns)
        cells.append(np.stack([column, row], axis=1))
        strides.append(np.full((columns * rows, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)
