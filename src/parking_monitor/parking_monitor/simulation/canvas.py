"""Draw on arrays: outlines, blurs and mixtures, as OpenCV does them, with types."""

from collections.abc import Sequence
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.projection import Floats

Bytes = NDArray[np.uint8]
Plane = NDArray[np.float32]
Pixels = TypeVar('Pixels', Bytes, Plane)

_SHIFT = 4
_FAR_PX = 8000


def fill_convex(
    buffer: NDArray[np.uint8] | NDArray[np.uint16], outline: NDArray[np.int32], value: Sequence[float]
) -> None:
    """Fill a convex outline (n, 2) of whole pixels, in place."""
    cv2.fillConvexPoly(buffer, outline, value)


def fill_smooth(mask: Bytes, outline: Floats, value: int = 255) -> None:
    """Fill an outline (n, 2) with smooth edges, in place."""
    if len(outline) < 3:
        return
    bounded = np.clip(outline, -_FAR_PX, _FAR_PX)
    shifted = np.round((bounded - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(mask, [shifted], (value,), cv2.LINE_AA, _SHIFT)


def blurred(pixels: Bytes, sigma_px: float) -> Bytes:
    """Return pixels blurred by a Gaussian."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px), np.uint8)


def three(mask: Bytes) -> Bytes:
    """Return a mask (height, width) with three equal channels."""
    return np.asarray(cv2.merge([mask] * 3), np.uint8)


def mixed(first: Pixels, second: Pixels, share: Plane) -> Pixels:
    """Return the first picture where share (height, width) is 0, the second where it is 1, both between."""
    result: Pixels = np.asarray(cv2.blendLinear(first, second, 1 - share, share), first.dtype)
    return result


def times(pixels: Pixels, colour: Floats) -> Pixels:
    """Return pixels (height, width, 3) with each channel multiplied by its own number."""
    result: Pixels = np.asarray(cv2.multiply(pixels, np.append(colour, 0.0)), pixels.dtype)
    return result


def faded(pixels: Bytes, share: float) -> Bytes:
    """Return pixels multiplied by a number."""
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=share), np.uint8)


def masked(pixels: Bytes, mask: Bytes) -> Bytes:
    """Return pixels multiplied by a mask of the same shape, 255 keeping all."""
    return np.asarray(cv2.multiply(pixels, mask, scale=1 / 255), np.uint8)


def coloured(plane: Plane, colour: Floats) -> Plane:
    """Return a plane (height, width) in a colour, (height, width, 3)."""
    return np.asarray(cv2.merge([plane * np.float32(part) for part in colour.tolist()]), np.float32)
