"""Draw zones, bays and gates on a picture of a camera."""

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame


def register(dashboard: Dashboard) -> None:
    """Serve `/device/{uuid}/zones/{camera}`."""

    @ui.page('/device/{uuid}/zones/{camera}')
    def show(uuid: str, camera: str) -> None:
        with frame(f'Zones of {camera} of {uuid}'):
            ui.label(dashboard.service.settings.time_zone)
