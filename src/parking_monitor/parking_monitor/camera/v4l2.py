"""Read a camera of this machine through Video4Linux."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from parking_monitor.camera.address import AUTO
from parking_monitor.camera.device import MJPEG, VideoDevice, fourcc_of, grab, rate_of, retrieve
from parking_monitor.camera.errors import (
    CameraClosedError,
    CameraError,
    CameraLostError,
    CameraNotFoundError,
)
from parking_monitor.camera.latest import LatestFrameReader
from parking_monitor.camera.pacing import delivered_hz
from parking_monitor.camera.source import FrameSource, SourceInfo, SourceSpec
from parking_monitor.values import Frame

Opener = Callable[[str], VideoDevice]
"""Open the device at a path, or raise CameraError."""

# One buffer would be the freshest, but a driver that has to wait for it misses every second frame
# (LibreScanner/horus issue 60: 15 Hz with one, 30 Hz with two). The reader drains them anyway.
_BUFFERS = 2
_JPEG_FORMATS = frozenset({MJPEG, 'JPEG'})
_OLDEST_STAMP_S = 5.0


def list_ports(devices: Path = Path('/dev')) -> list[int]:
    """Return the numbers of the video devices, in order."""
    numbers = (path.name.removeprefix('video') for path in devices.glob('video*'))
    return sorted(int(number) for number in numbers if number.isdigit())


def device_name(path: str, names: Path = Path('/sys/class/video4linux')) -> str:
    """Return what the driver calls a device, and its path."""
    try:
        name = (
            (names / Path(path).resolve().name / 'name').read_text(encoding='utf-8', errors='replace').strip()
        )
    except OSError:
        return path
    return f'{name} ({path})'


def open_device(path: str) -> VideoDevice:
    """Open a device with OpenCV.

    Raises:
        CameraNotFoundError: when there is no such device.
        CameraLostError: when it cannot be used.
    """
    if not Path(path).exists():
        present = ', '.join(f'/dev/video{port}' for port in list_ports()) or 'no video device at all'
        raise CameraNotFoundError(f'{path} does not exist; there is {present}')
    if not os.access(path, os.R_OK | os.W_OK):
        raise CameraLostError(f'{path} may not be read by this user: add the user to the group video')
    device = cv2.VideoCapture(path, cv2.CAP_V4L2)
    if not device.isOpened():
        raise CameraLostError(f'{path} cannot be opened: it is in use, or not a camera that captures')
    return device


class V4l2Source(FrameSource):
    """Read a Video4Linux camera.

    MJPEG is asked for and passed through undecoded where the camera has it. A
    frame bears the driver's own time of capture.

    Args:
        path: the device, such as /dev/video0 or /dev/v4l/by-id/..., or 'auto'
            for the first that delivers a frame.
        spec: what is wanted.
        opener: opens a device.
        ports: lists the numbers that 'auto' tries.
    """

    def __init__(
        self,
        path: str,
        spec: SourceSpec,
        *,
        opener: Opener = open_device,
        ports: Callable[[], Sequence[int]] = list_ports,
    ) -> None:
        self._path = path
        self._spec = spec
        self._opener = opener
        self._ports = ports
        self._closed = False
        self._readers: list[LatestFrameReader] = []

    def open(self) -> SourceInfo:
        """Open the device, or the first that delivers a frame."""
        return self._search() if self._path == AUTO else self._try(self._path)

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame; a camera never ends."""
        return self._readers[-1].take(timeout_s)

    def close(self) -> None:
        """Give the device back."""
        self._closed = True
        for reader in self._readers:
            reader.close()

    @property
    def released(self) -> bool:
        """Tell whether every device that was tried is given back."""
        return all(reader.released for reader in self._readers)

    def _try(self, path: str) -> SourceInfo:
        reader = LatestFrameReader(
            lambda: V4l2Connection(self._opener(path), path, self._spec),
            rate_hz=self._spec.rate_hz,
            name=path,
            report=self._spec.report,
        )
        self._readers.append(reader)
        if self._closed:
            reader.close()
        return reader.open(self._spec.open_timeout_s)

    def _search(self) -> SourceInfo:
        failures = []
        for port in self._ports():
            self._spec.report(logging.INFO, f'Looking for a camera in port {port}:')
            try:
                info = self._try(f'/dev/video{port}')
            except CameraClosedError:
                raise
            except CameraError as error:
                self._readers[-1].close()
                failures.append(str(error))
                continue
            camera = f'Camera V4L2 ({float(info.height)} x {float(info.width)})'
            self._spec.report(logging.INFO, f'{camera} found in port {port}')
            self._spec.report(logging.INFO, f'{camera} in port {port} selected.')
            return info
        if not failures:
            raise CameraNotFoundError('no camera: there is no /dev/video0 or any other; is one plugged in?')
        raise CameraNotFoundError(f'no camera that delivers a frame: {"; ".join(failures)}')


class V4l2Connection:
    """Be one opened Video4Linux device, in the best format that it grants.

    Raises:
        CameraLostError: when the device fails while it is asked.
    """

    def __init__(self, device: VideoDevice, path: str, spec: SourceSpec) -> None:
        self._device = device
        self._path = path
        self._spec = spec
        try:
            self._negotiate()
        except cv2.error as error:
            device.release()
            raise CameraLostError(f'{path} refused its settings: {error.err}') from error

    def grab(self) -> None:
        """Wait for the next picture."""
        grab(self._device, self._path)

    def retrieve(self) -> Frame:
        """Return the picture that was grabbed, stamped with the time of its capture."""
        return retrieve(self._device, capture_stamp(self._device.get(cv2.CAP_PROP_POS_MSEC)))

    def info(self, first: Frame) -> SourceInfo:
        """Return what was got."""
        native_hz = rate_of(self._device)
        return SourceInfo(
            kind='v4l2',
            description=device_name(self._path),
            width=first.width,
            height=first.height,
            rate_hz=delivered_hz(self._spec.rate_hz, native_hz),
            native_rate_hz=native_hz,
            pixel_format=fourcc_of(self._device),
            jpeg_passthrough=first.jpeg is not None,
            can_end=False,
            live=True,
        )

    def release(self) -> None:
        """Close the device."""
        self._device.release()

    def _negotiate(self) -> None:
        """Ask for format, size and rate; the format is read back last, since each may change the others."""
        self._device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*MJPEG))
        if self._spec.width is not None and self._spec.height is not None:
            self._device.set(cv2.CAP_PROP_FRAME_WIDTH, self._spec.width)
            self._device.set(cv2.CAP_PROP_FRAME_HEIGHT, self._spec.height)
        if self._spec.rate_hz is not None:
            # Video4Linux takes whole numbers here; a slower rate is reached by thinning.
            self._device.set(cv2.CAP_PROP_FPS, max(1, round(self._spec.rate_hz)))
        self._device.set(cv2.CAP_PROP_BUFFERSIZE, _BUFFERS)
        if fourcc_of(self._device) in _JPEG_FORMATS:
            self._device.set(cv2.CAP_PROP_CONVERT_RGB, 0)


def capture_stamp(driver_ms: float) -> int:
    """Return when a picture was taken, in Unix nanoseconds.

    Drivers stamp buffers with CLOCK_MONOTONIC (V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC).
    A time that is not of the last seconds is of another clock: then it is now.

    Args:
        driver_ms: the driver's time of the buffer in milliseconds, 0 for none.
    """
    age_s = time.monotonic() - driver_ms / 1000
    now_ns = time.time_ns()
    return now_ns - round(age_s * 1e9) if 0 <= age_s <= _OLDEST_STAMP_S else now_ns
