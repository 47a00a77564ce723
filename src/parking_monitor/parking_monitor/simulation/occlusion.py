"""Work out how much of each thing can be seen, with a small buffer of identities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.canvas import fill_convex
from parking_monitor.simulation.projection import Floats
from parking_monitor.values import Box

_BUFFER_WIDTH = 320
_HARDLY_HIDDEN = 0.97

Identities = NDArray[np.uint8] | NDArray[np.uint16]


class Outline:
    """Hold the convex outline (n, 2) of a thing in pixels; only cars are measured, the rest hides.

    What depends on the outline alone is worked out once: most things stand still.
    """

    def __init__(self, points: Floats, is_car: bool, width: int, height: int) -> None:
        self.points = points
        self.is_car = is_car
        self.scale = min(1.0, _BUFFER_WIDTH / width)
        self.small: NDArray[np.int32] = np.round(points * self.scale - 0.5).astype(np.int32)
        left, top = points.min(axis=0).tolist()
        right, bottom = points.max(axis=0).tolist()
        self.full_box = Box(left, top, right - left, bottom - top)
        left, top, right, bottom = (
            max(left, 0.0),
            max(top, 0.0),
            min(right, float(width)),
            min(bottom, float(height)),
        )
        self.clipped = Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
        self._picture = (height, width)

    @cached_property
    def whole(self) -> int:
        """Return how many pixels it fills where nothing hides it, outside of the picture too."""
        low = self.small.min(axis=0)
        span = np.minimum(self.small.max(axis=0) - low + 1, 4000)
        scratch = np.zeros((int(span[1]), int(span[0])), np.uint8)
        fill_convex(scratch, self.small - low, (1,))
        return max(1, cv2.countNonZero(scratch))

    @cached_property
    def within(self) -> int:
        """Return how many pixels of the buffer it fills within the picture."""
        scratch = np.zeros(_buffer_shape(*self._picture, self.scale), np.uint8)
        fill_convex(scratch, self.small, (1,))
        return cv2.countNonZero(scratch)


def _buffer_shape(height: int, width: int, scale: float) -> tuple[int, int]:
    return round(height * scale), round(width * scale)


@dataclass(frozen=True)
class Seen:
    """Hold what can be seen of a car: its share 0..1, its box, and the box of its whole outline."""

    share: float
    box: Box
    full_box: Box


def measure(outlines: Sequence[Outline], width: int, height: int) -> list[Seen | None]:
    """Return what can be seen of each outline; None for things and for cars outside the picture.

    Args:
        outlines: from the farthest to the nearest.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """
    if not outlines:
        return []
    scale = outlines[0].scale
    cars = sum(outline.is_car for outline in outlines)
    # Counting is several times faster with a byte a pixel.
    shape = _buffer_shape(height, width, scale)
    buffer: Identities = np.zeros(shape, np.uint8) if cars < 255 else np.zeros(shape, np.uint16)
    identities = []
    last = 0
    for outline in outlines:
        last += outline.is_car
        identities.append(last if outline.is_car else 0)
        fill_convex(buffer, outline.small, (identities[-1],))
    counts = cv2.calcHist([buffer], [0], None, [cars + 1], [0, cars + 1]).ravel().tolist()
    return [
        _seen(outline, counts[identity], buffer, identity) if identity else None
        for outline, identity in zip(outlines, identities, strict=True)
    ]


def _seen(outline: Outline, count: float, buffer: Identities, identity: int) -> Seen | None:
    clipped, scale = outline.clipped, outline.scale
    if clipped is None:
        return None
    share = min(1.0, count / outline.whole)
    if share >= _HARDLY_HIDDEN:
        return Seen(share, clipped, outline.full_box)
    if count < 1:
        return Seen(0.0, Box(*clipped.centre, 0.0, 0.0), outline.full_box)
    inside = clipped.area >= outline.full_box.area * 0.999
    if not inside and count >= outline.within * _HARDLY_HIDDEN:
        return Seen(share, clipped, outline.full_box)
    low_x, low_y = int(clipped.x * scale), int(clipped.y * scale)
    part = buffer[low_y : math.ceil(clipped.bottom * scale) + 1, low_x : math.ceil(clipped.right * scale) + 1]
    x, y, w, h = cv2.boundingRect((part == identity).astype(np.uint8))
    tight = Box((low_x + x) / scale, (low_y + y) / scale, w / scale, h / scale)
    left, top = max(clipped.x, tight.x), max(clipped.y, tight.y)
    right, bottom = min(clipped.right, tight.right), min(clipped.bottom, tight.bottom)
    return Seen(share, Box(left, top, max(right - left, 0.0), max(bottom - top, 0.0)), outline.full_box)
