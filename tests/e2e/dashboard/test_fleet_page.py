from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from tests.support.fleet_messages import count_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_service import FleetService

FACILITIES = {'facilities': {'Riverside': {'capacity': 10}}}


@pytest.fixture
def service(tmp_path: Path, broker: LocalBroker) -> Iterator[FleetService]:
    with FleetService(tmp_path, broker) as running:
        yield running


def test_a_count_shows_without_a_reload(service: FleetService, sender: Sender, page: Page) -> None:
    page.goto(service.url)
    content = count_content(at_ms=now_ms(), capacity=8, free=5, occupied=3, unknown=0)
    sender.send([(f'parking/{SENDER}/count', content)])
    expect(page.get_by_text('Riverside')).to_be_visible()
    expect(page.get_by_text('5 of 8 free')).to_be_visible()
