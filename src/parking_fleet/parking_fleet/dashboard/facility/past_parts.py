"""Show what a facility was like, and what it will be: forecast, gates, busy hours, trend."""

import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from zoneinfo import ZoneInfo

from nicegui import ui

from parking_fleet.dashboard.facility import charts, drawing
from parking_fleet.dashboard.facility.charts import Course, day_name
from parking_fleet.dashboard.facility.parts import Chart, Loading, html, part
from parking_fleet.dashboard.facility.past import YEAR, Facility, Past
from parking_fleet.dashboard.facility.spans import hours_of_flow, today
from parking_fleet.dashboard.facility.trend import by_month, course_of_days, course_of_quarters, summed_up
from parking_fleet.dashboard.facility.words import plural
from parking_fleet.forecast.busiest import WEEKDAYS, BusyHours, busy_hours
from parking_fleet.forecast.curves import Curve, day_begin_s, place_in_day, quarters_of, share_taken
from parking_fleet.forecast.full import LEAST_DAYS, WEEKS, Forecast, forecast
from parking_fleet.forecast.words import clock_text, meaning, outlook, percent
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.views import Basis, FacilityView
from parking_fleet.store.summaries import DAY_S, QUARTER_S

Now = Callable[[], FacilityView]
"""Returns the facility as it is now."""

NO_SHARES: dict[Basis, str] = {
    'gates': (
        'Not known: gates tell who comes and goes, and that alone is kept of the past. '
        'Draw bays or zones for a camera to have this.'
    ),
    'nothing': 'Not known: nothing is counted here yet. Draw bays or zones for a camera to have this.',
}
"""Why there is no past of how full it was, by what the present rests on."""

_AHEAD_DAYS = 7
_ROW_S = 2 * QUARTER_S
_LABELS = {'Day': 12, 'Week': 96, 'Month': 5 * 24, 'Year': None}


class ForecastPart:
    """Say when it will be full."""

    def __init__(self, facility: Facility, past: Past, now: Now) -> None:
        self._facility, self._past, self._now = facility, past, now
        first = today(facility.zone, now_ms())
        with part('forecast', 'When will it be full?'):
            self._day = ui.select(_days_ahead(first), value=first.isoformat(), label='Day').classes('w-56')
            self._words = html(tag='p').classes('text-lg').props('role=status')
            self._chart = Chart(
                'Places occupied through the day: counted so far, and what to expect',
                'Places occupied',
                charts.NAMES['forecast'],
            )
            self._meaning = html(tag='p').classes('fac-words')
            loading = Loading(self._load)
        self._day.on_value_change(loading.run)

    async def _load(self) -> None:
        zone, view = self._facility.zone, self._now()
        places, moment_ms = view.places, now_ms()
        this_day = today(zone, moment_ms)
        options = _days_ahead(this_day)
        if list(options) != list(self._day.options):
            # Midnight has passed.
            self._day.set_options(options, value=this_day.isoformat())
        day = dt.date.fromisoformat(str(self._day.value))
        if view.basis in NO_SHARES:
            self._words.content = NO_SHARES[view.basis]
            self._chart.hide()
            return
        weeks = await self._past.weeks(self._facility, this_day)
        so_far = await self._past.today(self._facility, this_day)
        is_today = day == this_day
        told = forecast(
            weeks.curves,
            day,
            zone,
            capacity=places.capacity,
            now_s=moment_ms / 1000 if is_today else None,
            share_now=share_taken(places.occupied, places.free, places.capacity) if is_today else None,
        )
        self._words.content = escape(outlook(told, zone, places.capacity))
        self._meaning.content = escape(meaning(told, places.capacity)) if told.points else ''
        counted = so_far.curves.get(day) if is_today else None
        if not told.points and counted is None:
            self._chart.hide()
            return
        self._chart.draw(
            charts.forecast_chart(told, counted, zone, places.capacity),
            _forecast_table(told, counted, zone, places.capacity),
        )


class FlowPart:
    """Show the cars in and out by the hour of a day."""

    def __init__(self, facility: Facility, past: Past) -> None:
        self._facility, self._past = facility, past
        with part('gates', 'Cars in and out'):
            with ui.element('div').classes('fac-choice'):
                ui.button('Day before', color=None, on_click=lambda: self._move(-1)).props('flat no-caps')
                self._day = ui.input('Day', value=today(facility.zone, now_ms()).isoformat())
                self._day.props('type=date stack-label')
                ui.button('Day after', color=None, on_click=lambda: self._move(1)).props('flat no-caps')
                ui.button('Today', color=None, on_click=self._go_to_today).props('flat no-caps')
            self._words = html(tag='p').props('role=status')
            self._chart = Chart('Cars in and out by the hour', 'Cars an hour', charts.NAMES['flow'])
            loading = Loading(self._load)
        self._day.on_value_change(loading.run)

    def _move(self, days: int) -> None:
        day = _date(self._day.value) or today(self._facility.zone, now_ms())
        self._day.value = (day + dt.timedelta(days=days)).isoformat()

    def _go_to_today(self) -> None:
        self._day.value = today(self._facility.zone, now_ms()).isoformat()

    async def _load(self) -> None:
        zone = self._facility.zone
        day = _date(self._day.value)
        if day is None:
            self._words.content = 'Choose a day.'
            return
        points = await self._past.flow(self._facility, day, today(zone, now_ms()))
        hours = hours_of_flow(points, day, zone)
        entered, left = sum(hour.entered for hour in hours), sum(hour.left for hour in hours)
        name = f'{WEEKDAYS[day.weekday()]} {day_name(day)}'
        self._words.content = (
            f'{name}: {plural(entered, "car")} in, {left} out.'
            if points
            else f'{name}: no car was seen to go through a gate. Gates are lines that are drawn for a camera.'
        )
        if not points:
            self._chart.hide()
            return
        self._chart.draw(
            charts.flow_chart(hours),
            drawing.table(
                f'Cars in and out by the hour on {name}',
                ('Hour', 'In', 'Out'),
                ((hour.name, hour.entered, hour.left) for hour in hours),
            ),
        )


class BusyPart:
    """Show how full it usually is by weekday and hour."""

    def __init__(self, facility: Facility, past: Past, now: Now) -> None:
        self._facility, self._past, self._now = facility, past, now
        with part('busy', 'Busiest hours'):
            self._words = html(tag='p')
            self._table = html()
            Loading(self._load)

    async def _load(self) -> None:
        basis = self._now().basis
        if basis in NO_SHARES:
            self._words.content = NO_SHARES[basis]
            return
        this_day = today(self._facility.zone, now_ms())
        busy = busy_hours((await self._past.weeks(self._facility, this_day)).curves)
        self._words.content = escape(_busy_words(busy))
        caption = 'Occupied places in 100, the median of the days seen; hatched: nothing known'
        self._table.content = drawing.heat_tables(busy, caption) if busy.first else ''


class TrendPart:
    """Show the course of a day, a week, a month or a year."""

    def __init__(self, facility: Facility, past: Past, now: Now) -> None:
        self._facility, self._past, self._now = facility, past, now
        self._steps: dict[str, Callable[[], Awaitable[tuple[list[Course], list[Course]]]]] = {
            'Day': partial(self._quarters, 1, QUARTER_S),
            'Week': partial(self._quarters, 7, QUARTER_S),
            'Month': partial(self._quarters, 31, 4 * QUARTER_S),
            'Year': self._year,
        }
        unit = 'Places occupied' if now().basis == 'places' else 'Cars in the pictures'
        with part('trend', 'How full it was'):
            self._span = ui.toggle(list(self._steps), value='Week').props(
                'no-caps toggle-color=blue-10 aria-label="How long a time"'
            )
            self._chart = Chart('How full it was', unit, charts.NAMES['trend'])
            self._words = html(tag='p').classes('fac-words')
            loading = Loading(self._load)
        self._span.on_value_change(loading.run)

    async def _load(self) -> None:
        name = str(self._span.value)
        courses, rows = await self._steps[name]()
        known = sum(course.occupied is not None for course in courses)
        twice = ' A bay that two cameras see is counted twice here.' if _has_shared_bays(self._now()) else ''
        self._words.content = _trend_words(name, known, len(courses)) + twice
        is_year = name == 'Year'
        if not known:
            self._chart.hide()
            return
        self._chart.draw(
            charts.trend_chart(courses, has_most=is_year, label_every=_LABELS[name]),
            drawing.table(
                f'How full it was: {name.lower()}',
                ('From', 'On average', 'At most', 'Unknown on average'),
                (
                    (row.name, _number(row.occupied), _number(row.most), _number(row.unknown) or 0)
                    for row in rows
                ),
            ),
        )

    async def _quarters(self, days: int, step_s: int) -> tuple[list[Course], list[Course]]:
        zone, moment_ms = self._facility.zone, now_ms()
        this_day = today(zone, moment_ms)
        points = (await self._past.today(self._facility, this_day)).points
        points = [*(await self._past.weeks(self._facility, this_day)).points, *points]
        end_s = moment_ms // 1000 // step_s * step_s + step_s
        begin_s = end_s - days * DAY_S
        if days > 1:
            begin_s = day_begin_s(this_day - dt.timedelta(days=days - 1), zone)
        courses = course_of_quarters(points, begin_s, end_s, zone, step_s=step_s)
        parts = 4 if days == 1 else DAY_S // step_s // (4 if days == 7 else 1)
        return courses, summed_up(courses, parts)

    async def _year(self) -> tuple[list[Course], list[Course]]:
        this_day = today(self._facility.zone, now_ms())
        points = await self._past.days(self._facility, this_day)
        courses = course_of_days(points, this_day - YEAR, this_day)
        return courses, by_month(courses)


def _days_ahead(first: dt.date) -> dict[str, str]:
    names = {0: 'Today', 1: 'Tomorrow'}
    days = {ahead: first + dt.timedelta(days=ahead) for ahead in range(_AHEAD_DAYS)}
    return {
        day.isoformat(): f'{names.get(ahead, "")} ({WEEKDAYS[day.weekday()]})'
        if ahead in names
        else f'{WEEKDAYS[day.weekday()]} {day.day} {day:%b}'
        for ahead, day in days.items()
    }


def _has_shared_bays(view: FacilityView) -> bool:
    return any(len(bay.evidence) > 1 for floor in view.floors for bay in floor.bays)


def _forecast_table(told: Forecast, so_far: Curve | None, zone: ZoneInfo, capacity: int) -> str:
    rows: list[tuple[object, ...]] = []
    begin_s = told.points[0].time_s if told.is_anchored and told.points else None
    for start_s in quarters_of(told.day, zone):
        end_s = start_s + QUARTER_S
        share = so_far[place_in_day(start_s, zone)[1]] if so_far else None
        if share is not None and end_s % _ROW_S == 0 and (begin_s is None or end_s <= begin_s):
            rows.append((clock_text(end_s, zone, told.day), round(share * capacity), '', '', ''))
    rows += [
        (
            clock_text(point.time_s, zone, told.day),
            round(point.median * capacity) if point.time_s == begin_s else '',
            round(point.median * capacity),
            f'{round(point.low * capacity)} to {round(point.high * capacity)}',
            round((1 - point.median) * capacity),
        )
        for point in told.points
        if point.time_s == begin_s or point.time_s % _ROW_S == 0
    ]
    heads = ('Time', 'Counted', 'Middle day', 'Middle half of the days', 'Free on the middle day')
    return drawing.table('Places occupied: counted, and to be expected', heads, rows)


def _busy_words(busy: BusyHours) -> str:
    if busy.first is None or busy.last is None:
        return 'Nothing has been counted yet: come back when a few days have passed.'
    said = (
        f'From {plural(sum(busy.days), "day")} with counts in the last {WEEKS} weeks, '
        f'{day_name(busy.first)} to {day_name(busy.last)}.'
    )
    if min(busy.days) < LEAST_DAYS:
        said += ' Of some weekdays there are fewer than three: that may change much with every week.'
    busiest = busy.busiest()
    if busiest is not None:
        weekday, hour, share = busiest
        said += f' Busiest: {WEEKDAYS[weekday]} {hour:02}:00 to {hour + 1:02}:00, {percent(share)} occupied.'
    return said


def _trend_words(name: str, known: int, steps: int) -> str:
    if not known:
        return 'Nothing was counted in this time.'
    said = {
        'Day': 'The last 24 hours by the quarter of an hour.',
        'Week': 'The last seven days by the quarter of an hour.',
        'Month': 'The last 31 days by the hour.',
        'Year': 'The last 365 days: the mean of each day, and dotted what it never exceeded.',
    }[name]
    missing = steps - known
    if missing and name == 'Year':
        said += f' Of {plural(missing, "day")} nothing is known.'
    return said


def _number(value: float | None) -> str:
    return '' if value is None else f'{value:.0f}'


def _date(text: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text))
    except ValueError:
        return None
