"""Ask a device what a camera sees, and keep the newest answer of each camera, in memory alone."""

import base64
import binascii
import datetime as dt
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from parking_fleet.live.events import LiveFeed, PictureArrived
from parking_fleet.shadow.layouts import expanded, is_layout
from parking_fleet.shadow.link import Link, LinkError

LOG = logging.getLogger(__name__)

SCHEMA = 'parking.snapshot/1'
MAX_ANSWER_BYTES = 128 * 1024
KEPT_ANSWERS = 200
ASK_AGAIN_S = 5.0
"""A device gives a picture so often at most; who asks sooner gets the one that is there."""

_REQUEST = 'request'


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Hold a picture of a camera.

    Attributes:
        uuid: the device.
        camera: its name there.
        jpeg: the picture.
        observed_ms: when it was taken by the device's clock, Unix milliseconds.
        received_ms: when it came in.
    """

    uuid: str
    camera: str
    jpeg: bytes
    observed_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class _Answer:
    picture: Picture | None
    reason: str
    layout: Mapping[str, Any] | None


class Pictures:
    """Hold the newest picture of each camera; may be used from any thread.

    Args:
        feed: takes the event of each answer.
        thing_of: returns the name of a device on the broker; '' when it is not known.
        link: the connection to the broker; None when this process has none.
        no_link: why it has none, and what to do.
    """

    def __init__(
        self,
        feed: LiveFeed,
        thing_of: Callable[[str], str],
        link: Link | None = None,
        no_link: str = 'no broker is named; set broker.host',
    ) -> None:
        self._feed = feed
        self._thing_of = thing_of
        self._link = link
        self._no_link = no_link
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, str], _Answer] = OrderedDict()
        self._asked_s: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._problem = ''

    @property
    def topic_filters(self) -> tuple[str, ...]:
        """Return the topics of answers."""
        return ('parking/+/snapshot/+',)

    def newest(self, uuid: str, camera: str) -> Picture | None:
        """Return the newest picture; None when none came since this process began."""
        answer = self._answer(uuid, camera)
        return answer.picture if answer is not None else None

    def reason(self, uuid: str, camera: str) -> str:
        """Return why the device gave no picture when it was asked last; '' when it did, or never was."""
        answer = self._answer(uuid, camera)
        return answer.reason if answer is not None else ''

    def layout(self, uuid: str, camera: str) -> dict[str, Any] | None:
        """Return where the camera counts, as the device told with its last answer."""
        answer = self._answer(uuid, camera)
        return expanded(answer.layout) if answer is not None and answer.layout is not None else None

    def ask(self, uuid: str, camera: str) -> str:
        """Ask a device for a picture; `PictureArrived` says when it has answered, with or without one.

        Returns at once.

        Returns:
            Why it cannot be asked; '' when it was, or was just before.
        """
        thing = self._thing_of(uuid)
        if not thing:
            return 'the name of this device on the broker is not known yet; wait for its first message'
        if self._link is None:
            return self._no_link
        if self._problem:
            return self._problem
        now_s = time.monotonic()
        with self._lock:
            if now_s < self._asked_s.get((uuid, camera), -ASK_AGAIN_S) + ASK_AGAIN_S:
                return ''
            self._asked_s[uuid, camera] = now_s
            while len(self._asked_s) > KEPT_ANSWERS:
                self._asked_s.popitem(last=False)
        try:
            self._link.publish(f'parking/{thing}/snapshot/{_REQUEST}', orjson.dumps({'camera': camera}))
        except LinkError as error:
            return str(error)
        return ''

    def takes(self, topic: str) -> bool:
        """Return whether a topic is one of snapshots."""
        levels = topic.split('/')
        return len(levels) == 4 and levels[0] == 'parking' and levels[2] == 'snapshot'

    def received(self, topic: str, payload: bytes) -> None:
        """Take an answer; what is none is left."""
        _, thing, _, camera = topic.split('/')
        if camera == _REQUEST or len(payload) > MAX_ANSWER_BYTES:
            return
        try:
            content = orjson.loads(payload)
            uuid = str(content['uuid'])
            answer = _read(content, uuid, camera)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, binascii.Error) as error:
            LOG.warning('an answer on %s is none: %s', topic, error)
            return
        if self._thing_of(uuid) != thing:
            LOG.warning('an answer on %s is left: it is of the device %s', topic, uuid)
            return
        with self._lock:
            before = self._answers.get((uuid, camera))
            if answer.picture is None and before is not None:
                answer = _Answer(before.picture, answer.reason, answer.layout)
            self._answers[uuid, camera] = answer
            self._answers.move_to_end((uuid, camera))
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
        self._feed.publish([PictureArrived(uuid, camera)])

    def subscribed(self, topic_filter: str, problem: str) -> None:  # noqa: ARG002 - the problem names it
        """Hear whether answers come."""
        self._problem = problem
        if problem:
            LOG.warning('pictures are not heard of: %s', problem)

    def _answer(self, uuid: str, camera: str) -> _Answer | None:
        with self._lock:
            return self._answers.get((uuid, camera))


def _read(content: Mapping[str, Any], uuid: str, camera: str) -> _Answer:
    layout = content.get('layout')
    if layout is not None and not is_layout(layout):
        raise ValueError('its layout is none')
    reason = str(content.get('reason', ''))[:500]
    if content.get('jpeg') is None:
        return _Answer(None, reason or 'the device gave no picture', layout)
    jpeg = base64.b64decode(content['jpeg'], validate=True)
    if not jpeg.startswith(b'\xff\xd8'):
        raise ValueError('its picture is no JPEG')
    observed = dt.datetime.fromisoformat(content['observed_at'])
    picture = Picture(
        uuid=uuid,
        camera=camera,
        jpeg=jpeg,
        observed_ms=round(observed.timestamp() * 1000),
        received_ms=time.time_ns() // 1_000_000,
    )
    return _Answer(picture, '', layout)
