"""Judge what the cloud wants of a device: setting by setting, accepted or refused with the reason."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from parking_monitor.cloud.shadow_document import Json

Value = bool | float | str
"""A setting as the nodes take it.

That of `model` is the path of its file, and that of `zones` JSON with a text for each camera.
"""

_QUOTED_CHARACTERS = 60


def _number_to_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_STRICT = ConfigDict(strict=True, extra='forbid', frozen=True, hide_input_in_errors=True)
_Name = Annotated[str, StringConstraints(pattern=r'^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$')]
_Version = Annotated[
    str,
    StringConstraints(pattern=r'^[A-Za-z0-9][A-Za-z0-9._]{0,39}$'),
    BeforeValidator(_number_to_text),
]


class DesiredModel(BaseModel):
    """Name a model of the device's models folder."""

    model_config = _STRICT

    name: _Name
    version: _Version


class DesiredSettings(BaseModel):
    """Hold what a shadow may desire; each may be absent, and null is the same."""

    model_config = _STRICT

    interval_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    mode: str | None = None
    model: DesiredModel | None = None
    telegram: bool | None = None
    zones: dict[str, Any] | None = None


FIELDS = tuple(DesiredSettings.model_fields)

_ALLOWED: Mapping[str, str] = {
    'interval_s': 'a number of seconds from 1 to 86400',
    'min_confidence': 'a number from 0 to 1',
    'mode': '"count" or "collect"',
    'model': 'an object with name and version, such as {"name": "my-lot", "version": "3"}',
    'model.name': 'up to 100 letters, digits, spaces, dots, hyphens and underscores',
    'model.version': 'a whole number, or up to 40 letters, digits, dots and underscores',
    'telegram': 'true or false',
    'zones': 'an object with zones, bays and gates by the name of each camera',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Say what a device has to offer, beside what holds for all devices.

    Attributes:
        find_model: returns the path of a model's file by name and version; a ValueError refuses it.
        describe_model: says what a model's path stands for, in the words of the cloud.
        refused_modes: the modes that it cannot change to, and why.
        read_zones: returns the layouts of cameras as the nodes take them; a ValueError refuses them.
        describe_zones: says where the cameras count, in the words of the cloud.
        no_telegram: why Telegram cannot be switched on; empty where it can.
    """

    find_model: Callable[[str, str], str]
    describe_model: Callable[[str], Json]
    read_zones: Callable[[Json], str]
    describe_zones: Callable[[Mapping[str, Value]], Json]
    refused_modes: Mapping[str, str] = field(default_factory=dict)
    no_telegram: str = ''


@dataclass(frozen=True, slots=True)
class Setting:
    """Hold a setting that was accepted: as the cloud wrote it, and as the nodes take it."""

    written: Json
    value: Value


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold which settings were accepted, and why others were not; none is in both."""

    accepted: Mapping[str, Setting]
    refused: Mapping[str, str]


def judge(desired: Mapping[str, Json], offer: Offer) -> Verdict:
    """Say which of the desired settings can be, each on its own.

    Never raises, whatever the document holds. A setting that is null is in neither.
    """
    refused: dict[str, str] = {}
    try:
        DesiredSettings.model_validate(desired)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            refused.setdefault(str(details['loc'][0]), _reason(details))
    accepted: dict[str, Setting] = {}
    for name in FIELDS:
        written = desired.get(name)
        if written is None or name in refused:
            continue
        try:
            accepted[name] = Setting(written, _value(name, written, offer))
        except ValueError as error:
            refused[name] = str(error)
    return Verdict(accepted, refused)


def _value(name: str, written: Json, offer: Offer) -> Value:
    """Return a valid setting as the nodes take it; a ValueError says why this device cannot have it."""
    settings = DesiredSettings.model_validate({name: written})
    if settings.model is not None:
        return offer.find_model(settings.model.name, settings.model.version)
    if settings.zones is not None:
        return offer.read_zones(written)
    if settings.mode is not None:
        _check_mode(settings.mode, offer)
    if settings.telegram and offer.no_telegram:
        raise ValueError(offer.no_telegram)
    value: Value = getattr(settings, name)
    return value


def _check_mode(mode: str, offer: Offer) -> None:
    if mode not in {'count', 'collect'}:
        raise ValueError(_not_allowed('mode', mode))
    if mode in offer.refused_modes:
        raise ValueError(offer.refused_modes[mode])


def _reason(details: ErrorDetails) -> str:
    path = '.'.join(str(part) for part in details['loc'])
    if details['type'] == 'extra_forbidden':
        known = FIELDS if len(details['loc']) == 1 else tuple(DesiredModel.model_fields)
        close = difflib.get_close_matches(str(details['loc'][-1])[:_QUOTED_CHARACTERS], known, n=1)
        hint = f'did you mean {close[0]}? ' if close else ''
        return f'is not a setting; {hint}known are {", ".join(known)}'
    if details['type'] == 'missing':
        return f'{path} is missing; give {_ALLOWED[path]}'
    return _not_allowed(path, details['input'])


def _not_allowed(path: str, value: object) -> str:
    return f'{path} {quoted(value)} is not allowed; give {_ALLOWED[path]}'


def quoted(value: object) -> str:
    """Show a value from outside in a line of text."""
    text = ascii(value)
    return text if len(text) <= _QUOTED_CHARACTERS else f'{text[: _QUOTED_CHARACTERS - 3]}...'
