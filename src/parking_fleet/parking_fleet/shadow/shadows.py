"""Know what devices are to do and what they say that they do, through the device shadow.

AWS IoT Core answers, or a worker of this fleet (`broker: answers_shadow`): here it is the same.
"""

import itertools
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from parking_fleet.live.events import LiveFeed, ShadowChanged
from parking_fleet.shadow.answering import shadow_topic, split_topic
from parking_fleet.shadow.document import MAX_STATE_BYTES, difference, merged, newest_s, size_bytes
from parking_fleet.shadow.facts import facts_of
from parking_fleet.shadow.layouts import LayoutError, as_sent
from parking_fleet.shadow.link import Link, LinkError

LOG = logging.getLogger(__name__)

MAX_DESIRED_BYTES = 6 * 1024
"""So much may be desired of a device: the rest of its shadow is for what it reports."""

ANSWER_S = 5.0
DOCUMENT_S = 2.0
"""The document of a change follows its acceptance at once, where the broker's rules let it through."""

ASK_AGAIN_S = 10.0
KEPT_SHADOWS = 2_000
_NO_SHADOW = 404
_HEARD = ('get/accepted', 'get/rejected', 'update/accepted', 'update/rejected', 'update/documents')


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Say what became of a wish.

    Attributes:
        is_taken: whether it is in the shadow now; the device hears of it when it is connected.
        version: of the shadow since then; 0 when it was not taken.
        reason: why it was not taken, and what to do; '' when it was.
        code: like those of HTTP: 200 when it was taken; 400, 409, 413: refused; 503: no connection;
            504: no answer in time, so that nobody knows.
    """

    is_taken: bool
    version: int = 0
    reason: str = ''
    code: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceShadow:
    """Hold what is known of a device's shadow.

    Attributes:
        thing: whose it is.
        desired: what the device should do.
        reported: what it said that it does.
        version: of the shadow; 0 when there is none yet.
        desired_s: when each setting was desired, Unix seconds.
        reported_s: when the device reported last, Unix seconds; 0: never.
        known_s: when this was heard, Unix seconds.
    """

    thing: str
    desired: Mapping[str, Any] = field(default_factory=dict)
    reported: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0
    desired_s: Mapping[str, int] = field(default_factory=dict)
    reported_s: int = 0
    known_s: float = 0.0

    @property
    def delta(self) -> dict[str, Any]:
        """Return what of the desired state is reported differently, or not at all."""
        return difference(self.desired, self.reported)


class _NotTaken(Exception):  # noqa: N818 - it becomes an outcome
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Shadows:
    """Read and write shadows; may be used from any thread.

    Args:
        feed: takes the events of what changes.
        uuid_of: returns the uuid of a thing; '' when it is not known.
        link: the connection to the broker; None when this process has none.
        no_link: why it has none, and what to do.
    """

    def __init__(
        self,
        feed: LiveFeed,
        uuid_of: Callable[[str], str],
        link: Link | None = None,
        no_link: str = 'no broker is named; set broker.host',
    ) -> None:
        self.link = link
        self._no_link = no_link
        self._feed = feed
        self._uuid_of = uuid_of
        self._lock = threading.Lock()
        self._learnt = threading.Condition()
        self._known: OrderedDict[str, DeviceShadow] = OrderedDict()
        self._asked_s: dict[str, float] = {}
        self._open: dict[str, Future[Outcome]] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._problems: dict[str, str] = {}
        self._mine = f'fleet-{secrets.token_hex(6)}'
        self._numbers = itertools.count(1)

    @property
    def topic_filters(self) -> tuple[str, ...]:
        """Return the topics of answers."""
        return tuple(shadow_topic('+', rest) for rest in _HEARD)

    @property
    def problem(self) -> str:
        """Return why shadows cannot be heard of; '' while they can."""
        return next((problem for problem in self._problems.values() if problem), '')

    @property
    def is_ready(self) -> bool:
        """Return whether answers would be heard."""
        return not self.problem and len(self._problems) == len(_HEARD)

    def document(self, thing: str) -> DeviceShadow | None:
        """Return a shadow as it was last heard of; None until then.

        One that is not known is asked for, and `ShadowChanged` says when it has come.
        """
        with self._lock:
            known = self._known.get(thing)
            if known is not None:
                self._known.move_to_end(thing)
        if known is None and thing:
            self._ask(thing)
        return known

    def wait_for_document(self, thing: str, timeout_s: float = ANSWER_S) -> DeviceShadow | None:
        """Return a shadow, waiting for it where it is not known; None when it does not come in time."""
        until_s = time.monotonic() + timeout_s
        while (known := self.document(thing)) is None and self.is_ready and thing:
            with self._learnt:
                self._learnt.wait(min(0.2, max(0.0, until_s - time.monotonic())))
            if time.monotonic() >= until_s:
                break
        return known

    def desire(self, thing: str, desired: Mapping[str, Any], timeout_s: float = ANSWER_S) -> Outcome:
        """Write into a shadow what the device should do; null takes a setting away.

        Waits for the answer, and for the shadow that it made, so that who asks next sees it: not for an
        event loop.

        Args:
            thing: whose shadow.
            desired: what changes; `zones` by camera, as fleet.yaml has them.
            timeout_s: how long to wait for the answer.
        """
        try:
            outcome = self._write(thing, self._checked(thing, desired), timeout_s)
        except _NotTaken as refusal:
            return Outcome(is_taken=False, code=refusal.code, reason=str(refusal))
        if outcome.is_taken:
            with self._learnt:
                self._learnt.wait_for(lambda: self._knows(thing, outcome.version), DOCUMENT_S)
        return outcome

    def take_facts(self) -> dict[str, dict[str, Any]]:
        """Return what was reported since the last call, by thing, as `facts.facts_of` names it.

        That of a thing whose first message is still on its way stays until it is known whose it is.
        """
        with self._lock:
            facts, self._facts = self._facts, {}
        known = {thing: told for thing, told in facts.items() if self._uuid_of(thing)}
        early = [thing for thing in facts if thing not in known][-KEPT_SHADOWS:]
        with self._lock:
            # What came in the meantime is newer.
            self._facts = {**{thing: facts[thing] for thing in early}, **self._facts}
        return known

    def takes(self, topic: str) -> bool:
        """Return whether a topic is one of answers."""
        found = split_topic(topic)
        return found is not None and found[1] in _HEARD

    def received(self, topic: str, payload: bytes) -> None:
        """Take an answer, to whomever."""
        found = split_topic(topic)
        try:
            content = orjson.loads(payload)
        except orjson.JSONDecodeError:
            content = None
        if found is None or not isinstance(content, dict):
            return
        thing, rest = found
        match rest:
            case 'get/accepted':
                self._learn(thing, content, always=False)
            case 'get/rejected':
                if content.get('code') == _NO_SHADOW and self._is_mine(content):
                    self._keep(DeviceShadow(thing=thing, known_s=time.time()), always=True)
            case 'update/documents':
                self._learn(thing, content.get('current'), always=False)
            case _:
                self._settle(content, is_taken=rest == 'update/accepted')

    def subscribed(self, topic_filter: str, problem: str) -> None:
        """Hear whether answers come."""
        self._problems[topic_filter] = problem
        if problem:
            LOG.warning('settings of devices are not heard of: %s', problem)
        elif topic_filter == self.topic_filters[-1]:
            # What changed while there was no connection may not have been kept for us.
            with self._lock:
                things = {*self._known, *self._asked_s}
                self._asked_s.clear()
            for thing in things:
                self._ask(thing)

    def _checked(self, thing: str, desired: Mapping[str, Any]) -> dict[str, Any]:
        """Return wishes as they are sent; raises _NotTaken where they cannot be."""
        if not thing:
            raise _NotTaken(
                409,
                'the device was heard on a topic of all devices alone, so its name on the broker is not '
                'known; wait for its first own message, or set its thing name',
            )
        known = self.document(thing)
        try:
            wishes = as_sent(desired)
            size = size_bytes(merged(known.desired if known else {}, wishes))
        except LayoutError as error:
            raise _NotTaken(400, f'zones: {error}') from None
        except orjson.JSONEncodeError as error:
            raise _NotTaken(400, f'it cannot be written as JSON: {error}') from None
        if size > MAX_DESIRED_BYTES:
            raise _NotTaken(
                413,
                f'all that is set of this device would have {size} bytes, and {MAX_DESIRED_BYTES} of the '
                f'{MAX_STATE_BYTES} of a shadow are for that; draw fewer bays or corners, or put the zones '
                'into fleet.yaml on the device',
            )
        return wishes

    def _write(self, thing: str, wishes: dict[str, Any], timeout_s: float) -> Outcome:
        token, answered = self._begin()
        try:
            self._send(shadow_topic(thing, 'update'), {'state': {'desired': wishes}, 'clientToken': token})
            return answered.result(timeout_s)
        except LinkError as error:
            raise _NotTaken(503, str(error)) from None
        except TimeoutError:
            raise _NotTaken(504, f'{self._silence(timeout_s)}; try again') from None
        finally:
            with self._lock:
                self._open.pop(token, None)

    def _knows(self, thing: str, version: int) -> bool:
        with self._lock:
            known = self._known.get(thing)
            return known is not None and known.version >= version

    def _begin(self) -> tuple[str, Future[Outcome]]:
        token, answered = f'{self._mine}-{next(self._numbers)}', Future[Outcome]()
        with self._lock:
            self._open[token] = answered
        return token, answered

    def _ask(self, thing: str) -> None:
        now_s = time.monotonic()
        with self._lock:
            if now_s < self._asked_s.get(thing, -ASK_AGAIN_S) + ASK_AGAIN_S:
                return
            if len(self._asked_s) > KEPT_SHADOWS:
                self._asked_s.clear()
            self._asked_s[thing] = now_s
        try:
            token = f'{self._mine}-{next(self._numbers)}'
            self._send(shadow_topic(thing, 'get'), {'clientToken': token})
        except LinkError as error:
            LOG.debug('the shadow of %s is not asked for: %s', thing, error)

    def _send(self, topic: str, content: dict[str, Any]) -> None:
        if self.link is None:
            raise LinkError(self._no_link)
        if self.problem:
            raise LinkError(self.problem)
        if not self.is_ready:
            raise LinkError('the connection to the broker is being made; try again')
        self.link.publish(topic, orjson.dumps(content))

    def _silence(self, timeout_s: float) -> str:
        return (
            f'nobody answered for the device shadow within {timeout_s:g} s: on AWS IoT Core, check the '
            'policy of this service; on another broker, set broker.answers_shadow'
        )

    def _is_mine(self, content: Mapping[str, Any]) -> bool:
        return str(content.get('clientToken', '')).startswith(self._mine)

    def _settle(self, content: Mapping[str, Any], *, is_taken: bool) -> None:
        with self._lock:
            waiting = self._open.pop(str(content.get('clientToken', '')), None)
        if waiting is None:
            return
        if is_taken:
            waiting.set_result(Outcome(is_taken=True, version=_whole(content.get('version'))))
        else:
            code = _whole(content.get('code')) or 500
            waiting.set_result(
                Outcome(is_taken=False, code=code, reason=f'it was refused: {content.get("message", code)}')
            )

    def _learn(self, thing: str, content: object, *, always: bool) -> None:
        if not isinstance(content, dict):
            return
        state, metadata = _object(content, 'state'), _object(content, 'metadata')
        desired_at, reported_at = _object(metadata, 'desired'), _object(metadata, 'reported')
        shadow = DeviceShadow(
            thing=thing,
            desired=_object(state, 'desired'),
            reported=_object(state, 'reported'),
            version=_whole(content.get('version')),
            desired_s={name: newest_s(times) for name, times in desired_at.items()},
            reported_s=newest_s(reported_at),
            known_s=time.time(),
        )
        self._note_facts(shadow)
        self._keep(shadow, always=always)

    def _keep(self, shadow: DeviceShadow, *, always: bool) -> None:
        """Keep a shadow that somebody has asked for, unless a newer one is known."""
        with self._lock:
            known = self._known.get(shadow.thing)
            if known is None and shadow.thing not in self._asked_s:
                return
            if known is not None and shadow.version < known.version and not always:
                return
            self._known[shadow.thing] = shadow
            self._known.move_to_end(shadow.thing)
            while len(self._known) > KEPT_SHADOWS:
                self._known.popitem(last=False)
            if known is not None and replace(shadow, known_s=known.known_s) == known:
                return
        with self._learnt:
            self._learnt.notify_all()
        self._feed.publish([ShadowChanged(shadow.thing, self._uuid_of(shadow.thing))])

    def _note_facts(self, shadow: DeviceShadow) -> None:
        if facts := facts_of(shadow.reported):
            with self._lock:
                self._facts[shadow.thing] = facts


def _object(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
