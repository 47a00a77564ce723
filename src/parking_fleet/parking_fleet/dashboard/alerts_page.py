"""Show what is wrong now, and what was; operators take care of it or put it off."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nicegui import background_tasks, run, ui

from parking_fleet.alerts.errors import UnknownAlertError
from parking_fleet.alerts.values import Alert
from parking_fleet.dashboard.alert_rows import (
    AlertRow,
    PastRow,
    alert_row,
    heading_text,
    past_row,
    tomorrow_ms,
)
from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.live import follow
from parking_fleet.live.events import AlertChanged, Event, MissedEvents
from parking_fleet.live.fleet import now_ms
from parking_fleet.store.database import STORE_TROUBLES

PAST_AT_ONCE = 25
SHOWN_AT_MOST = 100
"""More open alerts than so many are told by their number alone: nobody reads them one by one."""

REDRAW_EVERY_S = 5.0
_MINUTE_MS = 60_000

STYLE = """
.alerts-state { font-size: 1.15rem; margin: 0 0 16px; color: var(--ink, inherit); }
.alerts-list { display: grid; gap: 12px; width: 100%; padding: 0; margin: 0; list-style: none; }
.alert-card { background: var(--surface, rgba(127,127,127,.08)); border: 1px solid var(--line, #8885);
  border-left: 6px solid var(--unknown, #999999); border-radius: 10px; padding: 14px 16px;
  box-shadow: var(--shadow, none); }
.alert-card.alert-open { border-left-color: var(--occupied, #D55E00); }
.alert-card.alert-acknowledged { border-left-color: var(--free, #0072B2); }
.alert-card h2 { font-size: 1.1rem; line-height: 1.35; font-weight: 600; margin: 2px 0 6px; }
.alert-word { display: inline-flex; align-items: center; gap: 6px; font-size: .85rem; font-weight: 600; }
.alert-open .alert-word { color: var(--warn-ink, inherit); }
.alert-small { color: var(--muted, inherit); font-size: .92rem; }
.alert-next { margin: 6px 0; }
.alert-acts { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin-top: 10px; }
.alert-acts .q-btn { min-height: 44px; color: var(--accent, inherit); }
.alert-acts .q-btn.alert-care { background: var(--accent, #005b8f); color: var(--on-accent, #ffffff); }
.alert-trouble { background: var(--warn-bg, #fdf1e3); color: var(--warn-ink, #7a3500); width: 100%;
  border-radius: 10px; padding: 12px 16px; margin-bottom: 16px; }
.alerts-past { width: 100%; border-collapse: collapse; }
.alerts-past th { text-align: left; font-weight: 600; font-size: .85rem; color: var(--muted, inherit); }
.alerts-past th, .alerts-past td { padding: 8px 12px 8px 0; border-bottom: 1px solid var(--line, #8885);
  vertical-align: top; }
.alerts-past td:first-child, .alerts-past td:nth-child(3) { white-space: nowrap; }
.alerts-heading { font-size: 1.25rem; line-height: 1.3; font-weight: 600; margin: 28px 0 12px; }
@media (max-width: 640px) {
  .alerts-past thead { position: absolute; clip-path: inset(50%); }
  .alerts-past tr, .alerts-past td { display: block; border: 0; padding: 0; }
  .alerts-past tr { border-bottom: 1px solid var(--line, #8885); padding: 10px 0; }
  .alerts-past td[data-name]::before { content: attr(data-name) ': '; color: var(--muted, inherit); }
}
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Hold who looks at the page."""

    name: str
    may_change: bool


def present_person() -> Person:
    """Return who looks, by the session; without logins everyone at this machine is an operator."""
    visitor = getattr(ui.context.client.request.state, 'visitor', None)
    if visitor is None:
        return Person('Somebody at this computer', may_change=True)
    return Person(visitor.name or 'Somebody at this computer', may_change=visitor.is_operator)


def register(dashboard: Dashboard, person_of: Callable[[], Person] = present_person) -> None:
    """Serve `/alerts`.

    Args:
        dashboard: what is shown.
        person_of: tells who looks at the page that is drawn.
    """

    @ui.page('/alerts')
    async def show() -> None:
        page = _AlertsPage(dashboard, person_of())
        await page.read_past()
        with frame('Alerts', dashboard):
            page.draw()
        follow(dashboard.service.fleet.feed, page.take)
        ui.timer(REDRAW_EVERY_S, page.look)


class _AlertsPage:
    """Own one open page."""

    def __init__(self, dashboard: Dashboard, person: Person) -> None:
        self._engine = dashboard.service.alerts
        self._settings = dashboard.service.settings
        self._person = person
        self._past: list[Alert] = []
        self._has_older = False
        self._shown: object = None

    def draw(self) -> None:
        ui.add_css(STYLE)
        self._draw_open = ui.refreshable(self._open_part)
        self._draw_past = ui.refreshable(self._past_part)
        self._draw_open()
        ui.html('Earlier alerts', sanitize=False, tag='h2').classes('alerts-heading')
        self._draw_past()

    def take(self, events: Sequence[Event]) -> None:
        """Draw what has changed."""
        changed = [event for event in events if isinstance(event, (AlertChanged, MissedEvents))]
        if not changed:
            return
        self.look()
        if any(isinstance(event, MissedEvents) or event.alert.cleared_ms for event in changed):
            background_tasks.create(self._redraw_past(), name='past alerts')

    def look(self) -> None:
        """Draw open alerts anew, if they are not as they are shown: who is about to press a button stays."""
        if self._rows() != self._shown:
            self._draw_open.refresh()

    async def read_past(self, before: int | None = None) -> None:
        try:
            found = await run.io_bound(self._engine.book.past_alerts, PAST_AT_ONCE + 1, before) or []
        except STORE_TROUBLES:
            return
        self._has_older = len(found) > PAST_AT_ONCE
        self._past = (self._past if before is not None else []) + found[:PAST_AT_ONCE]

    def _rows(self) -> tuple[list[AlertRow], list[tuple[str, str]]]:
        moment_ms = now_ms()
        rows = [alert_row(alert, moment_ms) for alert in self._engine.open_alerts()]
        return rows, [(state.name, state.trouble) for state in self._engine.channels() if state.trouble]

    def _open_part(self) -> None:
        self._shown = rows, troubles = self._rows()
        for name, trouble in troubles:
            ui.label(f'The channel {name} fails: {trouble}. Messages wait, and it is tried again.').classes(
                'alert-trouble'
            )
        ui.label(heading_text(rows)).classes('alerts-state').props('role=status')
        with ui.element('ul').classes('alerts-list').props('aria-label="Open alerts"'):
            for row in rows[:SHOWN_AT_MOST]:
                with ui.element('li').classes(f'alert-card alert-{row.status}'):
                    self._card(row)
        if len(rows) > SHOWN_AT_MOST:
            ui.label(f'and {len(rows) - SHOWN_AT_MOST} more')

    def _card(self, row: AlertRow) -> None:
        with ui.element('div').classes('alert-word'):
            ui.icon(row.icon, size='20px').props('aria-hidden=true')
            ui.label(row.word)
        _text(row.text, 'h2')
        ui.label(f'{row.place} · {row.since}').classes('alert-small')
        if row.advice:
            ui.label(row.advice).classes('alert-next')
        if row.care:
            ui.label(row.care).classes('alert-small')
        with ui.element('div').classes('alert-acts'):
            if self._person.may_change:
                self._buttons(row)
            if row.link:
                ui.link('Look at it', row.link).props(f'aria-label="Look at it: {_quoted(row.place)}"')

    def _buttons(self, row: AlertRow) -> None:
        about = f': {_quoted(row.text)}'
        if row.status != 'acknowledged':
            ui.button('I take care', on_click=lambda: self._acknowledge(row.id), color=None).props(
                f'unelevated no-caps aria-label="I take care{about}"'
            ).classes('alert-care')
        ui.label('Remind me:' if row.status != 'snoozed' else 'Put off until:').classes('alert-small')
        for name, until in (
            ('in 15 min', lambda now: now + 15 * _MINUTE_MS),
            ('in 1 h', lambda now: now + 60 * _MINUTE_MS),
            ('tomorrow', self._tomorrow_of(row.id)),
        ):
            ui.button(name, on_click=lambda until=until: self._snooze(row.id, until), color=None).props(
                f'outline no-caps aria-label="Remind me {name}{about}"'
            )

    def _past_part(self) -> None:
        if not self._past:
            ui.label('Nothing so far.').classes('alert-small')
            return
        moment_ms = now_ms()
        with ui.element('table').classes('alerts-past'):
            with ui.element('thead'), ui.element('tr'):
                for name in ('Began', 'What', 'Lasted', 'Cared for'):
                    _text(name, 'th')
            with ui.element('tbody'):
                for alert in self._past:
                    self._past_line(past_row(alert, moment_ms))
        if self._has_older:
            ui.button('Show older', on_click=self._older).props('outline no-caps').classes('q-mt-md')

    @staticmethod
    def _past_line(row: PastRow) -> None:
        with ui.element('tr'):
            _text(row.began, 'td', 'Began')
            _text(row.text, 'td')
            _text(row.lasted, 'td', 'Lasted')
            _text(row.care, 'td', 'Cared for')

    async def _redraw_past(self) -> None:
        await self.read_past()
        self._draw_past.refresh()

    async def _older(self) -> None:
        await self.read_past(self._past[-1].id)
        self._draw_past.refresh()

    async def _acknowledge(self, number: int) -> None:
        await self._act(lambda: self._engine.acknowledge(number, self._person.name))

    async def _snooze(self, number: int, until: Callable[[int], int]) -> None:
        await self._act(lambda: self._engine.snooze(number, self._person.name, until(now_ms())))

    async def _act(self, act: Callable[[], Alert]) -> None:
        try:
            await run.io_bound(act)
        except UnknownAlertError as error:
            ui.notify(str(error))
        except STORE_TROUBLES:
            ui.notify('The store does not answer: nothing was changed. Try again.', type='warning')
        self.look()

    def _tomorrow_of(self, number: int) -> Callable[[int], int]:
        zones = {alert.id: alert.time_zone for alert in self._engine.open_alerts()}
        zone = zones.get(number, self._settings.time_zone)
        return lambda now: tomorrow_ms(now, zone)


def _text(text: str, tag: str, name: str = '') -> None:
    """Draw an element with a text of ours or of devices: never as HTML."""
    element = ui.element(tag)
    if tag == 'th':
        element.props('scope=col')
    if name:
        element.props(f'data-name="{name}"')
    with element:
        ui.label(text).style('display: inline')


def _quoted(text: str) -> str:
    return text.replace('"', "'").replace('\\', '')
