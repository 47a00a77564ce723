"""Show one device: how it is, what its cameras see, and what happened."""

import logging
import time
from collections.abc import Sequence
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import HTTPException
from nicegui import run, ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.device_facts import camera_text, facts_of
from parking_fleet.dashboard.frame import frame, visitor
from parking_fleet.dashboard.journal import Entry, crossing_entries, state_changes
from parking_fleet.dashboard.live import follow
from parking_fleet.dashboard.rows import name_of, title_of
from parking_fleet.dashboard.settings_panel import settings_panel
from parking_fleet.dashboard.words import ADVICE, moment_text
from parking_fleet.health.devices import DeviceHealth, why_unknown
from parking_fleet.live.events import CameraChanged, CrossingSeen, DeviceChanged, Event
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.facilities import Facilities, place_id
from parking_fleet.store.database import STORE_TROUBLES
from parking_fleet.store.reader import Place, Span
from parking_fleet.store.values import CameraState

LOG = logging.getLogger(__name__)

AGES_EVERY_S = 5.0
JOURNAL_EVERY_S = 5.0
JOURNAL_MS = 24 * 3_600_000
JOURNAL_COUNTS = 5_000
SHOWN_ENTRIES = 100

AHEAD_MS = 60_000
"""A device whose clock is a little ahead tells of the future."""

_LOADING = '<li class="muted">…</li>'


def register(dashboard: Dashboard) -> None:
    """Serve `/device/{uuid}`."""

    @ui.page('/device/{uuid}')
    def show(uuid: str) -> None:
        health = dashboard.service.fleet.device(uuid)
        if health is None:
            raise HTTPException(404, f'No device with the uuid {uuid} has reported so far.')
        page = _DevicePage(dashboard, uuid)
        with frame(name_of(health.record), dashboard, kicker='Device'):
            page.draw(health)
            with _panel('Settings'):
                settings_panel(dashboard, uuid, may_change=visitor().is_operator)

        async def look(events: Sequence[Event]) -> None:
            if any(_is_of(event, uuid) for event in events):
                await page.hear()

        follow(dashboard.service.fleet.feed, look)


class _DevicePage:
    """Hold the parts of a page that change."""

    def __init__(self, dashboard: Dashboard, uuid: str) -> None:
        self._fleet = dashboard.service.fleet
        self._uuid = uuid
        self._zone = ZoneInfo('UTC')
        self._cameras: dict[str, _CameraPart] = {}
        self._is_stale = True
        self._journal_s = float('-inf')

    def draw(self, health: DeviceHealth) -> None:
        """Draw it as it is now; what happened comes from the store a moment later."""
        self._zone = self._fleet.config.zone(health.cameras[0].facility if health.cameras else '')
        self._trouble = ui.element('ul').classes('problems').props('aria-label="To look at"')
        with ui.element('div').classes('columns'):
            with _panel('Health'):
                self._facts = ui.html('', sanitize=False, tag='dl').classes('facts')
            with _panel('Cameras') as self._camera_panel:
                self._no_camera = ui.label('It has sent no count so far.').classes('muted')
        with ui.element('div').classes('columns'):
            with _panel('States of the last 24 hours'):
                self._states = _log()
            with _panel('Cars through its gates'):
                self._crossings = _log()
        self._problems: tuple[str, ...] = ('',)
        self._show(health)
        ui.timer(AGES_EVERY_S, self._look)

    async def hear(self) -> None:
        """Show that something has happened."""
        self._is_stale = True
        await self._look()

    async def _look(self) -> None:
        health = self._fleet.device(self._uuid)
        if health is None:
            return
        self._show(health)
        if self._is_stale and time.monotonic() - self._journal_s >= JOURNAL_EVERY_S:
            self._is_stale = False
            self._journal_s = time.monotonic()
            try:
                await self._load_journal(health.interval_s)
            except STORE_TROUBLES as error:
                self._is_stale = True
                LOG.warning(
                    'the journal of a device cannot be read now (%s); trying again', type(error).__name__
                )

    async def _load_journal(self, interval_s: float) -> None:
        until_ms = now_ms() + AHEAD_MS
        span = Span(since_ms=until_ms - JOURNAL_MS, until_ms=until_ms)
        place = Place(uuid=self._uuid)
        reader = self._fleet.reader
        counts = await run.io_bound(reader.counts, place, span, JOURNAL_COUNTS)
        crossings = await run.io_bound(reader.crossings, place, span, SHOWN_ENTRIES)
        self._states.set_content(self._list(state_changes(counts or (), interval_s)))
        self._crossings.set_content(self._list(crossing_entries(crossings or ())))

    def _show(self, health: DeviceHealth) -> None:
        facts = facts_of(health, self._fleet.config, self._zone, now_ms())
        self._facts.set_content(
            ''.join(f'<dt>{escape(name)}</dt><dd>{escape(text)}</dd>' for name, text in facts)
        )
        advice = ADVICE[health.standing]
        problems = ((advice,) if advice else ()) + health.problems
        if problems != self._problems:
            self._problems = problems
            self._trouble.set_visibility(bool(problems))
            self._trouble.clear()
            with self._trouble:
                for problem in problems:
                    ui.html(escape(problem[:1].upper() + problem[1:]), sanitize=False, tag='li')
        self._no_camera.set_visibility(not health.cameras)
        for camera in health.cameras:
            part = self._cameras.get(camera.camera)
            if part is None:
                with self._camera_panel:
                    part = self._cameras[camera.camera] = _CameraPart(camera, self._fleet.config)
            part.show(camera, why_unknown(camera, health.standing, health.interval_s, now_ms()))

    def _list(self, entries: Sequence[Entry]) -> str:
        if not entries:
            return '<li class="muted">Nothing</li>'
        present_ms = now_ms()
        return ''.join(
            f'<li><time>{moment_text(entry.time_ms, self._zone, present_ms)}</time>'
            f'<span>{"⚠ " if entry.is_trouble else ""}{escape(entry.text)}</span></li>'
            for entry in entries[:SHOWN_ENTRIES]
        )


class _CameraPart:
    """Draw a camera, and keep what changes."""

    def __init__(self, camera: CameraState, config: Facilities) -> None:
        zones = f'/device/{quote(camera.uuid, safe="")}/zones/{quote(camera.camera, safe="")}'
        with ui.element('section').classes('camera'):
            ui.html(escape(camera.camera or 'Its camera'), sanitize=False, tag='h3')
            with ui.element('p').classes('muted'):
                ui.link(title_of(camera.facility, config) or 'Unassigned', _facility_address(camera))
                if camera.floor:
                    ui.label(f', {camera.floor}').classes('inline')
            self._state = ui.label().classes('tag')
            self._count = ui.label()
            if camera.camera:
                ui.link('Zones, bays and gates', zones)

    def show(self, camera: CameraState, why: str) -> None:
        """Show what it sees now."""
        self._state.set_text(f'⚠ Not known now: {why}' if why else '● Sees')
        self._state.classes(add='warn' if why else '', remove='' if why else 'warn')
        self._count.set_text(camera_text(camera, is_known=not why))


def _facility_address(camera: CameraState) -> str:
    return f'/facility/{place_id(camera.facility)}'


def _panel(title: str) -> ui.element:
    panel = ui.element('section').classes('panel')
    with panel:
        ui.html(escape(title), sanitize=False, tag='h2')
    return panel


def _log() -> ui.html:
    # By the keyboard it can be scrolled once it has the focus.
    return ui.html(_LOADING, sanitize=False, tag='ul').classes('log').props('tabindex=0')


def _is_of(event: Event, uuid: str) -> bool:
    match event:
        case CameraChanged(camera):
            return camera.uuid == uuid
        case DeviceChanged(device):
            return device.uuid == uuid
        case CrossingSeen(crossing):
            return crossing.uuid == uuid
        case _:
            return True
