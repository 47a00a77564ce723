"""Draw pictures in which the cars are bright squares, for models that find those."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from parking_monitor import jpeg
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import Image, ModelType
from tests.support.models import Script, write_fake_eim


def bright_squares(places: Sequence[tuple[int, int]], size: int = 80) -> Image:
    """Draw a dark 640x480 picture with a bright square at each top left corner."""
    image = np.full((480, 640, 3), 20, np.uint8)
    for x, y in places:
        image[y : y + size, x : x + size] = 250
    return image


def squares_jpeg(cars: int) -> bytes:
    """Draw up to four cars as JPEG."""
    return jpeg.encode(bright_squares([(40 + 150 * number, 200) for number in range(cars)]), 95)


def write_clip(path: Path, counts: Sequence[int], rate_hz: float = 10.0) -> Path:
    """Write a video with so many cars in each of its frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), rate_hz, (640, 480))
    for cars in counts:
        writer.write(bright_squares([(40 + 150 * number, 200) for number in range(cars)]))
    writer.release()
    return path


def write_square_finder(
    path: Path, script: Script | None = None, *, name: str = 'squares', version: int = 1
) -> Path:
    """Write an .eim that really finds the bright squares in the features it gets."""
    return write_fake_eim(
        path,
        width=160,
        height=160,
        channels=3,
        model_type=ModelType.BOXES,
        resize_mode=ResizeMode.SQUASH,
        name=name,
        version=version,
        script=script or Script(blobs=True),
    )
