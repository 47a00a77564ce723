import gzip
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from parking_fleet.errors import StoreError
from parking_fleet.messages.values import PresenceReport
from parking_fleet.settings import StoreSettings
from parking_fleet.store.backup import read_backup, write_backup
from parking_fleet.store.batch import Batch, PresenceEntry, RejectedEntry
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Place, Reader, Span
from parking_fleet.store.retention import remove_old
from parking_fleet.store.tables import METADATA
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import NOON_MS, count_entry, crossing_entry
from tests.support.postgres import Postgres

DAY_MS = 86_400_000
EVERYTHING = Span(since_ms=0, until_ms=NOON_MS * 2)


def writer_of(database: Database) -> Writer:
    return Writer(database, lambda _, time_ms: time_ms // DAY_MS * 86_400)


def fill(database: Database) -> None:
    writer_of(database).write(
        Batch(
            counts=[count_entry(seq=seq, uuid=f'device-{seq % 3}', at_ms=NOON_MS + seq) for seq in range(50)],
            crossings=[crossing_entry(seq=100)],
            presences=[
                PresenceEntry(PresenceReport(uuid='x', status='online', at_ms=None), 'thing', NOON_MS)
            ],
            rejected=[RejectedEntry('parking/x/count', 'no JSON', b'\xff', NOON_MS)],
        )
    )


def rows(database: Database) -> dict[str, list[Any]]:
    with database.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table)).all()))
            for table in METADATA.sorted_tables
        }


def test_what_was_backed_up_is_restored_into_either_database(
    database: Database, tmp_path: Path, postgres: Postgres
) -> None:
    fill(database)
    file = tmp_path / 'backup.gz'
    written = write_backup(database, file)
    assert file.stat().st_mode & 0o077 == 0
    for url in (f'sqlite:///{tmp_path}/restored.sqlite3', postgres.new_database()):
        restored = Database(url)
        assert read_backup(restored, file) == written
        assert rows(restored) == rows(database)
        # It goes on where the other ended: new devices get new numbers, and nothing is stored twice.
        again = writer_of(restored).write(
            Batch(counts=[count_entry(seq=1, uuid='device-1', at_ms=NOON_MS + 1)])
        )
        assert again.counts == []
        fresh = writer_of(restored).write(Batch(counts=[count_entry(seq=1, uuid='device-new')]))
        assert len(fresh.counts) == 1
        restored.close()


def test_a_store_that_holds_something_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    fill(database)
    before = rows(database)
    write_backup(database, tmp_path / 'backup.gz')
    with pytest.raises(StoreError, match='is not empty'):
        read_backup(database, tmp_path / 'backup.gz')
    assert rows(database) == before


@pytest.mark.parametrize('part', [0.5, 0.9, 0.999])
def test_a_backup_that_is_not_whole_restores_nothing(database: Database, tmp_path: Path, part: float) -> None:
    source = Database(f'sqlite:///{tmp_path}/source.sqlite3')
    source.migrate()
    fill(source)
    file = tmp_path / 'backup.gz'
    write_backup(source, file)
    source.close()
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)])
    with pytest.raises(StoreError):
        read_backup(database, file)
    assert not any(rows(database).values())


def test_what_is_no_backup_is_refused(database: Database, tmp_path: Path) -> None:
    file = tmp_path / 'backup.gz'
    for content in (b'', b'{}\n', b'not JSON\n', b'[]\n'):
        file.write_bytes(gzip.compress(content))
        with pytest.raises(StoreError):
            read_backup(database, file)
    file.write_bytes(b'not packed')
    with pytest.raises(StoreError, match='no whole backup'):
        read_backup(database, file)


def test_what_is_old_goes_and_a_late_count_stays_known(database: Database) -> None:
    late = count_entry(seq=1, at_ms=NOON_MS - 12 * DAY_MS, received_ms=NOON_MS)
    old = count_entry(seq=2, at_ms=NOON_MS - 12 * DAY_MS)
    very_old = count_entry(seq=3, at_ms=NOON_MS - 200 * DAY_MS)
    new = count_entry(seq=4, at_ms=NOON_MS)
    writer = writer_of(database)
    writer.write(Batch(counts=[late, old, very_old, new], crossings=[crossing_entry(seq=5)]))
    assert remove_old(database, StoreSettings(), NOON_MS) > 0
    assert remove_old(database, StoreSettings(), NOON_MS) == 0
    reader, everywhere = Reader(database), Place()
    assert {count.seq for count in reader.counts(everywhere, EVERYTHING)} == {1, 4}
    assert writer.write(Batch(counts=[late])).counts == []
    assert len(reader.history(everywhere, 'minute', EVERYTHING)) == 5
    assert len(reader.history(everywhere, 'quarter', EVERYTHING)) == 2
    assert len(reader.history(everywhere, 'day', EVERYTHING)) == 3
    assert len(reader.crossings(everywhere, EVERYTHING)) == 1
