"""Look for newer models again and again, in a thread of its own, and on request."""

import enum
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from parking_monitor.detection.studio.errors import (
    StoppedError,
    StudioBusyError,
    StudioError,
    StudioUnreachableError,
    UnfitModelError,
)
from parking_monitor.detection.studio.fetcher import Look
from parking_monitor.detection.studio.schedule import LookSchedule
from parking_monitor.detection.studio.store import StudioModel

_MOST_REQUESTS = 8
_ANSWER_HOLDS_S = 30.0
_FORGOTTEN_S = 600.0
_FIRST_PAUSE_S = 15.0
_LONGEST_PAUSE_S = 900.0
_NEVER_S = float('inf')


class Fetcher(Protocol):
    """Something that brings models, see `StudioFetcher`."""

    @property
    def progress(self) -> str:
        """Return how far a download is."""

    def look(self) -> Look:
        """Take the newest model."""

    def fetch(self, name: str, version: str) -> Path:
        """Return the file of a model."""


class FetchState(enum.Enum):
    """Name how far a model is that was asked for."""

    FETCHING = 'fetching'
    READY = 'ready'
    REFUSED = 'refused'


@dataclass(frozen=True, slots=True)
class Fetch:
    """Hold how far a model is: where it lies, or why it is not there yet, or cannot be had."""

    state: FetchState
    path: Path | None = None
    message: str = ''


@dataclass(slots=True)
class _Request:
    fetch: Fetch
    asked_s: float
    due_s: float
    failures: int = 0
    holds_until_s: float = _NEVER_S


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """Hold how the looks for a newer model go.

    Attributes:
        looks: how many there were, failed ones included.
        newest: what Studio had at the latest that succeeded; None before.
        problem: why the latest failed, or its model is not taken; empty when all is well.
        next_look_s: when the next one is due, monotonic seconds; infinity for never.
    """

    looks: int = 0
    newest: StudioModel | None = None
    problem: str = ''
    next_look_s: float = _NEVER_S


class StudioKeeper:
    """Run looks and requests one after another in a thread.

    Args:
        fetcher: does them.
        schedule: says when to look; None when nothing follows the newest model.
        say: takes a line for people, and whether it is good news.
        forgive: lets refused versions be tried again.
        end_fetch: ends what the fetcher does, from another thread, with a StoppedError.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        schedule: LookSchedule | None,
        *,
        say: Callable[[str, bool], None],
        forgive: Callable[[], None],
        end_fetch: Callable[[], None],
    ) -> None:
        self._fetcher = fetcher
        self._schedule = schedule
        self._say = say
        self._forgive = forgive
        self._end_fetch = end_fetch
        self._requests: dict[tuple[str, str], _Request] = {}
        self._is_forgiving = False
        self._is_closed = False
        self._changed = threading.Condition()  # guards all of the above
        self._status = KeeperStatus(next_look_s=schedule.due_s if schedule else _NEVER_S)
        self._thread = threading.Thread(target=self._run, name='studio', daemon=True)

    @property
    def status(self) -> KeeperStatus:
        """Return how the looks go; this never waits."""
        return self._status

    @property
    def progress(self) -> str:
        """Return how far a download is; empty while there is none."""
        return self._fetcher.progress

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs, which it does from `start` to `close`."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self, wait_s: float = 0.8) -> None:
        """End what goes on, and the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._end_fetch()
        self._thread.join(wait_s)

    def ask_for_look(self) -> bool:
        """Look soon, and try again what did not run here; return whether there are looks at all."""
        with self._changed:
            if self._schedule is None:
                return False
            self._schedule.ask(time.monotonic())
            self._status = replace(self._status, next_look_s=self._schedule.due_s)
            self._is_forgiving = True
            self._changed.notify_all()
            return True

    def ask_for(self, name: str, version: str) -> Fetch:
        """Have a model by name and version; return how far that is. Ask again to know more."""
        now_s = time.monotonic()
        with self._changed:
            self._forget(now_s)
            request = self._requests.get((name, version))
            if request is None and len(self._requests) >= _MOST_REQUESTS:
                return Fetch(FetchState.FETCHING, message='waits for other models that are asked for')
            if request is None:
                request = _Request(Fetch(FetchState.FETCHING), now_s, due_s=now_s)
                self._requests[name, version] = request
                self._changed.notify_all()
            request.asked_s = now_s
            return request.fetch

    def _forget(self, now_s: float) -> None:
        """Drop answers that are old, and what nobody asks for any more."""
        for key, request in tuple(self._requests.items()):
            if now_s >= min(request.holds_until_s, request.asked_s + _FORGOTTEN_S):
                del self._requests[key]

    def _run(self) -> None:
        while (work := self._next_work()) is not None:
            try:
                work()
            except StoppedError:
                return

    def _next_work(self) -> Callable[[], None] | None:
        """Wait until there is something to do; None when all is over."""
        with self._changed:
            while not self._is_closed:
                now_s = time.monotonic()
                self._forget(now_s)
                due = {
                    key: request.due_s
                    for key, request in self._requests.items()
                    if request.fetch.state is FetchState.FETCHING
                }
                first = min(due, key=lambda key: due[key], default=None)
                if first is not None and due[first] <= now_s:
                    return lambda: self._fetch(*first)
                if now_s >= self._status.next_look_s:
                    return self._look
                wait_s = min([*due.values(), self._status.next_look_s]) - now_s
                self._changed.wait(min(wait_s, threading.TIMEOUT_MAX))
        return None

    def _look(self) -> None:
        if self._schedule is None:
            return
        retry_after_s, newest, problem, is_over = 0.0, self._status.newest, '', True
        try:
            if self._is_forgiving:
                self._is_forgiving = False
                self._forgive()
            look = self._fetcher.look()
            newest = look.newest
            if look.refused:
                problem = f'model {look.newest} is not taken: {look.refused}; build a newer one'
        except StoppedError:
            raise
        except UnfitModelError as error:
            problem = str(error)
        except StudioBusyError as error:
            problem, is_over, retry_after_s = str(error), False, error.retry_after_s
        except StudioError as error:
            problem, is_over = str(error), False
        with self._changed:
            now_s = time.monotonic()
            if is_over:
                self._schedule.succeeded(now_s)
            else:
                self._schedule.failed(now_s, retry_after_s)
            before = self._status
            self._status = KeeperStatus(before.looks + 1, newest, problem, self._schedule.due_s)
        if problem and problem != before.problem:
            self._say(problem, False)
        elif not problem and (before.problem or newest != before.newest):
            self._say(f'{newest} is the newest model in Studio', True)

    def _fetch(self, name: str, version: str) -> None:
        path, problem, is_over, retry_after_s = None, '', True, 0.0
        try:
            path = self._fetcher.fetch(name, version)
        except StoppedError:
            raise
        except StudioBusyError as error:
            problem, is_over, retry_after_s = str(error), False, error.retry_after_s
        except StudioUnreachableError as error:
            problem, is_over = str(error), False
        except StudioError as error:
            problem = str(error)
        if problem:
            self._say(f'model {name} {version}: {problem}', False)
        with self._changed:
            request = self._requests.get((name, version))
            if request is None:
                return
            now_s = time.monotonic()
            if not is_over:
                request.failures += 1
                pause_s = min(_FIRST_PAUSE_S * 2.0 ** (request.failures - 1), _LONGEST_PAUSE_S)
                request.due_s = now_s + max(pause_s * random.uniform(0.5, 1.0), retry_after_s)
                request.fetch = Fetch(FetchState.FETCHING, message=problem)
                return
            state = FetchState.READY if path else FetchState.REFUSED
            request.fetch = Fetch(state, path, problem)
            request.holds_until_s = now_s + _ANSWER_HOLDS_S
