"""Answer the shadows' topics for a broker that does not, such as mosquitto."""

import logging
import queue
import threading
import time
from dataclasses import dataclass

import orjson

from parking_fleet.shadow.answering import VERBS, Answer, Message, Verb, answer, shadow_topic, split_topic
from parking_fleet.shadow.document import Document
from parking_fleet.shadow.link import Link, LinkError
from parking_fleet.store.database import STORE_TROUBLES, first_line
from parking_fleet.store.shadows import ShadowStore

LOG = logging.getLogger(__name__)

MOST_WAITING = 2_000
"""So many requests wait at most; a device asks again for what had no answer."""


@dataclass(frozen=True, slots=True)
class _Request:
    thing: str
    verb: Verb
    payload: bytes


class ShadowAnswers:
    """Own the thread that answers.

    Args:
        store: keeps the shadows.
        link: sends the answers.
    """

    def __init__(self, store: ShadowStore, link: Link) -> None:
        self._store = store
        self._link = link
        self._waiting: queue.Queue[_Request | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name='shadow-answers', daemon=True)
        self._problem = ''

    @property
    def topic_filters(self) -> tuple[str, ...]:
        """Return the topics of requests.

        Not shared among workers, though one is enough: mosquitto 2.0 gives nothing that begins with `$`
        to shared subscriptions. The store says who answers.
        """
        return tuple(shadow_topic('+', verb) for verb in VERBS)

    @property
    def problem(self) -> str:
        """Return why requests cannot be heard; '' while they can."""
        return self._problem

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End, once what waits is answered."""
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=timeout_s)
            except queue.Full:
                return
            self._thread.join(timeout_s)

    def takes(self, topic: str) -> bool:
        """Return whether a topic is one of requests."""
        found = split_topic(topic)
        return found is not None and found[1] in VERBS

    def received(self, topic: str, payload: bytes) -> None:
        """Take a request in."""
        found = split_topic(topic)
        verb = next((each for each in VERBS if found is not None and each == found[1]), None)
        if found is None or verb is None:
            return
        try:
            self._waiting.put_nowait(_Request(found[0], verb, payload))
        except queue.Full:
            LOG.warning('a request to the shadow of %s is left: %d others wait', found[0], MOST_WAITING)

    def subscribed(self, topic_filter: str, problem: str) -> None:  # noqa: ARG002 - the problem names it
        """Hear whether requests come."""
        self._problem = problem
        if problem:
            LOG.error('shadows are not answered: %s', problem)

    def _run(self) -> None:
        while (request := self._waiting.get()) is not None:
            for message in self._messages(request):
                try:
                    self._link.publish(message.topic, orjson.dumps(message.content))
                except LinkError as error:
                    # Who asked does so again.
                    LOG.debug('no answer to %s: %s', request.thing, error)
                    break

    def _messages(self, request: _Request) -> tuple[Message, ...]:
        time_ns = time.time_ns()
        answered: list[Answer] = []

        def act(document: Document) -> Document:
            answered[:] = [
                answer(document, request.thing, request.verb, request.payload, time_ns // 1_000_000_000)
            ]
            return answered[0].document

        try:
            is_ours = self._store.change(request.thing, time_ns // 1_000_000, act) is not None
        except STORE_TROUBLES as error:
            LOG.warning('the shadow of %s cannot be read or written: %s', request.thing, first_line(error))
            content = {'code': 500, 'message': 'Internal service failure'}
            return (Message(shadow_topic(request.thing, f'{request.verb}/rejected'), content),)
        return answered[0].messages if is_ours else ()
