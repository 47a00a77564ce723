"""Turn boxes into what the network has to answer, cell by cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, Sample

STRIDE = 4
ROWS, COLUMNS = INPUT_HEIGHT // STRIDE, INPUT_WIDTH // STRIDE
SPREAD = 0.16
"""Standard deviation of a car's bump, as a share of its box's width and height."""
NARROWEST = 0.45
"""Least standard deviation in cells: two cars three cells apart keep two peaks."""
TRUSTED_FROM = 0.35
"""Height of the bump from which a cell also learns the box."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Hold the answer for one sample.

    Attributes:
        heat: (rows, columns) float32, 1 at the cell of a car's middle, a Gaussian around it.
        asked: (rows, columns) float32, 0 where nothing is asked.
        boxes: (4, rows, columns) float32, distances left, top, right, bottom from the cell's centre, pixels.
        box_weight: (rows, columns) float32, how much the box counts in this cell.
    """

    heat: NDArray[np.float32]
    asked: NDArray[np.float32]
    boxes: NDArray[np.float32]
    box_weight: NDArray[np.float32]


def targets_of(sample: Sample) -> Targets:
    """Return the targets of a sample in the model's frame."""
    heat = np.zeros((ROWS, COLUMNS), np.float32)
    asked = np.ones((ROWS, COLUMNS), np.float32)
    boxes = np.zeros((4, ROWS, COLUMNS), np.float32)
    box_weight = np.zeros((ROWS, COLUMNS), np.float32)
    for left, top, right, bottom in sample.ignored / STRIDE:
        asked[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = 0
    x = (np.arange(COLUMNS, dtype=np.float32) + 0.5) * STRIDE
    y = (np.arange(ROWS, dtype=np.float32) + 0.5) * STRIDE
    for left, top, right, bottom in sample.cars:
        column = min(COLUMNS - 1, int((left + right) / 2 / STRIDE))
        row = min(ROWS - 1, int((top + bottom) / 2 / STRIDE))
        sigma_x = max(NARROWEST, SPREAD * (right - left) / STRIDE)
        sigma_y = max(NARROWEST, SPREAD * (bottom - top) / STRIDE)
        across = np.exp(-0.5 * ((np.arange(COLUMNS) - column) / sigma_x) ** 2)
        down = np.exp(-0.5 * ((np.arange(ROWS) - row) / sigma_y) ** 2)
        bump = (down[:, None] * across[None]).astype(np.float32)
        # A cell between two cars belongs to the one whose bump is higher there.
        own = bump > heat
        heat = np.maximum(heat, bump)
        inside = (x > left) & (x < right) & ((y > top) & (y < bottom))[:, None]
        learns = own & inside & (bump >= TRUSTED_FROM)
        learns[row, column] = True
        distances = np.stack(
            [
                np.broadcast_to(x - left, learns.shape),
                np.broadcast_to((y - top)[:, None], learns.shape),
                np.broadcast_to(right - x, learns.shape),
                np.broadcast_to((bottom - y)[:, None], learns.shape),
            ]
        )
        boxes[:, learns] = distances[:, learns]
        box_weight[learns] = bump[learns] / bump[learns].sum()
        # A car that is asked for outweighs an ignored region over its middle.
        asked[row, column] = 1
    return Targets(heat, asked, boxes, box_weight)
