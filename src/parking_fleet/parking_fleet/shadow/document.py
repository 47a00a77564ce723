"""Hold a classic device shadow, and change it by the rules of AWS IoT Core.

Pure. AWS IoT Core developer guide, "Device Shadow service documents", "Using shadows in devices"
and "Device Shadow error messages".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

Json = None | bool | int | float | str | list['Json'] | dict[str, 'Json']
State = dict[str, dict[str, Any]]

MAX_STATE_BYTES = 8 * 1024
"""The largest state, desired and reported together; metadata is not counted."""

MAX_DEPTH = 8
MAX_TOKEN_BYTES = 64
SECTIONS = ('desired', 'reported')


class ShadowRefusal(Exception):  # noqa: N818 - it is an answer, with a code like those of HTTP
    """Say why a request is refused, in the words of AWS IoT Core.

    Attributes:
        code: as of HTTP: 400, 404, 409 or 413.
        reason: for people.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f'{code}: {reason}')
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Document:
    """Hold a shadow.

    Attributes:
        state: `desired` and `reported`; None after the shadow was deleted.
        metadata: when each part of the state was written, Unix seconds, in the shape of the state.
        version: each change adds one; it goes on after a deletion.
    """

    state: State | None = None
    metadata: State = field(default_factory=dict)
    version: int = 0

    @property
    def delta(self) -> dict[str, Any]:
        """Return what of the desired state is reported differently, or not at all."""
        state = self.state or {}
        return difference(state.get('desired', {}), state.get('reported', {}))

    @property
    def delta_metadata(self) -> dict[str, Any]:
        """Return when what differs was desired."""
        found: dict[str, Any] = restricted(self.metadata.get('desired', {}), self.delta)
        return found


def updated(document: Document, request: Mapping[str, Any], now_s: int) -> Document:
    """Return a shadow after a request to update it.

    Args:
        document: as it is.
        request: `state` with what changes, and perhaps the `version` that it is meant for.
        now_s: Unix seconds.

    Raises:
        ShadowRefusal: when the request is refused; nothing is changed then.
    """
    changes = checked_changes(request)
    wanted = request.get('version')
    if wanted is not None and wanted != document.version:
        raise ShadowRefusal(409, 'Version conflict')
    state = dict(document.state or {})
    metadata = dict(document.metadata) if document.state is not None else {}
    for section, change in changes.items():
        if change is None:
            state.pop(section, None)
            metadata.pop(section, None)
            continue
        state[section] = merged(state.get(section), change)
        metadata[section] = merged(metadata.get(section), stamped(change, now_s))
    if size_bytes(state) > MAX_STATE_BYTES:
        raise ShadowRefusal(413, 'The payload exceeds the maximum size allowed')
    return replace(document, state=state, metadata=metadata, version=document.version + 1)


def checked_changes(request: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """Return what a request changes, by section; None takes the section away.

    Raises:
        ShadowRefusal: 400 with what is wrong.
    """
    if 'state' not in request:
        raise ShadowRefusal(400, 'Missing required node: state')
    state = request['state']
    if not isinstance(state, dict):
        raise ShadowRefusal(400, 'State node must be an object')
    if set(state) - set(SECTIONS):
        raise ShadowRefusal(400, 'State contains an invalid node')
    for section, change in state.items():
        if change is not None and not isinstance(change, dict):
            raise ShadowRefusal(400, f'{section.capitalize()} node must be an object')
    if depth(state) > MAX_DEPTH:
        raise ShadowRefusal(400, f'JSON contains too many levels of nesting; maximum is {MAX_DEPTH}')
    version = request.get('version')
    if version is not None and (not isinstance(version, int) or isinstance(version, bool) or version < 0):
        raise ShadowRefusal(400, 'Invalid version')
    return state


def merged(have: Any, changes: Any) -> Any:
    """Put changes over what is there: null takes a key away, an object is merged, all else is replaced."""
    if not isinstance(changes, dict):
        return changes
    result = dict(have) if isinstance(have, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def difference(desired: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the desired state is reported differently, or not at all."""
    delta: dict[str, Any] = {}
    for key, value in desired.items():
        other = reported.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            if inner := difference(value, other):
                delta[key] = inner
        elif value != other:
            delta[key] = value
    return delta


def stamped(change: Any, now_s: int) -> Any:
    """Return the metadata of a change: each value in it with its time; null stays null."""
    if change is None:
        return None
    if isinstance(change, dict):
        return {key: stamped(value, now_s) for key, value in change.items()}
    if isinstance(change, list):
        return [stamped(value, now_s) for value in change]
    return {'timestamp': now_s}


def restricted(metadata: Any, shape: Any) -> Any:
    """Return of the metadata what belongs to the keys of a part of the state."""
    if isinstance(metadata, dict) and isinstance(shape, dict):
        return {key: restricted(metadata[key], value) for key, value in shape.items() if key in metadata}
    return metadata


def newest_s(metadata: Any) -> int:
    """Return the newest time in metadata, Unix seconds; 0 when there is none."""
    if isinstance(metadata, dict):
        time_s = metadata.get('timestamp')
        if isinstance(time_s, int):
            return time_s
        return max(map(newest_s, metadata.values()), default=0)
    if isinstance(metadata, list):
        return max(map(newest_s, metadata), default=0)
    return 0


def size_bytes(state: Any) -> int:
    """Return the size of a state as it is sent."""
    return len(orjson.dumps(state))


def depth(content: Any) -> int:
    """Return how many objects and lists lie within one another; stops soon after too many."""
    found, layer = 0, [content]
    while found <= MAX_DEPTH:
        layer = [each for each in layer if isinstance(each, dict | list)]
        if not layer:
            break
        found += 1
        layer = [inner for each in layer for inner in (each.values() if isinstance(each, dict) else each)]
    return found
