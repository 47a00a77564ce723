"""Keep what a counter knows where a power cut cannot spoil it: totals, and what bays were last.

A small JSON file with a version. It is written whole under another name, brought to the
disk, and put in the place of the old one, so that there is always one that can be read.
"""

import datetime as dt
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from parking_monitor.counting.totals import Totals
from parking_monitor.durable_file import write_durably
from parking_monitor.values import BayState

FORMAT = 'parking.counter-state/1'
_MAX_BYTES = 1_000_000
# Sums and differences of such numbers go into a message.
_LARGEST_TOTAL = 500_000_000


class StateFileError(Exception):
    """Say why a state was not saved, and what to do."""


class _UnusableError(Exception):
    """Say what is wrong with the content of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Hold what must outlive a restart: the totals, and what each bay was when last known."""

    totals: Totals = field(default_factory=Totals)
    bays: Mapping[str, BayState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold the state that a file gave, and what was wrong with it; empty when nothing was."""

    state: State
    problem: str = ''


def load(path: Path, camera: str) -> Loaded:
    """Return what was saved of a camera; nothing yet where there is no file.

    A file that cannot be used - damaged, of another camera, of a version to come - is set
    aside as `<name>.set-aside`, in the place of one set aside before, for people to look at.
    """
    try:
        return Loaded(_parse(_read(path), camera))
    except FileNotFoundError:
        return Loaded(State())
    except OSError as error:
        return Loaded(State(), _set_aside(path, f'cannot be read: {error.strerror}'))
    except _UnusableError as error:
        return Loaded(State(), _set_aside(path, str(error)))


def save(path: Path, camera: str, state: State) -> None:
    """Put a state in the place of the one before, safe from a power cut once this returns.

    Raises:
        StateFileError: when it cannot be written; then the one before is still there.
    """
    content = {
        'format': FORMAT,
        'camera': camera,
        'totals': {one.name: getattr(state.totals, one.name) for one in fields(Totals)},
        'bays': {name: bay.name for name, bay in state.bays.items()},
    }
    text = json.dumps(content, ensure_ascii=False, indent=1, default=dict)
    try:
        write_durably(path, text)
    except OSError as error:
        raise StateFileError(
            f'{path} cannot be written: {error.strerror}; totals go on, and are lost when this process '
            'ends: make room on the disk, or let it be written to'
        ) from error


def _set_aside(path: Path, reason: str) -> str:
    aside = path.with_name(f'{path.name}.set-aside')
    told = f'{path}: {reason}; totals begin anew'
    try:
        path.replace(aside)
    except OSError as error:
        return f'{told}, and it could not be set aside: {error.strerror}'
    return f'{told}, and the file is set aside as {aside.name}; set_count sets totals by hand'


def _read(path: Path) -> bytes:
    status = path.stat()
    _demand(
        stat.S_ISREG(status.st_mode) and status.st_size <= _MAX_BYTES, f'no file of at most {_MAX_BYTES} B'
    )
    return path.read_bytes()


def _parse(data: bytes, camera: str) -> State:
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise _UnusableError('is damaged: not JSON') from None
    content = _mapping(content)
    found = content.get('format')
    _demand(found == FORMAT, f'is of the format {found!r}, and not {FORMAT}')
    _demand(content.get('camera') == camera, f'is of camera {content.get("camera")!r}, and not {camera!r}')
    return State(totals=_totals(_mapping(content.get('totals'))), bays=_bays(_mapping(content.get('bays'))))


def _totals(content: Mapping[str, object]) -> Totals:
    names = {one.name for one in fields(Totals)}
    _demand(set(content) == names, f'is damaged: totals are not {", ".join(sorted(names))}')
    return Totals(
        entered=_natural(content['entered']),
        left=_natural(content['left']),
        entered_today=_natural(content['entered_today']),
        left_today=_natural(content['left_today']),
        day=_day(content['day']),
        inside_at_start=_number(content['inside_at_start']),
        gates={name: _pair(value) for name, value in _mapping(content['gates']).items()},
    )


def _bays(content: Mapping[str, object]) -> dict[str, BayState]:
    return {name: _bay_state(value) for name, value in content.items()}


def _bay_state(value: object) -> BayState:
    if isinstance(value, str) and value in BayState.__members__:
        return BayState[value]
    raise _UnusableError(f'is damaged: {value!r:.40} is no state of a bay')


def _mapping(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise _UnusableError(f'is damaged: {value!r:.40} is no mapping')


def _pair(value: object) -> tuple[int, int]:
    if isinstance(value, list) and len(value) == 2:
        return _natural(value[0]), _natural(value[1])
    raise _UnusableError(f'is damaged: {value!r:.40} is no pair of totals')


def _day(value: object) -> str:
    try:
        return dt.date.fromisoformat(str(value)).isoformat() if value != '' else ''
    except ValueError:
        raise _UnusableError(f'is damaged: {value!r:.40} is no day') from None


def _natural(value: object) -> int:
    number = _number(value)
    _demand(number >= 0, f'is damaged: the total {number} is below 0')
    return number


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST_TOTAL:
        return value
    raise _UnusableError(f'is damaged: {value!r:.40} is no total')


def _demand(condition: bool, reason: str) -> None:
    if not condition:
        raise _UnusableError(reason)
