import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_fleet.forecast.busiest import busy_hours
from parking_fleet.forecast.curves import (
    LONGEST_GAP,
    SLOTS,
    Curve,
    bridged,
    day_begin_s,
    day_curves,
    quarters_of,
    same_weekday,
    share_at,
    share_taken,
)
from parking_fleet.forecast.full import FADE_S, Forecast, forecast, full_share, places_left
from parking_fleet.forecast.words import clock_text, meaning, outlook, percent
from parking_fleet.store.values import HistoryPoint

BERLIN = ZoneInfo('Europe/Berlin')
MONDAY = dt.date(2026, 11, 23)
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
QUARTER_S = 900


def point(start_s: int, occupied: int, capacity: int = 100, **changes: Any) -> HistoryPoint:
    values = {
        'start_s': start_s,
        'cars': occupied,
        'cars_mean': float(occupied),
        'cars_least': occupied,
        'cars_most': occupied,
        'occupied': occupied,
        'free': capacity - occupied,
        'unknown': 0,
        'capacity': capacity,
        'occupied_mean': float(occupied),
        'occupied_most': occupied,
        'cameras': 2,
        'known': 2,
    }
    return HistoryPoint(**(values | changes))


def curve(share: Callable[[float], float | None]) -> Curve:
    """Return the curve of a share that is given by the hour, at the end of each quarter."""
    return tuple(share((slot + 1) / 4) for slot in range(SLOTS))


def level(share: float) -> Curve:
    return (share,) * SLOTS


def ramp(full_hour: float) -> Curve:
    """Return a day that fills from five o'clock on, is full from an hour on, and empties at five."""
    return curve(lambda hour: 0.0 if hour >= 17 else min(max((hour - 5) / (full_hour - 5), 0.0), 1.0))


def weeks_of(day: dt.date, curves: list[Curve]) -> dict[dt.date, Curve]:
    """Return curves as those of the same weekday in the weeks before."""
    return {day - dt.timedelta(weeks=back): each for back, each in enumerate(curves, 1)}


def at(day: dt.date, hour: float, zone: ZoneInfo = BERLIN) -> float:
    return dt.datetime(day.year, day.month, day.day, int(hour), round(hour % 1 * 60), tzinfo=zone).timestamp()


def told(
    curves: list[Curve], hour: float = 6.0, share_now: float | None = 0.2, capacity: int = 100
) -> Forecast:
    return forecast(
        weeks_of(MONDAY, curves),
        MONDAY,
        BERLIN,
        capacity=capacity,
        now_s=at(MONDAY, hour),
        share_now=share_now,
    )


def test_a_day_that_is_always_full_at_nine_is_full_at_nine() -> None:
    found = told([ramp(9.0)] * 4, share_now=0.25)
    text = outlook(found, BERLIN, 100)
    assert text == 'Probably full at about 08:55 (4 Mondays seen).'
    assert found.full_latest_s == found.full_earliest_s


def test_the_spread_of_the_days_is_told_as_two_times() -> None:
    found = forecast(
        weeks_of(MONDAY, [ramp(hour) for hour in (8.0, 9.0, 10.0, 11.0, 12.0)]), MONDAY, BERLIN, capacity=100
    )
    # With five days the quartiles are the second and the fourth of them.
    assert outlook(found, BERLIN, 100) == 'Probably full between 08:55 and 10:50 (5 Mondays seen).'


def test_where_every_second_day_was_full_no_end_is_promised() -> None:
    quiet = level(0.5)
    found = forecast(
        weeks_of(MONDAY, [ramp(9.0), ramp(9.5), ramp(10.0), quiet, quiet]), MONDAY, BERLIN, capacity=100
    )
    assert found.full_latest_s is None
    assert outlook(found, BERLIN, 100).startswith('Full on about every second Monday: from about 09:')


def test_a_car_park_that_is_never_full_is_told_with_its_busiest_time() -> None:
    found = told([curve(lambda hour: 0.6 if hour == 12 else 0.2)] * 3, share_now=0.2)
    assert outlook(found, BERLIN, 100) == (
        'Probably not full today (3 Mondays seen). Most cars at about 12:00: about 40 places free then.'
    )


def test_one_busy_day_in_four_is_told_as_such() -> None:
    quiet = level(0.3)
    days = [ramp(9.0), ramp(9.0), quiet, quiet, quiet]
    found = forecast(weeks_of(MONDAY, days), MONDAY, BERLIN, capacity=100)
    assert 'on one Monday in four it is, from about 08:55 (5 Mondays seen)' in outlook(found, BERLIN, 100)


@pytest.mark.parametrize('days', [0, 1, 2])
def test_two_days_are_too_few(days: int) -> None:
    found = told([ramp(9.0)] * days)
    assert found.points == ()
    assert outlook(found, BERLIN, 100).startswith('Too early to tell: it takes 3 Mondays')


def test_days_that_tell_nothing_of_this_hour_are_not_among_those_seen() -> None:
    begins_late = curve(lambda hour: None if hour < 10 else 0.5)
    assert told([ramp(9.0)] * 2 + [begins_late] * 3, hour=6.0).points == ()
    assert told([ramp(9.0)] * 2 + [begins_late] * 3, hour=11.0, share_now=0.5).days == 5


def test_it_begins_at_the_present_and_forgets_it_slowly() -> None:
    found = told([level(0.2)] * 3, hour=6.0, share_now=0.6)
    assert (found.points[0].time_s, found.points[0].median) == (at(MONDAY, 6.0), 0.6)
    by_time = {each.time_s: each.median for each in found.points}
    assert by_time[int(at(MONDAY, 6.0)) + FADE_S] == pytest.approx(0.4)
    assert by_time[int(at(MONDAY, 6.0)) + 2 * FADE_S] == pytest.approx(0.3)


def test_without_a_present_the_days_stand_for_themselves() -> None:
    found = told([ramp(9.0)] * 3, share_now=None)
    assert not found.is_anchored
    assert found.points[0].time_s > at(MONDAY, 6.0)
    assert 'what is counted now is not part of it' in meaning(found, 100)


def test_a_car_park_that_is_full_tells_when_there_are_places_again() -> None:
    found = told([ramp(9.0)] * 4, hour=12.0, share_now=1.0)
    assert found.is_full_now
    assert outlook(found, BERLIN, 100) == 'Full now; usually places again from about 17:00 (4 Mondays seen).'


def test_full_leaves_two_places_in_a_hundred() -> None:
    assert [places_left(capacity) for capacity in (20, 58, 100, 500)] == [0, 1, 2, 10]
    assert full_share(100) == pytest.approx(0.975)
    assert full_share(0) == 1.0


def test_nothing_is_left_of_a_day_at_its_end() -> None:
    assert len(told([ramp(9.0)] * 4, hour=23.8, share_now=0.1).points) == 2


@pytest.mark.parametrize(('day', 'quarters'), [(MONDAY, 96), (SPRING, 92), (AUTUMN, 100)])
def test_days_on_which_clocks_change_are_told_by_the_clock(day: dt.date, quarters: int) -> None:
    assert len(quarters_of(day, BERLIN)) == quarters
    found = forecast(weeks_of(day, [ramp(9.0)] * 4), day, BERLIN, capacity=100)
    assert len(found.points) == quarters
    assert clock_text(found.full_middle_s or 0, BERLIN) == '08:55'
    assert clock_text(found.points[-1].time_s, BERLIN, day) == '24:00'


def test_a_present_on_a_day_that_lacks_an_hour_is_that_of_the_clock() -> None:
    found = forecast(
        weeks_of(SPRING, [ramp(9.0)] * 3),
        SPRING,
        BERLIN,
        capacity=100,
        now_s=at(SPRING, 7.0),
        share_now=0.5,
    )
    # At seven those days were half full too: nothing is ahead or behind.
    assert clock_text(found.full_middle_s or 0, BERLIN) == '08:55'


def test_the_curve_of_a_day_goes_by_the_clock_on_the_wall() -> None:
    summer, winter = dt.date(2026, 10, 23), dt.date(2026, 10, 30)
    points = [point(int(at(day, 9.0)), 40) for day in (summer, winter)]
    curves = day_curves(points, BERLIN)
    assert [day.isoformat() for day in curves] == ['2026-10-23', '2026-10-30']
    assert all(each[36] == 0.4 and each[37] is None for each in curves.values())


def test_the_hour_that_comes_twice_is_one() -> None:
    first = day_begin_s(AUTUMN, BERLIN) + 2 * 3600
    curves = day_curves([point(first, 20), point(first + 3600, 40)], BERLIN)
    assert curves[AUTUMN][8] == pytest.approx(0.3)


def test_the_hour_that_is_missing_is_bridged() -> None:
    points = [point(start_s, 50) for start_s in quarters_of(SPRING, BERLIN)]
    (found,) = day_curves(points, BERLIN).values()
    assert found[8:12] == (None,) * 4
    assert all(share == 0.5 for share in bridged(found))


def test_a_silent_camera_is_no_empty_floor() -> None:
    begin_s = day_begin_s(MONDAY, BERLIN)
    points = [
        point(begin_s, 80),
        # One of two cameras is silent: half of the places are in no sum.
        point(begin_s + QUARTER_S, 30, capacity=50),
        # Three of four places cannot be seen.
        point(begin_s + 2 * QUARTER_S, 20, free=5, unknown=75),
        # It was there and saw nothing at all.
        point(begin_s + 3 * QUARTER_S, 0, free=0, unknown=100, known=0),
    ]
    (found,) = day_curves(points, BERLIN).values()
    assert found[:4] == (0.8, 0.6, None, None)


def test_cars_in_pictures_are_a_share_of_the_capacity_where_every_camera_sees() -> None:
    begin_s = day_begin_s(MONDAY, BERLIN)
    points = [
        point(begin_s, 0, capacity=0, cars_mean=30.0),
        point(begin_s + QUARTER_S, 0, capacity=0, cars_mean=12.0, cameras=1),
        point(begin_s + 2 * QUARTER_S, 0, capacity=0, cars_mean=70.0),
    ]
    (found,) = day_curves(points, BERLIN, capacity=60).values()
    assert found[:3] == (0.5, None, 1.0)


def test_a_share_needs_half_of_the_places_known() -> None:
    assert share_taken(20, 30, 100) == 0.4
    assert share_taken(20, 29, 100) is None
    assert share_taken(0, 0, 0) is None


def test_long_gaps_stay_unknown() -> None:
    gap = tuple(0.5 if slot < 10 or slot >= 10 + LONGEST_GAP else None for slot in range(SLOTS))
    longer = tuple(0.5 if slot < 10 or slot > 10 + LONGEST_GAP else None for slot in range(SLOTS))
    assert None not in bridged(gap)
    assert bridged(longer) == longer


def test_the_same_weekday_is_a_week_ago_and_the_newest_comes_first() -> None:
    curves = weeks_of(MONDAY, [ramp(8.0), ramp(9.0)]) | {MONDAY: ramp(10.0)}
    curves[MONDAY - dt.timedelta(days=1)] = ramp(12.0)
    assert same_weekday(curves, MONDAY, weeks=8) == [ramp(8.0), ramp(9.0)]


def test_busy_hours_are_the_median_of_their_days() -> None:
    curves = weeks_of(MONDAY, [level(share) for share in (0.2, 0.3, 0.9)])
    busy = busy_hours(curves)
    assert (busy.cells[0][9].share, busy.cells[0][9].days) == (0.3, 3)
    assert (busy.cells[1][9].share, busy.cells[1][9].days) == (None, 0)
    assert busy.days == (3, 0, 0, 0, 0, 0, 0)
    assert busy.busiest() == (0, 0, 0.3)


def test_busy_hours_of_nothing_are_empty() -> None:
    busy = busy_hours({})
    assert busy.first is None
    assert busy.busiest() is None


def test_a_hundred_per_cent_is_said_of_the_whole_alone() -> None:
    assert [percent(share) for share in (0.0, 0.994, 0.999, 1.0)] == ['0 %', '99 %', '99 %', '100 %']


shares = st.one_of(st.none(), st.floats(0, 1))
whole_days = st.lists(shares, min_size=8, max_size=8).map(
    lambda some: tuple(share for share in some for _ in range(12))
)
some_days = st.lists(whole_days, max_size=6)
some_zones = st.sampled_from(['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'])


@settings(max_examples=60)
@given(days=some_days, zone=some_zones, minute=st.integers(0, 1439), share=shares, week=st.integers(0, 60))
def test_whatever_was_counted_quartiles_are_in_order_and_time_goes_on(
    days: list[Curve], zone: str, minute: int, share: float | None, week: int
) -> None:
    there = ZoneInfo(zone)
    day = dt.date(2026, 1, 4) + dt.timedelta(weeks=week)
    now_s = day_begin_s(day, there) + minute * 60
    found = forecast(weeks_of(day, days), day, there, capacity=80, now_s=now_s, share_now=share)
    assert all(0 <= each.low <= each.median <= each.high <= 1 for each in found.points)
    assert all(before.time_s < after.time_s for before, after in pairwise(found.points))
    times = [found.full_earliest_s, found.full_middle_s, found.full_latest_s]
    known = [each for each in times if each is not None]
    assert known == sorted(known)
    # A line that is reached by the lower quartile is reached by the others before.
    assert times[: len(known)] == known
    assert all(now_s <= each <= day_begin_s(day + dt.timedelta(days=1), there) for each in known)
    assert outlook(found, there, 80)
    if len(days) < 3:
        assert not found.points


@settings(max_examples=50)
@given(values=st.lists(shares, min_size=SLOTS, max_size=SLOTS).map(tuple))
def test_bridging_changes_nothing_that_is_known(values: Curve) -> None:
    filled = bridged(values)
    known = [share for share in values if share is not None]
    assert all(old is None or old == new for old, new in zip(values, filled, strict=True))
    assert all(share is None or min(known) <= share <= max(known) for share in filled)


@settings(max_examples=50)
@given(values=st.lists(st.floats(0, 1), min_size=SLOTS, max_size=SLOTS).map(tuple), minute=st.floats(0, 1439))
def test_a_share_between_two_quarters_lies_between_them(values: Curve, minute: float) -> None:
    found = share_at(values, minute)
    place = max(int(minute // 15) - 1, 0)
    near = [share for share in values[place : place + 2] if share is not None]
    assert found is not None
    assert min(near) - 1e-9 <= found <= max(near) + 1e-9
