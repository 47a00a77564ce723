"""Keep shadows in memory by the fleet service's own rules, which are those of AWS IoT Core.

No network: a request in, the messages that the service publishes out.
"""

import json
import time
from typing import Any

from parking_fleet.shadow import answering
from parking_fleet.shadow.answering import VERBS, shadow_topic, split_topic
from parking_fleet.shadow.document import Document, merged

__all__ = ['Message', 'ShadowService', 'merged', 'shadow_topic']

Message = tuple[str, Any]
"""A topic and what is published there, as JSON."""


class ShadowService:
    """Hold the shadows of things.

    Attributes:
        states: desired and reported, by thing; a test may put one in place, or change it.
        versions: by thing; a shadow made within 48 hours of its deletion goes on counting.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, int] = {}
        self._metadata: dict[str, dict[str, Any]] = {}

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        """Return what is published when somebody asks; nothing for topics that are no requests."""
        thing, request = split_topic(topic) or ('', '')
        verb = next((each for each in VERBS if each == request), None)
        if verb is None:
            return []
        state = self.states.get(thing)
        before = Document(state, self._metadata.get(thing, {}), self.versions.get(thing, int(bool(state))))
        answered = answering.answer(before, thing, verb, payload, int(time.time()))
        after = answered.document
        if after is not before:
            self.versions[thing], self._metadata[thing] = after.version, after.metadata
            if after.state is None:
                del self.states[thing]
            else:
                self.states[thing] = after.state
        return [(message.topic, message.content) for message in answered.messages]

    def desire(self, thing: str, desired: dict[str, Any]) -> list[Message]:
        """Do what an operator's `aws iot-data update-thing-shadow` does."""
        request = json.dumps({'state': {'desired': desired}}).encode()
        return self.answer(shadow_topic(thing, 'update'), request)

    def reported(self, thing: str) -> Any:
        """Return what a thing has reported; None when it has not."""
        return self.states.get(thing, {}).get('reported')
