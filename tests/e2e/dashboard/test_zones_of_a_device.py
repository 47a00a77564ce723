"""Zones go to a device and come from it; broker, service and shadow are real."""

import base64
import datetime as dt
from collections.abc import Iterator

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from parking_fleet.shadow.answering import shadow_topic
from parking_fleet.shadow.layouts import compact, digest
from tests.support.fleet_messages import count_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService
from tests.support.patience import PATIENCE_S
from tests.support.zone_drawing import ZoneDrawer

expect.set_options(timeout=PATIENCE_S * 1_000)

LAYOUT = {
    'bays': [{'name': 'A1', 'polygon': [[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]}],
    'gates': [{'name': 'west', 'line': [[0.1, 0.8], [0.4, 0.8]], 'inside': [0.2, 0.6]}],
}


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory, broker: LocalBroker) -> Iterator[FleetService]:
    with FleetService(
        tmp_path_factory.mktemp('service'), broker, {'broker': {'answers_shadow': True}}
    ) as running:
        yield running


def snapshot() -> dict[str, str]:
    jpeg = cv2.imencode('.jpg', np.full((480, 640, 3), 90, np.uint8))[1].tobytes()
    return {
        'schema': 'parking.snapshot/1',
        'uuid': 'device-1',
        'jpeg': base64.b64encode(jpeg).decode(),
        'observed_at': dt.datetime.now(dt.UTC).isoformat(),
    }


def test_what_a_device_counts_by_is_changed_on_its_own_picture(
    service: FleetService, sender: Sender, page: Page
) -> None:
    sender.send([(f'parking/{SENDER}/count', count_content(at_ms=now_ms()))])
    told = {**compact(LAYOUT), 'digest': digest(LAYOUT)}
    sender.send([(shadow_topic(SENDER, 'update'), {'state': {'reported': {'zones': {'north': told}}}})])
    drawer = ZoneDrawer(page, f'{service.url}/device/device-1/zones/north')
    expect(drawer.item('A1')).to_be_visible()
    expect(drawer.item('west')).to_contain_text('cars enter upwards')
    sender.send([(f'parking/{SENDER}/snapshot/north', snapshot())])
    expect(drawer.picture.locator('image')).to_have_count(1)
    expect(drawer.picture).to_have_attribute('viewBox', '0 0 640 480')

    drawer.item('west').click()
    page.get_by_role('button', name='Delete gate').click()
    drawer.tool('Zone')
    drawer.click((0.05, 0.05), (0.4, 0.05), (0.4, 0.4), (0.05, 0.4), (0.05, 0.05))
    drawer.rename('front')
    page.get_by_role('button', name='Send to the device').click()
    dialog = page.get_by_role('dialog')
    expect(dialog.get_by_text('Send 1 zone, 1 bay of camera north to the device?')).to_be_visible()
    dialog.get_by_role('button', name='Send', exact=True).click()
    expect(page.get_by_text('Sent. The device counts by it as soon as it has it.')).to_be_visible()

    settings = httpx.get(f'{service.url}/api/v1/devices/device-1/settings', timeout=PATIENCE_S).json()
    (wished,) = (each['wished'] for each in settings['settings'] if each['name'] == 'zones')
    assert [zone['name'] for zone in wished['north']['zones']] == ['front']
    assert wished['north']['bays'] == compact(LAYOUT)['bays']
    assert 'gates' not in wished['north']


def test_a_device_that_does_not_answer_is_drawn_for_on_an_uploaded_picture(
    service: FleetService, page: Page
) -> None:
    drawer = ZoneDrawer(page, f'{service.url}/device/unknown/zones/north')
    expect(page.get_by_text('No picture from the device: the name of this device')).to_be_visible()
    expect(page.get_by_role('button', name='Upload a picture')).to_be_enabled()
    drawer.tool('Gate')
    drawer.click((0.2, 0.2), (0.4, 0.2))
    expect(drawer.item('Gate 1')).to_be_visible()
    page.get_by_role('button', name='Send to the device').click()
    page.get_by_role('dialog').get_by_role('button', name='Send', exact=True).click()
    expect(page.get_by_text('Not sent:')).to_be_visible()
