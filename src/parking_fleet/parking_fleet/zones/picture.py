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
_JPEG_EXIF = 0xE1
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

    What a JPEG says about itself (EXIF) is left out: a camera's pictures are taken as their pixels lie,
    and where the picture was taken is nobody's business.

    Raises:
        DrawingError: when it is none; says what is allowed.
    """
    if len(content) > MOST_BYTES:
        raise DrawingError(f'the picture has more than {MOST_BYTES // 1_000_000} MB; save it smaller')
    if content.startswith(_PNG):
        picture = _read_png(content)
    elif content.startswith(_JPEG):
        picture = _read_jpeg(content)
    else:
        raise DrawingError('this is no JPEG or PNG picture')
    if picture is None or not picture.width or not picture.height:
        raise DrawingError('the picture is damaged: its width and height cannot be read')
    if picture.width * picture.height > MOST_PIXELS:
        raise DrawingError(f'the picture has {picture.width} x {picture.height} pixels; save it smaller')
    return picture


def _read_png(content: bytes) -> Picture | None:
    if len(content) < 24 or content[12:16] != b'IHDR':
        return None
    width, height = struct.unpack('>II', content[16:24])
    return Picture(content, 'image/png', width, height)


def _read_jpeg(content: bytes) -> Picture | None:
    """Read the segments up to the first frame header (ITU-T T.81, B.1.1 and B.2.2)."""
    kept, at = [content[:2]], 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack('>HH', content[at + 5 : at + 9])
            return Picture(b''.join((*kept, content[at:])), 'image/jpeg', width, height)
        if marker == 0xFF:
            length = 1
        elif marker in _JPEG_BARE:
            length = 2
        else:
            length = 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
        if marker != _JPEG_EXIF:
            kept.append(content[at : at + length])
        at += length
    return None
