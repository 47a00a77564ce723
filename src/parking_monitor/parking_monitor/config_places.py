"""Read where to count in a picture: zones, bays and gates, and whether they fit one another."""

from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple, Protocol, Self

from pydantic import Field, field_validator, model_validator

from parking_monitor.config_fields import Fraction, Section, Text
from parking_monitor.counting.geometry import centroid, contains, crossing_sides
from parking_monitor.yaml_source import FieldPath


class Point(NamedTuple):
    """A place in the picture: fractions of its width and height, from the top left corner."""

    x: Fraction
    y: Fraction


class _Area(Section):
    name: Text
    polygon: Annotated[tuple[Point, ...], Field(min_length=3, max_length=100)]

    @field_validator('polygon')
    @classmethod
    def _has_an_area(cls, polygon: tuple[Point, ...]) -> tuple[Point, ...]:
        following = (*polygon[1:], polygon[0])
        doubled = sum(a.x * b.y - b.x * a.y for a, b in zip(polygon, following, strict=True))
        if abs(doubled) < 1e-6:
            raise ValueError('must enclose an area; these points lie on one line')
        if crossing := crossing_sides(polygon):
            first, second = (f'{start + 1}-{(start + 1) % len(polygon) + 1}' for start in crossing)
            raise ValueError(
                f'must not cross itself; its side from point {first} meets that from point {second}'
            )
        return polygon


class Zone(_Area):
    """A named area of the picture in which cars are counted; one with bays has as many places as they are."""

    capacity: Annotated[int, Field(ge=0, le=100_000)] = 0


class Bay(_Area):
    """A named place for one car; it belongs to the zone in which its middle lies."""


class Gate(Section):
    """A line that cars cross, and a point on the side where they are inside."""

    name: Text
    line: tuple[Point, Point]
    inside: Point

    @model_validator(mode='after')
    def _separates_two_sides(self) -> Self:
        (ax, ay), (bx, by) = self.line
        if (ax, ay) == (bx, by):
            raise ValueError('line must have two different ends')
        if abs((bx - ax) * (self.inside.y - ay) - (by - ay) * (self.inside.x - ax)) < 1e-6:
            raise ValueError('inside must be a point beside the line, not on it')
        return self


class HasPlaces(Protocol):
    """What is asked of a camera here."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def zones(self) -> Sequence[Zone]:
        """Return its zones."""

    @property
    def bays(self) -> Sequence[Bay]:
        """Return its bays."""


class Problem(NamedTuple):
    """A field that does not fit another one: its path below `cameras`, its value, and why."""

    path: FieldPath
    value: object
    reason: str


def zone_of(bay: Bay, zones: Sequence[Zone]) -> str:
    """Return the name of the first zone in which the middle of a bay lies; empty for none."""
    x, y = centroid(bay.polygon)
    return next((zone.name for zone in zones if contains(zone.polygon, x, y)), '')


def misfits(cameras: Sequence[HasPlaces]) -> Iterator[Problem]:
    """Yield what cannot be true of zones and bays together.

    Cameras share a zone or a bay by giving it one name: then its bays are all that they see in it.
    """
    zones_of_bays: dict[str, tuple[str, str]] = {}
    bays_of_zones: dict[str, set[str]] = {}
    for camera_index, camera in enumerate(cameras):
        for bay_index, bay in enumerate(camera.bays):
            zone = zone_of(bay, camera.zones)
            if not zone:
                continue
            bays_of_zones.setdefault(zone, set()).add(bay.name)
            other_zone, other_camera = zones_of_bays.setdefault(bay.name, (zone, camera.name))
            if other_zone != zone:
                reason = (
                    f'lies in zone {zone!r} here, but in zone {other_zone!r} of camera {other_camera}; '
                    'a bay that two cameras see is in one zone, and different bays have different names'
                )
                yield Problem((camera_index, 'bays', bay_index, 'name'), bay.name, reason)
    yield from _capacities_that_differ(cameras, bays_of_zones)


def _capacities_that_differ(
    cameras: Sequence[HasPlaces], bays_of_zones: dict[str, set[str]]
) -> Iterator[Problem]:
    given: dict[str, tuple[int, str]] = {}
    for camera_index, camera in enumerate(cameras):
        for zone_index, zone in enumerate(camera.zones):
            if not zone.capacity:
                continue
            path = (camera_index, 'zones', zone_index, 'capacity')
            bays = len(bays_of_zones.get(zone.name, ()))
            other, other_camera = given.setdefault(zone.name, (zone.capacity, camera.name))
            if bays and zone.capacity != bays:
                reason = f'zone {zone.name!r} has {bays} bays; leave capacity out, or draw the other bays'
                yield Problem(path, zone.capacity, reason)
            elif zone.capacity != other:
                reason = (
                    f'zone {zone.name!r} has capacity {other} in camera {other_camera}; give both the same'
                )
                yield Problem(path, zone.capacity, reason)
