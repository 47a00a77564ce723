"""Measure how long it takes from the publishing of a count to the page that shows it, in Chromium."""

import random
import time
from contextlib import ExitStack
from typing import Self

from playwright.sync_api import Page, sync_playwright

from demo.broker import LocalBroker
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.facilities import place_id
from tests.support.chromium import launch
from tests.support.fleet_messages import count_content
from tests.support.fleet_sender import SENDER, Sender

FACILITY = 'Probe'
_ID = place_id(FACILITY)
_UUID = 'probe'
_CAPACITY = 9_999_999
_OFTEN_S = 0.2
"""So often on average, at random moments: a fixed beat could fall into step with the page's."""

_DEADLINE_MS = 30_000

# In the page's own clock, which is this machine's: the time of the change, not of our asking for it.
_WATCH = """
(wanted, facility) => {
  window.shown_ms = 0;
  const digits = node => (node.textContent || '').replace(/[^0-9]/g, '');
  const card = () => document.querySelector('[data-facility="' + facility + '"]');
  const look = () => {
    const place = card();
    if (place && digits(place).includes(wanted)) { observer.disconnect(); window.shown_ms = Date.now(); }
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, {subtree: true, childList: true, characterData: true});
  look();
}
"""


class Probe:
    """Own a browser on the fleet page, and a device whose counts it looks for.

    Args:
        broker: where the device publishes.
        url: of the service.

    Attributes:
        sent: counts published.
        delays_ms: from publish to page, one for each.
    """

    def __init__(self, broker: LocalBroker, url: str) -> None:
        self._broker = broker
        self._url = url
        self._chance = random.Random(1)
        self._parts = ExitStack()
        self.sent = 0
        self.delays_ms: list[float] = []

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self._sender = parts.enter_context(Sender(self._broker))
            playwright = parts.enter_context(sync_playwright())
            browser = launch(playwright)
            parts.callback(browser.close)
            self._page: Page = browser.new_page()
            self._page.set_default_timeout(_DEADLINE_MS)
            self._page.goto(self._url)
            self.ask()
            # The first draws the card.
            self.delays_ms.clear()
            self._parts = parts.pop_all()
        return self

    def ask(self) -> None:
        """Publish a count and wait until the page shows it."""
        self.sent += 1
        free = self._chance.randrange(1_000_000, _CAPACITY)
        content = count_content(
            uuid=_UUID,
            facility=FACILITY,
            camera='probe',
            seq=self.sent,
            at_ms=now_ms(),
            capacity=_CAPACITY,
            free=free,
            occupied=_CAPACITY - free,
            unknown=0,
        )
        self._page.evaluate(f'() => ({_WATCH})("{free}", "{_ID}")')
        published_ms = time.time() * 1000
        self._sender.send([(f'parking/{SENDER}/count', content)])
        self._page.wait_for_function('window.shown_ms')
        shown_ms = float(self._page.evaluate('window.shown_ms'))
        self.delays_ms.append(shown_ms - published_ms)
        time.sleep(self._chance.uniform(0, 2 * _OFTEN_S))

    def __exit__(self, *_: object) -> None:
        self._parts.close()
