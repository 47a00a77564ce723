"""Show the settings of a device, let an operator change them, and tell what became of each wish."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import run, ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.live import follow
from parking_fleet.dashboard.settings_text import (
    Field,
    field_values,
    state_text,
    title_of,
    told_text,
    wish_of,
)
from parking_fleet.live.events import CameraChanged, DeviceChanged, Event, MissedEvents, ShadowChanged
from parking_fleet.shadow.shadows import Outcome
from parking_fleet.shadow.wishes import BY_NAME, KINDS, SettingKind, Standing, checked, standings

_UNHEARD = (
    'Nothing was heard of the settings of this device so far. It tells them when it is connected to the '
    'broker and somebody keeps device shadows there: AWS IoT Core does; on another broker this service does, '
    'with answers_shadow under broker: in parking-fleet.yaml.'
)


def settings_panel(dashboard: Dashboard, uuid: str, *, may_change: bool) -> None:
    """Draw the settings of a device where the page is being built, and keep them up to date.

    Args:
        dashboard: the service.
        uuid: the device.
        may_change: whether who looks is an operator.
    """
    panel = _Panel(dashboard, uuid, may_change=may_change)
    panel.draw()
    follow(dashboard.service.fleet.feed, panel.look)


class _Row:
    """Hold the parts of one setting that change.

    Attributes:
        inputs: of a form, by field.
        shown: what the inputs were set to last: what differs was typed by a person.
    """

    def __init__(self) -> None:
        self.told: ui.label
        self.state: ui.label
        self.inputs: dict[Field, Any] = {}
        self.shown: dict[Field, Any] = {}
        self.back: ui.button | None = None

    @property
    def values(self) -> dict[Field, Any]:
        return {field: element.value for field, element in self.inputs.items()}

    @property
    def is_changed(self) -> bool:
        return any(_plain(self.values[field]) != _plain(self.shown.get(field)) for field in self.inputs)


class _Panel:
    def __init__(self, dashboard: Dashboard, uuid: str, *, may_change: bool) -> None:
        self._service = dashboard.service
        self._uuid = uuid
        self._may_change = may_change
        self._is_known = False
        self._rows: dict[str, _Row] = {}
        self._notice: ui.label
        self._body: ui.element
        self._others: ui.label

    def draw(self) -> None:
        self._notice = ui.label().classes('muted').props('role=status aria-live=polite')
        with ui.element('div').classes(
            'w-full grid grid-cols-1 md:grid-cols-2 gap-x-8 gap-y-4'
        ) as self._body:
            for kind in KINDS:
                self._draw_row(kind)
            self._others = ui.label().classes('muted md:col-span-2')
            if self._may_change:
                with ui.row().classes('items-center md:col-span-2'):
                    ui.button('Send to the device', on_click=self._send).props('no-caps')
                    ui.button('Undo what I typed', on_click=self._forget).props('no-caps flat')
        self.refresh()

    def look(self, events: Sequence[Event]) -> None:
        """Draw anew what has changed."""
        if any(self._concerns(event) for event in events):
            self.refresh()

    def _concerns(self, event: Event) -> bool:
        match event:
            case ShadowChanged(thing, uuid):
                return uuid == self._uuid or thing == self._service.fleet.thing_of(self._uuid)
            case CameraChanged(camera):
                # Before its settings were heard of, its name on the broker may not have been known.
                return camera.uuid == self._uuid and not self._is_known
            case DeviceChanged(device):
                return device.uuid == self._uuid and not self._is_known
            case MissedEvents():
                return True
        return False

    def _draw_row(self, kind: SettingKind) -> None:
        row = self._rows[kind.name] = _Row()
        with (
            ui.element('section')
            .classes('w-full flex flex-col gap-1 border-b pb-3')
            .props(f'aria-label="{kind.title}" data-setting={kind.name}')
        ):
            with ui.element('h3').classes('text-base font-medium'):
                ui.label(kind.title)
            row.told = ui.label()
            row.state = ui.label().classes('text-sm')
            if self._may_change and kind.kind != 'zones':
                self._draw_inputs(kind, row)
            ui.label(kind.hint).classes('text-sm muted')
            if kind.kind == 'zones':
                self._draw_links()
            if self._may_change:
                row.back = (
                    ui.button('As configured', on_click=partial(self._take_back, kind.name))
                    .props(f'no-caps flat dense aria-label="As configured: {kind.title}"')
                    .classes('self-start')
                )

    def _draw_links(self) -> None:
        health = self._service.fleet.device(self._uuid)
        for camera in health.cameras if health is not None else ():
            if camera.camera:
                address = f'/device/{quote(self._uuid, safe="")}/zones/{quote(camera.camera, safe="")}'
                ui.link(f'Look where {camera.camera} counts', address)

    def _draw_inputs(self, kind: SettingKind, row: _Row) -> None:
        look = 'outlined dense'
        if kind.kind == 'number':
            row.inputs['value'] = ui.number(kind.title, min=kind.least, max=kind.most).props(
                f'{look} step=any'
            )
        elif kind.kind == 'model':
            with ui.row():
                row.inputs['name'] = ui.input('Name of the model').props(look)
                row.inputs['version'] = ui.input('Version of the model').props(look)
        elif kind.kind == 'choice':
            row.inputs['value'] = ui.select(dict(kind.choices), label=kind.title).props(look)
        else:
            row.inputs['value'] = ui.select({True: 'On', False: 'Off'}, label=kind.title).props(look)
        for element in row.inputs.values():
            element.classes('w-full max-w-xs')

    def refresh(self) -> None:
        """Draw anew how everything stands."""
        shadow = self._service.shadows.document(self._service.fleet.thing_of(self._uuid))
        self._is_known = shadow is not None
        self._body.set_visibility(self._is_known)
        if shadow is None:
            self._notice.set_text(_UNHEARD)
            return
        found = standings(shadow)
        is_waiting = any(each.state in ('waiting', 'pending') for each in found)
        self._notice.set_text(
            'Not everything has reached the device. It looks when it is connected.'
            if is_waiting
            else 'The device has told how it is set.'
            if shadow.reported
            else 'The device has not told its settings yet.'
        )
        others = [each for each in found if each.name not in BY_NAME]
        self._others.set_text(
            '; '.join(f'{title_of(each.name)}: {state_text(each)}' for each in others) if others else ''
        )
        for each in found:
            if each.name in self._rows:
                self._show(BY_NAME[each.name], self._rows[each.name], each)

    def _show(self, kind: SettingKind, row: _Row, standing: Standing) -> None:
        row.told.set_text(told_text(standing))
        row.state.set_text(state_text(standing))
        if row.back is not None:
            row.back.set_visibility(standing.wished is not None)
        if row.is_changed:
            # A person is at it.
            return
        row.shown = field_values(kind, standing)
        for field, element in row.inputs.items():
            element.set_value(row.shown[field])

    def _forget(self) -> None:
        for row in self._rows.values():
            for field, element in row.inputs.items():
                element.set_value(row.shown.get(field))
                element.props(remove='error error-message')

    async def _send(self) -> None:
        changed = {name: row for name, row in self._rows.items() if row.inputs and row.is_changed}
        wishes = {name: wish_of(BY_NAME[name], row.values) for name, row in changed.items()}
        problems = checked(wishes)
        for name, row in changed.items():
            for element in row.inputs.values():
                element.props(remove='error error-message')
                if name in problems:
                    element.props(f'error error-message="{problems[name]}"')
        if problems:
            ui.notify(
                'Not sent: ' + '; '.join(f'{title_of(name)}: {text}' for name, text in problems.items())
            )
        elif not wishes:
            ui.notify('Nothing was changed.')
        elif (await self._desire(wishes)).is_taken:
            for row in changed.values():
                row.shown = row.values
            self.refresh()

    async def _take_back(self, name: str) -> None:
        if (await self._desire({name: None})).is_taken:
            row = self._rows[name]
            row.shown = row.values
            self.refresh()

    async def _desire(self, wishes: dict[str, Any]) -> Outcome:
        thing = self._service.fleet.thing_of(self._uuid)
        outcome = await run.io_bound(self._service.shadows.desire, thing, wishes)
        if outcome is None:
            # The service ends.
            return Outcome(is_taken=False, reason='this service is being stopped', code=503)
        if outcome.is_taken:
            ui.notify('Sent. What the device makes of it shows here.', type='positive')
        else:
            ui.notify(f'Not sent: {outcome.reason}', type='negative', timeout=0, close_button='Close')
        return outcome


def _plain(value: Any) -> Any:
    """Return a value so that an empty field is one, however it came to be."""
    return None if value == '' else value
