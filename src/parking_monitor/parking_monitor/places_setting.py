"""Take where to count from the cloud: the zones, bays and gates of cameras, as fleet.yaml says them.

A shadow has 8 KB for everything. So coordinates are in four decimals there, and the points of a
polygon or a line may stand in one row, x and y in turn; those of fleet.yaml will do too.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError, field_validator

from parking_monitor.config_fields import Section, refuse_repeated
from parking_monitor.config_places import Bay, Gate, Zone, misfits

DECIMALS = 4
"""A ten-thousandth of a picture 4,000 pixels wide is less than half a pixel."""

MOST_WHOLE_BYTES = 2_500
"""Layouts that together have more are reported by their digests alone."""

_POINTS = ('polygon', 'line')


class Places(Section):
    """Where one camera counts."""

    zones: Annotated[tuple[Zone, ...], Field(max_length=200)] = ()
    bays: Annotated[tuple[Bay, ...], Field(max_length=500)] = ()
    gates: Annotated[tuple[Gate, ...], Field(max_length=50)] = ()

    @field_validator('zones', 'bays', 'gates')
    @classmethod
    def _names_differ(cls, parts: tuple[Zone | Bay | Gate, ...]) -> tuple[Zone | Bay | Gate, ...]:
        refuse_repeated([part.name for part in parts])
        return parts


class _Named(NamedTuple):
    name: str
    zones: Sequence[Zone]
    bays: Sequence[Bay]


def layout_text(zones: Sequence[Zone], bays: Sequence[Bay], gates: Sequence[Gate]) -> str:
    """Return a layout as JSON, the same text for the same places; `{}` for none."""
    content = {
        'zones': [
            {'name': zone.name, 'polygon': _row(zone.polygon)}
            | ({'capacity': zone.capacity} if zone.capacity else {})
            for zone in zones
        ],
        'bays': [{'name': bay.name, 'polygon': _row(bay.polygon)} for bay in bays],
        'gates': [
            {'name': gate.name, 'line': _row(gate.line), 'inside': _row([gate.inside])} for gate in gates
        ],
    }
    present = {name: parts for name, parts in content.items() if parts}
    return json.dumps(present, ensure_ascii=False, sort_keys=True, separators=(',', ':'))


def digest(text: str) -> str:
    """Return what tells a layout from others: 12 hexadecimal digits of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_zones(wanted: Any, configured: Mapping[str, str]) -> str:
    """Return the layouts that the cloud wants, as JSON: the text of each by its camera.

    Args:
        wanted: by camera, with `zones`, `bays` and `gates`.
        configured: the text of each camera's layout as fleet.yaml says it.

    Raises:
        ValueError: naming what cannot be.
    """
    layouts: dict[str, Places] = {}
    for camera, content in wanted.items():
        if camera not in configured:
            raise ValueError(f'zones: no camera is called {camera!r:.60}; there are {", ".join(configured)}')
        if content is not None:
            layouts[camera] = _read(camera, content)
    whole = {
        camera: layouts.get(camera) or _read(camera, json.loads(text)) for camera, text in configured.items()
    }
    problem = next(misfits([_Named(name, each.zones, each.bays) for name, each in whole.items()]), None)
    if problem is not None:
        index, *path = problem.path
        raise ValueError(f'zones.{_dotted([list(whole)[int(index)], *path])}: {problem.reason}')
    texts = {camera: layout_text(each.zones, each.bays, each.gates) for camera, each in layouts.items()}
    return json.dumps(texts, ensure_ascii=False)


def describe_layouts(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what is reported of the layouts by camera: each whole where they are small, and its digest."""
    is_whole = sum(len(text.encode()) for text in texts.values()) <= MOST_WHOLE_BYTES
    return {
        camera: {**(json.loads(text) if is_whole else _numbers(text)), 'digest': digest(text)}
        for camera, text in texts.items()
    }


def _numbers(text: str) -> dict[str, int]:
    return {f'{name}_count': len(parts) for name, parts in json.loads(text).items()}


def _read(camera: str, content: Any) -> Places:
    try:
        return Places.model_validate(_in_pairs(content))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)[0]
        reason = details['msg'].removeprefix('Value error, ')
        raise ValueError(f'zones.{_dotted([camera, *details["loc"]])}: {reason}') from None


def _in_pairs(content: Any) -> Any:
    """Return a layout with its points in pairs, as fleet.yaml has them."""
    if not isinstance(content, dict):
        return content
    return {
        name: [_part_in_pairs(part) for part in parts] if isinstance(parts, list) else parts
        for name, parts in content.items()
        if name != 'digest'
    }


def _part_in_pairs(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {name: _pairs(value) if name in _POINTS else value for name, value in part.items()}


def _pairs(row: Any) -> Any:
    if isinstance(row, list) and len(row) % 2 == 0 and not any(isinstance(each, list) for each in row):
        return [row[index : index + 2] for index in range(0, len(row), 2)]
    return row


def _row(points: Sequence[tuple[float, float]]) -> list[float]:
    return [_short(value) for point in points for value in point]


def _short(value: float) -> float:
    rounded = round(float(value), DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded


def _dotted(path: Sequence[object]) -> str:
    return '.'.join(map(str, path))
