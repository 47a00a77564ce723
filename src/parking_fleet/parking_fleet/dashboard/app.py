"""Put the dashboard on top of the web application."""

import secrets

from fastapi import FastAPI
from nicegui import ui

from parking_fleet.api.login import Doorkeeper
from parking_fleet.dashboard import alerts_page, device_page, facility_page, fleet_page, zones_page
from parking_fleet.dashboard.context import Dashboard
from parking_fleet.service import Service

_PAGES = (fleet_page, facility_page, device_page, zones_page, alerts_page)


def add_dashboard(app: FastAPI, service: Service, door: Doorkeeper) -> None:
    """Serve the dashboard at `/`; once a process, for NiceGUI has one application a process.

    Args:
        app: the web application, whose other routes stay.
        service: what is shown; it runs.
        door: decides who may see and do what.
    """
    dashboard = Dashboard(service, door)
    for page in _PAGES:
        page.register(dashboard)
    ui.run_with(
        app,
        title='Parking fleet',
        language='en-US',
        dark=None,
        storage_secret=secrets.token_urlsafe(32),
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
