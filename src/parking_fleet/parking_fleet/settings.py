"""Read parking-fleet.yaml and the environment: which broker, which store, which address to serve.

A variable wins over the file: `PARKING_FLEET_BROKER__HOST` is `broker: host:`. Every refusal
names the field and what is allowed; what was given is never repeated, for it may be a secret.
"""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from parking_fleet.alerts.settings import Alerts
from parking_fleet.errors import SettingsError

DEFAULT_FILE = Path('parking-fleet.yaml')
FILE_VARIABLE = 'PARKING_FLEET_FILE'

Role = Literal['reader', 'operator']


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone is called {name!r}; give one such as 'Europe/Berlin'") from None
    return name


def _topic(name: str) -> str:
    if any(character in name for character in '+#\0') or name.startswith('$'):
        raise ValueError("a topic has no '+', '#' or NUL, and does not begin with '$'")
    return name


def _database(url: SecretStr) -> SecretStr:
    try:
        name = make_url(url.get_secret_value()).drivername
    except ArgumentError:
        name = ''
    if name not in ('sqlite', 'postgresql', 'postgresql+pg8000'):
        raise ValueError(
            "not a database that is supported; give 'sqlite:///fleet.sqlite3' (a relative path; four "
            "slashes for an absolute one) or 'postgresql://user:password@host/name'"
        )
    return url


TimeZoneName = Annotated[str, AfterValidator(_time_zone)]
TopicName = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(_topic)]
Days = Annotated[int, Field(ge=1, le=36_500)]


class _Section(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True, hide_input_in_errors=True)


class Broker(_Section):
    """Where the fleet's messages come from, and as whom to connect.

    Attributes:
        host: host name of the broker: mosquitto, EMQX, or the endpoint of AWS IoT Core. Empty: none,
            and nothing is taken in.
        port: 8883, or 443 where a firewall lets nothing else out (AWS IoT Core).
        client_id: this worker's MQTT client id. Each worker needs its own, and keeps it over restarts:
            the broker keeps the messages of a worker that is away under this name.
        certificate: PEM certificate of this worker.
        private_key: PEM key of that certificate.
        ca: PEM certificates that the broker is checked against; None: those of the system.
        group: name of a shared subscription, where several workers divide the load. Without one there is
            one worker, and a plain subscription: mosquitto 2.0 forgets shared ones when it restarts, so
            that what comes before the workers are back is lost there.
        topics: further topics with counts, where `AWS_TOPIC` of the devices points to.
        receive_maximum: messages taken in and not yet stored, at most. AWS IoT Core allows 100. mosquitto
            2.0.11 sends more, the more so the higher this is, and slows down.
        session_expiry_s: how long the broker keeps the messages of a worker that is away.
        answers_shadow: whether this service keeps the device shadows, because the broker does not: so
            that settings and zones reach devices on mosquitto or EMQX too. AWS IoT Core does so itself.
        pages_client_id: MQTT client id of `serve --no-ingest`, which connects for settings and pictures
            alone. Empty: it does not connect, and devices cannot be set from its pages.
    """

    host: str = ''
    port: Annotated[int, Field(ge=1, le=65_535)] = 8883
    client_id: Annotated[str, Field(min_length=1, max_length=128)] = 'parking-fleet'
    certificate: Path | None = None
    private_key: Path | None = None
    ca: Path | None = None
    group: Annotated[str, Field(pattern=r'^[A-Za-z0-9_-]{0,64}$')] = ''
    topics: tuple[TopicName, ...] = ('EI_TOPIC',)
    receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = 500
    session_expiry_s: Annotated[int, Field(ge=0, le=2**32 - 2)] = 86_400
    answers_shadow: bool = False
    pages_client_id: Annotated[str, Field(max_length=128)] = ''

    @property
    def is_aws(self) -> bool:
        """Return whether the host is one of AWS, by its name."""
        return self.host.lower().rstrip('.').endswith(('.amazonaws.com', '.amazonaws.com.cn'))

    @model_validator(mode='after')
    def _has_identity(self) -> Self:
        if self.host and (self.certificate is None or self.private_key is None):
            raise ValueError('a broker needs certificate and private_key; see `parking-fleet serve --help`')
        if self.answers_shadow and self.is_aws:
            raise ValueError(
                'answers_shadow is for brokers without AWS, and this one is AWS IoT Core, which keeps the '
                'device shadows itself; leave answers_shadow out'
            )
        return self


class StoreSettings(_Section):
    """Where counts are kept, and for how long.

    Attributes:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.
        raw_days: how long each single count is kept after its arrival.
        minute_days: how long the 1-minute summaries are kept.
        quarter_days: how long the 15-minute summaries are kept.
        day_days: how long the daily summaries are kept.
        crossing_days: how long single cars through gates are kept after their arrival.
        quarantine_rows: how many invalid messages are kept, the newest ones.
    """

    url: Annotated[SecretStr, AfterValidator(_database)] = SecretStr('sqlite:///parking-fleet.sqlite3')
    raw_days: Days = 7
    minute_days: Days = 7
    quarter_days: Days = 90
    day_days: Days = 3_653
    crossing_days: Days = 90
    quarantine_rows: Annotated[int, Field(ge=1, le=100_000)] = 1_000


class ApiToken(_Section):
    """A token for `/api/v1`, as `parking-fleet token` prints it; the token itself is kept nowhere."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role = 'reader'
    sha256: Annotated[str, Field(pattern=r'^[0-9a-f]{64}$')]


class User(_Section):
    """A person who may log in to the dashboard, as `parking-fleet password` prints it."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role = 'reader'
    password_hash: Annotated[str, Field(pattern=r'^\$argon2id\$[\x21-\x7e]{16,512}$')] = Field(repr=False)


class Web(_Section):
    """Where to serve the API and the dashboard.

    Attributes:
        host: address to listen on; anything but this machine needs `users` or `tokens`.
        port: TCP port.
        users: who may log in to the dashboard.
        tokens: what programs may use `/api/v1` with. Neither: everyone who reaches it, on this machine
            alone, is let in.
        idle_hours: how long a login lasts without a page being opened.
        folder: where it is kept who is logged in; None: beside the store where that is a file, else here.
        public_url: how people reach the dashboard, for links in alerts: 'https://parking.example.org'.
    """

    host: str = '127.0.0.1'
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    users: tuple[User, ...] = ()
    tokens: tuple[ApiToken, ...] = ()
    idle_hours: Annotated[float, Field(gt=0, le=24 * 366)] = 12.0
    folder: Path | None = None
    public_url: Annotated[str, Field(pattern=r'^(|https?://[^\s?#]+[^\s?#/])$')] = ''

    @property
    def needs_login(self) -> bool:
        """Return whether strangers are kept out."""
        return bool(self.users or self.tokens) or not self.is_loopback

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach the address."""
        if self.host == 'localhost':
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode='after')
    def _is_behind_a_login(self) -> Self:
        if not self.is_loopback and not self.users and not self.tokens:
            raise ValueError(
                'serving to other machines needs a login; make a user with `parking-fleet password NAME` '
                'and put it under web.users (for programs a token, with `parking-fleet token NAME`), or '
                'leave host at 127.0.0.1'
            )
        return self

    @model_validator(mode='after')
    def _has_each_user_once(self) -> Self:
        names = [user.name for user in self.users]
        if len(set(names)) < len(names):
            raise ValueError('web.users has a name twice')
        return self


class Settings(BaseSettings):
    """Hold everything that `parking-fleet` can be told.

    Attributes:
        facilities: facilities.yaml, with names, capacities, time zones and opening hours; None: what the
            messages tell is all there is.
        interval_s: how often a device reports at least, unless facilities.yaml says otherwise.
        time_zone: of facilities that facilities.yaml does not name.
    """

    model_config = SettingsConfigDict(
        extra='forbid',
        frozen=True,
        hide_input_in_errors=True,
        env_prefix='PARKING_FLEET_',
        env_nested_delimiter='__',
        nested_model_default_partial_update=True,
    )

    broker: Broker = Broker()
    store: StoreSettings = StoreSettings()
    web: Web = Web()
    alerts: Alerts = Alerts()
    facilities: Path | None = None
    interval_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    time_zone: TimeZoneName = 'UTC'

    @property
    def web_folder(self) -> Path:
        """Return where the dashboard keeps who is logged in."""
        if self.web.folder is not None:
            return self.web.folder
        url = make_url(self.store.url.get_secret_value())
        is_file = url.drivername == 'sqlite' and url.database not in (None, '', ':memory:')
        return Path(url.database if is_file and url.database else 'parking-fleet').with_suffix('.web')

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take variables first, then the file."""
        file = settings_file()
        from_file = (YamlConfigSettingsSource(settings_cls, file),) if file is not None else ()
        return init_settings, env_settings, *from_file


def settings_file() -> Path | None:
    """Return the file of the settings: the one named by PARKING_FLEET_FILE, or ./parking-fleet.yaml."""
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: naming every field that is wrong.
    """
    file = settings_file()
    if file is not None and not file.is_file():
        raise SettingsError(
            f'{FILE_VARIABLE} names {file}, which is not there; create it or unset the variable'
        )
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError('\n'.join(explain_problems(error))) from None
    except yaml.YAMLError as error:
        raise SettingsError(
            f'{file} is not YAML: {getattr(error, "problem", None) or "see its syntax"}'
        ) from None


def explain_problems(error: ValidationError) -> list[str]:
    """Return a line for each thing that is wrong, without what was given."""
    return [
        f'{".".join(map(str, problem["loc"])) or "settings"}: {problem["msg"].removeprefix("Value error, ")}'
        for problem in error.errors()
    ]
