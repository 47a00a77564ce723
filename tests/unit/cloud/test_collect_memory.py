"""What outlives a restart: the uploads of a day, what was collected, how large cars are."""

import datetime as dt
from pathlib import Path

import pytest

from parking_monitor.cloud.collect_memory import MOST_CONTENTS, MOST_SCENES, CollectMemory
from parking_monitor.cloud.sample import content_hash

MONDAY = dt.date(2026, 11, 23)
A, B = content_hash(b'a'), content_hash(b'b')


class Calendar:
    """Hold a date that can be set."""

    def __init__(self) -> None:
        self.today = MONDAY

    def __call__(self) -> dt.date:
        return self.today


def test_uploads_are_counted_by_day_through_restarts(tmp_path: Path) -> None:
    calendar = Calendar()
    CollectMemory(tmp_path / 'm.json', calendar).count_upload()
    memory = CollectMemory(tmp_path / 'm.json', calendar)
    memory.count_upload()
    assert memory.uploaded_today == 2
    calendar.today += dt.timedelta(days=1)
    assert memory.uploaded_today == 0
    memory.count_upload()
    assert CollectMemory(tmp_path / 'm.json', calendar).uploaded_today == 1


def test_a_clock_that_goes_back_gives_no_new_day(tmp_path: Path) -> None:
    calendar = Calendar()
    memory = CollectMemory(tmp_path / 'm.json', calendar)
    memory.count_upload()
    calendar.today = dt.date(1970, 1, 1)
    assert memory.uploaded_today == 1
    assert CollectMemory(tmp_path / 'm.json', calendar).uploaded_today == 1
    calendar.today = MONDAY
    assert memory.uploaded_today == 1


def test_what_was_collected_is_known_after_a_restart(tmp_path: Path) -> None:
    memory = CollectMemory(tmp_path / 'm.json', Calendar())
    memory.note_car('lane', 80.0)
    memory.note_car('lane', 60.0)
    memory.remember('lane', A, 2**63 + 5)
    again = CollectMemory(tmp_path / 'm.json', Calendar())
    assert (again.is_known(A), again.is_known(B)) == (True, False)
    assert (again.scenes('lane'), again.scenes('gate')) == ([2**63 + 5], [])
    assert (again.car_px('lane'), again.car_px('gate')) == (80.0, None)


def test_it_does_not_grow(tmp_path: Path) -> None:
    memory = CollectMemory(tmp_path / 'm.json', Calendar())
    memory._save = lambda: None  # type: ignore[method-assign]  # the disk is not what is tested
    for number in range(MOST_CONTENTS + 1):
        memory.remember('lane', content_hash(number.to_bytes(2)), number)
    assert not memory.is_known(content_hash((0).to_bytes(2)))
    assert memory.is_known(content_hash((1).to_bytes(2)))
    assert memory.scenes('lane') == list(range(MOST_CONTENTS + 1 - MOST_SCENES, MOST_CONTENTS + 1))


@pytest.mark.parametrize(
    'text', ['', '[]', '{}', '{"format": "parking.collected/1", "contents": 3}', '{"format": "other/2"}']
)
def test_a_damaged_file_begins_anew_and_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / 'm.json').write_text(text)
    memory = CollectMemory(tmp_path / 'm.json', Calendar())
    assert 'cannot be used' in memory.problem
    assert memory.uploaded_today == 0
    memory.remember('lane', A, 1)
    assert CollectMemory(tmp_path / 'm.json', Calendar()).problem == ''
