"""The uploader against a service that fails: nothing lost, nothing twice, never too much a day."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from parking_monitor.cloud.collect_memory import CollectMemory
from parking_monitor.cloud.ingestion import IngestionClient
from parking_monitor.cloud.sample import Reason
from parking_monitor.cloud.sample_store import SampleStore
from parking_monitor.cloud.sample_uploader import (
    LONGEST_BACK_OFF_S,
    SampleUploader,
    UploaderState,
    back_off_s,
)
from tests.support.ingestion_api import KEY, Failure, IngestionApi
from tests.support.patience import PATIENCE_S
from tests.unit.cloud.sample_builders import a_picture, a_sample
from tests.unit.cloud.test_collect_memory import Calendar

ROOM = 10**9


@contextmanager
def uploading(
    api: IngestionApi,
    folder: Path,
    calendar: Calendar,
    *,
    key: str = KEY,
    limit: int = 100,
    enabled: bool = True,
) -> Iterator[tuple[SampleUploader, SampleStore]]:
    store = SampleStore(folder / 'outgoing', ROOM)
    memory = CollectMemory(folder / 'm.json', calendar)
    with IngestionClient(SecretStr(key), base_url=api.base_url) as client:
        uploader = SampleUploader(
            client, store, memory, daily_limit=limit, enabled=enabled, first_back_off_s=0.01
        )
        uploader.start()
        try:
            yield uploader, store
        finally:
            uploader.stop(PATIENCE_S)
            assert not uploader.is_alive


def keep(store: SampleStore, *seeds: int, reason: Reason = Reason.PERIODIC) -> None:
    for seed in seeds:
        store.put(a_sample(a_picture(seed), reason, seed), a_picture(seed))


def wait_until(uploader: SampleUploader, holds: Callable[[UploaderState], bool]) -> UploaderState:
    """Wait until the uploader has taken note of what the service answered."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds(uploader.state):
        assert time.monotonic() < end_s, uploader.state
        time.sleep(0.002)
    return uploader.state


def test_pictures_go_out_what_is_worth_most_first_and_leave_the_disk(tmp_path: Path) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar(), enabled=False) as (uploader, store):
        keep(store, 1, 2)
        keep(store, 3, reason=Reason.LOW_CONFIDENCE)
        uploader.enable(True)
        stored = api.wait_for_stored(3)
        wait_until(uploader, lambda state: state.uploaded == 3)
        assert [each.jpeg for each in stored] == [a_picture(seed) for seed in (3, 1, 2)]
        assert len(store) == 0
        assert not list((tmp_path / 'outgoing' / 'training').iterdir())


def test_while_it_is_switched_off_pictures_wait(tmp_path: Path) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar(), enabled=False) as (uploader, store):
        keep(store, 1)
        uploader.wake()
        uploader.stop(PATIENCE_S)
        assert (api.requests, len(store)) == (0, 1)


@pytest.mark.parametrize(
    'failure',
    [
        Failure(),
        Failure(500),
        Failure(429, headers={'Retry-After': '0.01'}),
        Failure(200, b'<html>'),
        # The picture arrives, and the answer does not.
        Failure(stores=True),
        Failure(502, stores=True),
    ],
)
def test_what_fails_for_a_while_is_tried_again_and_stored_once(tmp_path: Path, failure: Failure) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar()) as (uploader, store):
        api.failures += [failure] * 3
        keep(store, 1, 2)
        uploader.wake()
        state = wait_until(uploader, lambda state: state.uploaded + state.duplicates == 2)
        assert sorted(each.jpeg for each in api.stored) == sorted(map(a_picture, (1, 2)))
        assert (state.last_error, len(store), api.problems) == ('', 0, [])


def test_a_picture_that_is_refused_is_set_aside_and_the_next_one_goes(tmp_path: Path) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar()) as (uploader, store):
        api.failures.append(Failure(400, b'no image'))
        keep(store, 1, 2)
        uploader.wake()
        state = wait_until(uploader, lambda state: state.uploaded == 1)
        assert (state.refused, state.last_refusal) == (1, 'Edge Impulse answered 400: no image')
        assert len(list((tmp_path / 'outgoing' / 'refused').iterdir())) == 1


def test_a_wrong_key_keeps_the_pictures_and_says_what_to_do(tmp_path: Path) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar(), key='ei_00') as (uploader, store):
        keep(store, 1)
        uploader.wake()
        state = wait_until(uploader, lambda state: bool(state.last_error))
        assert 'Invalid API key; check EI_API_KEY_IMAGE' in state.last_error
        assert 'ei_00' not in state.last_error
        assert (len(store), state.refused) == (1, 0)


def test_the_limit_of_a_day_holds_through_a_restart_and_ends_with_the_day(tmp_path: Path) -> None:
    calendar = Calendar()
    with IngestionApi() as api:
        with uploading(api, tmp_path, calendar, limit=2) as (uploader, store):
            keep(store, 1, 2, 3)
            uploader.wake()
            wait_until(uploader, lambda state: state.uploaded == 2 and state.is_limited)
        with uploading(api, tmp_path, calendar, limit=2) as (uploader, store):
            assert uploader.state.is_limited
            assert (len(store), len(api.stored)) == (1, 2)
            calendar.today += dt.timedelta(days=1)
            uploader.wake()
            api.wait_for_stored(3)


def test_a_picture_that_somebody_took_away_is_forgotten(tmp_path: Path) -> None:
    with IngestionApi() as api, uploading(api, tmp_path, Calendar(), enabled=False) as (uploader, store):
        keep(store, 1, 2)
        (first, _) = sorted((tmp_path / 'outgoing' / 'training').glob('*.jpg'))
        first.unlink()
        uploader.enable(True)
        api.wait_for_stored(1)
        wait_until(uploader, lambda state: state.uploaded == 1)
        assert len(store) == 0


def test_the_back_off_grows_to_a_quarter_of_an_hour_and_is_jittered() -> None:
    waits_s = [back_off_s(failures) for failures in range(1, 30)]
    assert 2.5 <= waits_s[0] <= 5.0
    assert all(LONGEST_BACK_OFF_S / 2 <= wait_s <= LONGEST_BACK_OFF_S for wait_s in waits_s[9:])
    assert len(set(waits_s)) == len(waits_s)
