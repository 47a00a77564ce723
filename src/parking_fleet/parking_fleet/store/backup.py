"""Write the whole store to one file while it is in use, and fill an empty one from it.

JSON lines, packed with gzip: the same for SQLite and PostgreSQL, so it carries a store from one to
the other, and needs no program of the database's that must match the server's version.
"""

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, insert, select

from parking_fleet.errors import StoreError
from parking_fleet.store.database import Database
from parking_fleet.store.tables import METADATA

FORMAT = 'parking-fleet backup/1'
_ROWS_AT_ONCE = 2_000


def write_backup(database: Database, file: Path) -> int:
    """Write everything to a file, and return how many rows that were.

    The file is there only once it is whole.

    Raises:
        StoreError: when the store is not up to date, or the file cannot be written.
    """
    present, wanted = database.revision()
    if present != wanted:
        raise StoreError(f'{database.place} is at {present or "nothing"}; run `parking-fleet migrate` first')
    unfinished = file.with_name(f'.{file.name}.unfinished')
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, 'wb') as raw:
            with gzip.GzipFile(fileobj=raw, mode='wb', compresslevel=3) as packed:
                rows = _write(database, packed, wanted)
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StoreError(f'{file} cannot be written: {error.strerror}') from None
    return rows


def read_backup(database: Database, file: Path) -> int:
    """Fill an empty store from a file, whole or not at all, and return how many rows that were.

    Raises:
        StoreError: when the store holds anything, or the file is no backup, or not whole.
    """
    database.migrate()
    try:
        with gzip.open(file) as packed, database.writing() as connection:
            _refuse_a_full_store(database, connection)
            return _read(packed, connection, database)
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(f'{file} is no whole backup ({error}); nothing was restored') from None


def _write(database: Database, packed: gzip.GzipFile, revision: str) -> int:
    rows = 0
    packed.write(orjson.dumps({'format': FORMAT, 'revision': revision}) + b'\n')
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            packed.write(orjson.dumps({'table': table.name, 'columns': [c.name for c in table.c]}) + b'\n')
            found = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
            for part in found.partitions():
                packed.write(orjson.dumps([tuple(row) for row in part]) + b'\n')
                rows += len(part)
    packed.write(orjson.dumps({'rows': rows}) + b'\n')
    return rows


def _refuse_a_full_store(database: Database, connection: Connection) -> None:
    for table in METADATA.sorted_tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise StoreError(f'{database.place} is not empty; restore into a new one')


def _read(packed: gzip.GzipFile, connection: Connection, database: Database) -> int:
    lines = _lines(packed)
    head = next(lines, None)
    if not isinstance(head, dict) or head.get('format') != FORMAT:
        raise StoreError(f'not a backup: it does not begin with {FORMAT!r}')
    if head['revision'] != database.revision_of(connection):
        raise StoreError(
            f'the backup is of tables at {head["revision"]}, and this parking-fleet makes others; restore it '
            'with the version that wrote it, then migrate'
        )
    rows = 0
    table: Table | None = None
    columns: list[str] = []
    for line in lines:
        if isinstance(line, list) and table is not None:
            connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in line])
            rows += len(line)
        elif 'table' in line:
            table, columns = METADATA.tables[line['table']], line['columns']
        elif line.get('rows') == rows and next(lines, None) is None:
            # The end of the packed file was read too, which says whether what came before is right.
            _number_on(connection)
            return rows
    raise StoreError('the backup is not whole: its end is missing; nothing was restored')


def _lines(packed: gzip.GzipFile) -> Iterator[Any]:
    for line in packed:
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            raise StoreError('not a backup, or one that was damaged; nothing was restored') from None


def _number_on(connection: Connection) -> None:
    """Let PostgreSQL number new rows after those that were restored; SQLite does by itself."""
    if connection.dialect.name != 'postgresql':
        return
    for table in METADATA.sorted_tables:
        if 'id' in table.c:
            largest = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
            sequence = func.pg_get_serial_sequence(table.name, 'id')
            connection.execute(select(func.setval(sequence, largest, False)))
