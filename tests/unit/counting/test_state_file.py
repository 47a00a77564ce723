"""What a counter knows outlives it, whatever happens to the file."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting import state_file
from parking_monitor.counting.state_file import State, StateFileError, load, save
from parking_monitor.counting.state_keeper import SPACING_S, StateKeeper
from parking_monitor.counting.totals import Totals
from parking_monitor.values import BayState
from tests.support.patience import PATIENCE_S

names = st.text(st.characters(exclude_categories=['Cs']), max_size=20)
totals = st.integers(0, 10**8)
states = st.builds(
    State,
    totals=st.builds(
        Totals,
        entered=totals,
        left=totals,
        entered_today=totals,
        left_today=totals,
        day=st.just('') | st.dates().map(lambda day: day.isoformat()),
        inside_at_start=st.integers(-(10**8), 10**8),
        gates=st.dictionaries(names, st.tuples(totals, totals), max_size=4),
    ),
    bays=st.dictionaries(names, st.sampled_from(BayState), max_size=6),
)


def a_state(entered: int = 7) -> State:
    return State(
        totals=Totals(entered=entered, day='2026-03-01', gates={'in': (entered, 0)}),
        bays={'A1': BayState.OCCUPIED},
    )


@given(states)
def test_what_is_saved_is_what_is_loaded(tmp_path_factory: pytest.TempPathFactory, state: State) -> None:
    path = tmp_path_factory.mktemp('state') / 'lane.json'
    save(path, 'lane', state)
    assert load(path, 'lane') == state_file.Loaded(state)


def test_without_a_file_totals_begin_at_nothing_and_nothing_is_wrong(tmp_path: Path) -> None:
    assert load(tmp_path / 'none' / 'lane.json', 'lane') == state_file.Loaded(State())


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    save(tmp_path / 'a' / 'b' / 'lane.json', 'lane', a_state())
    assert load(tmp_path / 'a' / 'b' / 'lane.json', 'lane').state == a_state()


def valid() -> dict[str, object]:
    text = {
        'format': state_file.FORMAT,
        'camera': 'lane',
        'totals': {
            'entered': 1,
            'left': 0,
            'entered_today': 1,
            'left_today': 0,
            'day': '2026-03-01',
            'inside_at_start': 0,
            'gates': {'in': [1, 0]},
        },
        'bays': {'A1': 'FREE'},
    }
    return json.loads(json.dumps(text))  # type: ignore[no-any-return] # json answers with anything


def changed(path: tuple[str, ...], value: object) -> bytes:
    content = valid()
    section: dict[str, object] = content
    for key in path[:-1]:
        section = section[key]  # type: ignore[assignment] # the sections on the way are mappings
    section[path[-1]] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'damaged: not JSON'),
        (b'{"format": "parking.count', 'damaged: not JSON'),
        (b'\xff\xfe\x00', 'damaged: not JSON'),
        (b'[' * 100_000, 'damaged: not JSON'),
        (b'[]', 'damaged'),
        (b' ' * 2_000_000, 'no file of at most'),
        (changed(('format',), 'parking.counter-state/2'), "format 'parking.counter-state/2'"),
        (changed(('camera',), 'gate'), "camera 'gate', and not 'lane'"),
        (changed(('totals',), None), 'damaged'),
        (changed(('totals', 'more'), 1), 'damaged: totals are not day, entered'),
        (changed(('totals', 'entered'), -1), 'damaged: the total -1 is below 0'),
        (changed(('totals', 'entered'), 1.5), 'damaged: 1.5 is no total'),
        (changed(('totals', 'entered'), True), 'damaged: True is no total'),
        (changed(('totals', 'left'), 10**12), 'damaged: 1000000000000 is no total'),
        (changed(('totals', 'day'), 'tomorrow'), "damaged: 'tomorrow' is no day"),
        (changed(('totals', 'day'), 0), 'damaged: 0 is no day'),
        (changed(('totals', 'gates'), {'in': [1]}), 'damaged: [1] is no pair'),
        (changed(('bays',), {'A1': 'GONE'}), "damaged: 'GONE' is no state of a bay"),
    ],
)
def test_a_file_that_cannot_be_used_is_set_aside_and_totals_begin_anew(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / 'lane.json'
    path.write_bytes(content)
    loaded = load(path, 'lane')
    assert loaded.state == State()
    assert reason in loaded.problem
    assert 'set aside as lane.json.set-aside; set_count sets totals by hand' in loaded.problem
    assert not path.exists()
    assert (tmp_path / 'lane.json.set-aside').read_bytes() == content


def test_the_valid_file_of_these_tests_is_valid(tmp_path: Path) -> None:
    (tmp_path / 'lane.json').write_text(json.dumps(valid()))
    assert load(tmp_path / 'lane.json', 'lane').problem == ''


def test_a_folder_or_a_pipe_in_its_place_is_set_aside_without_waiting(tmp_path: Path) -> None:
    (tmp_path / 'lane.json').mkdir()
    os.mkfifo(tmp_path / 'gate.json')
    assert 'no file' in load(tmp_path / 'lane.json', 'lane').problem
    assert 'no file' in load(tmp_path / 'gate.json', 'gate').problem


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_content_is_loaded_or_set_aside_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp('state') / 'lane.json'
    path.write_bytes(content)
    assert load(path, 'lane').problem


def test_a_save_that_fails_keeps_the_state_before_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / 'lane.json'
    save(path, 'lane', a_state(1))
    (tmp_path / 'lane.json.new').mkdir()  # nobody can write there now, not even root
    with pytest.raises(StateFileError, match='make room on the disk'):
        save(path, 'lane', a_state(2))
    assert load(path, 'lane').state == a_state(1)


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / 'lane.json.new').symlink_to('/dev/full')
    with pytest.raises(StateFileError, match='No space left on device'):
        save(tmp_path / 'lane.json', 'lane', a_state())


def wait_until_saved(path: Path, state: State) -> float:
    """Return the monotonic time at which a state was seen in the file."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        if load(path, 'lane').state == state:
            return time.monotonic()
        threading.Event().wait(0.01)
    raise AssertionError(f'not saved: {state}; there is {load(path, "lane")}')


def test_the_first_change_is_saved_at_once_and_the_next_a_second_later(tmp_path: Path) -> None:
    path = tmp_path / 'lane.json'
    keeper = StateKeeper(path, 'lane', State())
    keeper.keep(a_state(1))
    first_s = wait_until_saved(path, a_state(1))
    for entered in range(2, 20):
        keeper.keep(a_state(entered))
    assert wait_until_saved(path, a_state(19)) - first_s > SPACING_S * 0.8
    assert keeper.close()


def test_closing_saves_at_once_what_is_not_saved_yet(tmp_path: Path) -> None:
    path = tmp_path / 'lane.json'
    keeper = StateKeeper(path, 'lane', State())
    keeper.keep(a_state(1))
    wait_until_saved(path, a_state(1))
    keeper.keep(a_state(2))
    assert keeper.close()
    assert load(path, 'lane').state == a_state(2)


def test_a_state_that_did_not_change_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / 'lane.json'
    keeper = StateKeeper(path, 'lane', a_state())
    keeper.keep(a_state())
    assert keeper.close()
    assert not path.exists()


def test_a_disk_that_cannot_be_written_to_is_a_problem_and_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / 'lane.json'
    (tmp_path / 'lane.json.new').symlink_to('/dev/full')
    keeper = StateKeeper(path, 'lane', State())
    keeper.keep(a_state(1))
    end_s = time.monotonic() + PATIENCE_S
    while not keeper.problem and time.monotonic() < end_s:
        threading.Event().wait(0.01)
    assert 'No space left on device' in keeper.problem
    (tmp_path / 'lane.json.new').unlink()
    keeper.keep(a_state(2))
    assert keeper.close()
    assert load(path, 'lane').state == a_state(2)
