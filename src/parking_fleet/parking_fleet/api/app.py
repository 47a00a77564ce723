"""Make the web application: the API, /healthz and /metrics; the dashboard is put on top of it."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.middleware.trustedhost import TrustedHostMiddleware

from parking_fleet.api.alert_routes import describe_webhook, make_alert_router
from parking_fleet.api.login import Doorkeeper
from parking_fleet.api.metrics import metrics_text
from parking_fleet.api.routes import make_router
from parking_fleet.api.setting import make_settings_router
from parking_fleet.service import Service
from parking_fleet.settings import Role
from parking_fleet.store.database import STORE_TROUBLES


def _store_is_away(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({'detail': 'the store does not answer; try again'}, status_code=503)


class Health(BaseModel):
    """Whether all is well."""

    ok: bool
    trouble: str


def make_app(service: Service, doorkeeper: Doorkeeper | None = None) -> FastAPI:
    """Return the application of a service that is running.

    Args:
        service: what is shown.
        doorkeeper: decides who may do what; one of the settings' tokens unless given.
    """
    web = service.settings.web
    door = doorkeeper or Doorkeeper(web)
    app = FastAPI(
        title='Parking fleet',
        description='Counts of a fleet of parking monitors: what is now, and what was.',
        version='1',
        openapi_url='/api/v1/openapi.json',
        docs_url=None,
        redoc_url=None,
    )
    if not web.needs_login:
        # A page from elsewhere must not reach us under a name of its own that leads to this machine.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=['localhost', '127.0.0.1', '[::1]'])
    app.include_router(make_router(service.fleet, door))
    app.include_router(make_settings_router(service, door))
    app.include_router(make_alert_router(service, door))
    describe_webhook(app)

    for trouble in STORE_TROUBLES:
        app.add_exception_handler(trouble, _store_is_away)

    @app.get('/healthz', tags=['service'])
    def healthz(response: Response) -> Health:
        """Return 200 while messages come in and are stored, else 503 and why not."""
        state = service.worker.state
        is_well = not state.trouble and (service.source is None or state.connected)
        trouble = state.trouble or ('' if is_well else 'not yet connected to the broker')
        if not is_well:
            response.status_code = 503
        return Health(ok=is_well, trouble=trouble)

    @app.get('/metrics', tags=['service'])
    def metrics(_: Annotated[Role, Depends(door.reader)]) -> Response:
        """Return the metrics for Prometheus."""
        return Response(metrics_text(service), media_type='text/plain; version=0.0.4; charset=utf-8')

    return app
