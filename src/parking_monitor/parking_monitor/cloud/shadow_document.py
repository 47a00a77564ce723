"""Read what AWS IoT's device shadow service says, and take nothing for granted.

Topics and payloads: AWS IoT Core developer guide, "Device Shadow MQTT topics" and "Device Shadow
service documents". A classic shadow's state has at most 8 KB; its metadata is not counted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from parking_monitor.cloud.errors import CloudError

Json = None | bool | int | float | str | list['Json'] | dict[str, 'Json']

MAX_STATE_BYTES = 8 * 1024
MAX_DEPTH = 8
_MAX_PAYLOAD_BYTES = 128 * 1024
_LARGEST_VERSION = 2**63 - 1
_QUOTED_CHARACTERS = 200


class ShadowError(CloudError):
    """Say what is wrong with a shadow's document, or with the answer to a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDocument:
    """Hold a shadow as the service has it.

    Attributes:
        desired: what the device should do.
        reported: what the device said that it does.
        version: of the document; each update adds one.
        token: of the request that this answers; empty when it names none.
    """

    desired: Mapping[str, Json] = field(default_factory=dict)
    reported: Mapping[str, Json] = field(default_factory=dict)
    version: int = 0
    token: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowNotice:
    """Hold that a shadow was changed: the version it has since, and whose request it was.

    Attributes:
        is_desired: whether what is desired has changed, or differs from what is reported.
    """

    version: int
    token: str = ''
    is_desired: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRejection:
    """Hold why a request was refused; codes are those of HTTP, and 404 says that there is no shadow."""

    code: int
    message: str = ''
    token: str = ''


def read_document(payload: bytes) -> ShadowDocument:
    """Read an answer on `get/accepted`.

    Raises:
        ShadowError: naming what is wrong.
    """
    content = _read(payload)
    state = _mapping(content, 'state')
    return ShadowDocument(
        desired=_mapping(state, 'desired'),
        reported=_mapping(state, 'reported'),
        version=_version(content),
        token=_token(content),
    )


def read_notice(payload: bytes, *, is_delta: bool) -> ShadowNotice:
    """Read a message on `update/delta`, or else on `update/accepted`.

    Raises:
        ShadowError: naming what is wrong.
    """
    content = _read(payload)
    state = _mapping(content, 'state')
    return ShadowNotice(
        version=_version(content), token=_token(content), is_desired=is_delta or 'desired' in state
    )


def read_rejection(payload: bytes) -> ShadowRejection:
    """Read an answer on `get/rejected` or `update/rejected`.

    Raises:
        ShadowError: naming what is wrong.
    """
    content = _read(payload)
    code, message = content.get('code'), content.get('message', '')
    if not isinstance(code, int) or isinstance(code, bool):
        raise ShadowError(f'code {_quoted(code)} is no number')
    return ShadowRejection(code=code, message=str(message)[:_QUOTED_CHARACTERS], token=_token(content))


def encode_json(content: Mapping[str, Json]) -> bytes:
    """Write JSON as it is sent."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(',', ':')).encode()


def _read(payload: bytes) -> dict[str, Json]:
    if len(payload) > _MAX_PAYLOAD_BYTES:
        raise ShadowError(f'{len(payload)} bytes are more than {_MAX_PAYLOAD_BYTES}')
    try:
        content = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ShadowError(f'is not JSON: {str(error)[:_QUOTED_CHARACTERS]}') from None
    if not isinstance(content, dict):
        raise ShadowError('is not a JSON object')
    state = content.get('state')
    if isinstance(state, dict):
        # An answer to `get` has the difference once more, which the service does not count.
        state = {name: part for name, part in state.items() if name != 'delta'}
    if _depth(state) > MAX_DEPTH:
        raise ShadowError(f'the state is nested deeper than {MAX_DEPTH} levels')
    size = len(json.dumps(state, separators=(',', ':')))
    if size > MAX_STATE_BYTES:
        raise ShadowError(f'the state has {size} bytes; {MAX_STATE_BYTES} are allowed')
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f'{name} is no JSON number')


def _depth(content: Json) -> int:
    """Return how many objects and lists lie within one another; stops soon after too many."""
    depth, layer = 0, _parts([content])
    while layer and depth <= MAX_DEPTH:
        depth += 1
        layer = _parts([one for part in layer for one in part])
    return depth


def _parts(values: list[Json]) -> list[list[Json]]:
    """Return what lies in those of the values that are objects or lists."""
    return [list(value.values()) for value in values if isinstance(value, dict)] + [
        value for value in values if isinstance(value, list)
    ]


def _mapping(content: Mapping[str, Json], name: str) -> dict[str, Json]:
    value = content.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ShadowError(f'{name} {_quoted(value)} is no JSON object')
    return value


def _version(content: Mapping[str, Json]) -> int:
    version = content.get('version')
    if isinstance(version, int) and not isinstance(version, bool) and 0 <= version <= _LARGEST_VERSION:
        return version
    raise ShadowError(f'version {_quoted(version)} is no whole number of 0 or more')


def _token(content: Mapping[str, Json]) -> str:
    token = content.get('clientToken')
    return token if isinstance(token, str) else ''


def _quoted(value: Json) -> str:
    return ascii(value)[:60]
