"""Turn a picture into the features of an image model: one number a pixel.

A feature is (r << 16) + (g << 8) + b; for a grey model the luma in all three
places. The largest is below 2**24, which float32 holds exactly.

Grey is the ITU-R BT.601 luma of the true colours: 0.299 red, 0.587 green,
0.114 blue, which is what Studio's image block trains on. (The SDK takes an RGB
picture and converts it as if it were BGR, which weighs red as blue; given a BGR
picture its function answers what is answered here.)
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.detection.errors import FrameError
from parking_monitor.detection.geometry import Fit, fit
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import Box, Image

_GREY_FEATURE = np.float32(0x010101)
_OPAQUE = np.int32(1 << 24)
"""What an alpha byte of 255 takes off a pixel read as a signed 32-bit number."""


class FeaturePacker:
    """Resize pictures and pack their features, in buffers that are made once.

    Args:
        width: of the model's input, pixels.
        height: of the model's input, pixels.
        channels: 1 for grey, 3 for RGB.
        mode: how the picture is fitted in.
    """

    def __init__(self, width: int, height: int, channels: int, mode: ResizeMode) -> None:
        self._size = (width, height)
        self._channels = channels
        self._mode = mode
        self._resized = np.zeros((height, width, 3), np.uint8)
        self._grey = np.zeros((height, width), np.uint8)
        self._bgra = np.zeros((height, width, 4), np.uint8)
        self._pixels = self._bgra.view('<i4').reshape(-1)
        self._fit: Fit | None = None

    def pack(self, image: Image, features: NDArray[np.float32]) -> Fit:
        """Write the features of a BGR picture; return how it was fitted in.

        Args:
            image: (height, width, 3) uint8, BGR.
            features: the (width * height of the model,) float32 array to fill.

        Raises:
            FrameError: when it is not such a picture, or nothing is left of it.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise FrameError(
                f'a picture of shape {image.shape} and type {image.dtype}; (height, width, 3) uint8 is needed'
            )
        placed = self._place(image)
        if self._channels == 1:
            cv2.cvtColor(self._resized, cv2.COLOR_BGR2GRAY, dst=self._grey)
            np.multiply(self._grey.reshape(-1), _GREY_FEATURE, out=features)
        else:
            cv2.cvtColor(self._resized, cv2.COLOR_BGR2BGRA, dst=self._bgra)
            np.add(self._pixels, _OPAQUE, out=features, casting='same_kind')
        return placed

    def _place(self, image: Image) -> Fit:
        height, width = image.shape[:2]
        placed = self._fit
        if placed is None or (placed.width, placed.height) != (width, height):
            placed = self._fit = fit((width, height), self._size, self._mode)
            self._resized.fill(0)  # the bars
        cropped, inner = _part(image, placed.crop), _part(self._resized, placed.inner)
        cv2.resize(cropped, (inner.shape[1], inner.shape[0]), dst=inner, interpolation=cv2.INTER_AREA)
        return placed


def _part(image: Image, box: Box) -> Image:
    left, top = int(box.x), int(box.y)
    return image[top : top + int(box.height), left : left + int(box.width)]
