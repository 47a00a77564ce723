"""Hold what the store knows; times are Unix milliseconds (`_ms`) or seconds (`_s`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from parking_fleet.messages.values import Direction, State

Step = Literal['minute', 'quarter', 'day']
BayStateName = Literal['UNKNOWN', 'FREE', 'OCCUPIED']


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Hold one zone as a camera last told it."""

    name: str
    cars: int
    capacity: int
    occupied: int
    free: int
    unknown: int


@dataclass(frozen=True, slots=True)
class BayState:
    """Hold one bay as a camera last told it; `last` is what it was when last known."""

    name: str
    state: BayStateName
    last: BayStateName
    confidence: float


@dataclass(frozen=True, slots=True)
class GateState:
    """Hold the totals of one gate."""

    name: str
    entered: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """Hold the newest count of one camera.

    `camera`, `facility` and `floor` are empty for a device that tells a number of cars and nothing else.
    """

    uuid: str
    camera: str
    facility: str
    floor: str
    seq: int
    observed_ms: int
    received_ms: int
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
    zones: tuple[ZoneState, ...]
    bays: tuple[BayState, ...]
    gates: tuple[GateState, ...]

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from every other camera."""
        return self.uuid, self.camera

    @classmethod
    def make(
        cls,
        numbers: Mapping[str, Any],
        *,
        zones: Iterable[Mapping[str, Any]],
        bays: Iterable[Mapping[str, Any]],
        gates: Iterable[Mapping[str, Any]],
    ) -> Self:
        """Return it with its zones, bays and gates as a message tells them."""
        return cls(
            **numbers,
            zones=tuple(
                ZoneState(
                    each['name'],
                    int(each['cars']),
                    int(each['capacity']),
                    *(int(each.get(name, 0)) for name in ('occupied', 'free', 'unknown')),
                )
                for each in zones
            ),
            bays=tuple(_bay(each) for each in bays),
            gates=tuple(GateState(each['name'], int(each['entered']), int(each['left'])) for each in gates),
        )


def _bay(told: Mapping[str, Any]) -> BayState:
    state: BayStateName = told['state']
    last: BayStateName = told.get('last') or 'UNKNOWN' if state == 'UNKNOWN' else state
    return BayState(told['name'], state, last, float(told.get('confidence', 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """Hold what is known of a device.

    Attributes:
        thing: its name on the broker; empty when only a shared topic was heard.
        first_ms: its first message came in.
        last_ms: its last message came in; 0: none yet.
        presence: 'online', 'offline', or '' when it never said.
        presence_ms: when that came in.
        clock_synced: whether its clock is kept by a time server; None: it never said.
        clock_offset_ms: how much later than its own clock its newest fresh count came in.
        dropped: messages that it has given up.
        interval_s: how often it reports at least, where known.
        model: its model and version, where known.
        certificate_until_ms: its certificate ends then, where known.
        temperature_c: of its hottest part, in steps of 5 °C, where known.
        waiting: messages in its outbox, by the first digit; 0: fewer than 10; where known.
    """

    uuid: str
    thing: str
    first_ms: int
    last_ms: int
    presence: str
    presence_ms: int
    clock_synced: bool | None
    clock_offset_ms: int | None
    dropped: int
    interval_s: float | None
    model: str | None
    certificate_until_ms: int | None = None
    temperature_c: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """Hold what a place was like in one bucket: sums over its cameras.

    Attributes:
        start_s: Unix seconds; of a day, the midnight in UTC of its date at the facility.
        cars: at the end of the bucket.
        cars_mean: of the samples of each camera; None when nothing was known.
        cars_least: sum of each camera's least; the place never had fewer.
        cars_most: sum of each camera's most; the place never had more.
        occupied, free, unknown, capacity: places at the end of the bucket; a bay that several cameras see
            is shared among them, as they see it now.
        occupied_mean: of the samples of each camera; None when nothing was known.
        occupied_most: sum of each camera's most.
        cameras: how many cameras reported.
        known: how many samples were of a camera that saw.
    """

    start_s: int
    cars: int
    cars_mean: float | None
    cars_least: int | None
    cars_most: int | None
    occupied: int
    free: int
    unknown: int
    capacity: int
    occupied_mean: float | None
    occupied_most: int | None
    cameras: int
    known: int


@dataclass(frozen=True, slots=True)
class FacilityPoint:
    """Hold how many places of a facility were occupied and free at the end of a bucket."""

    facility: str
    start_s: int
    occupied: int
    free: int


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """Hold the cars through gates in one bucket."""

    start_s: int
    gate: str
    entered: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingRecord:
    """Hold one car through one gate."""

    uuid: str
    seq: int
    camera: str
    facility: str
    floor: str
    observed_ms: int
    received_ms: int
    gate: str
    direction: Direction
    track: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecord:
    """Hold one count as it is kept raw."""

    uuid: str
    seq: int
    camera: str
    facility: str
    floor: str
    observed_ms: int
    received_ms: int
    clock: str
    state: State
    cars: int
    entered: int
    left: int
    capacity: int
    occupied: int
    free: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedMessage:
    """Hold an invalid message; `payload` is its beginning."""

    id: int
    received_ms: int
    topic: str
    reason: str
    payload: bytes
    size_bytes: int
