"""Check a picture to draw on, without decoding it: the browser does that."""

import struct
from dataclasses import dataclass

from parking_fleet.zones.drawing import DrawingError

MOST_BYTES = 12_000_000
MOST_PIXELS = 50_000_000

_PNG = b'\x89PNG\r\n\x1a\n'
_JPEG = b'\xff\xd8\xff'
# Start of frame; C4, C8 and CC are tables.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset((0x01, *range(0xD0, 0xD8)))


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold a picture: its bytes, what they are (`image/jpeg` or `image/png`), and its measures in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def read_picture(content: bytes) -> Picture:
    """Return a picture whose beginning is that of a JPEG or PNG of a bearable size.

    Raises:
        DrawingError: when it is none; says what is allowed.
    """
    if len(content) > MOST_BYTES:
        raise DrawingError(f'the picture has more than {MOST_BYTES // 1_000_000} MB; save it smaller')
    if content.startswith(_PNG):
        media_type, size = 'image/png', _png_size(content)
    elif content.startswith(_JPEG):
        media_type, size = 'image/jpeg', _jpeg_size(content)
    else:
        raise DrawingError('this is no JPEG or PNG picture')
    if size is None or not all(size):
        raise DrawingError('the picture is damaged: its width and height cannot be read')
    width, height = size
    if width * height > MOST_PIXELS:
        raise DrawingError(f'the picture has {width} x {height} pixels; save it smaller')
    return Picture(content, media_type, width, height)


def _png_size(content: bytes) -> tuple[int, int] | None:
    if len(content) < 24 or content[12:16] != b'IHDR':
        return None
    width, height = struct.unpack('>II', content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height from the first frame header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 9 <= len(content):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width = struct.unpack('>HH', content[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
    return None
