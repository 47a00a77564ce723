"""An operator sets a device in the browser; broker, service and shadows are real."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from parking_fleet.shadow.answering import shadow_topic
from tests.support.fleet_messages import count_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService
from tests.support.patience import PATIENCE_S

expect.set_options(timeout=PATIENCE_S * 1_000)
SCREENS = Path('build/screens')
REPORT: dict[str, Any] = {
    'interval_s': 120,
    'min_confidence': 0.5,
    'mode': 'count',
    'model': {'name': 'car park', 'version': '3'},
    'telegram': False,
    'zones': {'north': {'zones_count': 2, 'bays_count': 24, 'digest': '0' * 12}},
    'desired_version': 1,
    'health': {'certificate_expires': '2031-03-01T08:15:30Z', 'temperature_c': 85, 'waiting': 3_000},
}


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory, broker: LocalBroker) -> Iterator[FleetService]:
    folder = tmp_path_factory.mktemp('service')
    with FleetService(folder, broker, {'broker': {'answers_shadow': True}}) as running:
        yield running


def report(sender: Sender, **changes: Any) -> None:
    state = {'reported': {**REPORT, **changes}}
    sender.send([(shadow_topic(SENDER, 'update'), {'state': state})])


def wait_until_known(service: FleetService) -> None:
    """Return once what the device sent is stored: the page of a device that nobody heard is none."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not httpx.get(f'{service.url}/api/v1/devices/device-1', timeout=PATIENCE_S).is_success:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


def setting(page: Page, name: str) -> Any:
    return page.locator(f'[data-setting={name}]')


@pytest.mark.parametrize(('width', 'scheme'), [(1440, 'light'), (390, 'dark')])
def test_a_wish_is_sent_and_what_became_of_it_shows(
    service: FleetService, sender: Sender, page: Page, width: int, scheme: Any
) -> None:
    page.set_viewport_size({'width': width, 'height': 900})
    page.emulate_media(color_scheme=scheme)
    sender.send([(f'parking/{SENDER}/count', count_content(at_ms=now_ms()))])
    report(sender)
    wait_until_known(service)
    page.goto(f'{service.url}/device/device-1')
    interval = setting(page, 'interval_s')
    expect(interval).to_contain_text('120')
    expect(setting(page, 'zones')).to_contain_text('north: 2 zones, 24 bays')
    expect(page.get_by_role('link', name='Look where north counts')).to_be_visible()
    expect(page.get_by_text('until 1 March 2031')).to_be_visible()
    expect(page.get_by_text('It is hot: 85 °C')).to_be_visible()

    model = setting(page, 'model')
    model.get_by_label('Version of the model').fill('9/9')
    page.get_by_role('button', name='Send to the device').click()
    expect(model).to_contain_text('up to 40 letters, digits, dots and underscores')

    interval.get_by_role('spinbutton').fill('45')
    model.get_by_label('Version of the model').fill('9')
    page.get_by_role('button', name='Send to the device').click()
    expect(interval).to_contain_text('sent; the device has not looked yet')
    report(sender, interval_s=45, refused={'model': 'it has no version 9'})
    expect(interval).to_contain_text('applied')
    expect(model).to_contain_text('refused: it has no version 9')
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f'settings-{width}-{scheme}.png', full_page=True)

    for name in ('interval_s', 'model'):
        setting(page, name).get_by_role('button', name='As configured').click()
        expect(setting(page, name)).to_contain_text('○ as the device is configured')


def test_the_api_sets_a_device_too_and_refuses_what_no_device_takes(
    service: FleetService, sender: Sender
) -> None:
    sender.send([(f'parking/{SENDER}/count', count_content(at_ms=now_ms()))])
    report(sender)
    wait_until_known(service)
    with httpx.Client(base_url=f'{service.url}/api/v1/devices/device-1', timeout=PATIENCE_S) as client:
        refused = client.patch('/settings', json={'interval_s': 0, 'colour': 'red'})
        assert refused.status_code == 422
        assert 'interval_s: give a number from 1 to 86400; colour: is not a setting' in refused.text
        layout = {'bays': [{'name': 'A1', 'polygon': [[0, 0], [0.5, 0], [0.5, 0.5]]}]}
        wishes = {'mode': 'count', 'zones': {'north': layout}}
        taken = client.patch('/settings', json=wishes)
        assert taken.status_code == 200, taken.text
        told = {each['name']: each for each in client.get('/settings').json()['settings']}
        assert (told['mode']['state'], told['zones']['state']) == ('applied', 'waiting')
        assert told['zones']['wished']['north']['bays'][0]['polygon'] == [0, 0, 0.5, 0, 0.5, 0.5]
        assert client.patch('/settings', json={'mode': None, 'zones': None}).is_success
        assert client.get('/snapshots/north').status_code == 404
