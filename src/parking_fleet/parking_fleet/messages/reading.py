"""Turn a payload into a checked value, or say why it is none.

The published JSON Schemas are the authority. What they leave open and a store cannot hold (numbers
over 64 bits, NUL in a name, the 31st of February) is refused here too.
"""

import datetime as dt
import enum
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import orjson

from parking_fleet.errors import InvalidMessageError
from parking_fleet.messages.values import BareCount, CountReport, CrossingReport, PresenceReport, Report

MAX_PAYLOAD_BYTES = 128 * 1024
"""The largest message that AWS IoT Core carries."""

MAX_NAME_CHARACTERS = 256
MAX_NUMBER = 2**31 - 1
MAX_SEQ = 2**63 - 1

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)
_BARE_SCHEMA = {
    'type': 'object',
    'required': ['uuid', 'cars'],
    'properties': {'uuid': {'type': 'string', 'minLength': 1}, 'cars': {'type': 'integer', 'minimum': 0}},
}
_NUMBERS = (
    'cars',
    'entered',
    'left',
    'net',
    'capacity',
    'occupied',
    'free',
    'unknown',
    'entered_today',
    'left_today',
)


class Kind(enum.Enum):
    """Name what is expected at a topic."""

    COUNT = 'parking.count/1'
    CROSSING = 'parking.crossing/1'
    PRESENCE = 'parking.presence/1'


def schema_text(kind: Kind) -> str:
    """Return the published JSON Schema of a kind of message."""
    name = f'{kind.value.replace("/", ".")}.json'
    return (files('parking_fleet.messages') / 'schemas' / name).read_text()


def read_message(kind: Kind, payload: bytes) -> Report:
    """Return what a payload says.

    A count without `schema` and `seq` is the reference system's `{"uuid", "cars"}`.

    Raises:
        InvalidMessageError: saying what is wrong; never anything else, whatever the payload is.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise InvalidMessageError(f'{len(payload)} bytes are over the limit of {MAX_PAYLOAD_BYTES}')
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InvalidMessageError(f'not JSON: {error.msg}') from None
    if not isinstance(content, dict):
        raise InvalidMessageError('not a JSON object')
    if kind is Kind.COUNT and 'schema' not in content and 'seq' not in content:
        _check(_bare_validator(), content)
        return BareCount(uuid=_name(content, 'uuid'), cars=_number(content, 'cars'))
    _check(_validator(kind), content)
    return _READERS[kind](content)


@lru_cache
def _validator(kind: Kind) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(orjson.loads(schema_text(kind)))


@lru_cache
def _bare_validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_BARE_SCHEMA)


def _check(validator: jsonschema_rs.Draft202012Validator, content: dict[str, Any]) -> None:
    if not validator.is_valid(content):
        problem = next(iter(validator.iter_errors(content)))
        place = '.'.join(map(str, problem.instance_path)) or 'message'
        raise InvalidMessageError(f'{place}: {problem.message[:300]}')


def _read_count(content: dict[str, Any]) -> CountReport:
    numbers = {name: _number(content, name) for name in _NUMBERS}
    return CountReport(
        uuid=_name(content, 'uuid'),
        seq=_number(content, 'seq', MAX_SEQ),
        observed_ms=_time_ms(content['observed_at'], 'observed_at'),
        camera=_name(content, 'camera'),
        facility=_name(content, 'facility'),
        floor=_name(content, 'floor'),
        state=content['state'],
        clock_synced=content.get('clock_synced', False),
        dropped=_number(content, 'dropped', MAX_SEQ),
        zones=_details(content, 'zones'),
        bays=_details(content, 'bays'),
        gates=_details(content, 'gates'),
        **numbers,
    )


def _read_crossing(content: dict[str, Any]) -> CrossingReport:
    return CrossingReport(
        uuid=_name(content, 'uuid'),
        seq=_number(content, 'seq', MAX_SEQ),
        observed_ms=_time_ms(content['observed_at'], 'observed_at'),
        camera=_name(content, 'camera'),
        facility=_name(content, 'facility'),
        floor=_name(content, 'floor'),
        gate=_name(content, 'gate'),
        direction=content['direction'],
        track=_number(content, 'track', MAX_SEQ),
        clock_synced=content.get('clock_synced', False),
        dropped=_number(content, 'dropped', MAX_SEQ),
    )


def _read_presence(content: dict[str, Any]) -> PresenceReport:
    at = content['at']
    return PresenceReport(
        uuid=_name(content, 'uuid'),
        status=content['status'],
        at_ms=None if at is None else _time_ms(at, 'at'),
    )


_READERS: dict[Kind, Callable[[dict[str, Any]], Report]] = {
    Kind.COUNT: _read_count,
    Kind.CROSSING: _read_crossing,
    Kind.PRESENCE: _read_presence,
}


def _name(content: dict[str, Any], field: str) -> str:
    text: str = content[field]
    if len(text) > MAX_NAME_CHARACTERS or '\0' in text:
        raise InvalidMessageError(f'{field}: over {MAX_NAME_CHARACTERS} characters, or has NUL in it')
    return text


def _number(content: dict[str, Any], field: str, largest: int = MAX_NUMBER) -> int:
    # JSON Schema takes 3.0 and 1e300 for integers.
    number = int(content.get(field, 0))
    if abs(number) > largest:
        raise InvalidMessageError(f'{field}: {str(number)[:40]} is over {largest}')
    return number


def _details(content: dict[str, Any], field: str) -> tuple[dict[str, Any], ...]:
    details = tuple(content.get(field, ()))
    for each in details:
        _name(each, 'name')
        for key, value in each.items():
            if isinstance(value, (int, float)) and not abs(value) <= MAX_NUMBER:
                raise InvalidMessageError(f'{field}: {key} is over {MAX_NUMBER}')
    return details


def _time_ms(text: str, field: str) -> int:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InvalidMessageError(f'{field}: {text!r} is no date and time') from None
    return (moment - _EPOCH) // _MILLISECOND
