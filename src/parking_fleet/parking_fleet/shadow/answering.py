"""Answer a request to a shadow: the messages that AWS IoT Core would publish.

Pure. Topics and payloads: AWS IoT Core developer guide, "Device Shadow MQTT topics" and
"Device Shadow service documents".
"""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from parking_fleet.shadow.document import (
    MAX_TOKEN_BYTES,
    Document,
    ShadowRefusal,
    restricted,
    updated,
)

Verb = Literal['get', 'update', 'delete']
VERBS: tuple[Verb, ...] = ('get', 'update', 'delete')
_PREFIX = '$aws/things/'
_MAX_REQUEST_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """Hold what is to be published."""

    topic: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold the shadow after a request, and what is published."""

    document: Document
    messages: tuple[Message, ...]


def shadow_topic(thing: str, rest: str) -> str:
    """Return a topic of a thing's classic shadow."""
    return f'{_PREFIX}{thing}/shadow/{rest}'


def split_topic(topic: str) -> tuple[str, str] | None:
    """Return a thing and what follows `shadow/`; None where the topic is of no classic shadow."""
    thing, found, rest = topic.removeprefix(_PREFIX).partition('/shadow/')
    if not topic.startswith(_PREFIX) or not found or not thing or '/' in thing or rest.startswith('name/'):
        return None
    return thing, rest


def answer(document: Document, thing: str, verb: Verb, payload: bytes, now_s: int) -> Answer:
    """Return what becomes of a request; never raises, whatever is asked.

    Args:
        document: the shadow as it is.
        thing: whose it is.
        verb: what is asked for.
        payload: what was sent.
        now_s: Unix seconds.
    """
    token: dict[str, Any] = {}
    try:
        request = _request(payload, verb)
        token = _token(request)
        if verb == 'get':
            return Answer(document, (_got(document, thing, token, now_s),))
        if verb == 'delete':
            return _deleted(document, thing, token, now_s)
        return _updated(document, thing, request, token, now_s)
    except ShadowRefusal as refusal:
        content = {'code': refusal.code, 'message': refusal.reason, 'timestamp': now_s, **token}
        return Answer(document, (Message(shadow_topic(thing, f'{verb}/rejected'), content),))


def _request(payload: bytes, verb: Verb) -> dict[str, Any]:
    if len(payload) > _MAX_REQUEST_BYTES:
        raise ShadowRefusal(413, 'The payload exceeds the maximum size allowed')
    if not payload.strip() and verb != 'update':
        return {}
    try:
        request = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise ShadowRefusal(400, 'Invalid JSON') from None
    if not isinstance(request, dict):
        raise ShadowRefusal(400, 'Invalid JSON')
    return request


def _token(request: dict[str, Any]) -> dict[str, Any]:
    token = request.get('clientToken')
    if token is None:
        return {}
    if not isinstance(token, str) or len(token.encode()) > MAX_TOKEN_BYTES:
        raise ShadowRefusal(400, 'Invalid clientToken')
    return {'clientToken': token}


def _got(document: Document, thing: str, token: dict[str, Any], now_s: int) -> Message:
    if document.state is None:
        raise ShadowRefusal(404, f"No shadow exists with name: '{thing}'")
    state: dict[str, Any] = dict(document.state)
    if delta := document.delta:
        state['delta'] = delta
    content = {
        'state': state,
        'metadata': document.metadata,
        'version': document.version,
        'timestamp': now_s,
        **token,
    }
    return Message(shadow_topic(thing, 'get/accepted'), content)


def _deleted(document: Document, thing: str, token: dict[str, Any], now_s: int) -> Answer:
    if document.state is None:
        raise ShadowRefusal(404, f"No shadow exists with name: '{thing}'")
    content = {'version': document.version, 'timestamp': now_s, **token}
    # Versions go on: who knows an old one is not to take a new shadow for it.
    return Answer(
        Document(version=document.version), (Message(shadow_topic(thing, 'delete/accepted'), content),)
    )


def _updated(
    document: Document, thing: str, request: dict[str, Any], token: dict[str, Any], now_s: int
) -> Answer:
    after = updated(document, request, now_s)
    changes: dict[str, Any] = request['state']
    common = {'version': after.version, 'timestamp': now_s, **token}
    messages = [
        Message(
            shadow_topic(thing, 'update/accepted'),
            {'state': changes, 'metadata': restricted(after.metadata, changes), **common},
        )
    ]
    if delta := after.delta:
        messages.append(
            Message(
                shadow_topic(thing, 'update/delta'),
                {'state': delta, 'metadata': after.delta_metadata, **common},
            )
        )
    messages.append(
        Message(
            shadow_topic(thing, 'update/documents'),
            {'previous': _whole(document), 'current': _whole(after), 'timestamp': now_s, **token},
        )
    )
    return Answer(after, tuple(messages))


def _whole(document: Document) -> dict[str, Any]:
    return {'state': document.state or {}, 'metadata': document.metadata, 'version': document.version}
