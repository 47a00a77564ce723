"""Read a network camera: RTSP, or MJPEG over HTTP."""

import time
from collections.abc import Callable

import cv2

from parking_monitor.camera.address import redact
from parking_monitor.camera.device import MJPEG, VideoDevice, fourcc_of, grab, rate_of, retrieve
from parking_monitor.camera.errors import CameraLostError, SourceError
from parking_monitor.camera.latest import LatestFrameReader
from parking_monitor.camera.pacing import delivered_hz
from parking_monitor.camera.source import FrameSource, SourceInfo, SourceSpec
from parking_monitor.values import Frame

StreamOpener = Callable[[str, float, float], VideoDevice]
"""Open an address, with an open and a read timeout in seconds, or raise CameraError."""


def open_stream(address: str, open_timeout_s: float, read_timeout_s: float) -> VideoDevice:
    """Open a stream with OpenCV and FFmpeg.

    Raises:
        CameraLostError: when it cannot be opened.
        SourceError: when it is a recording and not a stream.
    """
    timeouts = {
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: open_timeout_s,
        cv2.CAP_PROP_READ_TIMEOUT_MSEC: read_timeout_s,
    }
    settings = [number for key, limit_s in timeouts.items() for number in (key, round(limit_s * 1000))]
    device = cv2.VideoCapture(address, cv2.CAP_FFMPEG, settings)
    if not device.isOpened():
        raise CameraLostError(f'{redact(address)} cannot be opened: check host, port, path and password')
    if address.lower().startswith('http') and device.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        device.release()
        raise SourceError(
            f'{redact(address)} is a recording, not a live stream: save it and give the file as source'
        )
    return device


class StreamSource(FrameSource):
    """Read a network stream, always its latest frame.

    A stream of JPEGs is passed through undecoded. The credentials of the
    address appear in no log and no error.

    Args:
        address: rtsp://, rtsps://, http:// or https://, with credentials.
        spec: what is wanted.
        opener: opens an address.
    """

    def __init__(self, address: str, spec: SourceSpec, *, opener: StreamOpener = open_stream) -> None:
        self._name = redact(address)
        self._open_timeout_s = spec.open_timeout_s
        self._reader = LatestFrameReader(
            lambda: StreamConnection(
                opener(address, spec.open_timeout_s, spec.read_timeout_s), self._name, spec
            ),
            rate_hz=spec.rate_hz,
            name=self._name,
            report=spec.report,
        )

    def open(self) -> SourceInfo:
        """Connect, and wait for the first frame."""
        return self._reader.open(self._open_timeout_s)

    def read(self, timeout_s: float) -> Frame | None:
        """Return the newest frame; a stream never ends, it can only be lost."""
        return self._reader.take(timeout_s)

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    @property
    def released(self) -> bool:
        """Tell whether FFmpeg has returned from its last call."""
        return self._reader.released


class StreamConnection:
    """Be one opened stream."""

    def __init__(self, device: VideoDevice, name: str, spec: SourceSpec) -> None:
        self._device = device
        self._name = name
        self._spec = spec
        if fourcc_of(device) == MJPEG:
            # FFmpeg then hands out each packet as it came: a whole JPEG.
            device.set(cv2.CAP_PROP_FORMAT, -1)

    def grab(self) -> None:
        """Wait for the next picture, at most the read timeout."""
        grab(self._device, self._name)

    def retrieve(self) -> Frame:
        """Return the picture that was grabbed, stamped with now."""
        return retrieve(self._device, time.time_ns())

    def info(self, first: Frame) -> SourceInfo:
        """Return what was got."""
        # FFmpeg states 25 Hz for every stream of JPEGs, which have no clock.
        native_hz = rate_of(self._device) if first.jpeg is None else 0.0
        return SourceInfo(
            kind='stream',
            description=self._name,
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
        """Disconnect."""
        self._device.release()
