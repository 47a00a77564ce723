"""Serve until told to stop."""

import gc
import logging
import os
import signal
import socket
import sys

import uvicorn

from parking_fleet.api.app import make_app
from parking_fleet.api.login import Doorkeeper
from parking_fleet.errors import FleetError
from parking_fleet.service import Service
from parking_fleet.settings import Settings

LOG = logging.getLogger(__name__)

# Streams do not end by themselves.
_SHUTDOWN_S = 3

SWITCH_S = 0.001
"""So long a thread keeps the others waiting, in place of Python's 5 ms.

Each message that comes in waits once for a thread that works something out: at 5 ms, two hundred a
second would get through meanwhile.
"""

COLLECT_AFTER = 10_000
"""So many new objects make Python look for rings of dead ones, in place of 700.

With the state of 10,000 devices a full look stops everything for a quarter of a second; at 700 there is
one every four seconds.
"""


def run_server(settings: Settings, *, takes_in: bool) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        FleetError: when the store, the identity or the address cannot be used.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    web = settings.web
    listening = _listen(web.host, web.port)
    try:
        with Service(settings, takes_in=takes_in) as service:
            door = Doorkeeper(web)
            app = make_app(service, door)
            # NiceGUI takes its memory at import: workers, and the API alone, do without. It keeps what it
            # is asked to keep of a visitor in the folder that it finds here then.
            os.environ.setdefault('NICEGUI_STORAGE_PATH', str(settings.web_folder / 'pages'))
            from parking_fleet.dashboard.app import add_dashboard  # noqa: PLC0415

            add_dashboard(app, service, door)
            server = _Server(
                uvicorn.Config(
                    app,
                    log_level='warning',
                    access_log=False,
                    timeout_graceful_shutdown=_SHUTDOWN_S,
                    server_header=False,
                )
            )
            for number in (signal.SIGINT, signal.SIGTERM):
                # Until the web server takes the signals over, and when it hands them on after its end.
                signal.signal(number, server.handle_exit)
            server.run(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """Say where it serves once it does, when signals end it too."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            LOG.info('serving http://%s:%d', f'[{host}]' if ':' in host else host, port)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        raise FleetError(
            f'web: {host}:{port} cannot be listened on: {error.strerror}; choose another port'
        ) from None
    return listening
