"""Know the settings of a device: what may be wished for, and what became of it.

What is allowed is as the device judges it, which has the last word.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parking_fleet.shadow.layouts import LayoutError, compact, digest, expanded, is_layout
from parking_fleet.shadow.shadows import DeviceShadow

Kind = Literal['number', 'choice', 'model', 'switch', 'zones']
State = Literal['configured', 'applied', 'waiting', 'pending', 'refused']

_MODEL_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}')
_MODEL_VERSION = re.compile(r'[A-Za-z0-9][A-Za-z0-9._]{0,39}')


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKind:
    """Describe a setting.

    Attributes:
        name: in the shadow.
        title: for people.
        hint: what it does.
        kind: what its values are.
        least, most: of a number.
        choices: of a choice, with a title for each.
    """

    name: str
    title: str
    hint: str
    kind: Kind
    least: float = 0.0
    most: float = 0.0
    choices: tuple[tuple[str, str], ...] = ()


KINDS = (
    SettingKind(
        name='interval_s',
        title='Longest time between messages, seconds',
        hint='A camera reports each change at once, and at least this often.',
        kind='number',
        least=1,
        most=86_400,
    ),
    SettingKind(
        name='min_confidence',
        title='Least confidence',
        hint='How sure the model must be of a car, 0 to 1. Higher misses cars, lower sees too many.',
        kind='number',
        least=0,
        most=1,
    ),
    SettingKind(
        name='mode',
        title='Mode',
        hint='Collecting keeps pictures for training a better model; counting goes on.',
        kind='choice',
        choices=(('count', 'Count'), ('collect', 'Count and collect pictures')),
    ),
    SettingKind(
        name='model',
        title='Model',
        hint='Name and version of a model on the device, or in its Edge Impulse project.',
        kind='model',
    ),
    SettingKind(
        name='telegram', title='Telegram notices', hint='Whether the device sends its own.', kind='switch'
    ),
    SettingKind(
        name='zones',
        title='Zones, bays and gates',
        hint='Where each camera counts. They are drawn in the zone editor.',
        kind='zones',
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Standing:
    """Say how one setting stands.

    Attributes:
        name: of the setting.
        wished: what is wished for; None: nothing, it is as the device is configured.
        told: what the device last said that it has; None: it did not say.
        state: `configured`: nothing is wished for; `applied`: the device does as wished; `waiting`: it has
            not yet looked; `pending`: it works at it; `refused`: it cannot.
        reason: of `pending` and `refused`.
    """

    name: str
    wished: Any
    told: Any
    state: State
    reason: str = ''


def standings(shadow: DeviceShadow) -> list[Standing]:
    """Return how each setting stands, also of those that no device knows."""
    names = [*BY_NAME, *(name for name in shadow.desired if name not in BY_NAME)]
    return [_standing(name, shadow) for name in names]


def told_cameras(shadow: DeviceShadow) -> tuple[str, ...]:
    """Return the names of the cameras whose layout a device has told, at least by its digest."""
    return tuple(_layouts(shadow.reported))


def layout_of(
    shadow: DeviceShadow, camera: str, *, wished: bool = False, heard: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return where a camera counts, as fleet.yaml has it; None while that is not known.

    Args:
        shadow: of its device.
        camera: its name there.
        wished: whether to return what is wished for, where the device has not taken it.
        heard: a layout that the device told elsewhere; it may be an older one.
    """
    wish, told = _layouts(shadow.desired).get(camera), _layouts(shadow.reported).get(camera)
    if wished and wish is not None:
        return expanded(wish)
    if told is None and heard is not None:
        return expanded(heard)
    for known in (told, wish, heard):
        # What was told may be numbers alone, where there is no room for more.
        if told is not None and known is not None and digest(known) == told.get('digest'):
            return expanded(known)
    return None


def _layouts(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    zones = state.get('zones')
    if not isinstance(zones, dict):
        return {}
    return {camera: layout for camera, layout in zones.items() if is_layout(layout)}


def checked(wishes: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with wishes, by setting; nothing when all may be sent. None takes one away."""
    problems = {name: _problem(name, value) for name, value in wishes.items() if value is not None}
    problems |= {
        name: _unknown(name) for name, value in wishes.items() if value is None and name not in BY_NAME
    }
    return {name: problem for name, problem in problems.items() if problem}


def _standing(name: str, shadow: DeviceShadow) -> Standing:
    wished, told = shadow.desired.get(name), shadow.reported.get(name)
    if wished is None:
        return Standing(name, None, told, 'configured')
    has_looked = shadow.reported_s >= shadow.desired_s.get(name, 0) > 0
    refused, pending = _reason(shadow, 'refused', name), _reason(shadow, 'pending', name)
    if has_looked and refused:
        return Standing(name, wished, told, 'refused', refused)
    if _agree(name, wished, told):
        return Standing(name, wished, told, 'applied')
    if has_looked and pending:
        return Standing(name, wished, told, 'pending', pending)
    return Standing(name, wished, told, 'waiting')


def _agree(name: str, wished: Any, told: Any) -> bool:
    if name != 'zones':
        return bool(wished == told)
    if not isinstance(wished, dict) or not isinstance(told, dict):
        return False
    told_digests = {
        camera: layout.get('digest') for camera, layout in told.items() if isinstance(layout, dict)
    }
    try:
        return all(told_digests.get(camera) == digest(layout) for camera, layout in wished.items())
    except LayoutError:
        return False


def _reason(shadow: DeviceShadow, section: str, name: str) -> str:
    reasons = shadow.reported.get(section)
    return str(reasons.get(name, '')) if isinstance(reasons, dict) else ''


def _problem(name: str, value: Any) -> str:
    kind = BY_NAME.get(name)
    return _unknown(name) if kind is None else _CHECKS[kind.kind](kind, value)


def _unknown(name: str) -> str:
    return f'is not a setting; known are {", ".join(BY_NAME)}' if name not in BY_NAME else ''


def _number_problem(kind: SettingKind, value: Any) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    allowed = f'give a number from {kind.least:g} to {kind.most:g}'
    return '' if is_number and kind.least <= value <= kind.most else allowed


def _choice_problem(kind: SettingKind, value: Any) -> str:
    names = [name for name, _ in kind.choices]
    return '' if value in names else f'give one of {", ".join(names)}'


def _model_problem(_: SettingKind, value: Any) -> str:
    if not isinstance(value, dict) or set(value) != {'name', 'version'}:
        return 'give a name and a version'
    name, version = value['name'], value['version']
    if isinstance(version, int) and not isinstance(version, bool):
        version = str(version)
    if not isinstance(name, str) or not _MODEL_NAME.fullmatch(name):
        return 'its name has up to 100 letters, digits, spaces, dots, hyphens and underscores'
    if not isinstance(version, str) or not _MODEL_VERSION.fullmatch(version):
        return 'its version has up to 40 letters, digits, dots and underscores'
    return ''


def _switch_problem(_: SettingKind, value: Any) -> str:
    return '' if isinstance(value, bool) else 'give true or false'


def _zones_problem(_: SettingKind, value: Any) -> str:
    if not isinstance(value, dict):
        return 'give an object with zones, bays and gates by the name of each camera'
    for camera, layout in value.items():
        try:
            if layout is not None:
                compact(layout)
        except LayoutError as error:
            return f'of camera {camera}: {error}'
    return ''


_CHECKS: dict[Kind, Callable[[SettingKind, Any], str]] = {
    'number': _number_problem,
    'choice': _choice_problem,
    'model': _model_problem,
    'switch': _switch_problem,
    'zones': _zones_problem,
}
