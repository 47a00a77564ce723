"""Speak the shadow's protocol: one request at a time, answers matched, what is stale left out.

Pure: what was received and the time in, what to send out. Any sign of a change only makes it
ask for the whole document, so that nothing depends on the order in which messages come.
"""

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from parking_monitor.cloud.shadow import Look
from parking_monitor.cloud.shadow_document import (
    Json,
    ShadowDocument,
    ShadowError,
    ShadowRejection,
    encode_json,
    read_document,
    read_notice,
    read_rejection,
)
from parking_monitor.cloud.topics import shadow_topic

_NEVER_S = float('inf')
_NO_SHADOW = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTiming:
    """Hold the times of the exchange, in seconds.

    Attributes:
        answer_s: how long a request may stay without its answer.
        get_spacing_s: shortest time between two looks at the document.
        update_spacing_s: shortest time between two reports.
        retry_min_s: first pause after a failure; doubles each time.
        retry_max_s: longest such pause.
    """

    answer_s: float = 15.0
    get_spacing_s: float = 1.0
    update_spacing_s: float = 2.0
    retry_min_s: float = 2.0
    retry_max_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Hold a message to publish."""

    topic: str
    payload: bytes


@dataclass(slots=True)
class _Request:
    is_get: bool
    token: str
    until_s: float
    reported: Mapping[str, Json] = field(default_factory=dict)


class ShadowExchange:
    """Keep up with a thing's classic shadow.

    Args:
        thing: whose shadow it is.
        version: of the document that was looked at last, before a restart.
        timing: its deadlines and pauses.
    """

    def __init__(self, thing: str, version: int = 0, timing: ShadowTiming | None = None) -> None:
        self._timing = timing or ShadowTiming()
        self._get, self._update = shadow_topic(thing, 'get'), shadow_topic(thing, 'update')
        self._mine = secrets.token_hex(6)
        self._requests = 0
        self._known = version
        self._is_doubted = False
        self._is_connected = False
        self._must_get = False
        self._must_tell = False
        self._open: _Request | None = None
        self._mirror: Mapping[str, Json] | None = None
        self._report: Mapping[str, Json] | None = None
        self._next_get_s = self._next_update_s = 0.0
        self._announced = 0
        self._failures = {'get': 0, 'update': 0}
        self._faults = {'get': '', 'update': ''}

    @property
    def topics(self) -> tuple[str, ...]:
        """Return the topics to subscribe to."""
        requests = (self._get, self._update)
        answers = [f'{request}/{answer}' for request in requests for answer in ('accepted', 'rejected')]
        return (*answers, f'{self._update}/delta')

    @property
    def fault(self) -> str:
        """Return why the shadow cannot be read or written now; empty while it can."""
        return '; '.join(f'{what} {why}' for what, why in self._faults.items() if why)

    def connected(self, now_s: float) -> None:
        """Begin a connection; the topics are subscribed to."""
        self._is_connected = self._must_get = self._must_tell = True
        self._open = self._mirror = None
        self._failures = dict.fromkeys(self._failures, 0)
        self._next_get_s = self._next_update_s = now_s

    def disconnected(self) -> None:
        """End the connection."""
        self._is_connected = False
        self._open = None

    def report(self, report: Mapping[str, Json]) -> None:
        """Say what the shadow should have under `reported`."""
        self._report = report

    def received(self, topic: str, payload: bytes, now_s: float) -> Look | None:
        """Take a message, and return what the cloud desires when that was looked at.

        Raises:
            ShadowError: when a message cannot be used, or a request was refused; the request is
                made again after a pause.
        """
        try:
            return self._take(topic, payload, now_s)
        except ShadowError as error:
            request = self._open
            about_get = topic.startswith(f'{self._get}/')
            if request is not None and request.is_get == about_get and topic != f'{self._update}/delta':
                self._failed(str(error), now_s)
            raise

    def failed(self, reason: str, now_s: float) -> None:
        """Hear that the open request could not be sent."""
        if self._open is not None:
            self._failed(reason, now_s)

    def next(self, now_s: float) -> Outgoing | None:
        """Return the message to publish now; None when there is none."""
        if not self._is_connected:
            return None
        if self._open is not None:
            if now_s < self._open.until_s:
                return None
            self._failed(f'no answer within {self._timing.answer_s:g} s', now_s)
        if self._must_get:
            return self._ask(now_s) if now_s >= self._next_get_s else None
        if self._has_to_tell() and now_s >= self._next_update_s:
            return self._tell(now_s)
        return None

    def next_s(self) -> float:
        """Return when `next` may have a message, in monotonic seconds; infinity while an event must come."""
        if not self._is_connected:
            return _NEVER_S
        if self._open is not None:
            return self._open.until_s
        if self._must_get:
            return self._next_get_s
        return self._next_update_s if self._has_to_tell() else _NEVER_S

    def _take(self, topic: str, payload: bytes, now_s: float) -> Look | None:
        if topic == f'{self._get}/accepted':
            return self._take_document(read_document(payload), now_s)
        if topic in {f'{self._get}/rejected', f'{self._update}/rejected'}:
            return self._take_rejection(read_rejection(payload), now_s)
        if topic in {f'{self._update}/accepted', f'{self._update}/delta'}:
            self._take_notice(payload, now_s, is_delta=topic.endswith('/delta'))
        return None

    def _take_document(self, document: ShadowDocument, now_s: float) -> Look | None:
        if not self._is_answer(document.token, is_get=True):
            return None
        if document.version < self._known and not self._is_doubted:
            self._is_doubted = True
            raise ShadowError(f'version {document.version} is older than {self._known}, which was seen')
        return self._looked(document, now_s)

    def _looked(self, document: ShadowDocument, now_s: float) -> Look:
        """Believe a document; a lower version that came twice is that of a shadow made anew."""
        is_news = document.version != self._known
        self._known, self._mirror = document.version, document.reported
        self._is_doubted = False
        if document.version >= self._announced:
            self._must_get = False
        self._next_get_s = now_s + self._timing.get_spacing_s
        self._succeeded('get')
        return Look(document.desired, document.version, is_news)

    def _take_rejection(self, rejection: ShadowRejection, now_s: float) -> Look | None:
        request = self._open
        if request is None or rejection.token != request.token:
            return None
        if request.is_get and rejection.code == _NO_SHADOW:
            return self._looked(ShadowDocument(), now_s)
        raise ShadowError(f'was refused with {rejection.code}: {rejection.message}')

    def _take_notice(self, payload: bytes, now_s: float, *, is_delta: bool) -> None:
        notice = read_notice(payload, is_delta=is_delta)
        request = self._open
        if not is_delta and request is not None and self._is_answer(notice.token, is_get=False):
            # Somebody else wrote in between, and their notice may have gone missing.
            self._must_get = self._must_get or notice.version > self._known + 1
            self._known, self._mirror = notice.version, request.reported
            self._must_tell = False
            self._next_update_s = now_s + self._timing.update_spacing_s
            self._succeeded('update')
        elif not notice.token.startswith(self._mine) and notice.is_desired and notice.version > self._known:
            self._must_get, self._announced = True, notice.version

    def _is_answer(self, token: str, *, is_get: bool) -> bool:
        return self._open is not None and self._open.is_get == is_get and self._open.token == token

    def _has_to_tell(self) -> bool:
        if self._report is None or self._mirror is None:
            return False
        return self._must_tell or self._mirror != self._report

    def _ask(self, now_s: float) -> Outgoing:
        self._must_get = False
        request = self._begin(now_s, is_get=True)
        return Outgoing(self._get, encode_json({'clientToken': request.token}))

    def _tell(self, now_s: float) -> Outgoing:
        request = self._begin(now_s, is_get=False)
        request.reported = self._report or {}
        changes = with_removals(self._mirror or {}, request.reported)
        return Outgoing(
            self._update, encode_json({'state': {'reported': changes}, 'clientToken': request.token})
        )

    def _begin(self, now_s: float, *, is_get: bool) -> _Request:
        self._requests += 1
        token = f'{self._mine}-{self._requests}'
        self._open = _Request(is_get, token, now_s + self._timing.answer_s)
        return self._open

    def _succeeded(self, what: str) -> None:
        self._open, self._failures[what], self._faults[what] = None, 0, ''

    def _failed(self, reason: str, now_s: float) -> None:
        """Let the request rest; a whole look comes first, since nobody knows what became of it."""
        what = 'get' if self._open is None or self._open.is_get else 'update'
        self._open, self._must_get = None, True
        self._faults[what] = reason
        self._failures[what] += 1
        longest_s = self._timing.retry_max_s
        pause_s = min(longest_s, self._timing.retry_min_s * 2.0 ** min(self._failures[what] - 1, 32))
        # Devices that failed together do not try again together.
        self._next_get_s = self._next_update_s = now_s + pause_s * random.uniform(0.5, 1.0)


def with_removals(have: Mapping[str, Json], want: Mapping[str, Json]) -> dict[str, Json]:
    """Return what to send so that the shadow has what is wanted: all of it, and null for what is too much."""
    sent: dict[str, Json] = dict.fromkeys(name for name in have if name not in want)
    for name, value in want.items():
        old = have.get(name)
        sent[name] = with_removals(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
    return sent
