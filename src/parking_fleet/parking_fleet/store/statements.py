"""Write many rows at a time, in the way that each database takes quickest.

SQLite gets prepared statements with plain tuples. PostgreSQL gets all rows as one JSON value, which it
unfolds itself: one round trip, and nothing for the driver to convert. SQLAlchemy writes either statement.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    ClauseElement,
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

Row = dict[str, Any]
Merge = Callable[[Table, Mapping[str, ColumnElement[Any]]], dict[str, ColumnElement[Any]]]
Values = Callable[[Row], tuple[Any, ...]]
Insert = sqlite.Insert | postgresql.Insert

# SQLite takes 32,766 values in a statement; no table of ours has more than 32 columns.
_SQLITE_ROWS = 1_000


def insert(table: Table, connection: Connection) -> Insert:
    """Return an INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == 'postgresql' else sqlite.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Insert the rows whose (device_id, seq) is not there yet, and return those in their order."""
    if not rows:
        return []
    names = tuple(rows[0])
    found: list[tuple[int, int]] = []
    if connection.dialect.name == 'postgresql':
        statement = _postgresql_insert_new(table, names)
        found += [(device_id, seq) for device_id, seq in connection.execute(statement, _as_json(rows))]
    else:
        for part in _parts(rows):
            text, values = _sqlite_insert_new(table, names, len(part))
            given = tuple(chain.from_iterable(values(row) for row in part))
            found += [(row[0], row[1]) for row in connection.exec_driver_sql(text, given)]
    return sorted(found)


def add_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows that are not there yet by any of the table's keys."""
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == 'postgresql':
        connection.execute(_insert_from_json(table, names).on_conflict_do_nothing(), _as_json(rows))
    else:
        connection.execute(sqlite.insert(table).on_conflict_do_nothing(), list(rows))


def merge_rows(connection: Connection, table: Table, rows: Sequence[Row], merge: Merge) -> None:
    """Insert rows, or merge each with the one that has its primary key; `rows` are in the order of that key.

    The order keeps two writers from waiting for each other.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == 'postgresql':
        connection.execute(_postgresql_merge(table, names, merge), _as_json(rows))
    else:
        text, values = _sqlite_merge(table, names, merge)
        connection.exec_driver_sql(text, [values(row) for row in rows])


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for begin in range(0, len(rows), _SQLITE_ROWS):
        yield rows[begin : begin + _SQLITE_ROWS]


def _as_json(rows: Sequence[Row]) -> dict[str, str]:
    return {'rows': orjson.dumps(rows).decode()}


def _insert_from_json(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    columns = [column(name, table.c[name].type) for name in names]
    unfolded = (
        func.json_to_recordset(cast(bindparam('rows', type_=Text), JSON))
        .table_valued(*columns)
        .render_derived(name='given', with_types=True)
    )
    return postgresql.insert(table).from_select(list(names), select(*(unfolded.c[name] for name in names)))


# SQLAlchemy takes longer to put such a statement together than PostgreSQL to carry it out.
@lru_cache(maxsize=64)
def _postgresql_merge(table: Table, names: tuple[str, ...], merge: Merge) -> postgresql.Insert:
    statement = _insert_from_json(table, names)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_=merge(table, dict(statement.excluded.items())),
    )


@lru_cache(maxsize=64)
def _postgresql_insert_new(table: Table, names: tuple[str, ...]) -> ReturningInsert[Any]:
    statement = _insert_from_json(table, names).on_conflict_do_nothing()
    return statement.returning(table.c.device_id, table.c.seq)


@lru_cache(maxsize=64)
def _sqlite_merge(table: Table, names: tuple[str, ...], merge: Merge) -> tuple[str, Values]:
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    return _sqlite_text(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_=merge(table, dict(statement.excluded.items())),
        )
    )


@lru_cache(maxsize=256)
def _sqlite_insert_new(table: Table, names: tuple[str, ...], rows: int) -> tuple[str, Values]:
    statement = sqlite.insert(table).values({name: bindparam(name) for name in names})
    text, values = _sqlite_text(statement.on_conflict_do_nothing().returning(table.c.device_id, table.c.seq))
    one = f'({", ".join("?" * len(names))})'
    return text.replace(one, ', '.join([one] * rows), 1), values


def _sqlite_text(statement: ClauseElement) -> tuple[str, Values]:
    compiled: Any = statement.compile(dialect=_SQLITE)
    return str(compiled), itemgetter(*(compiled.positiontup or ()))


_SQLITE = sqlite.dialect(paramstyle='qmark')
