"""Paste cut-out cars, and things that are not cars, on a picture of the model's size."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.cutouts import CutOut
from models.training.geometry import clip_boxes
from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, Sample, as_boxes
from parking_monitor.values import Image

MOST_OVERLAP = 0.3
"""Share of an earlier car's box that a later one may cover."""


def paste_cars(sample: Sample, cut_outs: Sequence[CutOut], rng: np.random.Generator) -> Sample:
    """Return the sample with a few cars pasted on it, of one scale as in a real view, in paint order."""
    image = sample.image.copy()
    boxes = list(sample.cars)
    length = float(np.exp(rng.uniform(np.log(14), np.log(200))))
    wanted = int(rng.integers(1, max(2, min(14, int(400 / length)))))
    turn = rng.uniform(-180, 180) if rng.random() < 0.4 else rng.normal(0, 12)
    stretch = float(np.exp(rng.uniform(-0.25, 0.45)))
    centres = sorted(
        rng.uniform((0, 0), (INPUT_WIDTH, INPUT_HEIGHT), (wanted, 2)).tolist(), key=lambda c: c[1]
    )
    if rng.random() < 0.6:
        centres = _row(centres, length, rng)
    for centre in centres:
        cut_out = cut_outs[rng.integers(len(cut_outs))]
        own_turn = turn + rng.normal(0, 5) + (180 if rng.random() < 0.3 else 0)
        car, alpha = _varied(cut_out, length * np.exp(rng.normal(0, 0.12)), own_turn, stretch, rng)
        corner = np.array(centre) - np.array(alpha.shape[::-1]) / 2
        box = np.array([*corner, *(corner + alpha.shape[::-1])], np.float32)
        if any(_covered(earlier, box) > MOST_OVERLAP for earlier in boxes):
            continue
        _blend(image, car, alpha, corner.round().astype(int), rng)
        boxes.append(box)
    cars, hidden = clip_boxes(as_boxes(boxes))
    return Sample(image, cars, np.concatenate([sample.ignored, hidden]))


def paste_clutter(image: Image, source: Image, rng: np.random.Generator) -> Image:
    """Return the picture with shapes filled with another picture's texture: pasted, yet not a car."""
    image = image.copy()
    for _ in range(int(rng.integers(1, 5))):
        size = np.exp(rng.uniform(np.log(5), np.log(70), 2)).astype(int) + 2
        top, left = (
            int(rng.integers(0, max(1, side - need))) for side, need in zip(source.shape, size, strict=False)
        )
        patch = source[top : top + size[0], left : left + size[1]]
        alpha = np.zeros(patch.shape[:2], np.uint8)
        if rng.random() < 0.5:
            points = rng.uniform(0, 1, (6, 2)) * alpha.shape[::-1]
            cv2.fillPoly(alpha, [cv2.convexHull(points.astype(np.int32))], (255,))
        else:
            middle = (patch.shape[1] // 2, patch.shape[0] // 2)
            cv2.ellipse(alpha, middle, middle, 0, 0, 360, (255,), cv2.FILLED)
        gain = np.exp(rng.normal(0, 0.3)) * np.exp(rng.normal(0, 0.1, 3))
        patch = np.clip(patch * gain, 0, 255).astype(np.uint8)
        corner = rng.integers(0, (INPUT_WIDTH, INPUT_HEIGHT))
        _blend(image, patch, alpha, corner, rng)
    return image


def _row(centres: list[list[float]], length: float, rng: np.random.Generator) -> list[list[float]]:
    """Return as many places side by side, as parked cars stand."""
    angle = rng.uniform(0, np.pi)
    step = np.array([np.cos(angle), np.sin(angle)]) * length * rng.uniform(0.55, 1.2)
    start = np.array(centres[0])
    return sorted(((start + i * step).tolist() for i in range(len(centres))), key=lambda c: float(c[1]))


def _varied(
    cut_out: CutOut, length: float, angle_deg: float, stretch: float, rng: np.random.Generator
) -> tuple[Image, NDArray[np.uint8]]:
    """Return a cut-out turned, stretched, scaled to a length in pixels, mirrored and recoloured."""
    height, width = cut_out.alpha.shape
    scale = length / max(width, height)
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    linear = np.diag([1.0, stretch]) @ turn @ np.diag([scale * mirror, scale])
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ linear.T
    low = corners.min(0)
    size = np.ceil(corners.max(0) - low).astype(int) + 1
    matrix = np.hstack([linear, -low[:, None]])
    joined = np.dstack([cut_out.image, cut_out.alpha])
    if scale < 0.5:
        joined = cv2.resize(joined, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        matrix[:, :2] *= 2
    moved = cv2.warpAffine(joined, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    alpha = moved[..., 3]
    rows, columns = np.flatnonzero((alpha > 96).any(1)), np.flatnonzero((alpha > 96).any(0))
    if not len(rows) or not len(columns):
        return np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8)
    crop = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return _recoloured(np.asarray(moved[..., :3][crop], np.uint8), rng), np.asarray(alpha[crop], np.uint8)


def _recoloured(car: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.3:
        hue = cv2.cvtColor(np.ascontiguousarray(car), cv2.COLOR_BGR2HSV)
        hue[..., 0] = (hue[..., 0] + int(rng.integers(180))) % 180
        strength = rng.uniform(20, 140)
        hue[..., 1] = np.maximum(hue[..., 1], np.minimum(255, (hue[..., 2] > 70) * strength).astype(np.uint8))
        car = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR).astype(np.uint8)
    gain, lift = np.exp(rng.normal(0, 0.2)), rng.normal(0, 10)
    return np.asarray(np.clip(car * gain + lift, 0, 255), np.uint8)


def _blend(
    image: Image, patch: Image, alpha: NDArray[np.uint8], corner: NDArray[np.int_], rng: np.random.Generator
) -> None:
    """Draw a patch into the picture, with a soft shadow beneath it."""
    height, width = alpha.shape
    reach = max(2, int(0.08 * max(height, width)))
    padded = np.pad(alpha, reach)
    shift = rng.integers(-reach, reach + 1), rng.integers(0, reach + 1)
    shadow = np.asarray(np.roll(cv2.blur(padded, (reach + 1, reach + 1)), shift, (1, 0)), np.uint8)
    _mix(image, np.zeros((*shadow.shape, 3), np.uint8), shadow, corner - reach, float(rng.uniform(0.2, 0.7)))
    _mix(image, patch, alpha, corner, 1.0)


def _mix(
    image: Image, patch: Image, alpha: NDArray[np.uint8], corner: NDArray[np.int_], share: float
) -> None:
    height, width = alpha.shape
    left, top = max(0, int(corner[0])), max(0, int(corner[1]))
    right, bottom = min(image.shape[1], int(corner[0]) + width), min(image.shape[0], int(corner[1]) + height)
    if right <= left or bottom <= top:
        return
    rows, columns = (
        slice(top - int(corner[1]), bottom - int(corner[1])),
        slice(left - int(corner[0]), right - int(corner[0])),
    )
    weight = alpha[rows, columns, None].astype(np.float32) * np.float32(share / 255)
    region = image[top:bottom, left:right]
    region[:] = (region * (1 - weight) + patch[rows, columns] * weight).astype(np.uint8)


def _covered(earlier: NDArray[np.float32], box: NDArray[np.float32]) -> float:
    width = min(earlier[2], box[2]) - max(earlier[0], box[0])
    height = min(earlier[3], box[3]) - max(earlier[1], box[1])
    area = (earlier[2] - earlier[0]) * (earlier[3] - earlier[1])
    return float(width * height / max(area, 1e-6)) if width > 0 and height > 0 else 0.0
