"""Ask the store away from the event loop, once for many pages, and remember the answer for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from nicegui import run

Answer = TypeVar('Answer')

LONGEST = 256
"""So many answers are kept; the one not asked for longest goes first."""

AT_ONCE = 3
"""So many questions are asked of the store at once: the ingest needs it too."""


class Remembered:
    """Keep answers; for one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: OrderedDict[Hashable, tuple[float, asyncio.Future[Any]]] = OrderedDict()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def ask(self, key: Hashable, keep_s: float, question: Callable[[], Answer]) -> Answer:
        """Return the answer to a question, from a thread of its own or from memory.

        Args:
            key: tells the question from every other one.
            keep_s: how long an answer is good for.
            question: may block; what it raises is raised here, and not remembered. It never answers None.
        """
        answer: asyncio.Future[Answer]
        known = self._answers.get(key)
        if known is None or known[0] < self._clock() or _has_failed(known[1]):
            answer = asyncio.ensure_future(self._put(question))
            answer.add_done_callback(_has_failed)
            self._answers[key] = (self._clock() + keep_s, answer)
        else:
            answer = known[1]
        self._answers.move_to_end(key)
        while len(self._answers) > LONGEST:
            self._answers.popitem(last=False)
        # Who goes away must not take the answer from the others.
        result: Answer = await asyncio.shield(answer)
        return result

    async def _put(self, question: Callable[[], Answer]) -> Answer:
        async with self._turn:
            answer = await run.io_bound(question)
        if answer is None:
            # The service is ending.
            raise asyncio.CancelledError
        return answer


def _has_failed(answer: asyncio.Future[Any]) -> bool:
    # To look is also to take note: nobody may be left to hear of it.
    return answer.done() and (answer.cancelled() or answer.exception() is not None)
