"""Throw away what is older than the settings say, a little at a time."""

import threading
from collections.abc import Iterator

from sqlalchemy import Column, delete, func, select

from parking_fleet.settings import StoreSettings
from parking_fleet.store.database import Database
from parking_fleet.store.summaries import DAY_S
from parking_fleet.store.tables import (
    COUNTS,
    CROSSINGS,
    DAYS,
    FLOW_DAYS,
    FLOW_QUARTERS,
    MINUTES,
    QUARTERS,
)

_DAY_MS = DAY_S * 1000
# Writers wait while rows go: at one message a second of 1,000 devices, so many go in a blink.
_PART_MS = 600_000
_PART_S = DAY_S // 4


def remove_old(
    database: Database, settings: StoreSettings, now_ms: int, stopping: threading.Event | None = None
) -> int:
    """Remove what is too old, and return how many rows that were.

    Single counts and crossings go by their arrival, so that one that comes late is known when it
    comes again; summaries go by the time that they are of.

    Args:
        database: an open one.
        settings: how long things are kept.
        now_ms: Unix milliseconds.
        stopping: ends it early.
    """
    removed = 0
    for column, before, part in _limits(settings, now_ms):
        table = column.table
        while stopping is None or not stopping.is_set():
            with database.reading() as connection:
                oldest = connection.execute(select(func.min(column))).scalar()
            if oldest is None or oldest >= before:
                break
            with database.writing() as connection:
                gone = connection.execute(delete(table).where(column < min(before, oldest + part)))
                removed += gone.rowcount
    return removed


def _limits(settings: StoreSettings, now_ms: int) -> Iterator[tuple[Column[int], int, int]]:
    yield COUNTS.c.received_ms, now_ms - settings.raw_days * _DAY_MS, _PART_MS
    yield CROSSINGS.c.received_ms, now_ms - settings.crossing_days * _DAY_MS, _PART_MS
    now_s = now_ms // 1000
    for table, days in (
        (MINUTES, settings.minute_days),
        (QUARTERS, settings.quarter_days),
        (FLOW_QUARTERS, settings.quarter_days),
        (DAYS, settings.day_days),
        (FLOW_DAYS, settings.day_days),
    ):
        yield table.c.start_s, now_s - days * DAY_S, _PART_S
