"""Play a video file."""

from pathlib import Path

import cv2

from parking_monitor.camera.device import VideoDevice, fourcc_of, rate_of, retrieve
from parking_monitor.camera.errors import CameraNotFoundError, DamagedPictureError, SourceError
from parking_monitor.camera.pacing import delivered_hz, file_frame
from parking_monitor.camera.recording import RecordingSource
from parking_monitor.camera.source import SourceInfo, SourceSpec
from parking_monitor.values import Frame


def open_video(path: Path) -> VideoDevice:
    """Open a video file at its first frame, which is already grabbed.

    Raises:
        CameraNotFoundError: when there is no such file.
        SourceError: when it is not a video, or has no frame.
    """
    if not path.exists():
        raise CameraNotFoundError(
            f'{path} does not exist: there is neither a video file nor a folder of pictures'
        )
    device = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    if not device.isOpened():
        raise SourceError(
            f'{path} cannot be read as a video: give a file that FFmpeg plays, such as H.264 in .mp4'
        )
    if not device.grab():
        device.release()
        raise SourceError(f'video file {path} holds no frame that can be decoded')
    return device


class VideoFileSource(RecordingSource):
    """Play a video file once, or again and again, see `RecordingSource`.

    A `rate_hz` below the file's own leaves frames out; one above it has no effect.

    Args:
        path: the file.
        spec: what is wanted.
    """

    _device: VideoDevice

    def __init__(self, path: Path, spec: SourceSpec) -> None:
        super().__init__(spec)
        self._path = path
        self._native_hz = 0.0
        self._rate_hz = 0.0
        self._position = 0
        self._played = 0

    def start(self) -> SourceInfo:
        """Open the file and look at its first frame."""
        self._device = open_video(self._path)
        try:
            return self._info()
        except (SourceError, DamagedPictureError):
            self._device.release()
            raise

    def show(self, number: int) -> Frame | None:
        """Decode up to the frame with this number."""
        wanted = file_frame(number, self._rate_hz, self._native_hz)
        while not self._forward(wanted - self._played):
            if not self.spec.loop:
                return None
            self._rewind()
        return retrieve(self._device, round(wanted / self._native_hz * 1e9))

    def finish(self) -> None:
        """Close the file."""
        self._device.release()

    def _info(self) -> SourceInfo:
        first = retrieve(self._device, 0)
        self._native_hz = rate_of(self._device) or self.spec.rate_hz or 0.0
        if not self._native_hz:
            raise SourceError(
                f'video file {self._path} does not state its frames a second: give the camera a rate'
            )
        self._rate_hz = delivered_hz(self.spec.rate_hz, self._native_hz)
        return SourceInfo(
            kind='video',
            description=str(self._path),
            width=first.width,
            height=first.height,
            rate_hz=self._rate_hz,
            native_rate_hz=self._native_hz,
            pixel_format=fourcc_of(self._device),
            jpeg_passthrough=False,
            can_end=not self.spec.loop,
            live=False,
        )

    def _forward(self, position: int) -> bool:
        """Move to a frame of this pass; False when the file ends before it."""
        while self._position < position:
            if not self._device.grab():
                return False
            self._position += 1
        return True

    def _rewind(self) -> None:
        # Opened again rather than sought: not every container can be sought to its first frame.
        self._device.release()
        self._device = open_video(self._path)
        self._played += self._position + 1
        self._position = 0
