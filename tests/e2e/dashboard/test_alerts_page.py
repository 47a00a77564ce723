"""The alerts page in a browser: what is wrong comes by itself, and operators act on it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from tests.support.fleet_messages import count_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService
from tests.support.patience import PATIENCE_S

SCREENS = Path('build/screens')
FACILITIES = {
    'facilities': [
        {'name': 'Riverside', 'title': 'Riverside', 'capacity': 120, 'time_zone': 'Europe/Berlin'},
        {'name': 'Market', 'title': 'Market square', 'capacity': 80, 'time_zone': 'Europe/Berlin'},
    ]
}
# Nothing is waited for here that the unit tests wait for on paper.
AT_ONCE = {'for_s': 0, 'clear_for_s': 0}
RULES = dict.fromkeys(('device-silent', 'full', 'nearly-full', 'camera'), AT_ONCE)
CHANNELS = {'gate': {'kind': 'webhook', 'url': 'http://127.0.0.1:9/key-of-ours', 'timeout_s': 5}}


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory, broker: LocalBroker) -> Iterator[FleetService]:
    sections = {'alerts': {'rules': RULES, 'channels': CHANNELS}}
    with FleetService(tmp_path_factory.mktemp('service'), broker, sections, FACILITIES) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a desktop page that keeps a list of the hosts it asks."""
    context = browser.new_context(viewport={'width': 1440, 'height': 900})
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


class Lot:
    """Say what a camera sees, with a number that rises."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._seq = now_ms()

    def say(self, **changes: object) -> None:
        self._seq += 1
        content = count_content(at_ms=now_ms(), seq=self._seq, **changes)
        self._sender.send([(f'parking/{SENDER}/count', content)])

    def riverside(self, free: int) -> None:
        self.say(uuid='riverside-1', capacity=120, free=free, occupied=120 - free, unknown=0)

    def market(self, state: str) -> None:
        self.say(
            uuid='market-1', facility='Market', floor='P0', camera='ramp', state=state,
            capacity=80, free=40 if state == 'OK' else 0, occupied=40 if state == 'OK' else 0,
            unknown=0 if state == 'OK' else 80,
        )  # fmt: skip


@pytest.fixture(scope='module')
def lot(sender: Sender) -> Lot:
    return Lot(sender)


def test_an_alert_comes_is_cared_for_and_goes_without_a_reload(
    service: FleetService, lot: Lot, page: Page
) -> None:
    asked: set[str] = set()
    page.on('request', lambda request: asked.add(httpx.URL(request.url).host))
    page.goto(f'{service.url}/alerts')
    expect(page.get_by_text('Nothing is wrong')).to_be_visible()
    lot.riverside(free=2)
    lot.market('MOVED')
    riverside = page.get_by_role('listitem').filter(has_text='Riverside')
    expect(riverside.get_by_role('heading')).to_have_text('Riverside is nearly full: 2 of 120 free')
    camera = page.get_by_role('listitem').filter(has_text='Camera ramp')
    expect(camera).to_contain_text('Market square, P0')
    expect(camera).to_contain_text('Next: turn it back')
    expect(page.get_by_role('status')).to_have_text('2 alerts need somebody')
    expect(page.get_by_text('The channel gate fails')).to_be_visible()
    expect(page.get_by_text('key-of-ours')).to_have_count(0)
    shoot(page, 'alerts')

    riverside.get_by_role('button', name='I take care').click()
    expect(riverside).to_contain_text('Somebody at this computer takes care since')
    camera.get_by_role('button', name='in 1 h').click()
    expect(camera).to_contain_text('put it off until')
    expect(page.get_by_role('status')).to_contain_text('somebody cares')

    lot.market('OK')
    past = page.get_by_role('row').filter(has_text='Camera ramp')
    expect(past).to_contain_text('looks elsewhere')
    expect(camera).to_have_count(0)
    shoot(page, 'alerts_past')
    assert asked == {httpx.URL(service.url).host}


def test_what_the_api_does_shows_on_the_page(service: FleetService, lot: Lot, page: Page) -> None:
    lot.riverside(free=2)
    page.goto(f'{service.url}/alerts')
    riverside = page.get_by_role('listitem').filter(has_text='Riverside')
    expect(riverside).to_be_visible()
    (alert,) = httpx.get(f'{service.url}/api/v1/alerts', timeout=PATIENCE_S).json()
    httpx.post(
        f'{service.url}/api/v1/alerts/{alert["id"]}/snooze',
        json={'minutes': 30, 'by': 'Ada'},
        timeout=PATIENCE_S,
    ).raise_for_status()
    expect(riverside).to_contain_text('Ada put it off until')


def shoot(page: Page, name: str) -> None:
    """Keep pictures at the sizes and in the colours that people use."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    for scheme in ('light', 'dark'):
        page.emulate_media(color_scheme=scheme)
        for kind, width, height in (('phone', 390, 844), ('desktop', 1440, 900)):
            page.set_viewport_size({'width': width, 'height': height})
            overflow = page.evaluate('document.documentElement.scrollWidth - window.innerWidth')
            assert overflow <= 0
            page.screenshot(path=SCREENS / f'{name}_{kind}_{scheme}.png', full_page=True)
