"""Make a JPEG smaller; apart, since OpenCV costs memory that is seldom needed here."""

import cv2
import numpy as np

from parking_monitor import jpeg


def scaled(picture: bytes, long_side_px: int, quality: int) -> bytes:
    """Return a JPEG whose longer side is at most so long.

    Raises:
        JpegError: when it cannot be decoded.
    """
    width, height = jpeg.size(picture)
    share = min(1.0, long_side_px / max(width, height))
    size = max(1, round(width * share)), max(1, round(height * share))
    image = jpeg.decode(picture, cover=size)
    if (image.shape[1], image.shape[0]) != size:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return jpeg.encode(image, quality)
