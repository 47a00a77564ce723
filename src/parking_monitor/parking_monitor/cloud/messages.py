"""Say counts, crossings and presence in JSON, as receivers of the fleet read them.

The keys of the reference, `uuid` and `cars`, come first and keep their names.
Keys are only ever added within a schema version, so a receiver ignores what it does
not know. The JSON Schemas of all messages lie in `schemas/`.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parking_monitor.cloud.errors import MessageTooLargeError
from parking_monitor.values import (
    BayCount,
    BayState,
    Count,
    CountState,
    Crossing,
    Direction,
    GateCount,
    Occupancy,
    ZoneCount,
)

COUNT_SCHEMA: Literal['parking.count/1'] = 'parking.count/1'
CROSSING_SCHEMA: Literal['parking.crossing/1'] = 'parking.crossing/1'
PRESENCE_SCHEMA: Literal['parking.presence/1'] = 'parking.presence/1'

MAX_MESSAGE_BYTES = 128 * 1024
"""The largest payload that AWS IoT Core takes."""

StateName = Literal['UNKNOWN', 'OK', 'STALE', 'FROZEN', 'COVERED', 'MOVED']
BayStateName = Literal['UNKNOWN', 'FREE', 'OCCUPIED']
DirectionName = Literal['IN', 'OUT']
PresenceStatus = Literal['online', 'offline']

_UTC_PATTERN = r'^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$'
_STATE_NAMES: dict[CountState, StateName] = {
    CountState.UNKNOWN: 'UNKNOWN',
    CountState.OK: 'OK',
    CountState.STALE: 'STALE',
    CountState.FROZEN: 'FROZEN',
    CountState.COVERED: 'COVERED',
    CountState.MOVED: 'MOVED',
}
_BAY_STATE_NAMES: dict[BayState, BayStateName] = {
    BayState.UNKNOWN: 'UNKNOWN',
    BayState.FREE: 'FREE',
    BayState.OCCUPIED: 'OCCUPIED',
}
# Numbers as long as they can get, for the size of the largest message.
_LARGEST_NUMBER = 2**32 - 1
_LARGEST_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Say where a count comes from.

    Attributes:
        uuid: the device's id, `BALENA_DEVICE_UUID` on balena.
        camera: the camera's name on that device.
        facility: the car park.
        floor: the floor that the camera looks at.
    """

    uuid: str
    camera: str
    facility: str = ''
    floor: str = ''


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class ZoneMessage(_Message):
    """Hold the cars and the places in one zone."""

    name: str
    cars: int = Field(ge=0, description='Cars in the zone now, also those that only pass.')
    capacity: int = Field(
        ge=0, description='Places of the zone: occupied + free + unknown; 0 means that none was given.'
    )
    occupied: int = Field(default=0, ge=0)
    free: int = Field(default=0, ge=0)
    unknown: int = Field(default=0, ge=0, description='Places of which neither is known now.')


class BayMessage(_Message):
    """Hold what is claimed of one bay."""

    name: str
    state: BayStateName = Field(description='UNKNOWN while it cannot be seen.')
    last: BayStateName | None = Field(
        default=None,
        exclude_if=lambda last: last is None,
        description='Only while state is UNKNOWN: what it was when last known; UNKNOWN if it never was.',
    )
    confidence: float = Field(
        default=0.0, ge=0, le=1, description='In the last known state; falls while it cannot be seen.'
    )


class GateMessage(_Message):
    """Hold the cars that went through one gate since the totals began."""

    name: str
    entered: int = Field(ge=0)
    left: int = Field(ge=0)


class CountMessage(_Message):
    """Hold what one camera counts, as a receiver sees it.

    Keys with a default were added later: a message of an older device lacks them.
    """

    uuid: str = Field(min_length=1, description='The device that counted.')
    cars: int = Field(ge=0, description='Cars in the picture; the last known number unless state is OK.')
    schema_: Literal['parking.count/1'] = Field(alias='schema', description='Name and version of this form.')
    seq: int = Field(ge=0, description='Rises with every message of the device.')
    observed_at: str = Field(
        pattern=_UTC_PATTERN,
        description='UTC time of the picture counted; the time of sending while nothing was seen yet.',
    )
    camera: str = Field(min_length=1)
    facility: str
    floor: str
    state: StateName = Field(
        description='UNKNOWN: nothing seen yet. OK: fresh. STALE: nothing fresh seen. FROZEN: the same '
        'picture comes again and again. COVERED: nothing can be seen. MOVED: the camera looks elsewhere.'
    )
    zones: tuple[ZoneMessage, ...]
    entered: int = Field(ge=0, description='Cars that came in through the gates since the totals began.')
    left: int = Field(ge=0, description='Cars that went out through the gates since the totals began.')
    net: int = Field(description='Cars inside by the totals: at the start, plus entered, less left.')
    capacity: int = Field(
        default=0, ge=0, description='All bays, and the places of all zones without bays; 0: none given.'
    )
    occupied: int = Field(default=0, ge=0)
    free: int = Field(default=0, ge=0)
    unknown: int = Field(default=0, ge=0, description='Places of which neither is known now.')
    bays: tuple[BayMessage, ...] = ()
    gates: tuple[GateMessage, ...] = ()
    entered_today: int = Field(default=0, ge=0, description="Since midnight in the car park's time zone.")
    left_today: int = Field(default=0, ge=0, description="Since midnight in the car park's time zone.")
    set_by_hand: bool = Field(
        default=False, description='A person has set a total since the message before this one.'
    )
    clock_synced: bool = Field(
        default=False, description="Whether the device's clock was kept by a time server at that time."
    )
    dropped: int = Field(
        default=0, ge=0, description='Messages that the device has given up so far, its outbox being full.'
    )


class CrossingMessage(_Message):
    """Hold that one car went through one gate."""

    uuid: str = Field(min_length=1, description='The device that saw it.')
    schema_: Literal['parking.crossing/1'] = Field(
        alias='schema', description='Name and version of this form.'
    )
    seq: int = Field(ge=0, description='Rises with every message of the device, counts included.')
    observed_at: str = Field(
        pattern=_UTC_PATTERN, description='UTC time of the picture in which it was certain.'
    )
    camera: str = Field(min_length=1)
    facility: str
    floor: str
    gate: str
    direction: DirectionName
    track: int = Field(ge=0, description='Number of the car, unique within one run of the counter.')
    clock_synced: bool = Field(
        default=False, description="Whether the device's clock was kept by a time server at that time."
    )
    dropped: int = Field(
        default=0, ge=0, description='Messages that the device has given up so far, its outbox being full.'
    )


class PresenceMessage(_Message):
    """Hold whether a device is connected; retained by the broker."""

    uuid: str = Field(min_length=1, description='The device.')
    schema_: Literal['parking.presence/1'] = Field(
        alias='schema', description='Name and version of this form.'
    )
    status: PresenceStatus
    at: str | None = Field(
        pattern=_UTC_PATTERN,
        description='UTC time when the device said so; null when the broker says it of a lost device.',
    )


def count_message(
    count: Count, origin: Origin, *, seq: int, now_ns: int, clock_synced: bool = False, dropped: int = 0
) -> CountMessage:
    """Make the message of a count.

    Args:
        count: what is claimed.
        origin: where it comes from.
        seq: the number of this message.
        now_ns: Unix nanoseconds; taken as the time of a count that has no picture.
        clock_synced: whether the device's clock is kept by a time server.
        dropped: messages that the device has given up so far.
    """
    # What is known of places holds only while they are seen, whoever made the count a lost one.
    seen = count if count.state is CountState.OK else count.lost(count.state)
    return CountMessage(
        uuid=origin.uuid,
        cars=seen.cars,
        schema=COUNT_SCHEMA,
        seq=seq,
        observed_at=utc_text(seen.stamp_ns or now_ns),
        camera=origin.camera,
        facility=origin.facility,
        floor=origin.floor,
        state=_STATE_NAMES[seen.state],
        zones=tuple(_zone_message(zone) for zone in seen.zones),
        entered=seen.entered,
        left=seen.left,
        net=seen.net,
        capacity=seen.places.capacity,
        occupied=seen.places.occupied,
        free=seen.places.free,
        unknown=seen.places.unknown,
        bays=tuple(_bay_message(bay) for bay in seen.bays),
        gates=tuple(GateMessage(name=gate.name, entered=gate.entered, left=gate.left) for gate in seen.gates),
        entered_today=seen.entered_today,
        left_today=seen.left_today,
        set_by_hand=seen.set_by_hand,
        clock_synced=clock_synced,
        dropped=dropped,
    )


def crossing_message(
    crossing: Crossing, origin: Origin, *, seq: int, clock_synced: bool = False, dropped: int = 0
) -> CrossingMessage:
    """Make the message of a crossing.

    Args:
        crossing: what was seen.
        origin: where it comes from.
        seq: the number of this message.
        clock_synced: whether the device's clock is kept by a time server.
        dropped: messages that the device has given up so far.
    """
    return CrossingMessage(
        uuid=origin.uuid,
        schema=CROSSING_SCHEMA,
        seq=seq,
        observed_at=utc_text(crossing.stamp_ns),
        camera=origin.camera,
        facility=origin.facility,
        floor=origin.floor,
        gate=crossing.gate,
        direction='IN' if crossing.direction is Direction.IN else 'OUT',
        track=crossing.track_id,
        clock_synced=clock_synced,
        dropped=dropped,
    )


def largest_count_bytes(
    origin: Origin, *, zones: Sequence[str], bays: Sequence[str], gates: Sequence[str]
) -> int:
    """Return the size in bytes that the message of a camera can have at most, given all its names."""
    full = Occupancy(_LARGEST_NUMBER, _LARGEST_NUMBER, _LARGEST_NUMBER)
    count = Count(
        stamp_ns=0,
        state=CountState.COVERED,
        cars=_LARGEST_NUMBER,
        zones=tuple(ZoneCount(name, _LARGEST_NUMBER, full) for name in zones),
        bays=tuple(BayCount(name=name, last=BayState.OCCUPIED, confidence=0.99) for name in bays),
        gates=tuple(GateCount(name, _LARGEST_NUMBER, _LARGEST_NUMBER) for name in gates),
        places=full,
        entered=_LARGEST_NUMBER,
        left=_LARGEST_NUMBER,
        entered_today=_LARGEST_NUMBER,
        left_today=_LARGEST_NUMBER,
        inside_at_start=-_LARGEST_NUMBER,
    )
    return len(_payload(count_message(count, origin, seq=_LARGEST_SEQ, now_ns=0, dropped=_LARGEST_SEQ)))


def _zone_message(zone: ZoneCount) -> ZoneMessage:
    places = zone.places
    return ZoneMessage(
        name=zone.name,
        cars=zone.cars,
        capacity=places.capacity,
        occupied=places.occupied,
        free=places.free,
        unknown=places.unknown,
    )


def _bay_message(bay: BayCount) -> BayMessage:
    return BayMessage(
        name=bay.name,
        state=_BAY_STATE_NAMES[bay.state],
        last=_BAY_STATE_NAMES[bay.last] if bay.state is BayState.UNKNOWN else None,
        confidence=round(bay.confidence, 2),
    )


def presence_message(uuid: str, status: PresenceStatus, at_ns: int | None) -> PresenceMessage:
    """Make the message of a device's presence.

    Args:
        uuid: the device.
        status: whether it is connected.
        at_ns: Unix nanoseconds; None in a last will, whose time the device cannot know.
    """
    at = None if at_ns is None else utc_text(at_ns)
    return PresenceMessage(uuid=uuid, schema=PRESENCE_SCHEMA, status=status, at=at)


def encode(message: CountMessage | CrossingMessage | PresenceMessage) -> bytes:
    """Return a message as compact JSON in UTF-8.

    Raises:
        MessageTooLargeError: when it is over 128 KB.
    """
    payload = _payload(message)
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageTooLargeError(
            f'{message.schema_} message of {len(payload)} bytes is over the limit of {MAX_MESSAGE_BYTES}; '
            'configure fewer zones and bays, or shorter names'
        )
    return payload


def _payload(message: CountMessage | CrossingMessage | PresenceMessage) -> bytes:
    return message.model_dump_json(by_alias=True).encode()


def utc_text(stamp_ns: int) -> str:
    """Return Unix nanoseconds as ISO 8601 in UTC with milliseconds, for example 2026-03-01T08:15:30.250Z."""
    seconds, rest_ns = divmod(stamp_ns, 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f'{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z'
