"""Pictures on the disk: whole or not there, within a bound, the least worth going first."""

import json
from pathlib import Path

import pytest

from parking_monitor.cloud.errors import StoreUnavailableError
from parking_monitor.cloud.sample import Category, LabelledBox, Reason
from parking_monitor.cloud.sample_store import KEPT_REFUSED, SampleStore
from tests.unit.cloud.sample_builders import a_sample

ROOM = 1_000_000


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def reasons(store: SampleStore) -> list[Reason]:
    found = []
    while stored := store.next():
        found.append(stored.sample.reason)
        store.remove(stored)
    return found


def test_a_picture_outlives_a_restart_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    sample = a_sample(b'one', Reason.LOW_CONFIDENCE, boxes=(LabelledBox('car', 1, 2, 3, 4),), model='lot 3')
    assert SampleStore(tmp_path, ROOM).put(sample, b'one')
    stored = SampleStore(tmp_path, ROOM).next()
    assert stored is not None
    assert (stored.sample, stored.read()) == (sample, b'one')


def test_the_same_picture_is_kept_once(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, ROOM)
    assert store.put(a_sample(b'one'), b'one')
    assert not store.put(a_sample(b'one'), b'one')
    assert len(store) == 1


def test_what_is_worth_most_comes_first_and_of_that_the_oldest(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, ROOM)
    for second, reason in enumerate([*reversed(Reason), *reversed(Reason)]):
        store.put(a_sample(bytes([second]), reason, second), b'picture')
    first = store.next()
    assert first is not None
    assert first.sample.stamp_ns == a_sample(second=4).stamp_ns
    assert reasons(store) == [reason for reason in Reason for _ in range(2)]


def test_when_it_is_full_old_periodic_pictures_go_before_unsure_ones(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, 5000)
    store.put(a_sample(b'u', Reason.LOW_CONFIDENCE, 0), bytes(1500))
    for second in (1, 2, 3):
        store.put(a_sample(bytes([second]), Reason.PERIODIC, second), bytes(1500))
    assert (len(store), store.dropped) == (3, 1)
    assert store.size <= 5000
    assert store.put(a_sample(b'v', Reason.NEW_SCENE, 4), bytes(1500))
    assert not store.put(a_sample(b'w', Reason.PERIODIC, 0), bytes(4000))
    assert reasons(store) == [Reason.LOW_CONFIDENCE, Reason.NEW_SCENE, Reason.PERIODIC]
    assert not names_in(tmp_path / 'training')


def test_what_a_kill_left_half_written_is_not_there(tmp_path: Path) -> None:
    SampleStore(tmp_path, ROOM).put(a_sample(b'one'), b'one')
    folder = tmp_path / 'training'
    (folder / 'lane-x.jpg').write_bytes(b'a picture of which nothing is known')
    (folder / 'lane-y.json').write_text('{}')
    (folder / 'lane-z.jpg.new').write_bytes(b'half a pict')
    (folder / 'lane-q.jpg').write_bytes(b'picture')
    (folder / 'lane-q.json').write_text('{"damaged": ')
    store = SampleStore(tmp_path, ROOM)
    assert (len(store), store.damaged) == (1, 1)
    name = a_sample(b'one').name
    assert names_in(folder) == [name, name.replace('.jpg', '.json')]


def test_a_smaller_bound_holds_from_the_start(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, ROOM)
    for second in range(5):
        store.put(a_sample(bytes([second]), second=second), bytes(1500))
    assert len(SampleStore(tmp_path, 4000)) == 2


def test_refused_pictures_are_set_aside_and_only_the_newest_kept(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, ROOM)
    for second in range(KEPT_REFUSED + 2):
        store.put(a_sample(bytes([second]), second=second), b'picture')
        stored = store.next()
        assert stored is not None
        store.set_aside(stored)
    assert (len(store), len(names_in(tmp_path / 'refused'))) == (0, KEPT_REFUSED)
    assert len(SampleStore(tmp_path, ROOM)) == 0


def test_a_folder_to_fetch_has_labels_beside_its_pictures(tmp_path: Path) -> None:
    store = SampleStore(tmp_path, ROOM, keeps_labels=True)
    labelled = a_sample(b'one', boxes=(LabelledBox('car', 1, 2, 3, 4),))
    testing = a_sample(b'two', category=Category.TESTING, second=1)
    for sample in (labelled, testing, a_sample(b'three', second=2)):
        store.put(sample, b'picture')
    written = json.loads((tmp_path / 'training' / 'bounding_boxes.labels').read_text())
    assert list(written['boundingBoxes']) == [labelled.name]
    assert testing.name in names_in(tmp_path / 'testing')

    # What the operator has fetched and deleted is not there any more.
    (tmp_path / 'training' / labelled.name).unlink()
    store.put(a_sample(b'four', second=3), b'picture')
    written = json.loads((tmp_path / 'training' / 'bounding_boxes.labels').read_text())
    assert (written['boundingBoxes'], len(store)) == ({}, 3)


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(StoreUnavailableError, match='check the disk and who owns it'):
        SampleStore(tmp_path / 'file' / 'samples', ROOM)
