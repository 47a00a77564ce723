"""Show all devices as a table."""

from collections.abc import Sequence

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.live import follow
from parking_fleet.dashboard.parts import DeviceTable
from parking_fleet.dashboard.rows import DeviceRow, row_of
from parking_fleet.live.events import Event
from parking_fleet.live.fleet import now_ms

GATHER_S = 1.0


def register(dashboard: Dashboard) -> None:
    """Serve `/devices`."""
    fleet = dashboard.service.fleet

    def rows() -> list[DeviceRow]:
        return [row_of(health, fleet.config) for health in fleet.devices()]

    @ui.page('/devices')
    def show() -> None:
        known = {row.uuid: row for row in rows()}
        with frame('Devices', dashboard):
            empty = ui.label('No device has reported yet.').classes('panel')
            empty.set_visibility(not known)
            table = DeviceTable(list(known.values()), now_ms())
            ui.link('Messages that were refused', '/refused')
            ui.link('Draw zones for a camera that is not in the fleet yet', '/zones')

        def look(_: Sequence[Event]) -> None:
            changed = [row for row in rows() if known.get(row.uuid) != row]
            known.update({row.uuid: row for row in changed})
            empty.set_visibility(not known)
            table.patch(changed, now_ms())

        follow(fleet.feed, look, gather_s=GATHER_S)
