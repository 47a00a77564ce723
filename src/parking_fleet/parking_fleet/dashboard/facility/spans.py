"""Reckon with days and hours of a car park, and name what is asked of the API."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from parking_fleet.forecast.curves import day_begin_s
from parking_fleet.store.reader import Span
from parking_fleet.store.values import FlowPoint, Step

_EPOCH = dt.date(1970, 1, 1)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class HourOfFlow:
    """Hold the cars through the gates in one hour; `name` is as the clock on the wall tells it."""

    name: str
    start_s: int
    entered: int
    left: int


def today(zone: ZoneInfo, now_ms: int) -> dt.date:
    """Return the date there."""
    return dt.datetime.fromtimestamp(now_ms / 1000, zone).date()


def span_of_days(first: dt.date, last: dt.date, zone: ZoneInfo) -> Span:
    """Return the time from the first day's beginning to the last day's end there."""
    return Span(
        since_ms=day_begin_s(first, zone) * 1000,
        until_ms=day_begin_s(last + dt.timedelta(days=1), zone) * 1000,
    )


def span_of_dates(first: dt.date, last: dt.date) -> Span:
    """Return what holds these dates in the summaries by day, which are kept by their date alone."""
    return Span(
        since_ms=(first - _EPOCH).days * _DAY_MS,
        until_ms=((last - _EPOCH).days + 1) * _DAY_MS,
    )


def date_of(start_s: int) -> dt.date:
    """Return the date of a summary by day."""
    return _EPOCH + dt.timedelta(seconds=start_s)


def hours_of_flow(points: Iterable[FlowPoint], day: dt.date, zone: ZoneInfo) -> list[HourOfFlow]:
    """Return every hour of a day with the sums of all gates; 23 or 25 of them when the clocks change."""
    begin_s, end_s = day_begin_s(day, zone), day_begin_s(day + dt.timedelta(days=1), zone)
    entered: Counter[tuple[int, int]] = Counter()
    left: Counter[tuple[int, int]] = Counter()
    for point in points:
        key = _hour_of(point.start_s, zone)
        entered[key] += point.entered
        left[key] += point.left
    hours: dict[tuple[int, int], HourOfFlow] = {}
    for start_s in range(begin_s, end_s, 900):
        key = _hour_of(start_s, zone)
        if key not in hours:
            again = ' (again)' if any(hour == key[0] for hour, _ in hours) else ''
            hours[key] = HourOfFlow(f'{key[0]:02}:00{again}', start_s, entered[key], left[key])
    return list(hours.values())


def _hour_of(start_s: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the hour on the wall, and the offset that tells it from the same one an hour later."""
    moment = dt.datetime.fromtimestamp(start_s, zone)
    offset = moment.utcoffset() or dt.timedelta()
    return moment.hour, int(offset.total_seconds())


def export_address(
    kind: str, facility_id: str, *, first: dt.date, last: dt.date, zone: ZoneInfo, form: str, step: Step
) -> str:
    """Return the address of an export of the API."""
    span = span_of_dates(first, last) if step == 'day' else span_of_days(first, last, zone)
    asked = {
        'facility': facility_id,
        'since': _utc_text(span.since_ms),
        'until': _utc_text(span.until_ms),
        **({'limit': '10000'} if kind == 'crossings' else {'step': step}),
        'format': form,
    }
    return f'/api/v1/{kind}?{urlencode(asked)}'


def _utc_text(time_ms: int) -> str:
    return f'{dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC):%Y-%m-%dT%H:%M:%SZ}'
