"""Sum counts up in buckets of a minute, 15 minutes and a day.

A summary is a sum of its samples, their least and most, and the newest one: the same in whatever
order they come, so a late count corrects its buckets. Each count is added once, in the transaction
that stores it.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Table, case

from parking_fleet.store.batch import CountEntry, CrossingEntry
from parking_fleet.store.statements import Row

MINUTE_S = 60
QUARTER_S = 900
DAY_S = 86_400

DayStart = Callable[[str, int], int]
"""Takes a facility and Unix milliseconds, gives the start of that day; see `local_day_s`."""

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_NEWEST = ('last_ms', 'last_seq', 'last_cars', 'last_capacity', 'last_occupied', 'last_free', 'last_unknown')


@lru_cache(maxsize=8192)
def _local_day_of_quarter_s(zone: ZoneInfo, quarter: int) -> int:
    return (dt.datetime.fromtimestamp(quarter * QUARTER_S, zone).toordinal() - _EPOCH_ORDINAL) * DAY_S


def local_day_s(zone: ZoneInfo, time_ms: int) -> int:
    """Return the date in that zone, as the Unix seconds of its midnight in UTC."""
    # No zone's offset has ever been off a quarter of an hour since 1972.
    return _local_day_of_quarter_s(zone, time_ms // 1000 // QUARTER_S)


def minute_s(time_ms: int) -> int:
    """Return the start of the minute."""
    return time_ms // 60_000 * MINUTE_S


def quarter_s(time_ms: int) -> int:
    """Return the start of the 15 minutes."""
    return time_ms // 900_000 * QUARTER_S


def add_up(counts: Iterable[tuple[int, int, CountEntry]]) -> list[Row]:
    """Return a row for each bucket, in the order of their keys.

    Args:
        counts: the camera's id, the start of the bucket, and the count.
    """
    rows: dict[tuple[int, int], Row] = {}
    for camera_id, start_s, entry in counts:
        row = rows.get((camera_id, start_s))
        if row is None:
            rows[camera_id, start_s] = _first(camera_id, start_s, entry)
        else:
            _add(row, entry)
    return [rows[key] for key in sorted(rows)]


def add_up_flow(crossings: Iterable[tuple[int, int, CrossingEntry]]) -> list[Row]:
    """Return a row for each bucket and gate, in the order of their keys."""
    rows: dict[tuple[int, int, str], Row] = {}
    for camera_id, start_s, entry in crossings:
        report = entry.report
        row = rows.setdefault(
            (camera_id, start_s, report.gate),
            {'camera_id': camera_id, 'start_s': start_s, 'gate': report.gate, 'entered': 0, 'left': 0},
        )
        row['entered' if report.direction == 'IN' else 'left'] += 1
    return [rows[key] for key in sorted(rows)]


def merge_count_rows(table: Table, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """Return how a stored row and a new one of the same bucket become one, in SQL."""
    old = table.c
    merged: dict[str, ColumnElement[Any]] = {
        name: old[name] + new[name] for name in ('samples', 'known', 'cars_sum', 'occupied_sum')
    }
    for name in ('cars_min', 'occupied_min'):
        merged[name] = case(
            (new[name].is_(None), old[name]),
            (old[name] < new[name], old[name]),
            else_=new[name],
        )
    for name in ('cars_max', 'occupied_max'):
        merged[name] = case(
            (new[name].is_(None), old[name]),
            (old[name] > new[name], old[name]),
            else_=new[name],
        )
    for name in _NEWEST:
        merged[name] = case((new['last_seq'] > old.last_seq, new[name]), else_=old[name])
    return merged


def merge_flow_rows(table: Table, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    """Return how a stored row and a new one of the same bucket and gate become one, in SQL."""
    return {name: table.c[name] + new[name] for name in ('entered', 'left')}


def _first(camera_id: int, start_s: int, entry: CountEntry) -> Row:
    report = entry.report
    is_known = report.state == 'OK'
    cars, occupied = (report.cars, report.occupied) if is_known else (None, None)
    return {
        'camera_id': camera_id,
        'start_s': start_s,
        'samples': 1,
        'known': int(is_known),
        'cars_sum': cars or 0,
        'occupied_sum': occupied or 0,
        'cars_min': cars,
        'cars_max': cars,
        'occupied_min': occupied,
        'occupied_max': occupied,
        'last_ms': entry.placed_ms,
        'last_seq': report.seq,
        'last_cars': report.cars,
        'last_capacity': report.capacity,
        'last_occupied': report.occupied,
        'last_free': report.free,
        'last_unknown': report.unknown,
    }


def _add(row: Row, entry: CountEntry) -> None:
    new = _first(row['camera_id'], row['start_s'], entry)
    for name in ('samples', 'known', 'cars_sum', 'occupied_sum'):
        row[name] += new[name]
    if new['known']:
        for name, better in (
            ('cars_min', min),
            ('occupied_min', min),
            ('cars_max', max),
            ('occupied_max', max),
        ):
            row[name] = new[name] if row[name] is None else better(row[name], new[name])
    if new['last_seq'] > row['last_seq']:
        for name in _NEWEST:
            row[name] = new[name]
