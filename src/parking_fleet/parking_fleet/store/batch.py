"""Hold what is written in one transaction, and what came of it."""

import enum
from dataclasses import dataclass, field

from parking_fleet.messages.values import CountReport, CrossingReport, PresenceReport


class Clock(enum.IntEnum):
    """Say what the time of a message rests on; the numbers are stored."""

    SYNCED = 0
    UNSYNCED = 1
    """The device's clock was not kept by a time server; its time is plausible and was taken."""
    ARRIVAL = 2
    """The device's time cannot be right, or it gave none: the time of arrival was taken."""


@dataclass(frozen=True, slots=True)
class CountEntry:
    """Hold a count with its place in time; times are Unix milliseconds."""

    report: CountReport
    thing: str
    received_ms: int
    placed_ms: int
    clock: Clock
    is_live: bool


@dataclass(frozen=True, slots=True)
class CrossingEntry:
    """Hold a crossing with its place in time."""

    report: CrossingReport
    thing: str
    received_ms: int
    placed_ms: int
    clock: Clock


@dataclass(frozen=True, slots=True)
class PresenceEntry:
    """Hold that a device came or went."""

    report: PresenceReport
    thing: str
    received_ms: int


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """Hold a message that is none, for a person to look at."""

    topic: str
    reason: str
    payload: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Hold what is written together."""

    counts: list[CountEntry] = field(default_factory=list)
    crossings: list[CrossingEntry] = field(default_factory=list)
    presences: list[PresenceEntry] = field(default_factory=list)
    rejected: list[RejectedEntry] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.counts) + len(self.crossings) + len(self.presences) + len(self.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Hold what was new in a batch, once it is committed."""

    counts: list[CountEntry]
    crossings: list[CrossingEntry]
    presences: list[PresenceEntry]
    duplicates: int
