"""Hold what devices say, checked; times are Unix milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal['UNKNOWN', 'OK', 'STALE', 'FROZEN', 'COVERED', 'MOVED']
Direction = Literal['IN', 'OUT']
Presence = Literal['online', 'offline']
Details = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReport:
    """Hold what one camera counts; see `schemas/parking.count.1.json` for what the numbers mean."""

    uuid: str
    seq: int
    observed_ms: int
    camera: str
    facility: str
    floor: str
    state: State
    cars: int
    entered: int
    left: int
    net: int
    capacity: int
    occupied: int
    free: int
    unknown: int
    entered_today: int
    left_today: int
    clock_synced: bool
    dropped: int
    zones: Details
    bays: Details
    gates: Details


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingReport:
    """Hold that one car went through one gate."""

    uuid: str
    seq: int
    observed_ms: int
    camera: str
    facility: str
    floor: str
    gate: str
    direction: Direction
    track: int
    clock_synced: bool
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceReport:
    """Hold whether a device is connected; at_ms is None when the broker says it of a lost device."""

    uuid: str
    status: Presence
    at_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BareCount:
    """Hold the reference system's payload, which has a number of cars and nothing else."""

    uuid: str
    cars: int


Report = CountReport | CrossingReport | PresenceReport | BareCount
