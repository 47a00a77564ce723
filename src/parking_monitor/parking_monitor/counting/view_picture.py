"""Reduce a picture to what tells a background: its edges' directions, and how much detail it has.

All on a small grey picture, so that a look costs well under a millisecond.
"""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""A small grey picture: (HEIGHT, WIDTH) uint8."""

Floats = NDArray[np.float32]

WIDTH, HEIGHT = 120, 90
"""Size of the small picture whatever the camera's; products of 2, 3 and 5, which a DFT likes."""

_EDGE_GREY_LEVELS = 3.0  # a slope of so many grey levels a pixel counts half
_BORDER = 2  # pixels at the rim, whose slopes are made up
_HOME = 0.03  # of the width: how far the background may be off, by shaking and by its own blur


def _home() -> NDArray[np.bool_]:
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    across, down = np.minimum(across, WIDTH - across), np.minimum(down, HEIGHT - down)
    return cast(NDArray[np.bool_], across**2 + down**2 <= (_HOME * WIDTH) ** 2)


_IS_HOME = _home()
_IS_ELSEWHERE = ~_IS_HOME


def shrink(image: NDArray[np.uint8]) -> Grey:
    """Return the small grey picture of one that is (height, width, 3) BGR or (height, width) grey."""
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    return np.asarray(cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def edges(grey: Grey) -> Floats:
    """Return how the edges lie, (HEIGHT, WIDTH, 2): a vector at twice the edge's angle, 0 to 1 long.

    Twice the angle, so that an edge stays the same when light and dark change
    sides; bounded in length, so that it says where things are and not how they are lit.
    """
    soft = cv2.GaussianBlur(grey, (3, 3), 0)
    across = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    across_2, down_2 = across * across, down * down
    field = np.empty((HEIGHT, WIDTH, 2), np.float32)
    weight = 1 / (across_2 + down_2 + _EDGE_GREY_LEVELS**2)
    np.multiply(across_2 - down_2, weight, out=field[..., 0])
    np.multiply(2 * across * down, weight, out=field[..., 1])
    field[:_BORDER] = field[-_BORDER:] = 0
    field[:, :_BORDER] = field[:, -_BORDER:] = 0
    return field


def spectrum(field: Floats) -> Floats:
    """Return the discrete Fourier transform of edges, as `elsewhere` takes it."""
    return np.asarray(cv2.dft(field), np.float32)


def elsewhere(field: Floats, reference: Floats) -> float:
    """Return how well edges fit a reference in another place, against here: 0 is best, 1 as well.

    The correlation of the two at every shift, its spectrum divided by the root of
    its magnitude: half way to phase correlation (Kuglin and Hines, 1975), since all
    of the way gives noise the weight of edges. "Here" is within 3 % of the width.

    Args:
        field: edges of a picture.
        reference: spectrum of the reference's edges.
    """
    cross = np.asarray(cv2.mulSpectrums(cv2.dft(field), reference, 0, conjB=True))
    magnitude = cv2.magnitude(cross[..., 0], cross[..., 1])
    fit = np.asarray(cv2.idft(cross / np.sqrt(magnitude + 1e-6)[..., None]))[..., 0]
    here, there = float(fit[_IS_HOME].max()), float(fit[_IS_ELSEWHERE].max())
    return min(there / here, 9.0) if here > 0 else 9.0


def fine(grey: Grey) -> Floats:
    """Return what differs from its surroundings, (HEIGHT, WIDTH) in grey levels; smooth light does not."""
    soft = np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (5, 5), 0.8))
    return np.asarray(soft - cv2.boxFilter(soft, -1, (9, 9)), np.float32)
