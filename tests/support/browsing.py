"""Look at pages as a person does, on a desk or a phone, and keep pictures of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.support.patience import PATIENCE_S

SCREENS = Path('build/screens')
SIZES = {'desktop': (1440, 900), 'phone': (390, 844)}

Size = Literal['desktop', 'phone']
Scheme = Literal['light', 'dark']


class Visit:
    """Hold a page of a person who was never here, what it asked for and what went wrong in it."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.troubles: list[str] = []
        self._name = name
        page.on('request', lambda request: self.asked.append(request.url))
        page.on('pageerror', lambda error: self.troubles.append(str(error)))
        page.on('console', lambda said: self.troubles.append(said.text) if said.type == 'error' else None)

    def log_in(self, url: str, name: str, password: str) -> None:
        """Fill the login in, as somebody who knows the password."""
        self.page.goto(f'{url}/login')
        self.page.get_by_label('Name').fill(name)
        self.page.get_by_label('Password').fill(password)
        self.page.get_by_role('button', name='Log in').click()
        self.page.wait_for_url(f'{url}/')

    def keep_picture(self, name: str) -> None:
        """Write build/screens/<name>-<size>-<scheme>.png."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f'{name}-{self._name}.png', full_page=True)

    def is_wider_than_the_screen(self) -> bool:
        """Return whether one has to scroll sideways."""
        return bool(self.page.evaluate('document.documentElement.scrollWidth > window.innerWidth'))


@contextmanager
def visiting(
    browser: Browser, size: Size = 'desktop', scheme: Scheme = 'light', **more: Any
) -> Iterator[Visit]:
    """Give a page of a person who was never here."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={'width': width, 'height': height}, color_scheme=scheme, **more)
    context.set_default_timeout(PATIENCE_S * 1000)
    yield Visit(context.new_page(), f'{size}-{scheme}')
    context.close()
