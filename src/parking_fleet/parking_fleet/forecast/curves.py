"""Turn the history of a car park into one curve a day, by the clock on its wall.

A curve tells the share of its places that was taken at the end of each quarter of an hour. By the
clock on the wall, for people come at nine in summer and in winter: on the day that has an hour twice,
both are one; on the day that lacks one, its values are missing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from zoneinfo import ZoneInfo

from parking_fleet.store.summaries import QUARTER_S
from parking_fleet.store.values import HistoryPoint

SLOTS = 96
"""Quarters of an hour in a day."""

SLOT_MINUTES = 15

KNOWN_LEAST = 0.5
"""Where less than this part of the places was seen, their share says nothing of the rest."""

LONGEST_GAP = 4
"""So many missing quarters are bridged by a straight line; more stay unknown."""

Curve = tuple[float | None, ...]
"""The share of places taken, 0 to 1, at the end of each quarter of an hour; None: not known."""


def day_curves(
    points: Iterable[HistoryPoint], zone: ZoneInfo, capacity: int | None = None
) -> dict[dt.date, Curve]:
    """Return a curve for each day of which something is known.

    The share is of places that were seen, so a silent camera is no empty floor.

    Args:
        points: history in steps of a quarter of an hour.
        zone: of the car park.
        capacity: of a car park whose cameras see cars and no places; None: they see places.
    """
    by_day: dict[dt.date, list[tuple[int, HistoryPoint]]] = defaultdict(list)
    for point in points:
        day, slot = place_in_day(point.start_s, zone)
        by_day[day].append((slot, point))
    curves = {day: _curve(by_day[day], capacity) for day in sorted(by_day)}
    return {day: curve for day, curve in curves.items() if any(share is not None for share in curve)}


def place_in_day(start_s: int, zone: ZoneInfo) -> tuple[dt.date, int]:
    """Return the date and the quarter of the day that begins then, by the clock on the wall."""
    moment = dt.datetime.fromtimestamp(start_s, zone)
    return moment.date(), (moment.hour * 60 + moment.minute) // SLOT_MINUTES


def day_begin_s(day: dt.date, zone: ZoneInfo) -> int:
    """Return when a day begins there, Unix seconds."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())


def quarters_of(day: dt.date, zone: ZoneInfo) -> range:
    """Return when each quarter of an hour of a day begins, Unix seconds; 92 to 100 of them."""
    return range(day_begin_s(day, zone), day_begin_s(day + dt.timedelta(days=1), zone), QUARTER_S)


def bridged(curve: Curve) -> Curve:
    """Return the curve with its short gaps closed by straight lines."""
    filled = list(curve)
    known = [slot for slot, share in enumerate(curve) if share is not None]
    for before, after in pairwise(known):
        missing = after - before - 1
        if 0 < missing <= LONGEST_GAP:
            first, last = curve[before] or 0.0, curve[after] or 0.0
            for slot in range(before + 1, after):
                filled[slot] = first + (last - first) * (slot - before) / (after - before)
    return tuple(filled)


def share_at(curve: Curve, minute: float) -> float | None:
    """Return the share at a minute of the day, on the line between two quarters; None: not known."""
    place = minute / SLOT_MINUTES - 1
    before = int(place // 1)
    after = min(before + 1, SLOTS - 1)
    first = curve[before] if before >= 0 else curve[0]
    last = curve[after]
    if first is None or last is None:
        return last if first is None else first
    return first + (last - first) * (place - before)


def share_taken(occupied: int, free: int, capacity: int) -> float | None:
    """Return the part of the places that is taken, of those that are known; None: too few are known."""
    known = occupied + free
    if known <= 0 or known < KNOWN_LEAST * capacity:
        return None
    return occupied / known


def _curve(points: Sequence[tuple[int, HistoryPoint]], capacity: int | None) -> Curve:
    most_places = max(point.capacity for _, point in points)
    most_cameras = max(point.cameras for _, point in points)
    found: dict[int, list[float]] = defaultdict(list)
    for slot, point in points:
        share = _share(point, most_places, most_cameras, capacity)
        if share is not None:
            found[slot].append(share)
    return tuple(fmean(found[slot]) if slot in found else None for slot in range(SLOTS))


def _share(point: HistoryPoint, most_places: int, most_cameras: int, capacity: int | None) -> float | None:
    if not point.known:
        return None
    if capacity is None:
        return share_taken(point.occupied, point.free, most_places)
    if point.cars_mean is None or point.cameras < most_cameras:
        return None
    return min(point.cars_mean / capacity, 1.0)


def same_weekday(curves: Mapping[dt.date, Curve], day: dt.date, weeks: int) -> list[Curve]:
    """Return the curves of the same weekday in the weeks before, the newest first."""
    days = (day - dt.timedelta(weeks=back) for back in range(1, weeks + 1))
    return [curves[each] for each in days if each in curves]
