"""Show every facility as a card."""

from nicegui import ui

from parking_fleet.dashboard.board import Board, Change
from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.parts import FleetCards
from parking_fleet.service import Service

STATE_EVERY_S = 2.0

_NO_BROKER = """\
<p>This service is not told where messages come from. In <code>parking-fleet.yaml</code>, in the folder
where it is started:</p>
<pre><code>broker:
  host: broker.example
  certificate: fleet/certificate.pem.crt
  private_key: fleet/private.pem.key
  ca: fleet/ca.pem</code></pre>
<p>Then start it again. <code>parking-fleet check</code> says whether all is right.</p>
"""
_NO_MESSAGES = """\
<p>The service listens to <strong>{broker}</strong>, and no device has reported so far. A device reports
every two minutes, once it is connected to the same broker.</p>
<p>Look on the device: its <code>fleet.yaml</code> names the broker under <code>cloud: endpoint:</code>,
and <code>/diagnostics</code> tells whether it is connected. To try it without devices:
<code>fleet-sim 10 --identities FOLDER</code>.</p>
"""


def register(dashboard: Dashboard) -> None:
    """Serve `/`."""
    service = dashboard.service
    board = Board(service.fleet)

    @ui.page('/')
    async def show() -> None:
        client = ui.context.client
        present = await board.present()
        with frame('Fleet', dashboard):
            _trouble(service)
            empty = _empty(service)
            cards = FleetCards(present)

        def look(change: Change) -> None:
            if change.cards:
                empty.set_visibility(False)
                cards.set_visibility(True)
            with client:
                cards.patch(change)

        empty.set_visibility(not present.cards)
        cards.set_visibility(bool(present.cards))
        client.on_delete(board.watch(look))


def _trouble(service: Service) -> None:
    """Say what is wrong with the service itself, while it is."""

    def look() -> None:
        text = trouble_text(service)
        notice.set_visibility(bool(text))
        notice.set_text(text)

    notice = ui.label().classes('notice').props('role=status')
    look()
    ui.timer(STATE_EVERY_S, look)


def trouble_text(service: Service) -> str:
    """Return what is wrong with the service; '' when nothing is."""
    state = service.worker.state
    if state.trouble:
        return f'What is shown may be old: {state.trouble}'
    if service.source is not None and not state.connected:
        return (
            'What is shown may be old: there is no connection to the broker '
            f'{service.settings.broker.host}. It is tried again and again.'
        )
    return ''


def _empty(service: Service) -> ui.element:
    with ui.element('div').classes('panel') as empty:
        ui.html('Nothing to show yet', sanitize=False, tag='h2')
        broker = service.settings.broker
        if broker.host:
            with ui.element('div'):
                ui.html(_NO_MESSAGES.format(broker=f'{broker.host}:{broker.port}'), sanitize=False)
        else:
            ui.html(_NO_BROKER, sanitize=False)
    return empty
