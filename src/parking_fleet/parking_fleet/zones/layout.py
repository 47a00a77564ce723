"""Say where the bays and zones of a camera are on its picture, for a map of them."""

from dataclasses import dataclass
from typing import Protocol

Polygon = tuple[tuple[float, float], ...]
"""Corners in fractions of the picture, 0 to 1: across, then down."""


@dataclass(frozen=True, slots=True)
class Outline:
    """Hold where something with a name is."""

    name: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold where everything is that one camera looks at.

    Attributes:
        bays: single places.
        zones: areas.
        aspect: width of the picture by its height.
    """

    bays: tuple[Outline, ...] = ()
    zones: tuple[Outline, ...] = ()
    aspect: float = 4 / 3


class LayoutSource(Protocol):
    """Know where things are on the pictures of cameras; may block, and is asked away from the event loop."""

    def layouts(self, uuid: str, camera: str) -> Layout | None:
        """Return where the bays and zones of a camera are; None: not known."""
        ...

    def picture(self, uuid: str, camera: str) -> bytes | None:
        """Return the last picture of a camera as JPEG; None where there is none, or none is allowed."""
        ...
