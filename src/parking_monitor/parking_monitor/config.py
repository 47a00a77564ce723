"""Read fleet.yaml: what this device watches, with which model, and where its counts go.

Every model refuses unknown fields, and every refusal names file, line, field,
value and what is allowed. The environment variables of the reference system
override the file; secrets come from the environment alone.
"""

import hashlib
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from parking_monitor.camera.address import parse_source
from parking_monitor.camera.errors import SourceError
from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.topics import check_topic
from parking_monitor.config_errors import dotted, explain, value_at
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.yaml_source import FieldPath, YamlError, YamlSource, parse_yaml, read_yaml

SOURCE_SCHEMES = frozenset({'sim'})
"""What a source may begin with beside the addresses that cameras have."""

_ROS_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_]*')


class ConfigError(ValueError):
    """Say everything that is wrong with a configuration, one problem a line."""


def _matching(pattern: str, what: str) -> AfterValidator:
    """Demand a pattern, and say in words what it stands for."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f'must be {what}')
        return value

    return AfterValidator(check)


def _ros_name(value: str) -> str:
    if not _ROS_NAME.fullmatch(value) or value.endswith('_') or '__' in value:
        raise ValueError(
            'must be a ROS name: a letter, then letters, digits and single underscores, as in north_gate'
        )
    return value


def _plain_text(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 for character in value):
        raise ValueError('must be one line of text that is not empty')
    return value


def _number_or_text(value: object) -> object:
    """Let a number stand without quotes: `floor: 1`, `source: 0`."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _source(value: str) -> str:
    try:
        parse_source(value, SOURCE_SCHEMES)
    except SourceError as error:
        raise ValueError(str(error)) from None
    return value


RosName = Annotated[str, Field(max_length=64), AfterValidator(_ros_name)]
Text = Annotated[str, Field(max_length=200), AfterValidator(_plain_text), BeforeValidator(_number_or_text)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Point(NamedTuple):
    """A place in the picture: fractions of its width and height, from the top left corner."""

    x: Fraction
    y: Fraction


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra='forbid', hide_input_in_errors=True)


class Zone(_Section):
    """A named area of the picture in which cars are counted."""

    name: Text
    polygon: Annotated[tuple[Point, ...], Field(min_length=3, max_length=100)]
    capacity: Annotated[int, Field(ge=0, le=100_000)] = 0

    @field_validator('polygon')
    @classmethod
    def _has_an_area(cls, polygon: tuple[Point, ...]) -> tuple[Point, ...]:
        following = (*polygon[1:], polygon[0])
        doubled = sum(a.x * b.y - b.x * a.y for a, b in zip(polygon, following, strict=True))
        if abs(doubled) < 1e-6:
            raise ValueError('must enclose an area; these points lie on one line')
        return polygon


class Gate(_Section):
    """A line that cars cross, and a point on the side where they are inside."""

    name: Text
    line: tuple[Point, Point]
    inside: Point

    @model_validator(mode='after')
    def _separates_two_sides(self) -> Self:
        (ax, ay), (bx, by) = self.line
        if (ax, ay) == (bx, by):
            raise ValueError('line must have two different ends')
        if abs((bx - ax) * (self.inside.y - ay) - (by - ay) * (self.inside.x - ax)) < 1e-6:
            raise ValueError('inside must be a point beside the line, not on it')
        return self


class Camera(_Section):
    """One camera: its source, its model, and where in the picture to count."""

    name: RosName
    floor: Text = '0'
    source: Annotated[Text, AfterValidator(_source)] = 'auto'
    width: Annotated[int, Field(ge=32, le=7680)] = 640
    height: Annotated[int, Field(ge=32, le=4320)] = 480
    rate_hz: Annotated[float, Field(ge=0.001, le=120)] = 10.0
    pace: Literal['clock', 'graph'] = 'clock'
    loop: bool = True
    calibration: Path | None = None
    model: Text = DEFAULT_MODEL
    labels: Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)] = ('car',)
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    stale_after_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    annotate: bool = True
    zones: Annotated[tuple[Zone, ...], Field(max_length=200)] = ()
    gates: Annotated[tuple[Gate, ...], Field(max_length=50)] = ()

    @field_validator('zones', 'gates')
    @classmethod
    def _names_differ(cls, parts: tuple[Zone | Gate, ...]) -> tuple[Zone | Gate, ...]:
        _refuse_repeated([part.name for part in parts])
        return parts


class Device(_Section):
    """What this computer is called: in ROS (`name`), to receivers (`uuid`) and to AWS (`thing`)."""

    uuid: Annotated[
        str,
        _matching(r'[A-Za-z0-9_-]{1,128}', '1 to 128 letters, digits, "_" and "-"'),
        BeforeValidator(_number_or_text),
    ]
    name: RosName = ''
    thing: Annotated[
        str,
        _matching(r'[A-Za-z0-9:_-]{1,128}', 'an AWS thing name: 1 to 128 letters, digits, ":", "_" and "-"'),
    ] = ''

    @model_validator(mode='before')
    @classmethod
    def _derive_names(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(uuid := _number_or_text(values.get('uuid')), str):
            short = re.sub(r'[^A-Za-z0-9]', '', uuid)[:7] or 'unnamed'
            return {'name': f'device_{short}', 'thing': uuid, **values}
        return values


class Cloud(_Section):
    """The broker that counts go to, and the certificate that this device shows it."""

    endpoint: Annotated[str, _matching(r'[A-Za-z0-9.-]{1,253}', 'a host name, without scheme and port')]
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    certificate: Path
    private_key: Path
    ca: Path
    topic: Annotated[str, Field(min_length=1, max_length=256)] = 'EI_TOPIC'
    interval_s: Annotated[float, Field(ge=1, le=86_400)] = 120.0

    @field_validator('topic')
    @classmethod
    def _is_a_topic(cls, value: str) -> str:
        try:
            return check_topic(value)
        except InvalidNameError:
            raise ValueError(
                'must be an MQTT topic: at most 256 bytes and 7 slashes, no + and no #, not beginning with $'
            ) from None


class Telegram(_Section):
    """The bot that sends pictures; its token comes from TG_TOKEN alone, and without it nothing is sent."""

    token: SecretStr | None = None
    chat_id: Annotated[
        str | None,
        _matching(r'-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64}', 'a chat number like -1001234567890, or @channel'),
        BeforeValidator(_number_or_text),
    ] = None
    min_interval_s: Annotated[float, Field(ge=1, le=86_400)] = 120.0

    @model_validator(mode='after')
    def _token_has_a_chat(self) -> Self:
        if self.token and not self.chat_id:
            raise ValueError('chat_id is missing; with TG_TOKEN set, set TG_CHAT_ID too')
        return self


class Fleet(_Section):
    """Everything that one device runs."""

    facility: Text = 'car park'
    mode: Literal['count', 'collect'] = 'count'
    device: Device
    cameras: Annotated[tuple[Camera, ...], Field(min_length=1, max_length=16)]
    cloud: Cloud | None = None
    telegram: Telegram | None = None
    edge_impulse_api_key: SecretStr | None = None

    @field_validator('cameras')
    @classmethod
    def _names_differ(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        _refuse_repeated([camera.name for camera in cameras])
        return cameras


def _refuse_repeated(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'must have different names; {name!r} stands {names.count(name)} times')


class _Override(NamedTuple):
    """One environment variable and the field it replaces."""

    variable: str
    path: tuple[str, ...]


# An older name comes first, so that the newer one wins.
_OVERRIDES = (
    _Override('BALENA_DEVICE_UUID', ('device', 'uuid')),
    _Override('EI_TOPIC', ('cloud', 'topic')),
    _Override('AWS_TOPIC', ('cloud', 'topic')),
    _Override('INTERVAL_IN_SECONDS', ('cloud', 'interval_s')),
    _Override('EI_COLLECT_MODE_IMAGE', ('mode',)),
    _Override('EI_API_KEY_IMAGE', ('edge_impulse_api_key',)),
    _Override('TG_TOKEN', ('telegram', 'token')),
    _Override('TG_CHAT_ID', ('telegram', 'chat_id')),
)
_COLLECT_MODES = {'y': 'collect', 'yes': 'collect', 'n': 'count', 'no': 'count'}
# Paths of secrets, by the field that an operator might be tempted to write into the file.
_SECRETS: Mapping[FieldPath, str] = {
    ('telegram', 'token'): 'TG_TOKEN',
    ('edge_impulse_api_key',): 'EI_API_KEY_IMAGE',
}


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Fleet:
    """Read and validate a fleet.yaml; paths in it are relative to its folder.

    Raises:
        ConfigError: with one line for each problem: file and line (or the name
            of the environment variable), field, value, and what is allowed.
    """
    try:
        source = read_yaml(path)
    except YamlError as error:
        raise ConfigError(str(error)) from error
    return _validate(source, environment, folder=path.resolve().parent)


def parse(text: str, environment: Mapping[str, str], *, name: str = 'fleet.yaml') -> Fleet:
    """Validate the text of a fleet.yaml, as `load` does; relative paths stay as they are.

    Raises:
        ConfigError: as `load`.
    """
    try:
        source = parse_yaml(text, name=name)
    except YamlError as error:
        raise ConfigError(str(error)) from error
    return _validate(source, environment, folder=None)


def _validate(source: YamlSource, environment: Mapping[str, str], folder: Path | None) -> Fleet:
    if not isinstance(source.content, dict):
        raise ConfigError(
            f'{source.name}:1: must be a mapping with at least `cameras:`; see `fleet --example`'
        )
    for secret, variable in _SECRETS.items():
        if value_at(source.content, secret) is not None:
            raise ConfigError(
                f'{source.name}:{source.line_of(secret)}: {dotted(secret)}: is a secret and does not belong '
                f'in a file; set the environment variable {variable}'
            )
    values, overridden = _apply_environment(source.content, environment)
    try:
        fleet = Fleet.model_validate(values)
    except ValidationError as error:
        raise ConfigError('\n'.join(explain(error, Fleet, source, overridden))) from None
    return _resolve_paths(fleet, folder) if folder else fleet


def _apply_environment(
    content: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[dict[str, object], dict[tuple[str, ...], str]]:
    """Return the file's values with the environment's put over them, and which came from where."""
    values = dict(content)
    overridden: dict[tuple[str, ...], str] = {}
    for variable, path in _OVERRIDES:
        text = environment.get(variable, '').strip()
        section = values.get(path[0])
        # Cloud settings only change a cloud that the file names; they do not make one.
        if not text or (path[0] == 'cloud' and not isinstance(section, dict)):
            continue
        value = _COLLECT_MODES.get(text.lower(), text) if path == ('mode',) else text
        if len(path) == 1:
            values[path[0]] = value
        else:
            values[path[0]] = {**(section if isinstance(section, dict) else {}), path[1]: value}
        overridden[path] = variable
    if 'device' not in values or isinstance(values['device'], dict):
        device = values.get('device')
        values['device'] = {'uuid': _uuid_of_this_machine(), **(device if isinstance(device, dict) else {})}
    return values, overridden


def _uuid_of_this_machine() -> str:
    """Return 32 hexadecimal digits that stay the same on this machine, as balena's do."""
    try:
        identity = Path('/etc/machine-id').read_text(encoding='ascii').strip()
    except OSError:
        identity = socket.gethostname()
    # machine-id(5) asks applications to publish a keyed hash of it, never the id.
    return hashlib.sha256(f'parking_monitor:{identity}'.encode()).hexdigest()[:32]


def _resolve_paths(fleet: Fleet, folder: Path) -> Fleet:
    def resolved(path: Path | None) -> Path | None:
        return folder / path.expanduser() if path else None

    cameras = tuple(
        camera.model_copy(
            update={
                'calibration': resolved(camera.calibration),
                'model': camera.model if camera.model == DEFAULT_MODEL else str(resolved(Path(camera.model))),
                'source': _resolved_source(camera.source, folder),
            }
        )
        for camera in fleet.cameras
    )
    cloud = fleet.cloud and fleet.cloud.model_copy(
        update={
            field: resolved(getattr(fleet.cloud, field)) for field in ('certificate', 'private_key', 'ca')
        }
    )
    return fleet.model_copy(update={'cameras': cameras, 'cloud': cloud})


def _resolved_source(source: str, folder: Path) -> str:
    """Make a source that is a file or folder beside the configuration absolute; leave others."""
    if source == 'auto' or source.isdigit() or ':' in source:
        return source
    candidate = folder / Path(source).expanduser()
    return str(candidate)
