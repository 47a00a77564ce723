"""Play a folder of pictures, one after another."""

import re
from pathlib import Path

import cv2
import numpy as np

from parking_monitor.camera.device import jpeg_frame
from parking_monitor.camera.errors import CameraNotFoundError, DamagedPictureError, SourceError
from parking_monitor.camera.recording import RecordingSource
from parking_monitor.camera.source import SourceInfo, SourceSpec
from parking_monitor.values import Frame

DEFAULT_RATE_HZ = 1.0
_JPEG_SUFFIXES = frozenset({'.jpg', '.jpeg'})
_SUFFIXES = _JPEG_SUFFIXES | {'.png'}


def natural_order(path: Path) -> list[list[tuple[int, str]]]:
    """Return a key that sorts folder by folder, and numbers in names by their value."""
    return [
        [(int(part), '') if part.isdecimal() else (-1, part.lower()) for part in re.split(r'(\d+)', name)]
        for name in path.parts
    ]


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder and those below it, in natural order.

    Raises:
        CameraNotFoundError: when there is no such folder.
        SourceError: when there is no picture in it.
    """
    if not folder.is_dir():
        raise CameraNotFoundError(f'folder of pictures {folder} does not exist')
    found = (path.relative_to(folder) for path in folder.rglob('*') if path.suffix.lower() in _SUFFIXES)
    pictures = sorted((path for path in found if not _hidden(path)), key=natural_order)
    if not pictures:
        raise SourceError(
            f'folder {folder} holds no picture: looked for *.jpg, *.jpeg and *.png, also in folders below'
        )
    return [folder / path for path in pictures]


def _hidden(path: Path) -> bool:
    return any(part.startswith('.') for part in path.parts)


def read_picture(path: Path, stamp_ns: int) -> Frame:
    """Read a picture; a JPEG is not decoded.

    Raises:
        DamagedPictureError: when it cannot be read.
    """
    try:
        data = path.read_bytes()
        if path.suffix.lower() in _JPEG_SUFFIXES:
            return jpeg_frame(data, stamp_ns)
    except (OSError, DamagedPictureError) as error:
        raise DamagedPictureError(f'{path}: {error}') from error
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise DamagedPictureError(f'{path}: not a picture that can be decoded')
    height, width = image.shape[:2]
    return Frame(stamp_ns=stamp_ns, width=width, height=height, image=np.asarray(image, dtype=np.uint8))


class StillsSource(RecordingSource):
    """Play a folder of pictures at a given rate, see `RecordingSource`; none is skipped for being late.

    A picture that cannot be read is left out and reported. When the folder is
    played again it is listed again.

    Args:
        folder: the folder.
        spec: what is wanted; `rate_hz` may be below 1, and is 1 when not given.
    """

    def __init__(self, folder: Path, spec: SourceSpec) -> None:
        super().__init__(spec, max_skip_s=0.0)
        self._folder = folder
        self._rate_hz = spec.rate_hz or DEFAULT_RATE_HZ
        self._pictures: list[Path] = []
        self._shown = 0

    def start(self) -> SourceInfo:
        """List the folder and look at its first whole picture."""
        self._pictures = list_pictures(self._folder)
        first = self._first_whole()
        suffixes = sorted({path.suffix.lower().removeprefix('.') for path in self._pictures})
        return SourceInfo(
            kind='stills',
            description=f'{self._folder} ({len(self._pictures)} pictures)',
            width=first.width,
            height=first.height,
            rate_hz=self._rate_hz,
            native_rate_hz=self._rate_hz,
            pixel_format='/'.join(suffixes),
            jpeg_passthrough=first.jpeg is not None,
            can_end=not self.spec.loop,
            live=False,
        )

    def show(self, number: int) -> Frame | None:
        """Read the picture with this number."""
        if number - self._shown >= len(self._pictures):
            if not self.spec.loop:
                return None
            self._shown += len(self._pictures)
            self._pictures = list_pictures(self._folder)
        return read_picture(self._pictures[number - self._shown], round(number / self._rate_hz * 1e9))

    def finish(self) -> None:
        """Forget the list."""
        self._pictures = []

    def _first_whole(self) -> Frame:
        damaged = None
        for path in self._pictures:
            try:
                return read_picture(path, 0)
            except DamagedPictureError as error:
                damaged = error
        raise SourceError(
            f'folder {self._folder}: none of its {len(self._pictures)} pictures can be read: {damaged}'
        )
