"""Keep classic shadows as AWS IoT Core does: versions, merging, deltas, and its refusals.

Developer guide, "Device Shadow service documents" and "Interacting with shadows". No network:
a request in, the messages that the service publishes out.
"""

import json
from typing import Any

MAX_STATE_BYTES = 8 * 1024

Message = tuple[str, Any]
"""A topic and what is published there, as JSON."""


def shadow_topic(thing: str, rest: str) -> str:
    return f'$aws/things/{thing}/shadow/{rest}'


class ShadowService:
    """Hold the shadows of things.

    Attributes:
        states: desired and reported, by thing.
        versions: by thing; a shadow made within 48 hours of its deletion goes on counting.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        """Return what is published when somebody asks; nothing for topics that are no requests."""
        thing, _, request = topic.removeprefix('$aws/things/').partition('/shadow/')
        try:
            asked = json.loads(payload or b'{}')
        except ValueError:
            asked = {}
        if request == 'get':
            return self._get(thing, asked)
        return self._update(thing, asked) if request == 'update' else []

    def desire(self, thing: str, desired: dict[str, Any]) -> list[Message]:
        """Do what an operator's `aws iot-data update-thing-shadow` does."""
        return self._update(thing, {'state': {'desired': desired}})

    def reported(self, thing: str) -> Any:
        """Return what a thing has reported; None when it has not."""
        return self.states.get(thing, {}).get('reported')

    def _get(self, thing: str, asked: Any) -> list[Message]:
        state = self.states.get(thing)
        if state is None:
            body = {'code': 404, 'message': f"No shadow exists with name: '{thing}'", 'timestamp': 1}
            return [(shadow_topic(thing, 'get/rejected'), _with_token(body, asked))]
        delta = _difference(state.get('desired', {}), state.get('reported', {}))
        whole = {**state, **({'delta': delta} if delta else {})}
        body = {'state': whole, 'metadata': {}, 'version': self.versions.get(thing, 1), 'timestamp': 1}
        return [(shadow_topic(thing, 'get/accepted'), _with_token(body, asked))]

    def _update(self, thing: str, asked: Any) -> list[Message]:
        changes = asked['state']
        merged = _merged(self.states.get(thing, {}), changes)
        if len(json.dumps(merged)) > MAX_STATE_BYTES:
            body = {'code': 413, 'message': 'The payload exceeds the maximum size allowed', 'timestamp': 1}
            return [(shadow_topic(thing, 'update/rejected'), _with_token(body, asked))]
        self.states[thing] = merged
        version = self.versions[thing] = self.versions.get(thing, 0) + 1
        body = {'state': changes, 'metadata': {}, 'version': version, 'timestamp': 1}
        messages = [(shadow_topic(thing, 'update/accepted'), _with_token(body, asked))]
        delta = _difference(merged.get('desired', {}), merged.get('reported', {}))
        if delta:
            body = {'state': delta, 'metadata': {}, 'version': version, 'timestamp': 1}
            messages.append((shadow_topic(thing, 'update/delta'), _with_token(body, asked)))
        return messages


def _with_token(body: dict[str, Any], asked: Any) -> dict[str, Any]:
    return {**body, 'clientToken': asked['clientToken']} if 'clientToken' in asked else body


def _merged(have: Any, changes: Any) -> Any:
    """Put changes over what is there; null takes a key away, an object is merged, all else replaced."""
    if not isinstance(changes, dict):
        return changes
    result = dict(have) if isinstance(have, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _difference(desired: dict[str, Any], reported: dict[str, Any]) -> dict[str, Any]:
    """Return what of the desired state is reported differently, or not at all."""
    delta: dict[str, Any] = {}
    for key, value in desired.items():
        other = reported.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            if inner := _difference(value, other):
                delta[key] = inner
        elif value != other:
            delta[key] = value
    return delta
