"""Decode and encode JPEG, at the smallest scale that serves.

libjpeg can decode at a half, a quarter or an eighth of the size for a fraction
of the work, which is most of what a detector with a small input needs.
"""

import cv2
import numpy as np

from parking_monitor.values import Frame, Image

_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


class JpegError(ValueError):
    """Say that bytes are not a JPEG that can be decoded."""


def size(jpeg: bytes) -> tuple[int, int]:
    """Read width and height from the header of a JPEG, without decoding it.

    Follows the marker segments of ITU-T T.81, annex B, to the frame header.

    Raises:
        JpegError: when the bytes hold no JPEG frame header.
    """
    if jpeg[:2] != b'\xff\xd8':
        raise JpegError(f'not a JPEG: {len(jpeg)} bytes that begin with {jpeg[:2].hex() or "nothing"}')
    position = 2
    while position + 9 <= len(jpeg):
        if jpeg[position] != 0xFF:
            break
        marker = jpeg[position + 1]
        if marker == 0xFF or marker in _STANDALONE:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _START_OF_FRAME:
            height = int.from_bytes(jpeg[position + 5 : position + 7], 'big')
            width = int.from_bytes(jpeg[position + 7 : position + 9], 'big')
            return width, height
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4], 'big')
    raise JpegError(f'a JPEG of {len(jpeg)} bytes without a frame header')


def trim(jpeg: bytes) -> bytes:
    """Cut the padding that cameras leave behind the end of a JPEG.

    Raises:
        JpegError: when the end-of-image marker (T.81, annex B) is missing, so
            that a part of the picture is lost.
    """
    end = jpeg.rfind(b'\xff\xd9')
    if end < 0:
        raise JpegError(f'a JPEG of {len(jpeg)} bytes that is cut off before its end')
    return jpeg[: end + 2]


def decode(jpeg: bytes, cover: tuple[int, int] | None = None) -> Image:
    """Decode a JPEG to BGR pixels.

    Args:
        jpeg: the compressed picture.
        cover: width and height that the result must not fall below; it is
            decoded at 1/8, 1/4 or 1/2 of its size where that still covers them.

    Raises:
        JpegError: when it cannot be decoded.
    """
    # The header says the size before any rotation that EXIF asks for; pixels are taken as they lie.
    flag = cv2.IMREAD_COLOR
    if cover is not None:
        width, height = size(jpeg)
        for divisor, reduced in _REDUCED:
            if width >= cover[0] * divisor and height >= cover[1] * divisor:
                flag = reduced
                break
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise JpegError(f'a JPEG of {len(jpeg)} bytes that cannot be decoded')
    return np.asarray(image, dtype=np.uint8)


def encode(image: Image, quality: int = 90) -> bytes:
    """Encode BGR pixels as JPEG; quality is 1 to 100."""
    done, data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise JpegError(f'an image of shape {image.shape} that cannot be encoded')
    return bytes(data)


def encoded(frame: Frame, quality: int = 90) -> bytes:
    """Return the JPEG of a frame, made from its pixels where it has none."""
    if frame.jpeg is not None:
        return frame.jpeg
    assert frame.image is not None  # noqa: S101 - a frame has one or the other
    return encode(frame.image, quality)


def decoded(frame: Frame) -> Image:
    """Return the pixels of a frame, decoded from its JPEG where it has none.

    Raises:
        JpegError: when the JPEG cannot be decoded.
    """
    return frame.image if frame.image is not None else decode(frame.jpeg or b'')
