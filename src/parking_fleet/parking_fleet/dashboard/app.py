"""Put the dashboard on top of the web application."""

import time
from pathlib import Path

from fastapi import FastAPI
from nicegui import app as pages
from nicegui import background_tasks, ui
from starlette.middleware.sessions import SessionMiddleware

from parking_fleet.api.login import Doorkeeper
from parking_fleet.dashboard import (
    alerts_page,
    device_page,
    devices_page,
    facility_page,
    fleet_page,
    refused_page,
    zones_page,
)
from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.device_layouts import DeviceLayouts
from parking_fleet.dashboard.gate import Gate, session_login
from parking_fleet.dashboard.headers import SecurityHeaders
from parking_fleet.dashboard.leaving import SWEEP_S, close_pages
from parking_fleet.dashboard.login_page import serve_login
from parking_fleet.dashboard.plain import STATIC, serve_plain_pages
from parking_fleet.login.sessions import Sessions
from parking_fleet.login.users import Users
from parking_fleet.service import Service

_PAGES = (fleet_page, facility_page, devices_page, device_page, zones_page, alerts_page, refused_page)

_COOKIE = 'parking_fleet'
_COOKIE_S = 30 * 86_400


def add_dashboard(app: FastAPI, service: Service, door: Doorkeeper) -> None:
    """Serve the dashboard at `/`; once a process, for NiceGUI has one application a process.

    Args:
        app: the web application, whose other routes stay.
        service: what is shown; it runs.
        door: decides who may see and do what.

    Raises:
        SettingsError: when it cannot be kept who is logged in.
    """
    web = service.settings.web
    users = Users(web.users)
    sessions = Sessions(sessions_file(service), users, web.idle_hours * 3600)
    if web.needs_login:
        door.logins.append(session_login(sessions))
        pages.timer(SWEEP_S, lambda: close_pages(sessions))
    serve_plain_pages(app, pages)
    serve_login(app, users, sessions, lambda: background_tasks.create(close_pages(sessions)))
    _forget_visitors(pages.storage.path)
    dashboard = Dashboard(service, door, DeviceLayouts(service))
    for page in _PAGES:
        page.register(dashboard)
    # The last one stands before the others.
    app.add_middleware(Gate, sessions=sessions, is_open=not web.needs_login)
    app.add_middleware(
        SessionMiddleware, secret_key=sessions.secret, session_cookie=_COOKIE, max_age=_COOKIE_S
    )
    app.add_middleware(SecurityHeaders)
    ui.run_with(
        app,
        title='Parking fleet',
        favicon=STATIC / 'icon.svg',
        language='en-US',
        dark=None,
        storage_secret=sessions.secret,
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )


def sessions_file(service: Service) -> Path:
    """Return where it is kept who is logged in."""
    return service.settings.web_folder / 'sessions.json'


def _forget_visitors(folder: Path) -> None:
    """Remove what NiceGUI keeps of visitors whose cookie has ended."""
    for file in folder.glob('storage-user-*.json'):
        if time.time() - file.stat().st_mtime > _COOKIE_S:
            file.unlink(missing_ok=True)
