"""Write where a camera counts as a shadow has room for it, and tell layouts apart.

A layout has the words of a camera in fleet.yaml: `zones`, `bays` and `gates`. In a shadow the points
of a polygon or line stand in one row, x and y in turn, in four decimals.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

PARTS = ('zones', 'bays', 'gates')
DECIMALS = 4
_POINTS = ('polygon', 'line', 'inside')


class LayoutError(ValueError):
    """Say that something is no layout."""


def compact(layout: Any) -> dict[str, Any]:
    """Return a layout as it goes into a shadow; the same for layouts that mean the same.

    Raises:
        LayoutError: when it is none; whether it makes sense is for the device to say.
    """
    try:
        present = [name for name in sorted(PARTS) if layout.get(name)]
        return {name: [_compact_part(part) for part in layout[name]] for name in present}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        raise LayoutError('give lists of zones, bays and gates as fleet.yaml has them') from None


def as_sent(wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Return wishes as they are written into a shadow: layouts compact and whole.

    A shadow merges objects: what a layout has no more of must be taken away by name.

    Raises:
        LayoutError: when one of `zones` is no layout.
    """
    zones = wishes.get('zones')
    if not isinstance(zones, dict):
        return dict(wishes)
    whole = {
        camera: None if layout is None else {**dict.fromkeys(PARTS), **compact(layout)}
        for camera, layout in zones.items()
    }
    return {**wishes, 'zones': whole}


def is_layout(layout: Any) -> bool:
    """Return whether something has the form of a layout."""
    try:
        compact(layout)
    except LayoutError:
        return False
    return True


def expanded(layout: Mapping[str, Any]) -> dict[str, Any]:
    """Return a layout from a shadow as fleet.yaml has it: the points in pairs."""
    return {
        name: [{key: _pairs(key, value) for key, value in part.items()} for part in layout.get(name, ())]
        for name in PARTS
    }


def digest(layout: Any) -> str:
    """Return what tells a layout from others, as the device reports it.

    Raises:
        LayoutError: when it is none.
    """
    text = json.dumps(compact(layout), ensure_ascii=False, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _compact_part(part: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in part.items() if name != 'capacity' or value}
    return {
        name: [_short(number) for number in _flat(kept[name])] if name in _POINTS else kept[name]
        for name in sorted(kept)
    }


def _flat(points: Sequence[Any]) -> list[float]:
    return [number for point in points for number in (point if isinstance(point, list | tuple) else (point,))]


def _pairs(name: str, value: Any) -> Any:
    if name not in ('polygon', 'line'):
        return value
    flat = _flat(value)
    return [flat[index : index + 2] for index in range(0, len(flat), 2)]


def _short(number: float) -> float:
    rounded = round(float(number), DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded
