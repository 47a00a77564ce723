"""Hold one training picture with its cars, in the model's frame or any other."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.values import Image

Boxes = NDArray[np.float32]
"""Boxes: (n, 4) float32, left, top, right, bottom in pixels."""

INPUT_WIDTH = 320
INPUT_HEIGHT = 256
NO_BOXES: Boxes = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Hold a picture, its cars, and the regions where nothing is known or asked.

    Attributes:
        image: (height, width, 3) uint8 BGR.
        cars: what has to be found.
        ignored: where an answer is neither right nor wrong.
    """

    image: Image
    cars: Boxes
    ignored: Boxes


def as_boxes(rows: object) -> Boxes:
    """Return rows of four numbers as boxes; an empty list gives (0, 4)."""
    return np.asarray(rows, np.float32).reshape(-1, 4)


def letterbox(sample: Sample, width: int = INPUT_WIDTH, height: int = INPUT_HEIGHT) -> Sample:
    """Scale a sample to fit, centred on black, as the resize mode 'fit-longest' of an .eim does."""
    source_height, source_width = sample.image.shape[:2]
    scale = min(width / source_width, height / source_height)
    inner_width, inner_height = round(source_width * scale), round(source_height * scale)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    image = np.zeros((height, width, 3), np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image[top : top + inner_height, left : left + inner_width] = cv2.resize(
        sample.image, (inner_width, inner_height), interpolation=interpolation
    )
    shift = np.array([left, top, left, top], np.float32)
    return Sample(image, sample.cars * np.float32(scale) + shift, sample.ignored * np.float32(scale) + shift)
