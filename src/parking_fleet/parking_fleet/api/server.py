"""Serve until told to stop."""

import logging
import signal
import socket

import uvicorn

from parking_fleet.api.app import make_app
from parking_fleet.errors import FleetError
from parking_fleet.service import Service
from parking_fleet.settings import Settings

LOG = logging.getLogger(__name__)

# Streams do not end by themselves.
_SHUTDOWN_S = 3


def run_server(settings: Settings, *, takes_in: bool) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        FleetError: when the store, the identity or the address cannot be used.
    """
    web = settings.web
    listening = _listen(web.host, web.port)
    try:
        with Service(settings, takes_in=takes_in) as service:
            server = uvicorn.Server(
                uvicorn.Config(
                    make_app(service),
                    log_level='warning',
                    access_log=False,
                    timeout_graceful_shutdown=_SHUTDOWN_S,
                    server_header=False,
                )
            )
            host, port = listening.getsockname()[:2]
            LOG.info('serving http://%s:%d', f'[{host}]' if ':' in host else host, port)
            for number in (signal.SIGINT, signal.SIGTERM):
                # The web server ends at these signals, then gives them to whoever had them before.
                signal.signal(number, _pass)
            server.run(sockets=[listening])
    finally:
        listening.close()


def _pass(_: int, __: object) -> None:
    """Let the rest of `run_server` end the service."""


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
