"""The thread that looks for newer models: on schedule, on request, and never in a fast loop."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parking_monitor.detection.studio.errors import (
    NoBuildError,
    StoppedError,
    StudioBusyError,
    StudioError,
    StudioUnreachableError,
    UnfitModelError,
)
from parking_monitor.detection.studio.fetcher import Look
from parking_monitor.detection.studio.keeper import FetchState, StudioKeeper
from parking_monitor.detection.studio.schedule import LookSchedule
from parking_monitor.detection.studio.store import StudioModel
from tests.support.patience import PATIENCE_S

LOT_1 = StudioModel(project=7, name='lot', version=1)
LOT_2 = StudioModel(project=7, name='lot', version=2)
PATH = Path('/models/lot-v1.eim')


class Studio:
    """Be a fetcher that does what it is told, and a device that listens.

    Attributes:
        found: what looks find, or why not.
        fetched: what becomes of a model that is asked for.
        said: lines for people, with whether they are good news.
    """

    def __init__(self) -> None:
        self.found: Look | StudioError = Look(LOT_1)
        self.fetched: Path | StudioError = PATH
        self.calls: list[str] = []
        self.said: list[tuple[str, bool]] = []
        self.forgiven = 0
        self.progress = ''
        self.hold = threading.Event()
        self.hold.set()
        self._changed = threading.Condition()

    def look(self) -> Look:
        self._note('look')
        if isinstance(self.found, StudioError):
            raise self.found
        return self.found

    def fetch(self, name: str, version: str) -> Path:
        self._note(f'fetch {name} {version}')
        if isinstance(self.fetched, StudioError):
            raise self.fetched
        return self.fetched

    def _note(self, call: str) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        assert self.hold.wait(PATIENCE_S)

    def say(self, text: str, is_good: bool) -> None:
        with self._changed:
            self.said.append((text, is_good))
            self._changed.notify_all()

    def forgive(self) -> None:
        self.forgiven += 1

    def end(self) -> None:
        self.found = self.fetched = StoppedError('stopped')
        self.hold.set()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), (self.calls, self.said)


@pytest.fixture
def studio() -> Studio:
    return Studio()


@pytest.fixture
def keeper(studio: Studio) -> Iterator[StudioKeeper]:
    schedule = LookSchedule(3600, 'u', time.monotonic(), is_urgent=True)
    keeper = make(studio, schedule)
    yield keeper
    keeper.close(PATIENCE_S)
    assert not keeper.is_alive


def make(studio: Studio, schedule: LookSchedule | None) -> StudioKeeper:
    return StudioKeeper(studio, schedule, say=studio.say, forgive=studio.forgive, end_fetch=studio.end)


def test_it_looks_at_the_start_and_says_what_is_the_newest(studio: Studio, keeper: StudioKeeper) -> None:
    keeper.start()
    studio.wait_for(lambda: len(studio.said) == 1)
    assert studio.said == [('lot 1 is the newest model in Studio', True)]
    status = keeper.status
    assert (status.looks, status.newest, status.problem) == (1, LOT_1, '')
    assert status.next_look_s > time.monotonic()


def test_a_look_can_be_asked_for_and_forgives_what_did_not_run(studio: Studio, keeper: StudioKeeper) -> None:
    keeper.start()
    studio.wait_for(lambda: len(studio.said) == 1)
    studio.found = Look(LOT_2)
    assert keeper.ask_for_look()
    studio.wait_for(lambda: len(studio.said) == 2)
    assert (studio.said[-1][0], studio.forgiven) == ('lot 2 is the newest model in Studio', 1)


@pytest.mark.parametrize(
    ('outcome', 'longest_s'),
    [
        (NoBuildError('build it'), 30),
        (StudioUnreachableError('no network'), 30),
        (StudioBusyError(500), 500),
        (UnfitModelError('it does not run'), 3600),
    ],
)
def test_what_is_wrong_is_told_and_it_looks_again_later(
    studio: Studio, keeper: StudioKeeper, outcome: StudioError, longest_s: float
) -> None:
    studio.found = outcome
    keeper.start()
    studio.wait_for(lambda: len(studio.said) == 1)
    assert studio.said == [(str(outcome), False)]
    assert keeper.status.problem == str(outcome)
    assert 1 < keeper.status.next_look_s - time.monotonic() <= longest_s


def test_a_version_that_did_not_run_before_is_told(studio: Studio, keeper: StudioKeeper) -> None:
    studio.found = Look(LOT_2, refused='it died')
    keeper.start()
    studio.wait_for(lambda: len(studio.said) == 1)
    assert studio.said == [('model lot 2 is not taken: it died; build a newer one', False)]


def test_without_a_camera_that_follows_it_looks_for_nothing(studio: Studio) -> None:
    keeper = make(studio, None)
    keeper.start()
    assert not keeper.ask_for_look()
    assert keeper.ask_for('lot', '1').state is FetchState.FETCHING
    studio.wait_for(lambda: studio.calls == ['fetch lot 1'])
    keeper.close(PATIENCE_S)


def wait_for_answer(keeper: StudioKeeper, state: FetchState) -> str:
    deadline_s = time.monotonic() + PATIENCE_S
    while (fetch := keeper.ask_for('lot', '1')).state is not state or not (fetch.message or fetch.path):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return fetch.message or str(fetch.path)


def test_a_model_is_fetched_once_however_many_cameras_ask(studio: Studio, keeper: StudioKeeper) -> None:
    keeper.start()
    assert wait_for_answer(keeper, FetchState.READY) == str(PATH)
    for _ in range(16):
        assert keeper.ask_for('lot', '1').path == PATH
    assert studio.calls.count('fetch lot 1') == 1


def test_who_asks_hears_why_it_cannot_be_had(studio: Studio, keeper: StudioKeeper) -> None:
    studio.fetched = NoBuildError('there is no version 1')
    keeper.start()
    assert wait_for_answer(keeper, FetchState.REFUSED) == 'there is no version 1'


def test_what_cannot_be_had_without_a_network_is_waited_for(studio: Studio, keeper: StudioKeeper) -> None:
    studio.fetched = StudioUnreachableError('no network')
    keeper.start()
    assert wait_for_answer(keeper, FetchState.FETCHING) == 'no network'
    assert studio.calls.count('fetch lot 1') == 1


def test_so_many_models_are_asked_for_at_once_and_no_more(keeper: StudioKeeper) -> None:
    fetches = [keeper.ask_for('lot', str(version)) for version in range(20)]
    assert {fetch.state for fetch in fetches} == {FetchState.FETCHING}
    assert sum('waits for other models' in fetch.message for fetch in fetches) == 12
    keeper.start()
