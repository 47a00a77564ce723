"""Draw how many alerts need somebody, for the header of every page."""

from collections.abc import Sequence

from nicegui import ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.live import follow
from parking_fleet.live.events import AlertChanged, Event, MissedEvents
from parking_fleet.live.fleet import now_ms

_STYLE = """
.alerts-badge { display: inline-flex; align-items: center; gap: 4px; padding: 2px 10px; border-radius: 999px;
  background: var(--warn-bg, #fdf1e3); color: var(--warn-ink, #7a3500); font-weight: 600;
  text-decoration: none; }
.alerts-badge.none { background: transparent; color: inherit; font-weight: 400; }
"""

_LOOK_EVERY_S = 15.0


def alerts_badge(dashboard: Dashboard) -> None:
    """Draw a link to `/alerts` with the number of alerts that nobody cares for yet; it stays up to date."""
    engine = dashboard.service.alerts
    ui.add_css(_STYLE)
    with ui.link(target='/alerts').classes('alerts-badge') as link:
        icon = ui.icon('notifications', size='18px').props('aria-hidden=true')
        number = ui.label()

    def look() -> None:
        moment_ms = now_ms()
        waiting = sum(alert.status(moment_ms) == 'open' for alert in engine.open_alerts())
        text = f'{waiting} alert{"" if waiting == 1 else "s"} {"needs" if waiting == 1 else "need"} somebody'
        number.set_text(str(waiting))
        icon.set_name('notifications_active' if waiting else 'notifications')
        link.props(f'aria-label="{text if waiting else "No alert needs somebody"}"')
        link.classes(remove='none' if waiting else '', add='' if waiting else 'none')

    def take(events: Sequence[Event]) -> None:
        if any(isinstance(event, (AlertChanged, MissedEvents)) for event in events):
            look()

    look()
    follow(dashboard.service.fleet.feed, take)
    # What was put off comes back without an event of its own when nobody is to be told.
    ui.timer(_LOOK_EVERY_S, look)
