"""Speak to OpenCV's video capture: its pictures, its formats, its failures."""

from typing import Any, Protocol

import cv2
from numpy.typing import NDArray

from parking_monitor import jpeg
from parking_monitor.camera.errors import CameraLostError, DamagedPictureError
from parking_monitor.values import Frame

MJPEG = 'MJPG'


class VideoDevice(Protocol):
    """Be what is used of `cv2.VideoCapture`."""

    def get(self, property_id: int, /) -> float:
        """Return a property, a value at or below 0 where it is not supported."""

    def set(self, property_id: int, value: float, /) -> bool:
        """Ask for a property; False when it was refused."""

    def grab(self) -> bool:
        """Wait for the next picture; False when there is none."""

    def retrieve(self) -> tuple[bool, NDArray[Any]]:
        """Decode the picture that was grabbed."""

    def release(self) -> None:
        """Close the device."""


def fourcc_of(device: VideoDevice) -> str:
    """Return the pixel format or codec as four characters, '' when there is none."""
    code = int(device.get(cv2.CAP_PROP_FOURCC))
    text = (code & 0xFFFFFFFF).to_bytes(4, 'little').decode('latin-1').rstrip('\0 ')
    return text if text.isprintable() else ''


def rate_of(device: VideoDevice) -> float:
    """Return the frames a second that the device states, 0 when it states none that can be."""
    rate_hz = device.get(cv2.CAP_PROP_FPS)
    return rate_hz if 0 < rate_hz <= 1000 else 0.0


def grab(device: VideoDevice, name: str) -> None:
    """Wait for the next picture.

    Raises:
        CameraLostError: when the driver gave none.
    """
    try:
        grabbed = device.grab()
    except cv2.error as error:
        raise CameraLostError(f'{name}: {error.err}') from error
    if not grabbed:
        raise CameraLostError(f'{name} gives no more frames: unplugged, switched off, or cut off')


def retrieve(device: VideoDevice, stamp_ns: int) -> Frame:
    """Return the picture that was grabbed; a buffer of one row is a JPEG that OpenCV left undecoded.

    Raises:
        DamagedPictureError: when it is empty, cut off or cannot be decoded.
    """
    try:
        done, picture = device.retrieve()
        if not done or picture is None or not picture.size:
            raise DamagedPictureError('an empty picture')
        if picture.ndim == 3:
            height, width = picture.shape[:2]
            return Frame(stamp_ns=stamp_ns, width=width, height=height, image=picture)
        return jpeg_frame(picture.tobytes(), stamp_ns)
    except cv2.error as error:
        raise DamagedPictureError(f'a picture that cannot be decoded: {error.err}') from error


def jpeg_frame(data: bytes, stamp_ns: int) -> Frame:
    """Return a frame of a JPEG, without decoding it.

    Raises:
        DamagedPictureError: when it is cut off or no JPEG.
    """
    try:
        data = jpeg.trim(data)
        width, height = jpeg.size(data)
        return Frame(stamp_ns=stamp_ns, width=width, height=height, jpeg=data)
    except ValueError as error:
        raise DamagedPictureError(str(error)) from error
