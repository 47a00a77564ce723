"""Show one device."""

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame


def register(dashboard: Dashboard) -> None:
    """Serve `/device/{uuid}`."""

    @ui.page('/device/{uuid}')
    def show(uuid: str) -> None:
        with frame(uuid):
            ui.label(dashboard.service.settings.time_zone)
