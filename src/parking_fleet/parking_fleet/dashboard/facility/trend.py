"""Make the course of a day, a week, a month and a year of what the store gives."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from statistics import fmean
from zoneinfo import ZoneInfo

from parking_fleet.dashboard.facility.charts import Course, day_name
from parking_fleet.dashboard.facility.spans import date_of
from parking_fleet.store.summaries import DAY_S, QUARTER_S
from parking_fleet.store.values import HistoryPoint

Name = Callable[[HistoryPoint], str]


def course_of_quarters(
    points: Sequence[HistoryPoint], begin_s: int, end_s: int, zone: ZoneInfo, *, step_s: int = QUARTER_S
) -> list[Course]:
    """Return a course with every step of a time, those without a count too.

    Args:
        points: history in steps of a quarter of an hour.
        begin_s: Unix seconds, on a step.
        end_s: Unix seconds.
        zone: of the car park.
        step_s: a quarter of an hour, or a multiple of it.
    """
    inside = [point for point in points if begin_s <= point.start_s < end_s]
    most_places = max((point.capacity for point in inside), default=0)
    by_step = {
        start_s: list(group)
        for start_s, group in groupby(
            inside, lambda point: begin_s + (point.start_s - begin_s) // step_s * step_s
        )
    }
    is_long = end_s - begin_s > 2 * DAY_S
    return [
        _course(_clock(start_s, zone, with_day=is_long), by_step.get(start_s, []), most_places, by_end=True)
        for start_s in range(begin_s, end_s, step_s)
    ]


def course_of_days(points: Sequence[HistoryPoint], first: dt.date, last: dt.date) -> list[Course]:
    """Return a course with every day from the first to the last."""
    by_day = {date_of(point.start_s): point for point in points}
    days = (first + dt.timedelta(days=number) for number in range((last - first).days + 1))
    return [_course(day_name(day), [by_day[day]] if day in by_day else [], 0, by_end=False) for day in days]


def summed_up(courses: Iterable[Course], parts: int) -> list[Course]:
    """Return so many courses as one each: the mean, and the most; for a table that can be read."""
    given = list(courses)
    return [
        _together(given[begin : begin + parts], given[begin].name) for begin in range(0, len(given), parts)
    ]


def by_month(courses: Iterable[Course]) -> list[Course]:
    """Return a course of days as one of months."""
    return [
        _together(list(group), name)
        for name, group in groupby(courses, lambda course: course.name.split(' ', 1)[1])
    ]


def _course(name: str, points: list[HistoryPoint], most_places: int, *, by_end: bool) -> Course:
    seen = [point for point in points if point.known]
    if not seen:
        return Course(name, None, None, float(most_places) if points and by_end else None)
    if not any(point.capacity for point in seen):
        return Course(
            name,
            _mean(point.cars_mean for point in seen),
            max((point.cars_most for point in seen if point.cars_most is not None), default=None),
            None,
        )
    occupied = _mean(point.occupied if by_end else point.occupied_mean for point in seen)
    most = max((point.occupied_most for point in seen if point.occupied_most is not None), default=None)
    # A camera that did not report is in no sum: what it looks at was not known then.
    unknown = fmean(most_places - point.occupied - point.free for point in seen) if by_end else None
    return Course(name, occupied, most, unknown)


def _together(courses: Sequence[Course], name: str) -> Course:
    mosts = [most for course in courses if (most := course.most) is not None]
    return Course(
        name,
        _mean(course.occupied for course in courses),
        max(mosts, default=None),
        _mean(course.unknown for course in courses),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _clock(start_s: int, zone: ZoneInfo, *, with_day: bool) -> str:
    moment = dt.datetime.fromtimestamp(start_s, zone)
    if not with_day:
        return f'{moment:%H:%M}'
    # The name of a day stands at its beginning, which charts label.
    clock = f' {moment:%H:%M}' if moment.hour or moment.minute else ''
    return f'{moment:%a} {moment.day} {moment:%b}{clock}'
