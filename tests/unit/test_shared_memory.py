"""Only what nobody holds and nobody had before is removed."""

import fcntl
from pathlib import Path

from parking_monitor import shared_memory


def make_segment(folder: Path, name: str) -> None:
    for entry in (name, f'{name}_el', f'sem.{name}_mutex'):
        (folder / entry).touch()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_segment_that_nobody_holds_goes_with_its_lock_and_its_mutex(tmp_path: Path) -> None:
    make_segment(tmp_path, 'fastrtps_port7411')
    assert shared_memory.remove_orphans(frozenset(), tmp_path) == ['fastrtps_port7411']
    assert names(tmp_path) == set()


def test_a_segment_whose_owner_lives_stays(tmp_path: Path) -> None:
    make_segment(tmp_path, 'fastrtps_1234')
    with (tmp_path / 'fastrtps_1234_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shared_memory.remove_orphans(frozenset(), tmp_path) == []
    assert len(names(tmp_path)) == 3


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    make_segment(tmp_path, 'fastrtps_old')
    known = shared_memory.segments(tmp_path)
    make_segment(tmp_path, 'fastrtps_new')
    assert shared_memory.remove_orphans(known, tmp_path) == ['fastrtps_new']


def test_a_segment_that_lost_its_lock_file_goes_too(tmp_path: Path) -> None:
    (tmp_path / 'fastrtps_port26913').touch()
    assert shared_memory.remove_orphans(frozenset(), tmp_path) == ['fastrtps_port26913']


def test_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / 'psm_1234').touch()
    assert shared_memory.remove_orphans(frozenset(), tmp_path) == []
    assert names(tmp_path) == {'psm_1234'}


def test_a_machine_without_shared_memory_has_nothing_to_remove(tmp_path: Path) -> None:
    assert shared_memory.remove_orphans(frozenset(), tmp_path / 'none') == []
