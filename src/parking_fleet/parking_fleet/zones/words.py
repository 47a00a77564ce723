"""Tell in words what is drawn where, for who cannot see it and for who checks it."""

from dataclasses import dataclass

from parking_fleet.zones.checking import bays_in_zones, problems_of
from parking_fleet.zones.drawing import Drawing, Shape
from parking_fleet.zones.geometry import Point, centroid, side_of


@dataclass(frozen=True, slots=True)
class ShapeView:
    """Hold a shape as the browser draws and tells it."""

    id: int
    kind: str
    name: str
    points: tuple[Point, ...]
    capacity: int
    where: str
    problems: tuple[str, ...]
    hint: str


def view_shapes(drawing: Drawing) -> list[ShapeView]:
    """Return all shapes, with where each is, what is wrong with it, and what might be forgotten."""
    problems: dict[int, list[str]] = {}
    for problem in problems_of(drawing):
        if problem.shape_id is not None:
            problems.setdefault(problem.shape_id, []).append(problem.text)
    bays = bays_in_zones(drawing)
    has_zones = bool(drawing.of_kind('zone'))
    return [
        ShapeView(
            id=shape.id,
            kind=shape.kind,
            name=shape.name,
            points=shape.points,
            capacity=shape.capacity,
            where=where(shape, drawing, bays.get(shape.name, 0)),
            problems=tuple(problems.get(shape.id, ())),
            hint=_hint(shape, drawing, bays.get(shape.name, 0), has_zones=has_zones),
        )
        for shape in drawing.shapes
    ]


def where(shape: Shape, drawing: Drawing, bays: int = 0) -> str:
    """Return where a shape is, in words.

    Args:
        shape: one of the drawing.
        drawing: tells the zone of a bay.
        bays: that lie in a zone.
    """
    if not shape.points:
        return 'nowhere'
    if shape.kind == 'gate':
        return f'{_part(_middle(shape.line))}, {_heading(shape)}'
    told = [_part(centroid(shape.points))]
    if shape.kind == 'bay':
        zone = drawing.zone_of(shape)
        return ', '.join([*told, f'in {zone.name}' if zone else 'in no zone'])
    told += [f'{len(shape.points)} corners', _size(shape)]
    if bays:
        told.append(f'{bays} bays' if bays > 1 else '1 bay')
    elif shape.capacity:
        told.append(f'{shape.capacity} places')
    return ', '.join(told)


def _hint(shape: Shape, drawing: Drawing, bays: int, *, has_zones: bool) -> str:
    if shape.kind == 'zone' and not bays and not shape.capacity:
        return 'Without bays, give its capacity: else cars are counted, but not free places.'
    if shape.kind == 'bay' and has_zones and shape.points and drawing.zone_of(shape) is None:
        return 'Its middle lies in no zone: it counts for the camera, but for no zone.'
    return ''


def _part(point: Point) -> str:
    x, y = point
    row = 'upper' if y < 1 / 3 else 'lower' if y > 2 / 3 else ''
    column = 'left' if x < 1 / 3 else 'right' if x > 2 / 3 else ''
    return ' '.join(part for part in (row, column) if part) or 'middle'


def _size(shape: Shape) -> str:
    xs, ys = [x for x, _ in shape.points], [y for _, y in shape.points]
    return f'{100 * (max(xs) - min(xs)):.0f} % wide, {100 * (max(ys) - min(ys)):.0f} % high'


def _heading(gate: Shape) -> str:
    (ax, ay), (bx, by) = gate.line
    right_x, right_y = -(by - ay), bx - ax
    if side_of(gate.line, gate.inside) < 0:
        right_x, right_y = -right_x, -right_y
    if not (right_x or right_y):
        return 'without a direction'
    if abs(right_x) >= abs(right_y):
        return f'cars enter to the {"right" if right_x > 0 else "left"}'
    return f'cars enter {"downwards" if right_y > 0 else "upwards"}'


def _middle(line: tuple[Point, Point]) -> Point:
    (ax, ay), (bx, by) = line
    return (ax + bx) / 2, (ay + by) / 2
