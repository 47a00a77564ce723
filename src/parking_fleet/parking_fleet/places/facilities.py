"""Read facilities.yaml: what the messages of cameras do not tell about car parks.

facilities:
  - name: Riverside garage          # as the devices call it
    title: Riverside                # as people call it; the name, unless given
    capacity: 120
    time_zone: Europe/Berlin
    opening_hours: {mon-fri: '06:00-22:00', sat: '08:00-20:00', sun: closed}
    interval_s: 120                 # how often its devices report at least
    floors:
      - {name: P1, title: First floor, capacity: 60}
devices:                            # where devices are that tell a number of cars and nothing else
  49418b480e408ef9c632fc6cb25ebfdc: {facility: Riverside garage, floor: P1}
"""

import datetime as dt
import hashlib
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from parking_fleet.errors import SettingsError
from parking_fleet.settings import TimeZoneName, explain_problems

WEEKDAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
UNNAMED_ID = 'unassigned'

_HOURS = re.compile(r'([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)')
_DAY_MINUTES = 24 * 60

Capacity = Annotated[int, Field(ge=1, le=1_000_000)]
Minutes = tuple[int, int]


class _Section(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True)


class FloorSection(_Section):
    """What is known of a floor."""

    name: str
    title: str = ''
    capacity: Capacity | None = None


class FacilitySection(_Section):
    """What is known of a car park; `opening_hours` are minutes since midnight by weekday, from Monday on."""

    name: Annotated[str, Field(min_length=1)]
    title: str = ''
    capacity: Capacity | None = None
    time_zone: TimeZoneName | None = None
    opening_hours: dict[str, str] | None = None
    interval_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    floors: tuple[FloorSection, ...] = ()

    @field_validator('opening_hours')
    @classmethod
    def _can_be_read(cls, hours: dict[str, str] | None) -> dict[str, str] | None:
        if hours is not None:
            _read_hours(hours)
        return hours

    @cached_property
    def week(self) -> tuple[Minutes | None, ...] | None:
        """Return when it is open, from Monday on, in minutes since midnight; None: always."""
        return None if self.opening_hours is None else _read_hours(self.opening_hours)

    def is_open(self, moment: dt.datetime) -> bool:
        """Return whether it is open then; hours past midnight belong to the day they began on."""
        if self.week is None:
            return True
        minute = moment.hour * 60 + moment.minute
        today, yesterday = self.week[moment.weekday()], self.week[moment.weekday() - 1]
        if today is not None and today[0] <= minute < today[1]:
            return True
        return yesterday is not None and minute < yesterday[1] - _DAY_MINUTES


class DevicePlace(_Section):
    """Where a device is."""

    facility: Annotated[str, Field(min_length=1)]
    floor: str = ''


class Facilities(_Section):
    """Hold facilities.yaml; without one, what the messages tell is all there is."""

    facilities: tuple[FacilitySection, ...] = ()
    devices: dict[str, DevicePlace] = {}
    time_zone: TimeZoneName = 'UTC'
    interval_s: float = 120.0

    @model_validator(mode='after')
    def _names_once(self) -> Self:
        names = [each.name for each in self.facilities]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f'facilities are named twice: {twice}')
        return self

    def section(self, facility: str) -> FacilitySection | None:
        """Return what is known of the facility of that name."""
        return self._by_name.get(facility)

    def zone(self, facility: str) -> ZoneInfo:
        """Return the time zone of a facility."""
        section = self.section(facility)
        return ZoneInfo((section and section.time_zone) or self.time_zone)

    def interval_of(self, facility: str) -> float:
        """Return how often devices there report at least, in seconds."""
        section = self.section(facility)
        return (section and section.interval_s) or self.interval_s

    @cached_property
    def _by_name(self) -> dict[str, FacilitySection]:
        return {each.name: each for each in self.facilities}


def load_facilities(path: Path | None, *, time_zone: str = 'UTC', interval_s: float = 120.0) -> Facilities:
    """Read facilities.yaml; None: there is none.

    Raises:
        SettingsError: naming every field that is wrong.
    """
    try:
        told = {} if path is None else yaml.safe_load(path.read_text()) or {}
    except OSError as error:
        raise SettingsError(f'{path}: {error.strerror}') from None
    except yaml.YAMLError as error:
        raise SettingsError(
            f'{path} is not YAML: {getattr(error, "problem", None) or "see its syntax"}'
        ) from None
    if not isinstance(told, dict):
        raise SettingsError(f'{path}: expected `facilities:` and, if needed, `devices:`')
    try:
        return Facilities(**{'time_zone': time_zone, 'interval_s': interval_s, **told})
    except ValidationError as error:
        raise SettingsError('\n'.join(f'{path}: {each}' for each in explain_problems(error))) from None


@lru_cache(maxsize=4_096)
def place_id(name: str) -> str:
    """Return how a facility is called in addresses, for example 'riverside-garage-1f0c3a'.

    The characters at the end keep names apart that differ in signs or case alone.
    """
    if not name:
        return UNNAMED_ID
    plain = re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:48]
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f'{plain}-{mark}' if plain else mark


def _read_hours(hours: dict[str, str]) -> tuple[Minutes | None, ...]:
    week: list[Minutes | None] = [None] * 7
    for days, text in hours.items():
        first, _, last = days.partition('-')
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise ValueError(
                f"{days!r} is no weekday; use {', '.join(WEEKDAYS)}, or a range such as 'mon-fri'"
            )
        begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        for day in range(begin, end + 1 if end >= begin else end + 8):
            week[day % 7] = _read_day(text)
    return tuple(week)


def _read_day(text: str) -> Minutes | None:
    if text == 'closed':
        return None
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} are no hours; write '06:00-22:00', '18:00-02:00' or closed")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    return begin, end if end > begin else end + _DAY_MINUTES
