"""Take faces and number plates out of pictures, without having to find them.

A detector misses some plates, and what it misses stays readable. So the whole picture loses every
detail that is finer than what it takes to see a car: it is reduced until the largest car is so small
that its plate and the faces beside it are a few pixels, gets noise there, and is enlarged again.
"""

import cv2
import numpy as np

from parking_monitor.values import Image

CAR_PX = 36.0
"""The short side of the largest car in what is left. A plate (0.52 m of about 1.7 m) has 11 px, a face 3."""
LONG_SIDE_PX = 320.0
"""The most that is left of any picture, whatever cars were seen in it."""
LONG_SIDE_UNKNOWN_PX = 160.0
"""The same as long as no car has told the scale."""
NOISE = 10.0
"""Standard deviation of the noise, of 255; without it who knows how it was reduced can compute much back."""

_random = np.random.default_rng()


def blurred(image: Image, car_px: float | None) -> Image:
    """Return a picture of the same size without its fine detail.

    Args:
        image: (height, width, 3) uint8 BGR.
        car_px: the short side of the largest car seen by this camera, pixels; None when none was.
    """
    height, width = image.shape[:2]
    left = kept_share(width, height, car_px)
    if left >= 1:
        return image
    size = (max(1, round(width * left)), max(1, round(height * left)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    small += _random.normal(0, NOISE, small.shape).astype(np.float32)
    # Rounded before it is enlarged: what lies between two of 256 steps is to be gone.
    reduced = np.clip(small, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def kept_share(width: int, height: int, car_px: float | None) -> float:
    """Return by which factor `blurred` reduces a picture, 0 to 1."""
    longest = max(width, height)
    if car_px is None:
        return min(1.0, LONG_SIDE_UNKNOWN_PX / longest)
    return min(1.0, LONG_SIDE_PX / longest, CAR_PX / max(car_px, 1.0))
