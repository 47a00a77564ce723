import asyncio
import datetime as dt
import json
import threading
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_fleet.dashboard.facility import charts, drawing, words
from parking_fleet.dashboard.facility.spans import (
    date_of,
    export_address,
    hours_of_flow,
    span_of_dates,
    span_of_days,
    today,
)
from parking_fleet.dashboard.facility.trend import by_month, course_of_days, course_of_quarters, summed_up
from parking_fleet.dashboard.remembered import LONGEST, Remembered
from parking_fleet.forecast.busiest import busy_hours
from parking_fleet.forecast.full import forecast
from parking_fleet.places.facilities import Facilities, FacilitySection
from parking_fleet.places.tree import facility_view
from parking_fleet.places.views import FacilityView, Places
from parking_fleet.store.values import CameraState, FlowPoint
from parking_fleet.zones.layout import Layout, Outline
from tests.unit.fleet.test_forecast import level, point, weeks_of

BERLIN = ZoneInfo('Europe/Berlin')
MONDAY = dt.date(2026, 11, 23)
AUTUMN, SPRING = dt.date(2026, 10, 25), dt.date(2026, 3, 29)
NOW_MS = 1_795_000_000_000
HOURS = {'mon-fri': '06:00-22:00', 'sat': '18:00-02:00', 'sun': 'closed'}


def camera(**changes: Any) -> CameraState:
    numbers = {
        'uuid': 'a',
        'camera': 'north',
        'facility': 'Riverside',
        'floor': 'P1',
        'seq': 1,
        'observed_ms': NOW_MS,
        'received_ms': NOW_MS,
        'state': 'OK',
        **dict.fromkeys(('cars', 'entered', 'left', 'net', 'capacity', 'occupied', 'free', 'unknown'), 0),
        'entered_today': 0,
        'left_today': 0,
    }
    details = {name: changes.pop(name, ()) for name in ('zones', 'bays', 'gates')}
    return CameraState.make(numbers | changes, **details)


def seen(*cameras: CameraState, blind: str = '', **section: Any) -> FacilityView:
    config = Facilities(facilities=(FacilitySection(name='Riverside', **section),))
    return facility_view(
        'Riverside',
        cameras,
        config,
        lambda each: 'the camera is covered' if each.camera == blind else '',
        silent=frozenset(),
        now_ms=NOW_MS,
    )


def bays(**states: str) -> list[dict[str, Any]]:
    return [{'name': name, 'state': state, 'confidence': 0.9} for name, state in states.items()]


def test_what_is_unknown_widens_the_bounds() -> None:
    assert words.places_words(Places(12, 40, 3)) == (
        '12 free, up to 15; 40 occupied, up to 43; 3 unknown, of 55'
    )
    assert words.places_words(Places(12, 40, 0)) == '12 free, 40 occupied, of 52'
    assert words.places_words(Places()) == 'no places are known'


@pytest.mark.parametrize(
    ('moment', 'text'),
    [
        ('2026-11-23 05:00', 'Closed until 06:00'),
        ('2026-11-23 21:59', 'Open until 22:00'),
        ('2026-11-23 22:00', 'Closed until 06:00 tomorrow'),
        ('2026-11-28 12:00', 'Closed until 18:00'),
        ('2026-11-28 23:00', 'Open until 02:00 tomorrow'),
        ('2026-11-29 01:00', 'Open until 02:00'),
        ('2026-11-29 03:00', 'Closed until 06:00 tomorrow'),
        ('2026-11-27 23:00', 'Closed until 18:00 tomorrow'),
    ],
)
def test_hours_are_told_with_what_comes_next(moment: str, text: str) -> None:
    section = FacilitySection(name='a', opening_hours=HOURS)
    there = dt.datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
    assert words.opening_words(section, there) == text


def test_hours_without_an_end_are_told_as_such() -> None:
    noon = dt.datetime(2026, 11, 23, 12, tzinfo=BERLIN)
    assert words.opening_words(None, noon) == 'Open at all hours'
    always = FacilitySection(name='a', opening_hours={'mon-sun': '00:00-24:00'})
    assert words.opening_words(always, noon) == 'Open at all hours'
    never = FacilitySection(name='a', opening_hours={'mon-sun': 'closed'})
    assert words.opening_words(never, noon) == 'Closed'
    until_midnight = FacilitySection(name='a', opening_hours={'mon': '06:00-24:00'})
    assert words.opening_words(until_midnight, noon) == 'Open until midnight'
    far = FacilitySection(name='a', opening_hours={'sun': '08:00-12:00'})
    assert words.opening_words(far, noon) == 'Closed until Sunday 08:00'


def test_the_basis_is_told_in_words() -> None:
    looked_at = seen(camera(capacity=2, free=1, unknown=1))
    assert words.basis_words(looked_at) == (
        'Cameras look at each place: 1 of 1 can say now. 1 place cannot be seen: it may be free or occupied.'
    )
    gated = seen(camera(net=3, gates=[{'name': 'in', 'entered': 5, 'left': 2}]), capacity=10)
    assert words.basis_words(gated).startswith('Reckoned from the cars that came in and went out')
    assert words.basis_words(seen(camera(cars=3), capacity=10)).startswith('Reckoned from the capacity')
    assert words.basis_words(seen()).startswith('How many places there are is not known yet')


def test_a_blind_camera_is_named_with_its_device() -> None:
    view = seen(camera(capacity=2, free=2), camera(camera='south', uuid='b'), blind='south')
    assert words.doubts(view.floors[0]) == [('Camera south: the camera is covered.', 'b')]


def test_a_disputed_bay_tells_what_each_camera_says() -> None:
    view = seen(camera(bays=bays(A1='FREE')), camera(camera='south', bays=bays(A1='OCCUPIED')))
    (text,) = words.disputes(view.floors[0], BERLIN)
    assert 'camera north says free (90% sure' in text
    assert 'camera south says occupied (90% sure' in text


def test_names_are_sorted_as_people_count() -> None:
    names = ['A10', 'A2', 'b1', 'A1', '10', '9', 'B', '²']
    assert sorted(names, key=words.natural_key) == ['9', '10', 'A1', 'A2', 'A10', 'B', 'b1', '²']


@given(names=st.lists(st.text()))
def test_any_names_can_be_sorted(names: list[str]) -> None:
    once = sorted(names, key=words.natural_key)
    assert sorted(once, key=words.natural_key) == once


class Names(HTMLParser):
    """Collect the elements and the text of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ARG002 - the parser's arguments
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@settings(max_examples=50)
@given(name=st.text(min_size=1).filter(lambda name: '\r' not in name and '\0' not in name))
def test_no_name_becomes_an_element(name: str) -> None:
    view = seen(
        camera(
            camera=name,
            capacity=1,
            free=1,
            bays=[{'name': name, 'state': 'FREE'}],
            zones=[{'name': name, 'cars': 0, 'capacity': 1, 'free': 1}],
        )
    )
    (floor,) = view.floors
    layout = Layout(bays=(Outline(name, ((0, 0), (1, 0), (1, 1))),))
    drawn = [
        drawing.bays_grid(floor.bays),
        drawing.bays_map(layout, {bay.name: bay for bay in floor.bays}, f'/picture?{name}'),
        drawing.zones_list(floor.zones),
        drawing.notes([name], '!'),
        drawing.table(name, (name,), [(name, name)]),
    ]
    allowed = {
        'ul', 'li', 'span', 'div', 'img', 'svg', 'defs', 'pattern', 'rect', 'polygon', 'p',
        'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td',
    }  # fmt: skip
    for text in drawn:
        parsed = Names(text)
        assert set(parsed.tags) <= allowed
        if name.strip():
            assert name in ''.join(parsed.texts)


def test_a_bay_is_told_by_sign_colour_and_word() -> None:
    view = seen(
        camera(bays=bays(A1='FREE', A2='OCCUPIED', A3='UNKNOWN', A10='FREE')),
        camera(camera='south', bays=bays(A2='FREE')),
    )
    text = ''.join(Names(drawing.bays_grid(view.floors[0].bays)).texts)
    assert text == '○A1: free≠A2: free, but cameras disagree?A3: unknown○A10: free'


def test_a_map_shows_bays_where_they_are() -> None:
    (floor,) = seen(camera(bays=bays(A1='FREE', A2='UNKNOWN'))).floors
    layout = Layout(
        bays=(
            Outline('A1', ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4), (0.1, 0.4))),
            Outline('A9', ((0.5, 0.5), (0.6, 0.5), (0.6, 0.6))),
        )
    )
    drawn = drawing.bays_map(layout, {bay.name: bay for bay in floor.bays})
    assert 'fac-shape-free" points="100,200 300,200 300,400 100,400"' in drawn
    assert 'left:20.00%;top:30.00%' in drawn
    # Drawn, but no message has told of it.
    assert 'fac-shape-unknown" points="500,500' in drawn
    assert '<img' not in drawn


def test_the_bar_is_as_long_as_its_parts() -> None:
    assert drawing.bar(Places(1, 2, 1)).count('width:25.00%') == 2
    assert drawing.bar(Places()) == ''


def test_busy_hours_have_a_number_in_each_cell_that_is_known() -> None:
    drawn = drawing.heat_tables(busy_hours(weeks_of(MONDAY, [level(0.42)] * 3)), 'busy')
    assert drawn.count('>42</td>') == 2 * 24
    assert drawn.count('nothing known') == 2 * 24 * 6


def flow(start_s: int, entered: int, left: int, gate: str = 'in') -> FlowPoint:
    return FlowPoint(start_s, gate, entered, left)


def test_quarters_are_summed_to_hours_of_the_car_park() -> None:
    begin_s = span_of_days(MONDAY, MONDAY, BERLIN).since_ms // 1000
    points = [flow(begin_s, 1, 0), flow(begin_s + 2700, 2, 1), flow(begin_s + 3600, 5, 0, 'back')]
    hours = hours_of_flow(points, MONDAY, BERLIN)
    assert len(hours) == 24
    assert [(hour.name, hour.entered, hour.left) for hour in hours[:3]] == [
        ('00:00', 3, 1), ('01:00', 5, 0), ('02:00', 0, 0),
    ]  # fmt: skip


def test_days_on_which_clocks_change_have_the_hours_that_they_have() -> None:
    assert [hour.name for hour in hours_of_flow([], AUTUMN, BERLIN)][1:5] == [
        '01:00', '02:00', '02:00 (again)', '03:00',
    ]  # fmt: skip
    assert [hour.name for hour in hours_of_flow([], SPRING, BERLIN)][1:3] == ['01:00', '03:00']
    begin_s = span_of_days(AUTUMN, AUTUMN, BERLIN).since_ms // 1000
    hours = hours_of_flow([flow(begin_s + 2 * 3600, 1, 0), flow(begin_s + 3 * 3600, 7, 0)], AUTUMN, BERLIN)
    assert [hour.entered for hour in hours[2:4]] == [1, 7]


@settings(max_examples=25)
@given(
    number=st.integers(0, 1_000),
    zone=st.sampled_from(['America/Los_Angeles', 'Asia/Kathmandu', 'Pacific/Auckland']),
)
def test_no_car_is_lost_between_hours(number: int, zone: str) -> None:
    there, day = ZoneInfo(zone), dt.date(2024, 1, 1) + dt.timedelta(days=number)
    span = span_of_days(day, day, there)
    points = [flow(start_s, 1, 2) for start_s in range(span.since_ms // 1000, span.until_ms // 1000, 900)]
    hours = hours_of_flow(points, day, there)
    assert sum(hour.entered for hour in hours) == len(points)
    assert sum(hour.left for hour in hours) == 2 * len(points)
    assert all(today(there, hour.start_s * 1000) == day for hour in hours)


def test_an_export_names_the_days_of_the_car_park() -> None:
    address = export_address(
        'flow', 'riverside-1', first=MONDAY, last=MONDAY, zone=BERLIN, form='csv', step='quarter'
    )
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert urlsplit(address).path == '/api/v1/flow'
    assert asked == {
        'facility': 'riverside-1',
        'since': '2026-11-22T23:00:00Z',
        'until': '2026-11-23T23:00:00Z',
        'step': 'quarter',
        'format': 'csv',
    }


def test_an_export_by_the_day_asks_for_dates() -> None:
    los_angeles = ZoneInfo('America/Los_Angeles')
    address = export_address(
        'history', 'a', first=MONDAY, last=MONDAY, zone=los_angeles, form='json', step='day'
    )
    # Summaries by the day are kept by their date, whatever the hour is there.
    assert 'since=2026-11-23T00%3A00%3A00Z' in address
    assert date_of(span_of_dates(MONDAY, MONDAY).since_ms // 1000) == MONDAY


def test_a_trend_has_gaps_where_nothing_was_counted() -> None:
    begin_s = span_of_days(MONDAY, MONDAY, BERLIN).since_ms // 1000
    points = [point(begin_s, 40), point(begin_s + 1800, 30, capacity=50)]
    courses = course_of_quarters(points, begin_s, begin_s + 3600, BERLIN)
    assert [(course.occupied, course.unknown) for course in courses] == [
        (40, 0), (None, None), (30, 50), (None, None),
    ]  # fmt: skip
    assert [course.name for course in courses] == ['00:00', '00:15', '00:30', '00:45']


def test_a_trend_of_a_year_is_by_date_and_its_table_by_month() -> None:
    points = [point(span_of_dates(day, day).since_ms // 1000, 40) for day in (dt.date(2026, 10, 31), MONDAY)]
    courses = course_of_days(points, dt.date(2026, 10, 31), MONDAY)
    assert len(courses) == 24
    assert (courses[0].name, courses[0].occupied, courses[1].occupied) == ('31 Oct 2026', 40, None)
    assert [(month.name, month.occupied) for month in by_month(courses)] == [
        ('Oct 2026', 40),
        ('Nov 2026', 40),
    ]


def test_a_table_of_a_trend_sums_up() -> None:
    begin_s = span_of_days(MONDAY, MONDAY, BERLIN).since_ms // 1000
    points = [point(begin_s + number * 900, 10 * number) for number in range(8)]
    rows = summed_up(course_of_quarters(points, begin_s, begin_s + 7200, BERLIN), 4)
    assert [(row.name, row.occupied, row.most) for row in rows] == [('00:00', 15, 30), ('01:00', 55, 70)]


@pytest.mark.parametrize('day', [MONDAY, SPRING, AUTUMN])
def test_the_chart_of_a_forecast_begins_where_counting_ends(day: dt.date) -> None:
    now_s = dt.datetime(day.year, day.month, day.day, 8, 2, tzinfo=BERLIN).timestamp()
    told = forecast(weeks_of(day, [level(0.5)] * 3), day, BERLIN, capacity=100, now_s=now_s, share_now=0.7)
    chart = charts.forecast_chart(told, level(0.6), BERLIN, 100)
    names, by_name = chart['xAxis']['data'], {each['name']: each['data'] for each in chart['series']}
    counted, median = by_name['counted'], by_name['middle day (median)']
    place = names.index('08:00')
    assert (counted[place], median[place]) == (70, 70)
    assert (counted[place - 1], median[place - 1]) == (60, None)
    assert (counted[place + 1], median[-1] is not None) == (None, True)
    assert (names[0], names[-1]) == ('00:00', '24:00')
    assert json.loads(json.dumps(chart)) == chart


def test_a_question_is_asked_once_for_many_pages_and_again_when_it_is_old() -> None:
    asked, now = [], [0.0]

    def question() -> int:
        asked.append(threading.current_thread())
        return len(asked)

    async def ask() -> None:
        remembered = Remembered(lambda: now[0])
        answers = await asyncio.gather(*(remembered.ask('a', 60, question) for _ in range(10)))
        assert answers == [1] * 10
        now[0] = 59.0
        assert await remembered.ask('a', 60, question) == 1
        now[0] = 61.0
        assert await remembered.ask('a', 60, question) == 2
        assert threading.current_thread() not in asked

    asyncio.run(ask())


def test_what_failed_is_asked_again() -> None:
    answers: list[Any] = [OSError('away'), 7]

    def question() -> int:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return int(answer)

    async def ask() -> None:
        remembered = Remembered()
        with pytest.raises(OSError, match='away'):
            await remembered.ask('a', 60, question)
        assert await remembered.ask('a', 60, question) == 7

    asyncio.run(ask())


def test_a_page_that_is_closed_takes_no_answer_from_the_others() -> None:
    go_on = threading.Event()

    def question() -> int:
        assert go_on.wait(60)
        return 1

    async def ask() -> None:
        remembered = Remembered()
        closed = asyncio.ensure_future(remembered.ask('a', 60, question))
        other = asyncio.ensure_future(remembered.ask('a', 60, question))
        await asyncio.sleep(0)
        closed.cancel()
        go_on.set()
        assert await other == 1

    asyncio.run(ask())


def test_memory_is_bounded() -> None:
    async def ask() -> None:
        remembered = Remembered()
        for number in range(LONGEST + 20):
            await remembered.ask(number, 60, partial(int, number))
        assert len(remembered._answers) == LONGEST

    asyncio.run(ask())
