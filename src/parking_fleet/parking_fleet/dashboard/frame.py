"""Draw what is around every page: title, navigation, and the main part for the page to fill."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

_NAVIGATION = (('Fleet', '/'), ('Alerts', '/alerts'))


@contextmanager
def frame(title: str) -> Iterator[None]:
    """Draw a page around what is drawn inside of the `with`.

    Args:
        title: of the page, for the window and the heading.
    """
    ui.page_title(f'{title} · Parking fleet')
    with ui.header(), ui.element('nav').props('aria-label="Main"'):
        for name, address in _NAVIGATION:
            ui.link(name, address)
    with ui.element('main').classes('w-full max-w-7xl mx-auto p-4').props('id=main'):
        ui.element('h1').props(f'aria-label="{title}"')
        yield
