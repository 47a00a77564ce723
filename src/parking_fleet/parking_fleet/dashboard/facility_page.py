"""Show one facility."""

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame


def register(dashboard: Dashboard) -> None:
    """Serve `/facility/{facility_id}`."""

    @ui.page('/facility/{facility_id}')
    def show(facility_id: str) -> None:
        with frame(facility_id):
            ui.label(dashboard.service.settings.time_zone)
