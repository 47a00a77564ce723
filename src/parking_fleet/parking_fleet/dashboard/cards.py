"""Say what a facility is like in the words of its card on the fleet page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parking_fleet.dashboard.words import bounds_text, how_many, number_text, range_text
from parking_fleet.health.devices import DeviceHealth
from parking_fleet.places.views import FacilityView, Places, sum_of
from parking_fleet.store.values import FacilityPoint

TREND_STEP_S = 900
TREND_STEPS = 48
"""The trend goes over twelve hours."""

LEAST_STEPS = 3
"""A trend of fewer says nothing."""

Trend = tuple[float | None, ...]
"""What part of the places was occupied, 0 to 1, in equal steps; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class Card:
    """Hold what a card shows, ready to be drawn.

    Attributes:
        number, unit: the big number, and what it counts.
        bounds: what the number may be more, or why it says little; '' when it is exact.
        bar_text: the bar in words.
        devices, blind, disputed, gates: lines of text; '' where there is nothing to say.
        has_trouble: whether a person should look.
        trend, trend_text: the last hours, as a line and in words.
    """

    id: str
    title: str
    number: str
    unit: str
    bounds: str
    free: int
    occupied: int
    unknown: int
    bar_text: str
    is_open: bool
    devices: str
    devices_away: int
    blind: str
    disputed: str
    gates: str
    has_trouble: bool
    trend: Trend = ()
    trend_text: str = ''


@dataclass(frozen=True, slots=True)
class Tile:
    """Hold one number about the whole fleet."""

    value: str
    text: str
    is_warning: bool = False


def card_of(view: FacilityView, trend: Trend = ()) -> Card:
    """Return the card of a facility."""
    places = view.places
    number, unit, bounds = _headline(view)
    away = view.devices - view.devices_up
    blind = sum(camera.state.state != 'OK' for floor in view.floors for camera in floor.cameras)
    return Card(
        id=view.id,
        title=view.title,
        number=number,
        unit=unit,
        bounds=bounds,
        free=places.free,
        occupied=places.occupied,
        unknown=places.unknown,
        bar_text=_bar_text(places),
        is_open=view.is_open,
        devices=_devices_text(view),
        devices_away=away,
        blind=how_many(blind, 'camera does not see', 'cameras do not see') if blind else '',
        disputed=how_many(view.disputed, 'bay is disputed', 'bays are disputed') if view.disputed else '',
        gates=(
            f'Today {number_text(view.entered_today)} in, {number_text(view.left_today)} out'
            if view.inside is not None
            else ''
        ),
        has_trouble=bool(away or blind or view.disputed),
        trend=trend,
        trend_text=trend_text(trend),
    )


def tiles_of(views: Iterable[FacilityView], devices: Sequence[DeviceHealth]) -> tuple[Tile, ...]:
    """Return what is told of the whole fleet."""
    views = list(views)
    places = sum_of([view.places for view in views])
    is_open = sum(view.is_open for view in views)
    standings = Counter(health.standing for health in devices)
    heard = standings['up'] + standings['new']
    away = [
        f'{number_text(standings[standing])} {standing}'
        for standing in ('silent', 'offline')
        if standings[standing]
    ]
    problems = sum(bool(health.problems) for health in devices if health.standing == 'up')
    return (
        Tile(range_text(places.free, places.free_most), f'free of {number_text(places.capacity)} places'),
        Tile(number_text(len(views)), f'{"facility" if len(views) == 1 else "facilities"}, {is_open} open'),
        Tile(
            f'{number_text(heard)} of {number_text(len(devices))}',
            'devices heard' + (f'; {", ".join(away)}' if away else ''),
            is_warning=bool(away),
        ),
        Tile(
            number_text(problems),
            f'{"other " if away else ""}{"device" if problems == 1 else "devices"} to look at',
            is_warning=bool(problems),
        ),
    )


def trends_of(points: Iterable[FacilityPoint], now_s: int) -> dict[str, Trend]:
    """Return the trend of each facility, by its name."""
    first_s = (now_s // TREND_STEP_S - TREND_STEPS + 1) * TREND_STEP_S
    by_facility: dict[str, list[FacilityPoint | None]] = {}
    for point in points:
        step = (point.start_s - first_s) // TREND_STEP_S
        if 0 <= step < TREND_STEPS:
            by_facility.setdefault(point.facility, [None] * TREND_STEPS)[step] = point
    return {name: _trend(course) for name, course in by_facility.items()}


def trend_text(trend: Trend) -> str:
    """Return a trend in words."""
    known = [share for share in trend if share is not None]
    if len(known) < LEAST_STEPS:
        return ''
    least, most = (round(100 * share) for share in (min(known), max(known)))
    return f'Occupied in the last 12 hours: {least} % to {most} %'


def _trend(course: Sequence[FacilityPoint | None]) -> Trend:
    if any(point.occupied + point.free for point in course if point):
        return tuple(
            point.occupied / (point.occupied + point.free) if point and point.occupied + point.free else None
            for point in course
        )
    return ()


def _headline(view: FacilityView) -> tuple[str, str, str]:
    places = view.places
    if not places.capacity:
        cars = 'car seen' if view.cars == 1 else 'cars seen'
        return number_text(view.cars), cars, 'How many places there are is not known'
    unit = f'free of {number_text(places.capacity)}'
    bounds = bounds_text(places)
    if not bounds and view.basis == 'gates':
        bounds = 'Counted at the gates'
    if not bounds and view.basis == 'cars':
        bounds = 'From the cars seen'
    if not places.free and not places.occupied:
        return '?', unit, bounds
    return number_text(places.free), unit, bounds


def _bar_text(places: Places) -> str:
    if not places.capacity:
        return ''
    free, occupied, unknown = map(number_text, (places.free, places.occupied, places.unknown))
    return f'{free} free, {occupied} occupied, {unknown} unknown'


def _devices_text(view: FacilityView) -> str:
    if not view.devices:
        return 'No device has reported yet'
    if view.devices_up == view.devices:
        return f'{"" if view.devices == 1 else "All "}{how_many(view.devices, "device", "devices")} heard'
    return f'{number_text(view.devices_up)} of {how_many(view.devices, "device", "devices")} heard'
