"""Hold what is drawn on a picture of a camera; every change makes a new drawing."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from parking_fleet.errors import FleetError
from parking_fleet.zones.geometry import Point, centroid, complete_row, contains, rounded, split_row

Kind = Literal['zone', 'bay', 'gate']

MOST: Mapping[Kind, int] = {'zone': 200, 'bay': 500, 'gate': 50}
"""A camera has no more; fleet.yaml says so too."""

MOST_POINTS = 100
MOST_CAPACITY = 100_000
NEW_NAMES: Mapping[Kind, str] = {'zone': 'Zone #', 'bay': 'Bay #', 'gate': 'Gate #'}


class DrawingError(FleetError):
    """Say why something cannot be drawn so."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Hold a zone, a bay or a gate.

    Attributes:
        id: stays the same while it is changed.
        kind: what it is.
        name: told apart from others of its kind.
        points: the corners; of a gate the two ends of its line, and the point inside.
        capacity: of a zone without bays; 0 for none.
    """

    id: int
    kind: Kind
    name: str
    points: tuple[Point, ...]
    capacity: int = 0

    @property
    def line(self) -> tuple[Point, Point]:
        """Return the line of a gate."""
        return self.points[0], self.points[1]

    @property
    def inside(self) -> Point:
        """Return the point of a gate beside which cars are inside."""
        return self.points[2]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Hold all that is drawn for a camera.

    Attributes:
        camera: its name.
        shapes: in the order in which they are written.
        rest: the other fields of the camera's section, as they were loaded.
        next_id: of the next shape.
    """

    camera: str = 'camera'
    shapes: tuple[Shape, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)
    next_id: int = 1

    def of_kind(self, kind: Kind) -> tuple[Shape, ...]:
        """Return the shapes of a kind."""
        return tuple(shape for shape in self.shapes if shape.kind == kind)

    def shape(self, shape_id: int) -> Shape:
        """Return a shape.

        Raises:
            DrawingError: when it is gone.
        """
        for shape in self.shapes:
            if shape.id == shape_id:
                return shape
        raise DrawingError('this shape is not there any more')

    def zone_of(self, bay: Shape) -> Shape | None:
        """Return the zone that a bay belongs to: the first in which its middle lies."""
        x, y = centroid(bay.points)
        zones = self.of_kind('zone')
        return next((zone for zone in zones if zone.points and contains(zone.points, x, y)), None)

    def add(
        self, kind: Kind, points: Sequence[Point], name: str | None = None, capacity: int = 0
    ) -> 'Drawing':
        """Return the drawing with one more shape; without a name it gets the next free one.

        Raises:
            DrawingError: when there are too many.
        """
        if len(self.of_kind(kind)) >= MOST[kind]:
            raise DrawingError(f'a camera has at most {MOST[kind]} {kind}s; remove one first')
        shape = Shape(
            self.next_id,
            kind,
            self.free_name(kind) if name is None else name,
            _points(kind, points),
            capacity,
        )
        return replace(self, shapes=(*self.shapes, shape), next_id=self.next_id + 1)

    def add_row(
        self, points: Sequence[Point], number: int, pattern: str, first: int = 1, aspect: float = 1.0
    ) -> 'Drawing':
        """Return the drawing with a row of bays, equally wide on the ground.

        Args:
            points: two ends of the row or its corners, see `complete_row`.
            number: of bays.
            pattern: of their names: A# gives A1, A2, ..., and A## gives A01.
            first: number of the first bay.
            aspect: width of the picture by its height.

        Raises:
            DrawingError: when this is no row.
        """
        try:
            bays = split_row(complete_row(points, number, aspect), number)
        except ValueError as error:
            raise DrawingError(f'this is no row: {error}') from None
        drawing = self
        for index, polygon in enumerate(bays):
            drawing = drawing.add(
                'bay', [_into_picture(point) for point in polygon], numbered(pattern, first + index)
            )
        return drawing

    def with_points(self, shape_id: int, points: Sequence[Point]) -> 'Drawing':
        """Return the drawing with a shape elsewhere.

        Raises:
            DrawingError: when it cannot have these points.
        """
        shape = self.shape(shape_id)
        return self._with(replace(shape, points=_points(shape.kind, points)))

    def renamed(self, shape_id: int, name: str) -> 'Drawing':
        """Return the drawing with another name of a shape."""
        return self._with(replace(self.shape(shape_id), name=name.strip()))

    def with_capacity(self, shape_id: int, capacity: int) -> 'Drawing':
        """Return the drawing with another capacity of a zone."""
        return self._with(replace(self.shape(shape_id), capacity=capacity))

    def flipped(self, shape_id: int) -> 'Drawing':
        """Return the drawing with the inside of a gate on the other side of its line.

        Raises:
            DrawingError: when it is no gate.
        """
        shape = self.shape(shape_id)
        if shape.kind != 'gate':
            raise DrawingError('only gates have a side')
        (ax, ay), (bx, by) = shape.line
        middle_x, middle_y = (ax + bx) / 2, (ay + by) / 2
        x, y = shape.inside
        inside = _into_picture((2 * middle_x - x, 2 * middle_y - y))
        return self._with(replace(shape, points=(*shape.line, inside)))

    def without(self, shape_ids: Sequence[int]) -> 'Drawing':
        """Return the drawing with these shapes removed."""
        return replace(self, shapes=tuple(shape for shape in self.shapes if shape.id not in shape_ids))

    def free_name(self, kind: Kind) -> str:
        """Return a name that no other shape of the kind has."""
        taken = {shape.name for shape in self.of_kind(kind)}
        names = (numbered(NEW_NAMES[kind], number) for number in itertools.count(1))
        return next(name for name in names if name not in taken)

    def _with(self, changed: Shape) -> 'Drawing':
        shapes = tuple(changed if shape.id == changed.id else shape for shape in self.shapes)
        return replace(self, shapes=shapes)


def numbered(pattern: str, number: int) -> str:
    """Return the name of the bay of a number: `#` stands for it, `##` for two digits; else it is added."""
    if '#' not in pattern:
        return f'{pattern}{number}'
    return re.sub('#+', lambda found: str(number).zfill(len(found[0])), pattern, count=1)


def _points(kind: Kind, points: Sequence[Point]) -> tuple[Point, ...]:
    if kind == 'gate' and len(points) != 3:
        raise DrawingError('a gate has two ends and a point inside')
    if len(points) > MOST_POINTS:
        raise DrawingError(f'a {kind} has at most {MOST_POINTS} corners')
    return tuple(rounded(point) for point in points)


def _into_picture(point: Point) -> Point:
    return min(max(point[0], 0.0), 1.0), min(max(point[1], 0.0), 1.0)
