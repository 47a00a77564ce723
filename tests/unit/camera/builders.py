"""Build the frames, clips and pretended devices that the camera tests use."""

import functools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor import jpeg
from parking_monitor.camera.source import FrameSource
from parking_monitor.values import Image
from tests.support.patience import PATIENCE_S

CLIP_HZ = 100.0
CLIP_FRAMES = 20
LEVEL_STEP = 12


def grey(level: int, width: int = 64, height: int = 48) -> Image:
    """Return a plain picture of one grey level."""
    return np.full((height, width, 3), level, np.uint8)


def write_clip(path: Path, frames: int = CLIP_FRAMES, rate_hz: float = CLIP_HZ) -> Path:
    """Write a clip whose frame number n is grey of level n * LEVEL_STEP."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), rate_hz, (64, 48))
    for number in range(frames):
        writer.write(grey(number * LEVEL_STEP))
    writer.release()
    return path


def frame_number(image: Image | None) -> int:
    """Return which frame of `write_clip` this is."""
    assert image is not None
    return round(float(image.mean()) / LEVEL_STEP)


class Log:
    """Keep the lines that a source reports."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, level: int, text: str) -> None:
        assert level > 0
        self.lines.append(text)


def read_until_it_fails(source: FrameSource, timeout_s: float) -> None:
    """Read frames until the source raises; at most a thousand."""
    for _ in range(1000):
        source.read(timeout_s)


def wait_until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Wait for a condition that has no event of its own."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, 'the condition did not come true in time'
        threading.Event().wait(0.002)


class PretendedDevice:
    """Behave as `cv2.VideoCapture` does on a V4L2 device.

    As in OpenCV 4.11: formats that are refused leave the old one; a size is
    set once width and height were both given; with CONVERT_RGB off the picture
    is the driver's buffer as one row of bytes; POS_MSEC is the driver's
    monotonic time of capture; an unplugged device fails at once; a hung one
    blocks in `grab`.
    """

    def __init__(
        self,
        *,
        formats: tuple[str, ...] = ('YUYV', 'MJPG'),
        sizes: tuple[tuple[int, int], ...] = ((640, 480), (1280, 720)),
        rate_hz: float = 200.0,
    ) -> None:
        self.formats = formats
        self.sizes = sizes
        self.rate_hz = rate_hz
        self.format = formats[0]
        self.width, self.height = sizes[0]
        self.convert = True
        self.unplugged = threading.Event()
        self.hung = threading.Event()
        self.resume = threading.Event()
        self.released = threading.Event()
        self.asked: dict[int, float] = {}
        self.captured_ns: list[int] = []
        self.age_s = 0.0
        self.damage: Callable[[int, bytes], bytes] = lambda _number, data: data + bytes(500)
        self._captured_s = 0.0

    @property
    def grabbed(self) -> int:
        """Return how many pictures were grabbed."""
        return len(self.captured_ns)

    def get(self, property_id: int) -> float:
        """Return a property."""
        return {
            cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*self.format)),
            cv2.CAP_PROP_FRAME_WIDTH: float(self.width),
            cv2.CAP_PROP_FRAME_HEIGHT: float(self.height),
            cv2.CAP_PROP_FPS: self.rate_hz,
            cv2.CAP_PROP_POS_MSEC: self._captured_s * 1000,
        }.get(property_id, -1.0)

    def set(self, property_id: int, value: float) -> bool:
        """Grant what the device can do."""
        self.asked[property_id] = value
        if property_id == cv2.CAP_PROP_FOURCC:
            wanted = int(value).to_bytes(4, 'little').decode()
            if wanted not in self.formats:
                return False
            self.format = wanted
        if property_id == cv2.CAP_PROP_FRAME_HEIGHT:
            wanted_width = self.asked[cv2.CAP_PROP_FRAME_WIDTH]
            self.width, self.height = min(self.sizes, key=lambda size: abs(size[0] - wanted_width))
        if property_id == cv2.CAP_PROP_CONVERT_RGB:
            self.convert = bool(value)
        return True

    def grab(self) -> bool:
        """Wait for the next picture of the camera."""
        assert not self.released.is_set(), 'used after it was released'
        if self.hung.is_set():
            self.resume.wait(PATIENCE_S)
            return False
        if self.unplugged.wait(1 / self.rate_hz):
            return False
        self.captured_ns.append(time.time_ns())
        self._captured_s = time.monotonic() - self.age_s
        return True

    def retrieve(self) -> tuple[bool, NDArray[Any]]:
        """Return the driver's buffer, or what OpenCV makes of it."""
        if self.convert:
            return True, grey(100, self.width, self.height)
        return True, np.frombuffer(self.damage(self.grabbed, self.picture()), np.uint8).reshape(1, -1)

    def release(self) -> None:
        """Close the device."""
        self.released.set()

    def picture(self) -> bytes:
        """Return the JPEG that the camera makes."""
        return _encoded(self.width, self.height)


@functools.cache
def _encoded(width: int, height: int) -> bytes:
    return jpeg.encode(grey(100, width, height), 50)
