"""Tell whether a picture looks like another one, cheaply.

The difference hash: the picture is reduced to 9 x 8 grey cells, and each bit says whether a cell is
brighter than its left neighbour. So light that changes evenly changes no bit, and each bit is an
eighth of the picture: it tells the scene, not single small cars.
"""

import cv2

from parking_monitor import jpeg

BITS = 64
NEW_SCENE_BITS = 12
"""So many different bits make another scene. Noise flips up to 9 on a bare lane, hours of one lot 0 to 8."""

_SIDE = 8


def scene_hash(picture: bytes) -> int:
    """Return 64 bits of a JPEG; pictures that look alike differ in few of them.

    Raises:
        jpeg.JpegError: when it cannot be decoded.
    """
    image = jpeg.decode(picture, cover=(_SIDE + 1, _SIDE))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    cells = cv2.resize(grey, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
    bits = (cells[:, 1:] > cells[:, :-1]).ravel()
    return int(''.join('1' if bit else '0' for bit in bits), 2)


def is_new_scene(scene: int, known: list[int]) -> bool:
    """Return whether a scene is unlike all that are known."""
    return all((scene ^ other).bit_count() >= NEW_SCENE_BITS for other in known)
