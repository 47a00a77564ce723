"""Tell a forecast in words, with what it rests on."""

import datetime as dt
from zoneinfo import ZoneInfo

from parking_fleet.forecast.busiest import WEEKDAYS
from parking_fleet.forecast.full import LEAST_DAYS, WEEKS, Forecast, places_left

ROUNDED_MINUTES = 5
"""Times are told no finer than that: more would promise what nobody knows."""


def outlook(forecast: Forecast, zone: ZoneInfo, capacity: int) -> str:
    """Return when the car park will be full, in one or two sentences."""
    weekday = WEEKDAYS[forecast.day.weekday()]
    seen = f'{forecast.days} {weekday}{"" if forecast.days == 1 else "s"} seen'
    if not forecast.points:
        return _too_early(forecast, weekday, seen)

    def clock(time_s: float) -> str:
        return clock_text(time_s, zone, forecast.day)

    if forecast.is_full_now:
        again_s = forecast.free_again_s
        after = f'usually places again from about {clock(again_s)}' if again_s else 'usually until midnight'
        return f'Full now; {after} ({seen}).'
    earliest_s, middle_s, latest_s = (
        forecast.full_earliest_s,
        forecast.full_middle_s,
        forecast.full_latest_s,
    )
    if earliest_s is None:
        return f'Probably not full {_rest(forecast)} ({seen}). {_peak(forecast, zone, capacity)}'
    begin = clock(earliest_s)
    if middle_s is None:
        return (
            f'Probably not full {_rest(forecast)}; on one {weekday} in four it is, from about {begin} '
            f'({seen}). {_peak(forecast, zone, capacity)}'
        )
    if latest_s is None:
        return (
            f'Full on about every second {weekday}: from about {clock(middle_s)}, '
            f'on busy ones from {begin} ({seen}).'
        )
    end = clock(latest_s)
    when = f'at about {begin}' if begin == end else f'between {begin} and {end}'
    return f'Probably full {when} ({seen}).'


def meaning(forecast: Forecast, capacity: int) -> str:
    """Return what the forecast is and is not."""
    weekday = WEEKDAYS[forecast.day.weekday()]
    left = places_left(capacity)
    full = (
        'no place is free'
        if not left
        else f'at most {left} of {capacity} places {"is" if left == 1 else "are"} free'
    )
    begun = (
        f'It begins at what is counted now, and goes on as the last {forecast.days} {weekday}s did; '
        'what today is busier or quieter than they were fades by half every three hours. '
        if forecast.is_anchored
        else f'It shows the last {forecast.days} {weekday}s; what is counted now is not part of it. '
    )
    return (
        f'{begun}The line is the middle day (median), the band the middle half of the days (quartiles). '
        f'Full means that {full}. Holidays, events and the weather are not known to it.'
    )


def clock_text(time_s: float, zone: ZoneInfo, day: dt.date | None = None) -> str:
    """Return a time of day, rounded, as in '09:10'; the end of the day asked for is '24:00'."""
    step_s = ROUNDED_MINUTES * 60
    moment = dt.datetime.fromtimestamp((time_s + step_s / 2) // step_s * step_s, zone)
    return '24:00' if day is not None and moment.date() > day else f'{moment:%H:%M}'


def percent(share: float) -> str:
    """Return a share as people read it; 100 % is said only of what is whole."""
    return f'{min(round(share * 100), 99) if share < 1 else 100} %'


def _too_early(forecast: Forecast, weekday: str, seen: str) -> str:
    if forecast.days >= LEAST_DAYS:
        return f'Nothing more is to come today, or too little is known of this time of day ({seen}).'
    return (
        f'Too early to tell: it takes {LEAST_DAYS} {weekday}s of the last {WEEKS} weeks that were counted '
        f'at this time of day, and {forecast.days or "none"} {"was" if forecast.days < 2 else "were"}.'
    )


def _rest(forecast: Forecast) -> str:
    return 'today' if forecast.is_anchored else f'on {WEEKDAYS[forecast.day.weekday()]}'


def _peak(forecast: Forecast, zone: ZoneInfo, capacity: int) -> str:
    peak = forecast.peak
    if peak is None:
        return ''
    free = max(round((1 - peak.median) * capacity), 1)
    return (
        f'Most cars at about {clock_text(peak.time_s, zone, forecast.day)}: '
        f'about {free} {"place" if free == 1 else "places"} free then.'
    )
