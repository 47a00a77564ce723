"""Say numbers, times and states as an operator would."""

import datetime as dt
from zoneinfo import ZoneInfo

from parking_fleet.health.devices import Standing
from parking_fleet.places.views import Places

STANDINGS: dict[Standing, str] = {
    'up': 'Heard',
    'silent': 'Silent',
    'offline': 'Offline',
    'new': 'No count yet',
}
ADVICE: dict[Standing, str] = {
    'up': '',
    'silent': 'Nothing came for longer than its interval allows. Look whether it has power and network.',
    'offline': 'It has left the broker. Look whether it has power and network; it comes back by itself.',
    'new': 'It is connected and has sent no count so far. Look at its camera and its model.',
}

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400


def number_text(number: int) -> str:
    """Return a number with its thousands apart."""
    return f'{number:,}'


def how_many(number: int, one: str, more: str) -> str:
    """Return a number with its noun: '1 bay', '2 bays'."""
    return f'{number_text(number)} {one if number == 1 else more}'


def range_text(least: int, most: int) -> str:
    """Return '12', or '12 to 15' where it is not known exactly."""
    return number_text(least) if least == most else f'{number_text(least)} to {number_text(most)}'


def bounds_text(places: Places) -> str:
    """Return what the number of free places may be more; '' when all are known."""
    if not places.unknown:
        return ''
    unknown = how_many(places.unknown, 'place is', 'places are')
    if not places.free and not places.occupied:
        return 'Nothing is known of its places now'
    return f'Up to {number_text(places.free_most)}: {unknown} unknown'


def age_text(age_s: float) -> str:
    """Return how long ago something was."""
    if age_s < _MINUTE_S:
        return f'{max(age_s, 0):.0f} s ago'
    if age_s < _HOUR_S:
        return f'{age_s / _MINUTE_S:.0f} min ago'
    if age_s < 2 * _DAY_S:
        return f'{age_s / _HOUR_S:.0f} h ago'
    return f'{age_s / _DAY_S:.0f} days ago'


def length_text(length_s: float) -> str:
    """Return how long something takes or lasts."""
    if length_s < 2 * _MINUTE_S:
        return f'{length_s:.0f} s'
    if length_s < 2 * _HOUR_S:
        return f'{length_s / _MINUTE_S:.0f} min'
    return f'{length_s / _HOUR_S:.0f} h' if length_s < 2 * _DAY_S else f'{length_s / _DAY_S:.0f} days'


def moment_text(time_ms: int, zone: ZoneInfo, now_ms: int) -> str:
    """Return a time at a place: the time of today, with the date for other days."""
    moment = dt.datetime.fromtimestamp(time_ms / 1000, zone)
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone).date()
    return f'{moment:%H:%M:%S}' if moment.date() == today else f'{moment:%a %-d %b %H:%M:%S}'
