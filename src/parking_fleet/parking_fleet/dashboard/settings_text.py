"""Put the settings of a device into words."""

from typing import Any, Literal

from parking_fleet.shadow.layouts import PARTS
from parking_fleet.shadow.wishes import BY_NAME, SettingKind, Standing, State

Field = Literal['value', 'name', 'version']

STATES: dict[State, tuple[str, str]] = {
    'configured': ('○', 'as the device is configured'),
    'applied': ('✓', 'applied'),
    'waiting': ('…', 'sent; the device has not looked yet'),
    'pending': ('…', 'taken, and not yet done'),
    'refused': ('✗', 'refused'),
}
"""A symbol and words for each state; the words say all that the symbol says."""


def title_of(name: str) -> str:
    """Return what a setting is called."""
    return BY_NAME[name].title if name in BY_NAME else name


def state_text(standing: Standing) -> str:
    """Return in words how a setting stands, and why."""
    symbol, words = STATES[standing.state]
    return f'{symbol} {words}' + (f': {standing.reason}' if standing.reason else '')


def value_text(name: str, value: Any) -> str:
    """Return a value in words."""
    kind = BY_NAME.get(name)
    if value is None:
        return 'not told'
    if isinstance(value, dict):
        return _object_text(name, value)
    if isinstance(value, bool):
        return 'on' if value else 'off'
    if kind is not None and kind.kind == 'choice':
        return next((title for choice, title in kind.choices if choice == value), str(value))
    return f'{value:g}' if isinstance(value, int | float) else str(value)


def told_text(standing: Standing) -> str:
    """Return what holds on the device and, where it differs, what is wished for."""
    told = value_text(standing.name, standing.told)
    if standing.wished is None or standing.state == 'applied':
        return told
    return f'{told}; wished: {value_text(standing.name, standing.wished)}'


def field_values(kind: SettingKind, standing: Standing) -> dict[Field, Any]:
    """Return what the fields of a form begin with: the wish, else what holds where that is one value."""
    value = standing.told if standing.wished is None else standing.wished
    if kind.kind == 'model':
        model = value if isinstance(value, dict) and set(value) == {'name', 'version'} else {}
        return {'name': str(model.get('name', '')), 'version': str(model.get('version', ''))}
    if kind.kind == 'number':
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return {'value': value if is_number else None}
    if kind.kind == 'choice':
        return {'value': value if value in [name for name, _ in kind.choices] else None}
    return {'value': value if isinstance(value, bool) else None}


def wish_of(kind: SettingKind, values: dict[Field, Any]) -> Any:
    """Return what the fields of a form wish for; None where they are empty."""
    if kind.kind == 'model':
        name, version = str(values['name'] or '').strip(), str(values['version'] or '').strip()
        return {'name': name, 'version': version} if name or version else None
    return values['value']


def _object_text(name: str, value: dict[str, Any]) -> str:
    if name == 'zones':
        return '; '.join(f'{camera}: {_layout_text(layout)}' for camera, layout in value.items())
    if set(value) == {'name', 'version'}:
        return f'{value["name"]}, version {value["version"]}' if value['version'] else str(value['name'])
    return '; '.join(f'{camera}: {value_text(name, each)}' for camera, each in value.items())


def _layout_text(layout: Any) -> str:
    if not isinstance(layout, dict):
        return 'as configured'
    numbers = {name: _number_of(layout, name) for name in PARTS}
    texts = [f'{number} {name if number != 1 else name[:-1]}' for name, number in numbers.items() if number]
    return ', '.join(texts) or 'the whole picture'


def _number_of(layout: dict[str, Any], name: str) -> int:
    parts, number = layout.get(name), layout.get(f'{name}_count', 0)
    if isinstance(parts, list):
        return len(parts)
    return number if isinstance(number, int) else 0
