"""Show every facility as a card."""

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.live import follow


def register(dashboard: Dashboard) -> None:
    """Serve `/`."""
    fleet = dashboard.service.fleet

    @ui.page('/')
    def show() -> None:
        @ui.refreshable
        def cards() -> None:
            for view in fleet.facilities():
                with ui.card():
                    ui.link(view.title, f'/facility/{view.id}')
                    ui.label(f'{view.places.free} of {view.places.capacity} free')

        with frame('Fleet'):
            cards()
        follow(fleet.feed, lambda _: cards.refresh())
