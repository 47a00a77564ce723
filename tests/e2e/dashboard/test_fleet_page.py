"""The pages around the whole fleet, in a browser: login, cards, devices, one device."""

import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from tests.support.browsing import Scheme, Size, Visit, visiting
from tests.support.fleet_messages import count_content, crossing_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService
from tests.support.fleet_users import PASSWORD, user
from tests.support.patience import PATIENCE_S

QUARTER_MS = 900_000
FACILITIES = {
    'facilities': [
        {'name': 'Riverside', 'title': 'Riverside garage', 'capacity': 120, 'time_zone': 'Europe/Berlin'},
        {'name': 'Closed', 'title': 'Summer meadow', 'capacity': 60, 'opening_hours': {'mon-sun': 'closed'}},
    ]
}
PLACES = {
    'Riverside': 60,
    'Airport': 800,
    'Central station': 45,
    'Harbour': 40,
    'Hospital': 150,
    'Old market': 30,
    'Stadium': 90,
}


class Fleet:
    """Send what a few devices would, each with its own sequence."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._seqs: dict[str, int] = {}

    def count(self, facility: str, **changes: Any) -> None:
        self._sender.send([self._message('count', facility, changes)])

    def _message(self, kind: str, facility: str, changes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        uuid = facility.lower().replace(' ', '-')
        self._seqs[uuid] = self._seqs.get(uuid, 0) + 1
        head = {'uuid': uuid, 'seq': self._seqs[uuid], 'facility': facility, 'camera': 'entrance'}
        content = crossing_content if kind == 'crossing' else count_content
        return f'parking/{SENDER}/{kind}', content(**{'at_ms': now_ms(), **head, **changes})

    def fill(self) -> None:
        """Send what the cameras told in the last ten hours."""
        present_ms = now_ms()
        messages = []
        for number, (facility, capacity) in enumerate(PLACES.items()):
            for quarter in reversed(range(40)):
                occupied = round(capacity * (0.5 + 0.4 * math.sin(number + quarter / 7)))
                unknown = min(7, capacity - occupied) if facility == 'Old market' else 0
                changes: dict[str, Any] = {
                    'at_ms': present_ms - quarter * QUARTER_MS,
                    'capacity': capacity, 'occupied': occupied, 'unknown': unknown, 'cars': occupied,
                    'free': capacity - occupied - unknown,
                    'state': 'COVERED' if facility == 'Stadium' and quarter < 3 else 'OK',
                }  # fmt: skip
                if facility == 'Central station':
                    gates = [{'name': 'main gate', 'entered': 300, 'left': 260}]
                    changes |= {'gates': gates, 'net': 40, 'entered_today': 300, 'left_today': 260}
                messages.append(self._message('history' if quarter else 'count', facility, changes))
        for quarter in range(9):
            direction = 'OUT' if quarter % 3 else 'IN'
            at_ms = present_ms - quarter * QUARTER_MS
            messages.append(
                self._message('crossing', 'Central station', {'at_ms': at_ms, 'direction': direction})
            )
        self._sender.send(messages)


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory, broker: LocalBroker) -> Iterator[FleetService]:
    users = [user('anna', 'operator').model_dump(), user('rita').model_dump()]
    folder = tmp_path_factory.mktemp('service')
    with FleetService(folder, broker, {'web': {'users': users}}, FACILITIES) as running:
        yield running


@pytest.fixture(scope='module')
def fleet(service: FleetService, sender: Sender) -> Fleet:
    """Give a fleet that has sent what fills the pages."""
    assert service.url
    filled = Fleet(sender)
    filled.fill()
    return filled


@pytest.fixture(scope='module')
def logged_in(browser: Browser, service: FleetService) -> Any:
    """Give the cookies of an operator who has logged in."""
    with visiting(browser) as made:
        made.log_in(service.url, 'anna', PASSWORD)
        return made.page.context.storage_state()


@pytest.fixture
def visit(browser: Browser, service: FleetService, logged_in: Any) -> Iterator[Visit]:
    """Give the fleet page, before an operator who has logged in."""
    with visiting(browser, storage_state=logged_in) as made:
        made.page.goto(service.url)
        yield made


def card(page: Page, title: str) -> Any:
    return page.get_by_role('article').filter(has=page.get_by_role('heading', name=title, exact=True))


def test_a_stranger_logs_in_and_comes_to_the_page_that_was_wanted(
    service: FleetService, browser: Browser
) -> None:
    with visiting(browser) as visit:
        page = visit.page
        page.goto(f'{service.url}/devices')
        expect(page).to_have_url(f'{service.url}/login?next=/devices')
        visit.keep_picture('login')
        page.keyboard.type('anna')
        page.keyboard.press('Tab')
        page.keyboard.type('a wrong password')
        page.keyboard.press('Enter')
        expect(page.get_by_role('alert')).to_have_text('Name or password is wrong.')
        page.keyboard.type(PASSWORD)
        page.keyboard.press('Enter')
        expect(page).to_have_url(f'{service.url}/devices')
        expect(page.get_by_role('heading', level=1)).to_have_text('Devices')
        expect(page.get_by_role('banner')).to_contain_text('anna operator')


def test_a_logout_closes_every_page_of_that_login(service: FleetService, browser: Browser) -> None:
    with visiting(browser) as visit:
        visit.log_in(service.url, 'rita', PASSWORD)
        other = visit.page.context.new_page()
        other.goto(f'{service.url}/devices')
        expect(other.get_by_role('heading', level=1)).to_have_text('Devices')
        visit.page.get_by_role('button', name='Log out').click()
        expect(visit.page).to_have_url(f'{service.url}/login')
        expect(other).to_have_url(re.compile('/login'))


def test_a_login_outlives_a_restart_of_the_service(tmp_path: Path, browser: Browser) -> None:
    users = [user('rita').model_dump()]
    folder = tmp_path / 'service'
    folder.mkdir()
    with visiting(browser) as visit:
        with FleetService(folder, sections={'web': {'users': users}}) as before:
            visit.log_in(before.url, 'rita', PASSWORD)
            expect(visit.page.get_by_text('not told where messages come from')).to_be_visible()
            visit.keep_picture('fleet-without-broker')
        with FleetService(folder, sections={'web': {'users': users}}) as after:
            # Cookies are of a host, whatever its port is.
            visit.page.goto(after.url)
            expect(visit.page.get_by_role('banner')).to_contain_text('rita reader')
    assert not (folder / '.nicegui').exists()


def test_the_api_answers_a_session_and_other_sites_get_nothing(service: FleetService, visit: Visit) -> None:
    asked = visit.page.context.request
    assert asked.get(f'{service.url}/api/v1/facilities').ok
    polling = f'{service.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling'
    assert asked.get(polling, headers={'Origin': service.url}).ok
    assert asked.get(polling, headers={'Origin': 'http://evil.example'}).status == 403
    for path in (
        '/api/v1/facilities',
        '/metrics',
        '/_nicegui_ws/socket.io/?EIO=4&transport=polling',
        '/x.js',
    ):
        assert httpx.get(service.url + path, timeout=PATIENCE_S).status_code == 401


def test_a_count_shows_without_a_reload_and_the_focus_stays(fleet: Fleet, visit: Visit) -> None:
    page = visit.page
    riverside = card(page, 'Riverside garage')
    expect(riverside).to_contain_text('free of 120')
    riverside.get_by_role('link').focus()
    page.evaluate('window.isTheSamePage = true')
    delays_ms = []
    for free in (31, 32, 33):
        began_s = time.monotonic()
        fleet.count('Riverside', capacity=60, free=free, occupied=60 - free, cars=60 - free)
        expect(riverside.locator('.big')).to_have_text(f'{free} free of 120')
        delays_ms.append(round((time.monotonic() - began_s) * 1000))
    print('from sending to the page, ms:', delays_ms)
    assert page.evaluate('window.isTheSamePage')
    expect(riverside.get_by_role('link')).to_be_focused()
    expect(riverside).to_contain_text('Up to 93: 60 places are unknown')


def test_a_facility_that_is_new_appears_and_can_be_searched(fleet: Fleet, visit: Visit) -> None:
    page = visit.page
    expect(card(page, 'Hospital')).to_be_visible()
    fleet.count('Castle', capacity=12, free=12)
    expect(card(page, 'Castle')).to_contain_text('12 free of 12')
    page.get_by_label('Search').fill('cas')
    expect(page.get_by_role('article')).to_have_count(1)
    page.get_by_label('Search').fill('')
    page.get_by_label('Only with trouble').check()
    expect(card(page, 'Stadium')).to_contain_text('1 camera does not see')
    expect(card(page, 'Castle')).to_have_count(0)


def test_devices_are_found_and_sorted_and_change_as_they_do(
    service: FleetService, fleet: Fleet, visit: Visit
) -> None:
    page = visit.page
    page.goto(f'{service.url}/devices')
    rows = page.locator('tbody tr')
    page.get_by_role('button', name='Place').click()
    page.get_by_role('button', name='Place').click()
    expect(page.get_by_role('columnheader', name='Place')).to_have_attribute('aria-sort', 'descending')
    expect(rows.first).to_contain_text('Stadium')
    page.get_by_label('Search').fill('harbour')
    expect(rows).to_have_count(1)
    fleet.count('Harbour', capacity=40, free=40, dropped=5)
    expect(rows.first).to_contain_text('5 messages were given up')


def test_a_device_tells_how_it_is_and_what_happened(
    service: FleetService, fleet: Fleet, visit: Visit
) -> None:
    page = visit.page
    page.goto(f'{service.url}/device/central-station')
    expect(page.get_by_text('A car came in at entrance').first).to_be_visible()
    zones = page.get_by_role('link', name='Zones, bays and gates')
    expect(zones).to_have_attribute('href', '/device/central-station/zones/entrance')
    fleet.count('Central station', capacity=45, free=0, unknown=45, state='MOVED')
    expect(page.get_by_text('Not known now: the camera looks elsewhere')).to_be_visible()
    expect(page.get_by_text('Camera entrance looks elsewhere').first).to_be_visible()
    page.goto(f'{service.url}/device/nobody')
    expect(page.get_by_text('No device with the uuid nobody')).to_be_visible()


@pytest.mark.usefixtures('fleet')
def test_a_keyboard_is_enough(visit: Visit) -> None:
    page = visit.page
    expect(card(page, 'Hospital')).to_be_visible()
    page.keyboard.press('Tab')
    expect(page.get_by_role('link', name='To the content')).to_be_focused()
    page.keyboard.press('Enter')
    expect(page.get_by_role('main')).to_be_focused()
    page.keyboard.press('Tab')
    expect(page.get_by_label('Search')).to_be_focused()
    expect(page.get_by_role('navigation', name='Main').get_by_role('link', name='Fleet')).to_have_attribute(
        'aria-current', 'page'
    )
    card(page, 'Hospital').get_by_role('link').focus()
    page.keyboard.press('Enter')
    expect(page).to_have_url(re.compile('/facility/hospital-'))


def test_the_colours_are_those_of_the_system_until_they_are_chosen(
    service: FleetService, browser: Browser
) -> None:
    with visiting(browser, scheme='dark') as visit:
        page = visit.page
        visit.log_in(service.url, 'rita', PASSWORD)
        dark, light = re.compile('body--dark'), re.compile('body--light')
        expect(page.locator('body')).to_have_class(dark)
        page.get_by_role('button', name='Colours: as the system').click()
        expect(page.locator('body')).to_have_class(light)
        page.get_by_role('button', name='Colours: light').wait_for()
        page.reload()
        expect(page.locator('body')).to_have_class(light)
        page.get_by_role('button', name='Log out').click()
        expect(page.locator('body')).to_have_class(light)


@pytest.mark.usefixtures('fleet')
@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('size', ['desktop', 'phone'])
def test_pages_fit_the_screen_and_ask_nobody_else(
    service: FleetService, browser: Browser, logged_in: Any, size: Size, scheme: Scheme
) -> None:
    with visiting(browser, size, scheme, storage_state=logged_in) as visit:
        page = visit.page
        for name, path, there in (
            ('fleet', '/', '[data-facility] .trend'),
            ('devices', '/devices', '[data-device]'),
            ('device', '/device/central-station', '.camera'),
        ):
            page.goto(service.url + path)
            page.locator(there).first.wait_for()
            assert not visit.is_wider_than_the_screen(), path
            expect(page.get_by_role('heading', level=1)).to_have_count(1)
            expect(page.get_by_role('main')).to_have_count(1)
            visit.keep_picture(name)
        assert visit.troubles == []
        assert {httpx.URL(url).host for url in visit.asked if url.startswith('http')} == {'127.0.0.1'}


def test_a_message_that_is_none_is_shown_with_its_reason(
    service: FleetService, sender: Sender, visit: Visit
) -> None:
    sender.send([(f'parking/{SENDER}/count', {'uuid': '<b>who</b>', 'cars': -1})])
    page = visit.page
    page.goto(f'{service.url}/devices')
    page.get_by_role('link', name='Messages that were refused').click()
    row = page.get_by_role('row').filter(has_text='<b>who</b>')
    expect(row).to_contain_text(f'parking/{SENDER}/count')
    expect(row).to_contain_text('cars')
    visit.keep_picture('refused')
