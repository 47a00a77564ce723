"""Read the zones, bays and gates that graph.py writes into parameters.

As plain values, for the counter and for who draws: the counter's own kinds need SciPy.
"""

import json
from typing import Any, NamedTuple

from rclpy.node import Node

from parking_monitor.nodes.parameters import declare

ZONES_DESCRIPTION = 'Zones, each as JSON: name, polygon in fractions of the image, capacity'
BAYS_DESCRIPTION = 'Bays, each as JSON: name, polygon in fractions of the image'
GATES_DESCRIPTION = 'Gates, each as JSON: name, line in fractions of the image, and a point inside'
PLACES_DESCRIPTION = 'Zones, bays and gates as one JSON, instead of those at the start; empty for those'

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


class Places(NamedTuple):
    """Zones, bays and gates of a camera."""

    zones: tuple[Area, ...]
    bays: tuple[Area, ...]
    gates: tuple[Line, ...]


class PlacesParameters:
    """Hold where a node counts or draws: as it was told at the start, until `places` says otherwise.

    Attributes:
        now: what holds.
    """

    def __init__(self, at_start: Places, text: str) -> None:
        self._at_start = at_start
        self.now = at_start
        self.set(text)

    def set(self, text: str) -> Places:
        """Take another value of `places`, and return what holds then.

        Raises:
            ValueError: when it cannot be read; what held before goes on.
        """
        self.now = to_places(text) if text else self._at_start
        return self.now


def declared(node: Node) -> PlacesParameters:
    """Declare the parameters `zones`, `bays`, `gates` and `places` of a node, and read them.

    Raises:
        ValueError: when one of them cannot be read.
    """
    zones = declare(node, 'zones', [], ZONES_DESCRIPTION)
    bays = declare(node, 'bays', [], BAYS_DESCRIPTION)
    gates = declare(node, 'gates', [], GATES_DESCRIPTION)
    at_start = Places(
        zones=tuple(map(to_area, zones)), bays=tuple(map(to_area, bays)), gates=tuple(map(to_line, gates))
    )
    return PlacesParameters(at_start, declare(node, 'places', '', PLACES_DESCRIPTION, fixed=False))


def to_places(text: str) -> Places:
    """Read zones, bays and gates from one JSON, the points of each in pairs or in one row.

    Raises:
        ValueError: when it is not such JSON.
    """
    try:
        content = json.loads(text)
        zones, bays, gates = ([*content.get(name, ())] for name in ('zones', 'bays', 'gates'))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError('places is not JSON with zones, bays and gates') from error
    return Places(
        zones=tuple(to_area(json.dumps(each)) for each in zones),
        bays=tuple(to_area(json.dumps(each)) for each in bays),
        gates=tuple(to_line(json.dumps(each)) for each in gates),
    )


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
    if pairs and not isinstance(pairs[0], list):
        pairs = zip(pairs[::2], pairs[1::2], strict=True)
    return tuple((float(x), float(y)) for x, y in pairs)
