import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parking_monitor.cloud.errors import StoreDamagedError, StoreFullError, StoreUnavailableError
from parking_monitor.cloud.outbox_store import FILE_NAME, KEPT_DAMAGED_FILES, OutboxStore, StoredMessage
from parking_monitor.cloud.running_time import RunningTime

YEAR_NS = 365 * 86_400 * 10**9


def a_message(seq: int, *, put_s: float = 1.0, payload: bytes = b'{}') -> StoredMessage:
    return StoredMessage(seq, put_s, 'lane', ('parking/garage/count', 'EI_TOPIC'), payload)


@contextmanager
def opened(folder: Path, *, now_ns: int = 0) -> Iterator[OutboxStore]:
    store = OutboxStore(folder, RunningTime(), lambda: now_ns)
    try:
        yield store
    finally:
        store.close()


def numbers(store: OutboxStore) -> list[int]:
    return [message.seq for message in store.read(above=0, below=2**62, limit=1000)]


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    written = [a_message(7), a_message(8, payload='Süd'.encode())]
    with opened(tmp_path) as store:
        store.write(written, ())
    with opened(tmp_path) as store:
        assert store.read(above=0, below=2**62, limit=10) == written
        assert (store.rows, store.dropped, store.damage) == (2, 0, '')


def test_every_commit_reaches_the_disk_before_it_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        settings = [
            store._connection.execute(f'PRAGMA {name}').fetchone()[0]
            for name in ('journal_mode', 'synchronous')
        ]

    assert settings == ['wal', 2]  # 2 is FULL


def test_only_its_owner_can_look_into_the_folder(tmp_path: Path) -> None:
    with opened(tmp_path / 'outbox'):
        assert (tmp_path / 'outbox').stat().st_mode & 0o777 == 0o700


def test_messages_are_put_in_and_deleted_in_one_commit(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write([a_message(1), a_message(2)], ())
        store.write([a_message(3)], {1, 2})

        assert numbers(store) == [3]
        assert store.rows == 1


def test_the_oldest_are_given_up_and_counted_across_restarts(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write([a_message(seq) for seq in range(1, 7)], ())
        assert store.drop_oldest(2, above=0, below=100) == 2
        assert numbers(store) == [3, 4, 5, 6]
    with opened(tmp_path) as store:
        assert (store.rows, store.dropped) == (4, 2)


def test_what_is_in_memory_is_not_given_up(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write([a_message(seq, put_s=float(seq)) for seq in range(1, 7)], ())

        assert store.drop_older(100.0, above=2, below=5) == 2
        assert numbers(store) == [1, 2, 5, 6]


def test_numbers_go_on_after_those_that_were_deleted(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write([a_message(41)], ())
        store.write((), {41})
    with opened(tmp_path) as store:
        assert store.first_seq == 42


def test_a_clock_set_back_by_a_year_repeats_no_number(tmp_path: Path) -> None:
    now_ns = 1_772_352_930 * 10**9
    with opened(tmp_path, now_ns=now_ns) as store:
        first = store.first_seq
        store.write([a_message(first)], {first})
    with opened(tmp_path, now_ns=now_ns - YEAR_NS) as store:
        assert store.first_seq == first + 1


def test_a_lost_file_repeats_no_number(tmp_path: Path) -> None:
    with opened(tmp_path / 'before', now_ns=1_772_352_930 * 10**9) as store:
        store.write([a_message(store.first_seq + each) for each in range(50)], ())
        used = numbers(store)
    with opened(tmp_path / 'after', now_ns=1_772_352_931 * 10**9) as store:
        assert store.first_seq > max(used)


@pytest.mark.parametrize('damage', ['nonsense', 'cut off', 'a page', 'another format'])
def test_a_damaged_file_is_set_aside_told_and_replaced(tmp_path: Path, damage: str) -> None:
    with opened(tmp_path, now_ns=5 * 10**15) as store:
        store.write([a_message(seq, payload=b'x' * 900) for seq in range(1, 200)], ())
    spoil(tmp_path / FILE_NAME, damage)
    before = (tmp_path / FILE_NAME).read_bytes()

    with opened(tmp_path, now_ns=5 * 10**15) as store:
        aside = tmp_path / f'{FILE_NAME}.damaged-5000000000'
        assert 'set aside as' in store.damage
        assert aside.name in store.damage
        assert aside.read_bytes() == before
        assert numbers(store) == []
        store.write([a_message(store.first_seq)], ())
        assert store.rows == 1


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == 'nonsense':
        path.write_bytes(b'not a database, at all. ' * 100)
    elif how == 'cut off':
        path.write_bytes(content[: len(content) // 2])
    elif how == 'a page':
        path.write_bytes(content[:8192] + bytes(range(256)) * 64 + content[8192 + 256 * 64 :])
    else:
        with sqlite3.connect(path) as connection:
            connection.execute('PRAGMA user_version = 99')
        connection.close()


def test_after_a_damage_with_the_clock_set_back_no_number_is_repeated(tmp_path: Path) -> None:
    with opened(tmp_path, now_ns=1_772_352_930 * 10**9) as store:
        store.write([a_message(store.first_seq)], ())
        (used,) = numbers(store)
        store.replace(StoreDamagedError('test'))
    with opened(tmp_path, now_ns=0) as store:
        assert store.first_seq > used


def test_of_the_files_set_aside_the_newest_are_kept(tmp_path: Path) -> None:
    for now_s in range(1, 6):
        spoil_with = tmp_path / FILE_NAME
        spoil_with.write_bytes(b'nonsense' * 100)
        with opened(tmp_path, now_ns=now_s * 10**9):
            pass

    kept = sorted(path.name for path in tmp_path.glob('*.damaged-*'))
    assert kept == [f'{FILE_NAME}.damaged-{stamp}' for stamp in (4000, 5000)]
    assert len(kept) == KEPT_DAMAGED_FILES


def test_a_full_disk_is_told_apart_and_leaves_what_was_there(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.write([a_message(1)], ())
        store._connection.execute('PRAGMA max_page_count = 8')
        with pytest.raises(StoreFullError, match='is full; free some space'):
            store.write([a_message(seq, payload=b'x' * 9000) for seq in range(2, 10)], {1})

        assert numbers(store) == [1]
        assert store.rows == 1
        store.write((), {1})
        assert store.rows == 0


def test_a_file_in_use_by_another_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('parking_monitor.cloud.outbox_store.LOCK_TIMEOUT_S', 0.05)
    with opened(tmp_path) as store:
        store.write([a_message(1)], ())
        with pytest.raises(StoreUnavailableError, match='used by another process'):
            OutboxStore(tmp_path, RunningTime())


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()

    with pytest.raises(StoreUnavailableError, match='file/outbox: Not a directory'):
        OutboxStore(tmp_path / 'file' / 'outbox', RunningTime())


_WRITER = """
import sys
from pathlib import Path
from parking_monitor.cloud.outbox_store import OutboxStore, StoredMessage
from parking_monitor.cloud.running_time import RunningTime

store = OutboxStore(Path(sys.argv[1]), RunningTime())
seq = store.first_seq
while True:
    store.write([StoredMessage(seq, 1.0, 'lane', ('t',), b'{}')], ())
    print(seq, flush=True)
    seq += 1
"""


def test_kill_loses_nothing_that_was_written_and_repeats_no_number(tmp_path: Path) -> None:
    told: list[int] = []
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, '-c', _WRITER, tmp_path],
            stdout=subprocess.PIPE,
            text=True,
            env={'PYTHONPATH': ':'.join(sys.path)},
        )
        with writer:
            assert writer.stdout is not None
            told += [int(writer.stdout.readline()) for _ in range(20)]
            writer.kill()
            told += [int(line) for line in writer.stdout if line.endswith('\n')]

    assert len(set(told)) == len(told)
    with opened(tmp_path) as store:
        assert set(told) <= set(numbers(store))


def test_time_waited_goes_on_in_one_boot_and_a_reboot_counts_as_some(tmp_path: Path) -> None:
    time_before = RunningTime('boot 1', base_s=500.0)
    store = OutboxStore(tmp_path, time_before)
    put_s = time_before.now_s()
    store.write([a_message(1, put_s=put_s)], ())
    store.close()

    same_boot, next_boot = RunningTime('boot 1'), RunningTime('boot 2')
    OutboxStore(tmp_path, same_boot).close()
    assert 0 <= same_boot.now_s() - put_s < 10
    OutboxStore(tmp_path, next_boot).close()
    assert next_boot.now_s() - put_s > 60
