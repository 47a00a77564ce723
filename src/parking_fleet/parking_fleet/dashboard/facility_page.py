"""Show one facility: what is now, what was, and what is to be expected."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException, Response, status
from nicegui import app, run, ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.facility.export_part import ExportPart
from parking_fleet.dashboard.facility.now_part import PICTURE_ADDRESS, Layouts, NowPart, Seen
from parking_fleet.dashboard.facility.parts import html
from parking_fleet.dashboard.facility.past import NEW_S, Facility, Past
from parking_fleet.dashboard.facility.past_parts import BusyPart, FlowPart, ForecastPart, TrendPart
from parking_fleet.dashboard.facility.style import STYLE
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.live import follow
from parking_fleet.live.events import CameraChanged, CrossingSeen, DeviceChanged, Event
from parking_fleet.places.views import FacilityView
from parking_fleet.settings import Role
from parking_fleet.store.database import STORE_TROUBLES
from parking_fleet.zones.layout import LayoutSource

LOOK_S = 15.0
"""So often it is looked whether hours or silence have changed something that no message tells."""

PARTS = (
    ('now', 'Now'), ('floors', 'Floors and zones'), ('map', 'Bays'), ('forecast', 'Forecast'),
    ('gates', 'In and out'), ('busy', 'Busiest hours'), ('trend', 'How full it was'), ('export', 'Export'),
)  # fmt: skip


def register(dashboard: Dashboard) -> None:
    """Serve `/facility/{facility_id}`."""
    fleet = dashboard.service.fleet
    past = Past(fleet.reader)

    @app.get(PICTURE_ADDRESS)
    async def picture(uuid: str, camera: str, _: Annotated[Role, Depends(dashboard.door.reader)]) -> Response:
        """Return the last picture of a camera."""
        found = await run.io_bound(dashboard.layouts.picture, uuid, camera)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, 'there is no picture of this camera')
        return Response(found, media_type='image/jpeg', headers={'Cache-Control': 'private, no-store'})

    @ui.page('/facility/{facility_id}')
    def show(facility_id: str) -> None:
        view = fleet.facility(facility_id)
        if view is None:
            with frame('No such facility', dashboard):
                html(
                    'No facility has this address. It may have another name now, or no device reports.',
                    'p',
                )
                ui.link('See all facilities', '/')
            return
        with frame(view.title, dashboard), ui.element('div').classes('fac-page'):
            _draw(dashboard, past, view)


def _draw(dashboard: Dashboard, past: Past, first: FacilityView) -> None:
    fleet = dashboard.service.fleet
    zone = ZoneInfo(first.time_zone)
    section = fleet.config.section(first.name)
    facility = Facility(
        first.name, zone, section.capacity if section is not None and first.basis == 'cars' else None
    )

    def view() -> FacilityView:
        return fleet.facility(first.id) or first

    ui.add_css(STYLE)
    _jump_list()
    now = NowPart(first, fleet.config)
    uuids = {uuid for uuid, _ in _cameras(first)}
    ForecastPart(facility, past, view)
    FlowPart(facility, past)
    BusyPart(facility, past, view)
    TrendPart(facility, past, view)
    ExportPart(facility, first.id)

    def known_layouts(cameras: tuple[tuple[str, str], ...]) -> Layouts:
        return _known_layouts(dashboard.layouts, cameras)

    def draw() -> None:
        seen = view()
        uuids.clear()
        uuids.update(uuid for uuid, _ in _cameras(seen))
        now.draw(seen)

    def draw_if_changed(events: Sequence[Event]) -> None:
        # To look at the facility is much more work than to see that an event is of another one.
        if any(_concerns(event, first.name, uuids) for event in events):
            draw()

    async def look() -> None:
        try:
            now.use(await past.ask(NEW_S, known_layouts, _cameras(view())))
        finally:
            draw()

    async def look_anew() -> None:
        try:
            await look()
        except STORE_TROUBLES:
            # The map stays as it was; what is now was drawn all the same.
            return

    follow(fleet.feed, draw_if_changed)
    ui.timer(LOOK_S, look_anew)


def _jump_list() -> None:
    links = ''.join(f'<li><a href="#{name}">{title}</a></li>' for name, title in PARTS)
    with ui.element('nav').classes('fac-jump').props('aria-label="On this page"'):
        html(f'<ul>{links}</ul>')


def _concerns(event: Event, facility: str, uuids: set[str]) -> bool:
    match event:
        case CameraChanged(camera):
            # Also of a camera that was here until now.
            return camera.facility == facility or camera.uuid in uuids
        case CrossingSeen():
            return False
        case DeviceChanged(device):
            return device.uuid in uuids
        case _:
            return True


def _cameras(view: FacilityView) -> tuple[tuple[str, str], ...]:
    return tuple(camera.state.key for floor in view.floors for camera in floor.cameras)


def _known_layouts(source: LayoutSource, cameras: tuple[tuple[str, str], ...]) -> Layouts:
    found = ((key, source.layouts(*key)) for key in cameras)
    return {
        key: Seen(layout, source.picture(*key) is not None) for key, layout in found if layout is not None
    }
