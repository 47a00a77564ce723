"""Find what is wrong with a drawing: by the rules by which a device refuses its fleet.yaml."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from parking_fleet.zones.drawing import MOST_CAPACITY, MOST_POINTS, Drawing, Kind, Shape
from parking_fleet.zones.geometry import (
    LEAST_DOUBLED_AREA,
    Point,
    crossing_sides,
    doubled_area,
    is_inside_picture,
    side_of,
)

_ROS_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')
_LONGEST_NAME = 200
_LONGEST_CAMERA = 64


class Problem(NamedTuple):
    """Say what is wrong with a shape, and what to do; `shape_id` is None where no one shape is."""

    shape_id: int | None
    text: str


def problems_of(drawing: Drawing) -> list[Problem]:
    """Return all that is wrong, in the order of the shapes."""
    found = [Problem(None, text) for text in _problems_of_camera(drawing.camera)]
    times = Counter((shape.kind, shape.name) for shape in drawing.shapes)
    bays_in = bays_in_zones(drawing)
    for shape in drawing.shapes:
        texts = [*_problems_of_name(shape.name), *_problems_of_points(shape.kind, shape.points)]
        if times[shape.kind, shape.name] > 1:
            texts.append(
                f'{times[shape.kind, shape.name]} {shape.kind}s have this name; give it another one.'
            )
        texts += _problems_of_capacity(shape, bays_in.get(shape.name, 0))
        found += [Problem(shape.id, text) for text in texts]
    return found


def bays_in_zones(drawing: Drawing) -> dict[str, int]:
    """Return how many bays lie in each zone that has any, by name."""
    zones = [drawing.zone_of(bay) for bay in drawing.of_kind('bay') if bay.points]
    return Counter(zone.name for zone in zones if zone is not None)


def _problems_of_camera(name: str) -> Iterator[str]:
    is_name = _ROS_NAME.fullmatch(name) and not name.endswith('_') and '__' not in name
    if not is_name or len(name) > _LONGEST_CAMERA:
        yield (
            "The camera's name must be a letter, then letters, digits and single underscores, as in "
            f'north_gate; at most {_LONGEST_CAMERA}.'
        )


def _problems_of_name(name: str) -> Iterator[str]:
    if not name.strip():
        yield 'It has no name; give it one.'
    elif any(ord(character) < 32 for character in name):
        yield 'Its name must be one line of text.'
    elif len(name) > _LONGEST_NAME:
        yield f'Its name is too long; at most {_LONGEST_NAME} characters.'


@lru_cache(maxsize=4096)
def _problems_of_points(kind: Kind, points: tuple[Point, ...]) -> tuple[str, ...]:
    outside = [str(index + 1) for index, point in enumerate(points) if not is_inside_picture(point)]
    return (
        *([f'Point {", ".join(outside)} is outside of the picture; move it in.'] if outside else []),
        *(_problems_of_gate(points) if kind == 'gate' else _problems_of_polygon(points)),
    )


def _problems_of_gate(points: tuple[Point, ...]) -> Iterator[str]:
    start, end, inside = points
    if start == end:
        yield 'Both ends of its line are at the same place; move one of them.'
    elif abs(side_of((start, end), inside)) < LEAST_DOUBLED_AREA:
        yield 'Its point inside lies on the line; move it to the side on which cars are inside.'


def _problems_of_polygon(points: tuple[Point, ...]) -> Iterator[str]:
    if len(points) < 3:
        yield f'It has {len(points)} corners; it needs 3.'
    elif len(points) > MOST_POINTS:
        yield f'It has {len(points)} corners; at most {MOST_POINTS}.'
    elif abs(doubled_area(points)) < LEAST_DOUBLED_AREA:
        yield 'It encloses no area; move a corner off the line.'
    elif crossing := crossing_sides(points):
        first, second = (f'{start + 1}-{(start + 1) % len(points) + 1}' for start in crossing)
        yield f'It crosses itself: side {first} meets side {second}; move one of these corners.'


def _problems_of_capacity(shape: Shape, bays: int) -> Iterator[str]:
    if shape.kind != 'zone':
        return
    if not 0 <= shape.capacity <= MOST_CAPACITY:
        yield f'Its capacity must be 0 to {MOST_CAPACITY:,}.'
    elif shape.capacity and bays and shape.capacity != bays:
        yield f'It has {bays} bays, not {shape.capacity}; leave its capacity empty, or draw the other bays.'
