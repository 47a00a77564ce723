"""Cut the real cars out of their frames, with a soft mask, to paste them elsewhere.

The camera does not move, so that the same place without the car is known from other
frames; where the two differ is the car. GrabCut (Rother et al. 2004) does the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.lot import LotFrame
from models.training.sample import Boxes
from parking_monitor.values import Image

MARGIN = 0.22
"""Room around the box in which GrabCut may look, as a share of the box."""


@dataclass(frozen=True, slots=True, eq=False)
class CutOut:
    """Hold one car: its pixels (BGR) and how far each belongs to it (alpha, 0 to 255)."""

    name: str
    image: Image
    alpha: NDArray[np.uint8]


def cut_out_cars(frames: Sequence[LotFrame]) -> list[CutOut]:
    """Return a cut-out of every car in every frame whose mask is believable."""
    found = []
    for frame in frames:
        if frame.sequence == 'backgrounds':
            continue
        for index, name in enumerate(frame.car_names):
            cut_out = _cut_out(frame, index, frames)
            if cut_out is not None:
                found.append(CutOut(f'{frame.name} {name}', *cut_out))
    return found


def _cut_out(
    frame: LotFrame, index: int, frames: Sequence[LotFrame]
) -> tuple[Image, NDArray[np.uint8]] | None:
    x0, y0, x1, y1 = frame.cars[index]
    room_x, room_y = (x1 - x0) * MARGIN, (y1 - y0) * MARGIN
    height, width = frame.image.shape[:2]
    left, top = max(0, int(x0 - room_x)), max(0, int(y0 - room_y))
    right, bottom = min(width, int(x1 + room_x)), min(height, int(y1 + room_y))
    window = slice(top, bottom), slice(left, right)
    patch = np.ascontiguousarray(frame.image[window])
    inner = np.array([x0 - left, y0 - top, x1 - left, y1 - top]).astype(int)
    mask = np.full(patch.shape[:2], cv2.GC_BGD, np.uint8)
    mask[inner[1] : inner[3], inner[0] : inner[2]] = cv2.GC_PR_FGD
    empty = _same_place_empty(frame, frame.cars[index], window, frames)
    if empty is not None:
        _mark_by_difference(mask, inner, patch, empty)
    cv2.grabCut(patch, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]  # the rectangle is unused with a mask
    car = _largest_part((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD))
    share = car.mean() * car.size / max(1.0, (x1 - x0) * (y1 - y0))
    if not 0.45 < share < 0.97:
        return None
    alpha = cv2.GaussianBlur(cv2.erode(car, np.ones((2, 2), np.uint8)) * 255, (3, 3), 0)
    rows, columns = np.flatnonzero(car.any(1)), np.flatnonzero(car.any(0))
    crop = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return patch[crop], alpha[crop].astype(np.uint8)


def _same_place_empty(
    frame: LotFrame, box: NDArray[np.float32], window: tuple[slice, slice], frames: Sequence[LotFrame]
) -> Image | None:
    """Return the place without the car from the frame that is nearest in light, or None."""
    best: tuple[float, Image] | None = None
    for other in frames:
        if other.image.shape != frame.image.shape or _covers(other.cars, box):
            continue
        patch = other.image[window]
        # Light is compared where both are ground: the window's rim.
        distance = float(
            np.abs(patch[-3:].astype(float).mean((0, 1)) - frame.image[window][-3:].mean((0, 1))).sum()
        )
        if best is None or distance < best[0]:
            best = distance, patch
    return best[1] if best else None


def _covers(cars: Boxes, box: NDArray[np.float32]) -> bool:
    if not len(cars):
        return False
    width = np.minimum(cars[:, 2], box[2]) - np.maximum(cars[:, 0], box[0])
    height = np.minimum(cars[:, 3], box[3]) - np.maximum(cars[:, 1], box[1])
    return bool(((width > 0) & (height > 0)).any())


def _mark_by_difference(mask: NDArray[np.uint8], inner: NDArray[np.int_], patch: Image, empty: Image) -> None:
    # Median gains take out a change of exposure between the two frames.
    gain = np.median(patch.reshape(-1, 3), 0) / np.maximum(1, np.median(empty.reshape(-1, 3), 0))
    difference = np.abs(patch.astype(np.float32) - empty.astype(np.float32) * np.clip(gain, 0.7, 1.4)).max(2)
    difference = cv2.GaussianBlur(difference, (5, 5), 0)
    inside = np.zeros(mask.shape, bool)
    inside[inner[1] : inner[3], inner[0] : inner[2]] = True
    mask[inside & (difference < 12)] = cv2.GC_PR_BGD
    mask[inside & (difference > 60)] = cv2.GC_FGD


def _largest_part(car: NDArray[np.bool_]) -> NDArray[np.uint8]:
    closed = cv2.morphologyEx(car.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(closed)
    if contours:
        cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, (1,), cv2.FILLED)
    return cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8)
