"""Tell how many cars and places there are in each zone."""

from collections.abc import Sequence
from dataclasses import dataclass

from parking_monitor.counting.geometry import Point, contains
from parking_monitor.values import BayCount, BayState, Occupancy, ZoneCount


@dataclass(frozen=True, slots=True)
class Zone:
    """Hold a named polygon, in fractions of the image, 0 to 1; capacity 0 means not given."""

    name: str
    polygon: tuple[Point, ...]
    capacity: int = 0

    def contains(self, x: float, y: float) -> bool:
        """Tell whether a point, in fractions of the image, lies inside."""
        return contains(self.polygon, x, y)


def count_in_zones(
    zones: Sequence[Zone], places: Sequence[Point], bays: Sequence[BayCount], *, is_seen: bool
) -> tuple[ZoneCount, ...]:
    """Count the cars and the places of each zone; a car in two zones counts in both.

    Args:
        zones: in the order of the result.
        places: where each car stands, in fractions of the image.
        bays: as they are claimed now.
        is_seen: whether the picture can be trusted; if not, places without bays are unknown.
    """
    counts = []
    for zone in zones:
        cars = sum(zone.contains(x, y) for x, y in places)
        counts.append(ZoneCount(zone.name, cars, places_of(zone, cars, bays, is_seen=is_seen)))
    return tuple(counts)


def places_of(zone: Zone, cars: int, bays: Sequence[BayCount], *, is_seen: bool) -> Occupancy:
    """Return the places of a zone: its bays', or as many of its capacity as there are cars are taken."""
    mine = [bay for bay in bays if bay.zone == zone.name]
    if mine:
        return places_of_bays(mine)
    if not is_seen:
        return Occupancy(unknown=zone.capacity)
    taken = min(cars, zone.capacity)
    return Occupancy(occupied=taken, free=zone.capacity - taken)


def places_of_bays(bays: Sequence[BayCount]) -> Occupancy:
    """Return how many bays are taken, free and unknown."""
    states = [bay.state for bay in bays]
    return Occupancy(
        occupied=states.count(BayState.OCCUPIED),
        free=states.count(BayState.FREE),
        unknown=states.count(BayState.UNKNOWN),
    )
