"""Show what is wrong now, and what was."""

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame


def register(dashboard: Dashboard) -> None:
    """Serve `/alerts`."""

    @ui.page('/alerts')
    def show() -> None:
        with frame('Alerts'):
            ui.label(dashboard.service.settings.time_zone)
