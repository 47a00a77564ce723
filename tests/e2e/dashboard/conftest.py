from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo.broker import LocalBroker
from tests.support.chromium import launch
from tests.support.fleet_sender import Sender
from tests.support.fleet_service import RECEIVER
from tests.support.patience import PATIENCE_S


# Not for longer: while it is there, its event loop runs, and no test can run one of its own.
@pytest.fixture(scope='package')
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give an empty page of a person who was never here."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


@pytest.fixture(scope='session')
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """Give a broker that knows the service and one sender."""
    with LocalBroker(tmp_path_factory.mktemp('broker'), operators=(RECEIVER,)) as running:
        yield running


@pytest.fixture(scope='session')
def sender(broker: LocalBroker) -> Iterator[Sender]:
    """Give one that publishes as devices do."""
    with Sender(broker) as sending:
        yield sending
