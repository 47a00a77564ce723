from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parking_monitor.detection.studio.errors import StoreError
from parking_monitor.detection.studio.store import StudioModel, StudioStore


def model(version: int, name: str = 'lot') -> StudioModel:
    return StudioModel(project=7, name=name, version=version)


def put(store: StudioStore, version: int) -> StudioModel:
    """Have a version fetched, and let it count."""
    one = model(version)
    part = store.part_of(one)
    part.write_text(f'model {version}')
    store.make_current(one, part)
    return one


def files(store: StudioStore) -> list[str]:
    return sorted(path.name for path in store.folder.glob('*.eim*'))


@pytest.fixture
def store(tmp_path: Path) -> StudioStore:
    return StudioStore(tmp_path / 'models' / 'studio')


def test_without_a_model_nothing_is_made(store: StudioStore) -> None:
    assert store.best is None
    assert not store.folder.exists()


def test_the_newest_counts_and_the_last_two_are_kept(store: StudioStore) -> None:
    for version in (1, 2, 3):
        put(store, version)
    assert store.best == model(3)
    assert store.path_of(model(3)).read_text() == 'model 3'
    assert files(store) == ['lot-v2.eim', 'lot-v3.eim']


def test_another_reader_sees_what_counts_now(store: StudioStore) -> None:
    reader = StudioStore(store.folder)
    for version in (1, 2):
        put(store, version)
        assert reader.best == model(version)


def test_a_refused_model_gives_way_to_the_one_before_and_then_to_none(store: StudioStore) -> None:
    put(store, 1)
    put(store, 2)
    store.refuse(7, 2, 'it died')
    assert store.best == model(1)
    assert store.state.why_refused(7, 2) == 'it died'
    store.refuse(7, 1, 'it died too')
    assert StudioStore(store.folder).best is None
    put(store, 3)
    assert files(store) == ['lot-v3.eim']


def test_a_version_that_was_never_there_can_be_refused(store: StudioStore) -> None:
    put(store, 1)
    store.refuse(7, 2, 'it is built for aarch64')
    assert store.best == model(1)
    assert store.state.why_refused(7, 2)
    assert not store.state.why_refused(8, 2)


def test_a_person_can_have_refused_versions_tried_again(store: StudioStore) -> None:
    store.refuse(7, 2, 'it died')
    store.forgive()
    assert not store.state.why_refused(7, 2)


def test_refusals_are_bounded_and_the_newest_stay(store: StudioStore) -> None:
    for version in range(20):
        store.refuse(7, version, 'x' * 9000)
    assert [one.version for one in store.state.refused] == list(range(12, 20))
    assert len(store.state.refused[0].reason) == 300


def test_what_was_asked_for_by_name_stays_beside_the_newest(store: StudioStore) -> None:
    put(store, 1)
    store.keep(model(1))
    for version in (2, 3, 4):
        put(store, version)
    assert files(store) == ['lot-v1.eim', 'lot-v3.eim', 'lot-v4.eim']


def test_the_last_two_that_were_asked_for_are_kept(store: StudioStore) -> None:
    for version in (1, 2, 3):
        part = store.part_of(model(version))
        part.write_text('model')
        store.keep(model(version), part)
    assert files(store) == ['lot-v2.eim', 'lot-v3.eim']
    assert store.best is None


def test_a_current_model_whose_file_is_gone_gives_way_to_the_one_before(store: StudioStore) -> None:
    put(store, 1)
    put(store, 2)
    store.path_of(model(2)).unlink()
    assert store.best == model(1)


def test_a_part_of_another_model_is_removed(store: StudioStore) -> None:
    store.part_of(model(1)).write_text('half')
    assert store.part_of(model(1)).exists()
    store.part_of(model(2))
    assert files(store) == []


@pytest.mark.parametrize(
    'content', [b'', b'\xff', b'{"current": 5}', b'{"current": {"project": 1, "name": "../x", "version": 1}}']
)
def test_a_damaged_state_is_as_good_as_none_and_the_next_model_mends_it(
    store: StudioStore, content: bytes
) -> None:
    put(store, 1)
    (store.folder / 'studio.json').write_bytes(content)
    assert store.best is None
    put(store, 2)
    assert StudioStore(store.folder).best == model(2)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / 'models').touch()
    with pytest.raises(StoreError, match='cannot be written: '):
        StudioStore(tmp_path / 'models' / 'studio').refuse(7, 1, 'it died')


def test_detectors_that_refuse_at_once_do_not_lose_each_others_words(store: StudioStore) -> None:
    with ThreadPoolExecutor(6) as detectors:
        for version in range(6):
            detectors.submit(StudioStore(store.folder).refuse, 7, version, 'it died')
    assert {one.version for one in store.state.refused} == set(range(6))
