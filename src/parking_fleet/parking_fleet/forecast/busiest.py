"""Say how full a car park usually is, by weekday and hour."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, median

from parking_fleet.forecast.curves import SLOTS, Curve

WEEKDAYS = ('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')
HOURS = 24
_SLOTS_AN_HOUR = SLOTS // HOURS


@dataclass(frozen=True, slots=True)
class Cell:
    """Hold an hour of a weekday: the median share taken, None when never seen, and of how many days."""

    share: float | None
    days: int


@dataclass(frozen=True, slots=True)
class BusyHours:
    """Hold a week by the hour.

    Attributes:
        cells: from Monday on, each from 0:00 on.
        days: how many days there are of each weekday, from Monday on.
        first, last: the days that it rests on; None when there are none.
    """

    cells: tuple[tuple[Cell, ...], ...]
    days: tuple[int, ...]
    first: dt.date | None
    last: dt.date | None

    def busiest(self) -> tuple[int, int, float] | None:
        """Return weekday, hour and share of the busiest hour; None when nothing is known."""
        known = [
            (cell.share, weekday, hour)
            for weekday, row in enumerate(self.cells)
            for hour, cell in enumerate(row)
            if cell.share is not None
        ]
        if not known:
            return None
        share, weekday, hour = max(known, key=lambda one: (one[0], -one[1], -one[2]))
        return weekday, hour, share


def busy_hours(curves: Mapping[dt.date, Curve]) -> BusyHours:
    """Return the median over the days of each weekday, of the mean of each hour."""
    seen: dict[tuple[int, int], list[float]] = defaultdict(list)
    for day, curve in curves.items():
        for hour in range(HOURS):
            shares = [
                share
                for share in curve[hour * _SLOTS_AN_HOUR : (hour + 1) * _SLOTS_AN_HOUR]
                if share is not None
            ]
            if shares:
                seen[day.weekday(), hour].append(fmean(shares))
    return BusyHours(
        cells=tuple(
            tuple(
                Cell(median(found), len(found)) if (found := seen.get((weekday, hour))) else Cell(None, 0)
                for hour in range(HOURS)
            )
            for weekday in range(len(WEEKDAYS))
        ),
        days=tuple(sum(day.weekday() == weekday for day in curves) for weekday in range(len(WEEKDAYS))),
        first=min(curves, default=None),
        last=max(curves, default=None),
    )
