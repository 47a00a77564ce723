import csv
import hashlib
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.facilities import place_id
from tests.support.facility_example import (
    FACILITY,
    FACILITY_TITLE,
    facilities_of,
    fill_example,
    morning_zone,
    present_counts,
)
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService
from tests.support.patience import PATIENCE_S

SCREENS = Path('build/screens')

expect.set_options(timeout=PATIENCE_S * 1000)


class ServiceWithLayouts(FleetService):
    module = 'tests.support.facility_with_layouts'


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory, broker: LocalBroker) -> Iterator[FleetService]:
    """Give a service with eight weeks of a car park where it is morning now."""
    folder, moment_ms = tmp_path_factory.mktemp('facility'), now_ms()
    zone = morning_zone(moment_ms)
    fill_example(folder, zone, moment_ms)
    with ServiceWithLayouts(folder, broker, facilities=facilities_of(zone)) as running:
        yield running


@pytest.fixture
def address(service: FleetService) -> str:
    return f'{service.url}/facility/{place_id(FACILITY)}'


def loaded(page: Page, address: str) -> None:
    """Go to the page, and wait until everything from the store is there."""
    page.goto(address)
    expect(page.locator('#busy')).to_contain_text('Busiest:')
    expect(page.locator('#forecast')).to_contain_text('seen)')
    expect(page.locator('#gates')).to_contain_text('cars in')
    expect(page.locator('#trend')).to_contain_text('The last seven days')


def send_count(sender: Sender, **changes: Any) -> None:
    """Send a newer count of the camera on the first floor."""
    count = present_counts(now_ms(), seq=now_ms())[2]
    sender.send([(f'parking/{SENDER}/count', count | changes)])


def test_what_is_now_follows_the_messages_and_leaves_the_rest_alone(
    sender: Sender, page: Page, address: str
) -> None:
    loaded(page, address)
    table = page.locator('#gates details')
    table.locator('summary').click()
    table.locator('summary').evaluate('element => { element.isTheSame = true }')
    tile = page.locator('#now .fac-tile').first
    expect(tile).to_contain_text('free')
    states = {bay['name']: bay for bay in present_counts(0, 0)[2]['bays']}
    bays = [{**bay, 'state': 'FREE'} for bay in states.values() if bay['name'] != 'C13'] + [states['C13']]
    send_count(sender, bays=bays, zones=[], cars=0, capacity=20, occupied=0, free=19, unknown=1)
    expect(page.locator('#floors')).to_contain_text(
        '19 free, up to 20; 0 occupied, up to 1; 1 unknown, of 20'
    )
    expect(page.locator('#map li', has_text='C1: free')).to_be_visible()
    send_count(
        sender, bays=[], zones=[], cars=7, capacity=20, occupied=7, free=13, unknown=0, state='COVERED'
    )
    expect(page.locator('#floors')).to_contain_text('Camera roof: the camera is covered.')
    expect(page.locator('#now')).to_contain_text('2 of 3 can say now')
    assert table.locator('summary').evaluate('element => element.isTheSame && element.parentElement.open')
    expect(table.locator('tbody tr')).to_have_count(24)
    send_count(sender)
    expect(page.locator('#now')).to_contain_text('3 of 3 can say now')


def test_bays_stand_on_the_picture_of_their_camera_and_in_a_grid_elsewhere(page: Page, address: str) -> None:
    page.goto(address)
    drawn = page.locator('#map .fac-map')
    expect(drawn.locator('polygon')).to_have_count(24)
    expect(drawn.locator('li', has_text='A20: unknown')).to_be_visible()
    expect(drawn.locator('.fac-shape-disputed')).to_have_count(1)
    expect(page.locator('#floors')).to_contain_text('Bay A23: camera south says')
    page.wait_for_function("document.querySelector('#map img').naturalWidth === 1280")
    grids = page.locator('#map .fac-grid:visible')
    expect(grids.first.locator('.fac-bay-name')).to_have_text([f'B{number}' for number in range(1, 15)])
    expect(grids.last.locator('.fac-bay-name')).to_have_text([f'C{number}' for number in range(1, 21)])


def test_exports_come_as_files_of_the_chosen_days(page: Page, address: str) -> None:
    loaded(page, address)

    def content(kind: str, form: str) -> str:
        with page.expect_download() as started:
            page.locator(f'#export a[download="{kind}.{form}"]').click()
        assert started.value.suggested_filename == f'{kind}.{form}'
        return Path(started.value.path()).read_text(encoding='utf-8')

    def history_rows() -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(content('history', 'csv'))))

    # Of the 60 bays that the cameras tell of, two are seen by two; that is noticed within seconds.
    deadline_s = time.monotonic() + PATIENCE_S
    while (history := history_rows())[0]['capacity'] != '58':
        assert time.monotonic() < deadline_s, history[0]
    # Six whole days by the quarter of an hour, and this morning.
    assert len(history) > 6 * 92
    assert sum(each['entered'] for each in json.loads(content('flow', 'json'))) > 0
    assert len(list(csv.DictReader(io.StringIO(content('crossings', 'csv'))))) == 30
    page.get_by_label('Steps').click()
    page.get_by_role('option', name='Days').click()
    page.wait_for_function("document.querySelector('#export a').href.includes('step=day')")
    assert 6 <= len(json.loads(content('history', 'json'))) <= 7


def test_other_times_can_be_chosen(page: Page, address: str) -> None:
    loaded(page, address)
    page.get_by_role('button', name='Year').click()
    expect(page.locator('#trend')).to_contain_text('The last 365 days')
    expect(page.locator('#trend')).to_contain_text('days nothing is known')
    page.get_by_role('button', name='Day before').click()
    day = page.locator('#gates input').input_value()
    expect(page.locator('#gates')).to_contain_text(f'{int(day[8:])} ')
    expect(page.locator('#gates tbody tr').first).to_be_attached()
    page.get_by_label('Day').first.click()
    page.get_by_role('option', name='Tomorrow').click()
    expect(page.locator('#forecast')).to_contain_text('what is counted now is not part of it')


def test_everything_is_reached_with_the_keyboard_and_told_to_a_screen_reader(
    page: Page, address: str
) -> None:
    loaded(page, address)
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(heading => Number(heading.tagName[1]))"
    )
    assert all(after - before <= 1 for before, after in zip([1, *levels], levels, strict=False))
    for section in page.locator('section').all():
        assert section.get_attribute('aria-labelledby')
    for chart in page.locator('.fac-chart').all():
        assert chart.get_attribute('role') == 'img'
        assert chart.get_attribute('aria-label')
    expect(page.locator('#now [role=status]')).to_contain_text(f'{FACILITY_TITLE}: ')
    page.locator('.fac-jump a').last.focus()
    reached = set()
    for _ in range(40):
        page.keyboard.press('Tab')
        reached.add(page.evaluate("document.activeElement.closest('section')?.id"))
    assert {'forecast', 'gates', 'trend', 'export'} <= reached
    table = page.locator('#forecast details')
    table.locator('summary').focus()
    page.keyboard.press('Enter')
    expect(table.locator('th', has_text='Free on the middle day')).to_be_visible()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('device', ['phone', 'desktop'])
def test_it_fits_on_a_phone_and_a_desk(
    browser: Browser, service: FleetService, address: str, device: str, scheme: Any
) -> None:
    width, height = {'phone': (390, 844), 'desktop': (1440, 900)}[device]
    context = browser.new_context(viewport={'width': width, 'height': height}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    elsewhere: list[str] = []
    page.on('request', lambda asked: None if _is_ours(asked.url, service) else elsewhere.append(asked.url))
    loaded(page, address)
    expect(page.locator('.fac-high' if device == 'phone' else '.fac-wide')).to_be_visible()
    assert page.evaluate('document.documentElement.scrollWidth') <= width
    page.wait_for_function("document.querySelectorAll('.fac-chart svg path').length > 20")
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f'facility-{device}-{scheme}.png', full_page=True)
    context.close()
    assert elsewhere == []


def test_an_address_of_no_facility_says_so(service: FleetService, page: Page) -> None:
    page.goto(f'{service.url}/facility/nowhere')
    expect(page.get_by_text('No facility has this address')).to_be_visible()


def test_a_store_that_does_not_answer_is_told_in_words(
    service: FleetService, page: Page, address: str
) -> None:
    loaded(page, address)
    with closing(sqlite3.connect(service.folder / 'parking-fleet.sqlite3')) as store:
        store.execute('ALTER TABLE flow_quarters RENAME TO away')
        for _ in range(3):
            page.get_by_role('button', name='Day before').click()
        expect(page.locator('#gates')).to_contain_text('the store does not answer')
        store.execute('ALTER TABLE away RENAME TO flow_quarters')
    page.get_by_role('button', name='Day before').click()
    expect(page.locator('#gates')).not_to_contain_text('the store does not answer')
    assert 'Traceback' not in service.log.read_text(encoding='utf-8')


def test_no_stranger_gets_a_picture(tmp_path: Path) -> None:
    token = {'name': 'wall', 'role': 'reader', 'sha256': hashlib.sha256(b'secret').hexdigest()}
    with ServiceWithLayouts(tmp_path, sections={'web': {'tokens': [token]}}) as running:
        address = f'{running.url}/api/v1/facility-picture?uuid=device-1&camera='
        known = {'Authorization': 'Bearer secret'}
        assert httpx.get(f'{address}north', timeout=PATIENCE_S).status_code == 401
        assert httpx.get(f'{address}north', headers=known, timeout=PATIENCE_S).content.startswith(b'\xff\xd8')
        assert httpx.get(f'{address}south', headers=known, timeout=PATIENCE_S).status_code == 404


def _is_ours(url: str, service: FleetService) -> bool:
    return url.startswith((service.url, 'data:', 'blob:'))
