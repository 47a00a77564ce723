"""Crop, zoom, turn and stretch a sample into the model's frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, Boxes, Sample

SHOWN_AT_LEAST = 0.4
"""Share of a box inside the frame below which it is ignored rather than asked for."""
SMALLEST_LENGTH, SMALLEST_SIDE = 5.0, 3.0
"""Longer and shorter side of a box in pixels of the model's input below which it is ignored.

A far car seen from its side is twice as long as high: asking for five pixels both ways would
leave out cars that the benchmark asks for.
"""


@dataclass(frozen=True, slots=True)
class Placing:
    """Say how far samples are varied.

    Attributes:
        whole: share of samples shown whole, as a camera's picture will be.
        zoom: highest zoom of the others against the whole picture.
        turn: share of the others that are turned by any angle.
    """

    whole: float
    zoom: float
    turn: float


def place(sample: Sample, placing: Placing, rng: np.random.Generator) -> Sample:
    """Return the sample cropped, zoomed, mirrored, turned and stretched into the model's frame."""
    height, width = sample.image.shape[:2]
    fit = min(INPUT_WIDTH / width, INPUT_HEIGHT / height)
    if rng.random() < placing.whole:
        scale, stretch, angle = fit * rng.uniform(0.96, 1.03), rng.uniform(0.95, 1.05), 0.0
        focus = np.array([width / 2, height / 2]) + rng.normal(0, 0.01, 2) * width
    else:
        scale = fit * np.exp(rng.uniform(np.log(0.8), np.log(placing.zoom)))
        stretch = float(np.exp(rng.uniform(-0.3, 0.45)))
        angle = rng.uniform(-180, 180) if rng.random() < placing.turn else rng.normal(0, 4)
        focus = _within(
            _focus(sample, rng), (width, height), (INPUT_WIDTH / scale, INPUT_HEIGHT / scale / stretch)
        )
    matrix = _matrix(focus, scale, stretch, angle, bool(rng.random() < 0.5))
    # A mirrored border would show cars without a box: only pictures without cars have one.
    mirrored_border = not len(sample.cars) and not len(sample.ignored) and rng.random() < 0.3
    border = cv2.BORDER_REFLECT_101 if mirrored_border else cv2.BORDER_CONSTANT
    return warp(sample, matrix, border)


def warp(sample: Sample, matrix: NDArray[np.float64], border: int = cv2.BORDER_CONSTANT) -> Sample:
    """Return the sample under an affine matrix (2, 3), in the model's frame.

    Cars that lie mostly outside, or are tiny, become ignored regions.
    """
    # Shrinking by interpolation alone would alias: blur first by what is lost.
    factor = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    image, reduced = sample.image, matrix.copy()
    if factor < 0.5:
        image = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        reduced[:, :2] *= 2
    size = INPUT_WIDTH, INPUT_HEIGHT
    warped = cv2.warpAffine(image, reduced, size, flags=cv2.INTER_LINEAR, borderMode=border)
    moved = move_boxes(sample.cars, matrix)
    cars, hidden = clip_boxes(moved)
    ignored, _ = clip_boxes(move_boxes(sample.ignored, matrix), shown_at_least=0)
    return Sample(np.asarray(warped, np.uint8), cars, np.concatenate([ignored, hidden]))


def _focus(sample: Sample, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the point of the source that comes to the middle: often near a car."""
    height, width = sample.image.shape[:2]
    if len(sample.cars) and rng.random() < 0.7:
        box = sample.cars[rng.integers(len(sample.cars))]
        centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
        return np.asarray(centre + rng.normal(0, 1, 2) * np.array([box[2] - box[0], box[3] - box[1]]))
    return np.asarray(rng.uniform(0.15, 0.85, 2) * np.array([width, height]))


def _within(
    focus: NDArray[np.float64], source: tuple[int, int], window: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the focus moved so that a window around it shows the picture, not the black beyond."""
    limits = np.array(
        [sorted((seen / 2, size - seen / 2)) for size, seen in zip(source, window, strict=True)]
    )
    return np.clip(focus, *limits.T)


def _matrix(
    focus: NDArray[np.float64], scale: float, stretch: float, angle_deg: float, mirrored: bool
) -> NDArray[np.float64]:
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = np.diag([1.0, stretch]) @ turn @ np.diag([-scale if mirrored else scale, scale])
    middle = np.array([INPUT_WIDTH / 2, INPUT_HEIGHT / 2])
    return np.hstack([linear, (middle - linear @ focus)[:, None]])


def move_boxes(boxes: Boxes, matrix: NDArray[np.float64]) -> Boxes:
    """Return upright boxes around the moved contents of boxes.

    A car does not fill the corners of its box, so that a turned box's bound is too
    large; the bound of the turned inscribed ellipse is too small. Their mean is used.
    """
    if not len(boxes):
        return boxes
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    linear = np.abs(matrix[:, :2])
    corners = half @ linear.T
    ellipse = np.sqrt((half**2) @ (linear**2).T)
    moved = centre @ matrix[:, :2].T + matrix[:, 2]
    bound = (corners + ellipse) / 2
    upright = min(linear[0, 1], linear[1, 0]) < 0.02 * linear.max()
    bound = corners if upright else bound
    return np.hstack([moved - bound, moved + bound]).astype(np.float32)


def clip_boxes(boxes: Boxes, shown_at_least: float = SHOWN_AT_LEAST) -> tuple[Boxes, Boxes]:
    """Return the boxes clipped to the frame, and those of them that show too little of the car."""
    if not len(boxes):
        return boxes, boxes
    limit = np.array([INPUT_WIDTH, INPUT_HEIGHT, INPUT_WIDTH, INPUT_HEIGHT], np.float32)
    clipped = np.clip(boxes, 0, limit)
    size = clipped[:, 2:] - clipped[:, :2]
    area = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    inside = (size > 1).all(1)
    large = (size.max(1) >= SMALLEST_LENGTH) & (size.min(1) >= SMALLEST_SIDE)
    good = inside & large & (size.prod(1) >= shown_at_least * area)
    return clipped[good], clipped[inside & ~good]
