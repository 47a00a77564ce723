"""Show the messages that are none, and why each was refused."""

from collections.abc import Sequence
from html import escape
from zoneinfo import ZoneInfo

from nicegui import run, ui

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.words import moment_text
from parking_fleet.live.fleet import now_ms
from parking_fleet.store.database import STORE_TROUBLES
from parking_fleet.store.values import QuarantinedMessage

SHOWN = 100
SHOWN_CHARACTERS = 400
LOOK_EVERY_S = 10.0

_HELP = (
    'A message that does not follow the published schema is counted and kept here, the newest '
    '{kept}; nothing else comes of it. Look at what sends it: an old program, another thing on the same '
    'topic, or somebody who should not be there.'
)
_NONE = 'No message was refused.'
_AWAY = 'The store does not answer now; it is asked again in a moment.'


def register(dashboard: Dashboard) -> None:
    """Serve `/refused`."""
    service = dashboard.service
    zone = ZoneInfo(service.settings.time_zone)

    @ui.page('/refused')
    async def show() -> None:
        with frame('Refused messages', dashboard):
            ui.label(_HELP.format(kept=service.settings.store.quarantine_rows)).classes('muted')
            notice = ui.label('…').classes('panel').props('role=status')
            table = ui.html('', sanitize=False).classes('table-box')

        async def look() -> None:
            try:
                # It gives nothing while the server is ending.
                found = await run.io_bound(service.reader.quarantine, SHOWN) or []
            except STORE_TROUBLES:
                notice.set_text(_AWAY)
                notice.set_visibility(True)
                return
            notice.set_text(_NONE)
            notice.set_visibility(not found)
            table.set_visibility(bool(found))
            table.set_content(_table(found, zone))

        await look()
        ui.timer(LOOK_EVERY_S, look)


def _table(messages: Sequence[QuarantinedMessage], zone: ZoneInfo) -> str:
    moment_ms = now_ms()
    rows = ''.join(
        f'<tr><th scope="row">{moment_text(message.received_ms, zone, moment_ms)}</th>'
        f'<td data-label="Topic">{escape(message.topic)}</td>'
        f'<td data-label="Why">{escape(message.reason)}</td>'
        f'<td data-label="It begins with"><code>{escape(_beginning(message))}</code></td>'
        f'<td data-label="Bytes">{message.size_bytes:,}</td></tr>'
        for message in messages
    )
    heads = ''.join(
        f'<th scope="col">{name}</th>'
        for name in (f'Came ({zone.key})', 'Topic', 'Why', 'It begins with', 'Bytes')
    )
    return f'<table class="list stacks"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _beginning(message: QuarantinedMessage) -> str:
    return message.payload[:SHOWN_CHARACTERS].decode(errors='replace')
