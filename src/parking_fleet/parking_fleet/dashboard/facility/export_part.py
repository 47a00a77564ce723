"""Offer what was counted as files."""

import datetime as dt

from nicegui import ui

from parking_fleet.dashboard.facility.parts import html, part
from parking_fleet.dashboard.facility.past import Facility
from parking_fleet.dashboard.facility.spans import export_address, today
from parking_fleet.live.fleet import now_ms
from parking_fleet.store.values import Step

STEPS: dict[str, Step] = {'quarter': 'quarter', 'day': 'day'}
KINDS = (
    ('history', 'How full it was', 'a line for each step'),
    ('flow', 'Cars through the gates', 'a line for each step and gate'),
    ('crossings', 'Single cars through the gates', 'the newest 10,000'),
)
LONGEST_DAYS = 400
"""Of steps of a quarter of an hour the API gives no longer time at once."""


class ExportPart:
    """Offer files of a chosen time."""

    def __init__(self, facility: Facility, facility_id: str) -> None:
        self._facility, self._id = facility, facility_id
        last = today(facility.zone, now_ms())
        first = last - dt.timedelta(days=6)
        self._links: list[tuple[str, str, ui.element]] = []
        with part('export', 'Export'):
            with ui.element('div').classes('fac-choice'):
                self._first = ui.input('From', value=first.isoformat()).props('type=date stack-label')
                self._last = ui.input('To (that day too)', value=last.isoformat())
                self._last.props('type=date stack-label')
                self._step = ui.select(
                    {'quarter': '15 minutes', 'day': 'Days'}, value='quarter', label='Steps'
                ).classes('w-32')
            self._words = html(tag='p').props('role=alert')
            with ui.element('ul').classes('fac-exports'):
                for kind, title, note in KINDS:
                    self._offer(kind, title, note)
            html(
                'CSV opens in a spreadsheet; its times are in UTC, days are dates of the car park. '
                'Single cars are kept for a shorter time than the sums.',
                'p',
            ).classes('fac-words')
        for chosen in (self._first, self._last, self._step):
            chosen.on_value_change(self._address)
        self._address()

    def _offer(self, kind: str, title: str, note: str) -> None:
        with ui.element('li'):
            html(f'{title} <span class="fac-soft">({note})</span>')
            for form in ('csv', 'json'):
                link = ui.element('a').props(f'download={kind}.{form}')
                with link:
                    html(f'{form.upper()}<span class="fac-sr"> of {title.lower()}</span>', 'span')
                self._links.append((kind, form, link))

    def _address(self) -> None:
        try:
            first = dt.date.fromisoformat(str(self._first.value))
            last = dt.date.fromisoformat(str(self._last.value))
        except ValueError:
            self._words.content = 'Choose both days.'
            return
        step = STEPS[str(self._step.value)]
        self._words.content = ''
        if first > last:
            self._words.content = 'The first day is after the last one: choose others.'
            return
        if step == 'quarter' and (last - first).days >= LONGEST_DAYS:
            self._words.content = f'For more than {LONGEST_DAYS} days choose steps of days.'
            return
        for kind, form, link in self._links:
            link.props['href'] = export_address(
                kind, self._id, first=first, last=last, zone=self._facility.zone, form=form, step=step
            )
            link.update()
