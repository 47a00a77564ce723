"""Read the zones, bays and gates that graph.py writes into parameters.

As plain values, for the counter and for who draws: the counter's own kinds need SciPy.
"""

import json
from typing import Any, NamedTuple

ZONES_DESCRIPTION = 'Zones, each as JSON: name, polygon in fractions of the image, capacity'
BAYS_DESCRIPTION = 'Bays, each as JSON: name, polygon in fractions of the image'
GATES_DESCRIPTION = 'Gates, each as JSON: name, line in fractions of the image, and a point inside'

_Point = tuple[float, float]
_AREA_EXAMPLE = '{"name": "a", "polygon": [[0, 0], [1, 0], [1, 1]]}'
_GATE_EXAMPLE = '{"name": "in", "line": [[0, 0.5], [1, 0.5]], "inside": [0.5, 0.9]}'


class Area(NamedTuple):
    """A zone or a bay: name, polygon in fractions of the image, and capacity, 0 for none given."""

    name: str
    polygon: tuple[_Point, ...]
    capacity: int


class Line(NamedTuple):
    """A gate: name, line in fractions of the image, and a point on the side where cars are inside."""

    name: str
    line: tuple[_Point, _Point]
    inside: _Point


def to_area(text: str) -> Area:
    """Read a zone or a bay from JSON.

    Raises:
        ValueError: when it is not such JSON.
    """
    try:
        content = json.loads(text)
        first, second, third, *others = _points(content['polygon'])
        polygon = (first, second, third, *others)
        return Area(str(content['name']), polygon, int(content.get('capacity', 0)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{text!r} is not a zone or a bay such as {_AREA_EXAMPLE}') from error


def to_line(text: str) -> Line:
    """Read a gate from JSON.

    Raises:
        ValueError: when it is not such JSON.
    """
    try:
        content = json.loads(text)
        start, end = _points(content['line'])
        (inside,) = _points([content['inside']])
        return Line(str(content['name']), (start, end), inside)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{text!r} is not a gate such as {_GATE_EXAMPLE}') from error


def _points(pairs: Any) -> tuple[_Point, ...]:
    return tuple((float(x), float(y)) for x, y in pairs)
