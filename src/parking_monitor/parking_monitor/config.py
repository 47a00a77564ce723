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
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from parking_monitor.camera.address import parse_source
from parking_monitor.camera.errors import SourceError
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES, Origin, largest_count_bytes
from parking_monitor.cloud.own_identity import DEFAULT_FACILITY, DEFAULT_FLOOR
from parking_monitor.config_cloud import Cloud
from parking_monitor.config_collect import Collect, collect_problems, with_default_way
from parking_monitor.config_errors import dotted, explain, value_at
from parking_monitor.config_fields import RosName, Section, Text, matching, number_or_text, refuse_repeated
from parking_monitor.config_identity import identify
from parking_monitor.config_origins import Origins
from parking_monitor.config_places import Bay, Gate, Problem, Zone, misfits
from parking_monitor.config_studio import Studio
from parking_monitor.config_telegram import Telegram, rule_problems
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.time_zone import machine_time_zone, to_time_zone
from parking_monitor.yaml_source import FieldPath, YamlError, YamlSource, parse_yaml, read_yaml

_BALENA_FOLDER = Path('/data')

SOURCE_SCHEMES = frozenset({'sim'})
"""What a source may begin with beside the addresses that cameras have."""


class ConfigError(ValueError):
    """Say everything that is wrong with a configuration, one problem a line."""


def _time_zone(value: str) -> str:
    to_time_zone(value)
    return value


def _source(value: str) -> str:
    try:
        parse_source(value, SOURCE_SCHEMES)
    except SourceError as error:
        raise ValueError(str(error)) from None
    return value


CarShare = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class Camera(Section):
    """One camera: its source, its model, and where in the picture to count.

    `car_size`, the width and height of a usual car in fractions of the picture's, helps
    FOMO models, whose cells do not tell, where there are no bays, which do.
    """

    name: RosName
    floor: Text = DEFAULT_FLOOR
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
    watch_view: bool = True
    car_size: tuple[CarShare, CarShare] | None = None
    zones: Annotated[tuple[Zone, ...], Field(max_length=200)] = ()
    bays: Annotated[tuple[Bay, ...], Field(max_length=500)] = ()
    gates: Annotated[tuple[Gate, ...], Field(max_length=50)] = ()

    @field_validator('zones', 'bays', 'gates')
    @classmethod
    def _names_differ(cls, parts: tuple[Zone | Bay | Gate, ...]) -> tuple[Zone | Bay | Gate, ...]:
        refuse_repeated([part.name for part in parts])
        return parts


class Device(Section):
    """What this computer is called: in ROS (`name`), to receivers (`uuid`) and to AWS (`thing`)."""

    uuid: Annotated[
        str,
        matching(r'[A-Za-z0-9_-]{1,128}', '1 to 128 letters, digits, "_" and "-"'),
        BeforeValidator(number_or_text),
    ]
    name: RosName = ''
    thing: Annotated[
        str,
        matching(r'[A-Za-z0-9:_-]{1,128}', 'an AWS thing name: 1 to 128 letters, digits, ":", "_" and "-"'),
    ] = ''

    @model_validator(mode='before')
    @classmethod
    def _derive_names(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(uuid := number_or_text(values.get('uuid')), str):
            short = re.sub(r'[^A-Za-z0-9]', '', uuid)[:7] or 'unnamed'
            return {'name': f'device_{short}', 'thing': uuid, **values}
        return values


class Fleet(Section):
    """Everything that one device runs."""

    facility: Text = DEFAULT_FACILITY
    mode: Literal['count', 'collect'] = 'count'
    time_zone: Annotated[Text, AfterValidator(_time_zone)]
    state_folder: Path
    device: Device
    cameras: Annotated[tuple[Camera, ...], Field(min_length=1, max_length=16)]
    cloud: Cloud | None = None
    telegram: Telegram | None = None
    collect: Collect = Collect()
    studio: Studio = Studio()
    edge_impulse_api_key: SecretStr | None = None

    @property
    def waits_for_identity(self) -> bool:
        """Return whether it is not known yet which thing this device is, or where that connects."""
        return self.cloud is not None and (not self.device.thing or self.cloud.endpoint is None)

    @property
    def runs_collector(self) -> bool:
        """Return whether a collector runs, perhaps only until the cloud switches it on."""
        if self.mode == 'collect':
            return self.collect.way == 'ros'
        can_collect = self.collect.privacy == 'local' or self.edge_impulse_api_key is not None
        return self.collect.while_counting or (can_collect and self.cloud is not None)

    @field_validator('cameras')
    @classmethod
    def _cameras_fit(cls, cameras: tuple[Camera, ...]) -> tuple[Camera, ...]:
        refuse_repeated([camera.name for camera in cameras])
        if problems := list(misfits(cameras)):
            raise _at_their_fields(problems)
        return cameras

    @model_validator(mode='after')
    def _rules_fit(self) -> Self:
        problems = [
            *rule_problems(self.telegram, self.cameras),
            *collect_problems(self.collect, [camera.name for camera in self.cameras]),
        ]
        if problems:
            raise _at_their_fields(problems)
        return self

    @model_validator(mode='after')
    def _messages_fit(self) -> Self:
        """Refuse what no broker would take, before it is installed."""
        for index, camera in enumerate(self.cameras if self.cloud else ()):
            size = largest_count_bytes(
                Origin(uuid=self.device.uuid, camera=camera.name, facility=self.facility, floor=camera.floor),
                zones=[zone.name for zone in camera.zones],
                bays=[bay.name for bay in camera.bays],
                gates=[gate.name for gate in camera.gates],
            )
            if size > MAX_MESSAGE_BYTES:
                reason = (
                    f'a message of its {len(camera.zones)} zones, {len(camera.bays)} bays and '
                    f'{len(camera.gates)} gates can have {size} bytes, and the cloud takes '
                    f'{MAX_MESSAGE_BYTES}; give fewer of them, or shorter names'
                )
                raise _at_their_fields([Problem(('cameras', index, 'name'), camera.name, reason)])
        return self


def _at_their_fields(problems: list[Problem]) -> ValidationError:
    """Return an error that pydantic takes for its own, so that each problem points at its field."""
    return ValidationError.from_exception_data(
        'places',
        [
            InitErrorDetails(
                type=PydanticCustomError('value_error', '{reason}', {'reason': problem.reason}),
                loc=problem.path,
                input=problem.value,
            )
            for problem in problems
        ],
    )


class _Override(NamedTuple):
    """One environment variable and the field it replaces."""

    variable: str
    path: tuple[str, ...]


# An older name comes first, so that the newer one wins.
_OVERRIDES = (
    _Override('BALENA_DEVICE_UUID', ('device', 'uuid')),
    _Override('EI_TOPIC', ('cloud', 'topic')),
    _Override('AWS_TOPIC', ('cloud', 'topic')),
    _Override('AWS_ENDPOINT', ('cloud', 'endpoint')),
    _Override('AWS_THING_NAME', ('device', 'thing')),
    _Override('FACILITY', ('facility',)),
    _Override('INTERVAL_IN_SECONDS', ('cloud', 'interval_s')),
    _Override('EI_COLLECT_MODE_IMAGE', ('mode',)),
    _Override('EI_COLLECT_WAY', ('collect', 'way')),
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


class Loaded(NamedTuple):
    """Hold a configuration, and where its values came from."""

    fleet: Fleet
    origins: Origins


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Fleet:
    """Read and validate a fleet.yaml; paths in it are relative to its folder.

    Raises:
        ConfigError: with one line for each problem: file and line (or the name
            of the environment variable), field, value, and what is allowed.
    """
    return load_with_origins(path, environment).fleet


def load_with_origins(path: Path, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Read a fleet.yaml as `load` does, and tell where each value came from.

    Raises:
        ConfigError: as `load`.
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
    return _validate(source, environment, folder=None).fleet


def _validate(source: YamlSource, environment: Mapping[str, str], folder: Path | None) -> Loaded:
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
    identified = identify(values, folder or Path())
    try:
        fleet = Fleet.model_validate(identified.values)
    except ValidationError as error:
        raise ConfigError('\n'.join(explain(error, Fleet, source, overridden))) from None
    if identified.is_thing_open:
        fleet = fleet.model_copy(update={'device': fleet.device.model_copy(update={'thing': ''})})
    origins = Origins(source, overridden, identified.given)
    return Loaded(_resolve_paths(fleet, folder) if folder else fleet, origins)


def _apply_environment(
    content: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[dict[str, object], dict[FieldPath, str]]:
    """Return the file's values with the environment's put over them, and which came from where."""
    values = dict(content)
    overridden: dict[FieldPath, str] = {}
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
    _put_floor(values, overridden, environment)
    values.setdefault('time_zone', machine_time_zone(environment))
    values.setdefault('state_folder', _state_folder(environment))
    values['collect'] = with_default_way(values.get('collect'), content, environment)
    if 'device' not in values or isinstance(values['device'], dict):
        device = values.get('device')
        values['device'] = {'uuid': _uuid_of_this_machine(), **(device if isinstance(device, dict) else {})}
    return values, overridden


def _put_floor(
    values: dict[str, object], overridden: dict[FieldPath, str], environment: Mapping[str, str]
) -> None:
    """Put the floor that the environment names over that of each camera."""
    floor, cameras = environment.get('FLOOR', '').strip(), values.get('cameras')
    if floor and isinstance(cameras, list):
        values['cameras'] = [
            {**camera, 'floor': floor} if isinstance(camera, dict) else camera for camera in cameras
        ]
        overridden |= {('cameras', index, 'floor'): 'FLOOR' for index in range(len(cameras))}


def _state_folder(environment: Mapping[str, str]) -> str:
    """Return where what must outlive a restart lies, unless the file says so."""
    if given := environment.get('PARKING_STATE', '').strip():
        return given
    # On balena only this folder outlives a release.
    if environment.get('BALENA_DEVICE_UUID') and _BALENA_FOLDER.is_dir():
        return str(_BALENA_FOLDER / 'parking_monitor')
    base = environment.get('XDG_STATE_HOME', '').strip() or '~/.local/state'
    return str(Path(base).expanduser() / 'parking_monitor')


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
            field: resolved(getattr(fleet.cloud, field))
            for field in ('identity', 'certificate', 'private_key', 'ca')
        }
    )
    state_folder = resolved(fleet.state_folder)
    return fleet.model_copy(update={'cameras': cameras, 'cloud': cloud, 'state_folder': state_folder})


def _resolved_source(source: str, folder: Path) -> str:
    """Make a source that is a file or folder beside the configuration absolute; leave others."""
    if source == 'auto' or source.isdigit() or ':' in source:
        return source
    candidate = folder / Path(source).expanduser()
    return str(candidate)
