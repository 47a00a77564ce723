"""Tell which cars stand in which zone."""

from collections.abc import Sequence
from dataclasses import dataclass

from parking_monitor.values import Box, ZoneCount


@dataclass(frozen=True, slots=True)
class Zone:
    """Hold a named polygon, in fractions of the image, 0 to 1; capacity 0 means not given."""

    name: str
    polygon: tuple[tuple[float, float], ...]
    capacity: int = 0

    def contains(self, x: float, y: float) -> bool:
        """Tell whether a point, in fractions of the image, lies inside.

        Even-odd rule over the edges (W. R. Franklin, PNPOLY): each point of the
        plane lies in exactly one of two polygons that share an edge.
        """
        inside = False
        before = self.polygon[-1]
        for corner in self.polygon:
            (ax, ay), (bx, by) = before, corner
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                inside = not inside
            before = corner
        return inside


def count_in_zones(
    boxes: Sequence[Box], zones: Sequence[Zone], image_size: tuple[int, int]
) -> tuple[ZoneCount, ...]:
    """Count the boxes whose centre lies in each zone; one in two zones counts in both.

    Args:
        boxes: in pixels of the image.
        zones: in the order of the result.
        image_size: width and height in pixels.
    """
    width, height = image_size
    places = [(x / width, y / height) for x, y in (box.centre for box in boxes)]
    return tuple(
        ZoneCount(zone.name, sum(zone.contains(x, y) for x, y in places), zone.capacity) for zone in zones
    )
