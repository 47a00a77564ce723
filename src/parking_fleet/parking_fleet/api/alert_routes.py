"""Answer what is asked of alerts under /api/v1, and let operators act on them."""

from typing import Annotated, Literal, NoReturn

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, status
from pydantic import BaseModel, Field

from parking_fleet.alerts.channels.sending import make_sender
from parking_fleet.alerts.errors import ChannelError, UnknownAlertError
from parking_fleet.alerts.messages import AlertAnswer, AlertMessage, single, trial_alert
from parking_fleet.alerts.values import Delivery
from parking_fleet.api.login import Doorkeeper
from parking_fleet.live.fleet import now_ms
from parking_fleet.service import Service

_MINUTE_MS = 60_000
_WEEK_MINUTES = 7 * 24 * 60
_ID = 2**63 - 1

Which = Literal['open', 'past']
Name = Annotated[str, Field(min_length=1, max_length=64, description='Who does it, for the others to see.')]


class Acknowledging(BaseModel):
    """Who takes care."""

    by: Name = 'API'


class Snoozing(BaseModel):
    """For how long it is put off, and by whom."""

    minutes: Annotated[int, Field(ge=1, le=_WEEK_MINUTES)]
    by: Name = 'API'


class ChannelAnswer(BaseModel):
    """How a channel is."""

    name: str
    kind: str
    sent: int
    failed: int
    given_up: int
    trouble: str


def _of_our_own(request: Request) -> None:
    """Refuse what a page of somebody else lets a browser send."""
    if request.headers.get('sec-fetch-site', 'none') not in ('none', 'same-origin'):
        raise HTTPException(status.HTTP_403_FORBIDDEN, 'a page from elsewhere may not do this')


def make_alert_router(service: Service, door: Doorkeeper) -> APIRouter:
    """Return the routes: everyone who may read sees alerts, operators act on them."""
    router = APIRouter(prefix='/api/v1', tags=['alerts'])
    engine = service.alerts
    operators = [Depends(door.operator), Depends(_of_our_own)]

    @router.get('/alerts', dependencies=[Depends(door.reader)])
    def alerts(
        *,
        which: Annotated[Which, Query(description='Those that are open, or those that have ended.')] = 'open',
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        before: Annotated[
            int | None, Query(le=_ID, description='Of past ones: the id to go on from.')
        ] = None,
    ) -> list[AlertAnswer]:
        """Return alerts: open ones all, past ones the newest first."""
        moment_ms = now_ms()
        found = engine.open_alerts() if which == 'open' else engine.book.past_alerts(limit, before)
        return [AlertAnswer.of(alert, moment_ms) for alert in found]

    @router.get('/alerts/channels', dependencies=[Depends(door.reader)])
    def channels() -> list[ChannelAnswer]:
        """Return how the channels are."""
        return [
            ChannelAnswer(
                name=state.name,
                kind=state.kind,
                sent=state.sent,
                failed=state.failed,
                given_up=state.given_up,
                trouble=state.trouble,
            )
            for state in engine.channels()
        ]

    @router.post('/alerts/{number}/acknowledge', dependencies=operators)
    def acknowledge(number: int, told: Acknowledging | None = None) -> AlertAnswer:
        """Take care of an alert: it is told no more until it ends."""
        try:
            alert = engine.acknowledge(number, (told or Acknowledging()).by)
        except UnknownAlertError as error:
            _not_found(error)
        return AlertAnswer.of(alert, now_ms())

    @router.post('/alerts/{number}/snooze', dependencies=operators)
    def snooze(number: int, told: Snoozing) -> AlertAnswer:
        """Put an alert off: it is told again after that time, if it has not ended."""
        try:
            alert = engine.snooze(number, told.by, now_ms() + told.minutes * _MINUTE_MS)
        except UnknownAlertError as error:
            _not_found(error)
        return AlertAnswer.of(alert, now_ms())

    @router.post('/alerts/channels/{name}/test', dependencies=operators)
    def test(name: str) -> dict[str, str]:
        """Send a test message over a channel, now."""
        channel = service.settings.alerts.channels.get(name)
        if channel is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f'no channel is called {name!r}')
        moment_ms = now_ms()
        trial = trial_alert(name, service.settings.time_zone, moment_ms)
        delivery = Delivery(id=0, channel=name, change='test', made_ms=moment_ms, alert=trial)
        try:
            make_sender(channel, service.publish).send(
                single(delivery, moment_ms, service.settings.web.public_url)
            )
        except ChannelError as error:
            raise HTTPException(status.HTTP_502_BAD_GATEWAY, str(error)) from None
        return {'result': 'sent'}

    return router


def describe_webhook(app: FastAPI) -> None:
    """Say in OpenAPI what a webhook gets."""

    @app.webhooks.post('alert')
    def alert(message: AlertMessage) -> None:
        """Is sent to `alerts: channels:` of kind webhook, and published by those of kind mqtt.

        With a `secret`, the header `X-Parking-Signature` is `sha256=` and the HMAC-SHA256 of the body in
        hexadecimal digits. Answer with a status from 200 to 299; else it comes again.
        """


def _not_found(error: UnknownAlertError) -> NoReturn:
    raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from None
