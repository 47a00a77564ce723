"""Say when a car park will be full, by what the same weekday was like in the weeks before.

No model of traffic: each of those days goes on from what is counted now, its difference to the present
fading by half every `FADE_S`; what lies in the middle half of them is the band. Holidays, events and
weather are not known to it.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from zoneinfo import ZoneInfo

from parking_fleet.forecast.curves import (
    Curve,
    bridged,
    place_in_day,
    quarters_of,
    same_weekday,
    share_at,
)
from parking_fleet.store.summaries import QUARTER_S

WEEKS = 8
"""So many weeks are looked back."""

LEAST_DAYS = 3
"""Fewer days of the same weekday have no spread worth telling."""

FADE_S = 3 * 3600
"""In this time what today is busier than those days is half forgotten."""

FULL_FREE_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Point:
    """Hold what is to be expected at a time: quartiles of the share of places taken, 0 to 1."""

    time_s: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hold the rest of a day.

    Attributes:
        day: which day, where the car park is.
        points: a quarter of an hour apart, as far as enough days tell; the first is the present, where it
            is known.
        days: how many days of that weekday it rests on.
        is_anchored: whether it goes on from what is counted now.
        full_share: from this share on it counts as full.
    """

    day: dt.date
    points: tuple[Point, ...]
    days: int
    is_anchored: bool
    full_share: float

    @property
    def is_full_now(self) -> bool:
        """Return whether it begins full."""
        return self.is_anchored and bool(self.points) and self.points[0].median >= self.full_share

    @property
    def full_earliest_s(self) -> float | None:
        """Return when it is full on one such day in four; None: on fewer."""
        return self._first(lambda point: point.high)

    @property
    def full_middle_s(self) -> float | None:
        """Return when it is full on every second such day; None: on fewer."""
        return self._first(lambda point: point.median)

    @property
    def full_latest_s(self) -> float | None:
        """Return when it is full on three such days in four; None: on fewer."""
        return self._first(lambda point: point.low)

    @property
    def free_again_s(self) -> float | None:
        """Return when there are places again on every second such day, where it is full now."""
        if not self.is_full_now:
            return None
        return next((point.time_s for point in self.points if point.median < self.full_share), None)

    @property
    def peak(self) -> Point | None:
        """Return where the median is highest."""
        return max(self.points, key=lambda point: point.median, default=None)

    def _first(self, of: Callable[[Point], float]) -> float | None:
        """Return when a line first reaches the share that is full, between two points too."""
        before: Point | None = None
        for point in self.points:
            if of(point) >= self.full_share:
                if before is None:
                    return point.time_s
                part = (self.full_share - of(before)) / (of(point) - of(before))
                return before.time_s + part * (point.time_s - before.time_s)
            before = point
        return None


def places_left(capacity: int) -> int:
    """Return how many places may be free of a car park that counts as full: two in a hundred.

    A driver hardly finds those; in a small car park it is none.
    """
    return int(capacity * FULL_FREE_SHARE)


def full_share(capacity: int) -> float:
    """Return from which share on a car park counts as full, places being whole."""
    return 1 - (places_left(capacity) + 0.5) / capacity if capacity else 1.0


def forecast(
    curves: Mapping[dt.date, Curve],
    day: dt.date,
    zone: ZoneInfo,
    *,
    capacity: int,
    now_s: float | None = None,
    share_now: float | None = None,
) -> Forecast:
    """Return what to expect of a day; without points where there are too few days to tell.

    Args:
        curves: of the days before.
        day: which one is asked for.
        zone: of the car park.
        capacity: how many places there are.
        now_s: Unix seconds; what lies before is left out. None: the whole day.
        share_now: share of the places taken now, 0 to 1; None: not known.
    """
    past = [bridged(curve) for curve in same_weekday(curves, day, WEEKS)]
    anchor: tuple[float, float] | None = None
    if now_s is not None and share_now is not None:
        minute = _minute_of_day(now_s, zone)
        past = [curve for curve in past if share_at(curve, minute) is not None]
        anchor = now_s, share_now
    points = _points(past, day, zone, now_s, anchor) if len(past) >= LEAST_DAYS else []
    if anchor is not None and points:
        points.insert(0, Point(math.floor(anchor[0]), anchor[1], anchor[1], anchor[1]))
    return Forecast(day, tuple(points), len(past), anchor is not None, full_share(capacity))


def _points(
    past: Sequence[Curve],
    day: dt.date,
    zone: ZoneInfo,
    now_s: float | None,
    anchor: tuple[float, float] | None,
) -> list[Point]:
    ahead_by: list[float] = [0.0] * len(past)
    if anchor is not None:
        minute = _minute_of_day(anchor[0], zone)
        ahead_by = [anchor[1] - (share_at(curve, minute) or 0.0) for curve in past]
    points = []
    for start_s in quarters_of(day, zone):
        time_s = start_s + QUARTER_S
        if now_s is not None and time_s <= now_s:
            continue
        _, slot = place_in_day(start_s, zone)
        kept = 1.0 if anchor is None else math.exp2((anchor[0] - time_s) / FADE_S)
        shares = [
            min(max(share + kept * ahead, 0.0), 1.0)
            for curve, ahead in zip(past, ahead_by, strict=True)
            if (share := curve[slot]) is not None
        ]
        if len(shares) >= LEAST_DAYS:
            points.append(Point(time_s, *quantiles(shares, n=4, method='inclusive')))
    return points


def _minute_of_day(time_s: float, zone: ZoneInfo) -> float:
    moment = dt.datetime.fromtimestamp(time_s, zone)
    return moment.hour * 60 + moment.minute + moment.second / 60
