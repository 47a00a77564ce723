"""Say counts and presence in JSON, as receivers of the fleet read them.

The keys of the reference, `uuid` and `cars`, come first and keep their names.
Keys are only ever added within a schema version, so a receiver ignores what it does
not know. The JSON Schemas of both messages lie in `schemas/`.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parking_monitor.cloud.errors import MessageTooLargeError
from parking_monitor.values import Count, CountState

COUNT_SCHEMA: Literal['parking.count/1'] = 'parking.count/1'
PRESENCE_SCHEMA: Literal['parking.presence/1'] = 'parking.presence/1'

MAX_MESSAGE_BYTES = 128 * 1024
"""The largest payload that AWS IoT Core takes."""

StateName = Literal['UNKNOWN', 'OK', 'STALE']
PresenceStatus = Literal['online', 'offline']

_UTC_PATTERN = r'^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$'
_STATE_NAMES: dict[CountState, StateName] = {
    CountState.UNKNOWN: 'UNKNOWN',
    CountState.OK: 'OK',
    CountState.STALE: 'STALE',
}


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
    """Hold the cars in one zone."""

    name: str
    cars: int = Field(ge=0, description='Cars in the zone now.')
    capacity: int = Field(ge=0, description='Bays of the zone; 0 means that none was given.')


class CountMessage(_Message):
    """Hold what one camera counts, as a receiver sees it."""

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
    state: StateName = Field(description='UNKNOWN: nothing seen yet. OK: fresh. STALE: nothing fresh seen.')
    zones: tuple[ZoneMessage, ...]
    entered: int = Field(ge=0, description='Cars that came in through the gates since the totals began.')
    left: int = Field(ge=0, description='Cars that went out through the gates since the totals began.')
    net: int = Field(description='Entered less left.')


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


def count_message(count: Count, origin: Origin, *, seq: int, now_ns: int) -> CountMessage:
    """Make the message of a count.

    Args:
        count: what is claimed.
        origin: where it comes from.
        seq: the number of this message.
        now_ns: Unix nanoseconds; taken as the time of a count that has no picture.
    """
    return CountMessage(
        uuid=origin.uuid,
        cars=count.cars,
        schema=COUNT_SCHEMA,
        seq=seq,
        observed_at=utc_text(count.stamp_ns or now_ns),
        camera=origin.camera,
        facility=origin.facility,
        floor=origin.floor,
        state=_STATE_NAMES[count.state],
        zones=tuple(
            ZoneMessage(name=zone.name, cars=zone.cars, capacity=zone.capacity) for zone in count.zones
        ),
        entered=count.entered,
        left=count.left,
        net=count.net,
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


def encode(message: CountMessage | PresenceMessage) -> bytes:
    """Return a message as compact JSON in UTF-8.

    Raises:
        MessageTooLargeError: when it is over 128 KB.
    """
    payload = message.model_dump_json(by_alias=True).encode()
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageTooLargeError(
            f'{message.schema_} message of {len(payload)} bytes is over the limit of {MAX_MESSAGE_BYTES}; '
            'configure fewer zones or shorter names'
        )
    return payload


def utc_text(stamp_ns: int) -> str:
    """Return Unix nanoseconds as ISO 8601 in UTC with milliseconds, for example 2026-03-01T08:15:30.250Z."""
    seconds, rest_ns = divmod(stamp_ns, 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f'{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z'
