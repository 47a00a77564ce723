"""Build what the parts of the page have in common."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from html import escape

from nicegui import ui

from parking_fleet.dashboard.facility.charts import Options
from parking_fleet.store.database import STORE_TROUBLES

RELOAD_S = 60.0
"""So often what comes from the store is looked at anew while a page is open."""

STORE_AWAY = (
    'What was cannot be shown: the store does not answer. What is now is still shown live. '
    'This is tried again every minute; if it stays so, see whether the database runs.'
)


@contextmanager
def part(name: str, title: str) -> Iterator[None]:
    """Draw a part of the page with its heading.

    Args:
        name: in the address of the page, after '#'.
        title: the heading.
    """
    with ui.element('section').classes('fac-part').props(f'id={name} aria-labelledby={name}-title'):
        ui.html(title, sanitize=False, tag='h2').props(f'id={name}-title')
        yield


def html(content: str = '', tag: str = 'div') -> ui.html:
    """Draw HTML whose names are escaped already."""
    return ui.html(content, sanitize=False, tag=tag)


@contextmanager
def details(summary: str) -> Iterator[ui.element]:
    """Draw what a person may open."""
    with ui.element('details').classes('fac-details') as drawn:
        html(summary, 'summary')
        yield drawn


class Loading:
    """Load what comes from the store, at once and every minute, and say so where it cannot be.

    Args:
        load: asks the store and draws.
    """

    def __init__(self, load: Callable[[], Awaitable[None]]) -> None:
        self._load = load
        self._words = html('Loading …', 'p').props('role=status').classes('fac-words')
        ui.timer(RELOAD_S, self.run)

    async def run(self) -> None:
        """Load now."""
        try:
            await self._load()
        except STORE_TROUBLES:
            self._words.content = STORE_AWAY
        else:
            self._words.content = ''


class Chart:
    """Draw a chart, and the same as a table below it.

    Args:
        label: what it shows, for who cannot see it.
        unit: of what is drawn.
        names: what is drawn how: the class of a swatch, and a name.
    """

    def __init__(self, label: str, unit: str, names: Iterable[tuple[str, str]]) -> None:
        items = ''.join(
            f'<li><span class="fac-swatch fac-swatch-{kind}" aria-hidden="true"></span>{escape(name)}</li>'
            for kind, name in names
        )
        with ui.element('div') as self._whole:
            html(f'<p class="fac-unit">{escape(unit)}</p><ul class="fac-legend">{items}</ul>')
            # SVG: it takes the colour of the text, and needs less memory on a phone than pixels.
            self._chart = ui.echart({}, renderer='svg').classes('fac-chart')
            self._chart.props['role'] = 'img'
            self._chart.props['aria-label'] = label
            with details('The same as a table'):
                self._table = html()
        self.hide()
        self._drawn: Options = {}

    def draw(self, options: Options, table: str) -> None:
        """Show this from now on; nothing is sent to the browser where nothing changed."""
        self._whole.set_visibility(True)
        self._table.content = table
        if options != self._drawn:
            self._drawn = options
            self._chart.options.clear()
            self._chart.options.update(options)
            self._chart.update()

    def hide(self) -> None:
        """Show nothing, where there is nothing to show."""
        self._whole.set_visibility(False)
