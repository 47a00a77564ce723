"""Build messages of devices as they come over the broker."""

import datetime as dt
import json
from typing import Any

from parking_fleet.messages.reading import Kind, read_message
from parking_fleet.messages.values import CountReport, CrossingReport
from parking_fleet.store.batch import Clock, CountEntry, CrossingEntry

NOON_MS = 1_770_000_000_000 // 86_400_000 * 86_400_000 + 43_200_000
"""Noon in UTC on some day, Unix milliseconds."""


def utc_text(time_ms: int) -> str:
    """Return Unix milliseconds as messages have them."""
    moment = dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
    return f'{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z'


def count_content(**changes: Any) -> dict[str, Any]:
    """Return what a count has in it; `at_ms` is its time."""
    at_ms = changes.pop('at_ms', NOON_MS)
    return {
        'uuid': 'device-1',
        'cars': 3,
        'schema': 'parking.count/1',
        'seq': 1,
        'observed_at': utc_text(at_ms),
        'camera': 'north',
        'facility': 'Riverside',
        'floor': 'P1',
        'state': 'OK',
        'zones': [],
        'entered': 0,
        'left': 0,
        'net': 0,
        'clock_synced': True,
        **changes,
    }


def crossing_content(**changes: Any) -> dict[str, Any]:
    """Return what a crossing has in it; `at_ms` is its time."""
    at_ms = changes.pop('at_ms', NOON_MS)
    return {
        'uuid': 'device-1',
        'schema': 'parking.crossing/1',
        'seq': 2,
        'observed_at': utc_text(at_ms),
        'camera': 'north',
        'facility': 'Riverside',
        'floor': 'P1',
        'gate': 'entrance',
        'direction': 'IN',
        'track': 1,
        'clock_synced': True,
        **changes,
    }


def count_entry(
    *, thing: str = 'thing-1', received_ms: int | None = None, is_live: bool = True, **changes: Any
) -> CountEntry:
    """Return a count on its way into the store, placed where it says."""
    report = read_message(Kind.COUNT, json.dumps(count_content(**changes)).encode())
    assert isinstance(report, CountReport)
    received = report.observed_ms + 100 if received_ms is None else received_ms
    return CountEntry(report, thing, received, report.observed_ms, Clock.SYNCED, is_live)


def crossing_entry(*, received_ms: int | None = None, **changes: Any) -> CrossingEntry:
    """Return a crossing on its way into the store, placed where it says."""
    report = read_message(Kind.CROSSING, json.dumps(crossing_content(**changes)).encode())
    assert isinstance(report, CrossingReport)
    received = report.observed_ms + 100 if received_ms is None else received_ms
    return CrossingEntry(report, 'thing-1', received, report.observed_ms, Clock.SYNCED)
