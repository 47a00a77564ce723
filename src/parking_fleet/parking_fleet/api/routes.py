"""Answer what is asked under /api/v1."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from parking_fleet.alerts.messages import AlertAnswer
from parking_fleet.api.asking import (
    FacilityId,
    FormName,
    Since,
    StepName,
    Until,
    as_csv,
    place_of,
    span_of,
    step_of,
)
from parking_fleet.api.login import Doorkeeper
from parking_fleet.api.models import (
    CameraAnswer,
    CrossingAnswer,
    DeviceAnswer,
    FacilityAnswer,
    FacilitySummary,
    FlowAnswer,
    HistoryAnswer,
    QuarantineAnswer,
)
from parking_fleet.live.events import (
    AlertChanged,
    CameraChanged,
    CrossingSeen,
    DeviceChanged,
    Event,
    MissedEvents,
    PictureArrived,
    ShadowChanged,
)
from parking_fleet.live.fleet import Fleet, now_ms

KEEP_ALIVE_S = 15.0
"""A stream says something at least so often: proxies end silent connections."""

Limit = Annotated[int, Query(ge=1, le=10_000)]


def make_router(fleet: Fleet, doorkeeper: Doorkeeper) -> APIRouter:
    """Return the routes; everything here is for readers."""
    router = APIRouter(prefix='/api/v1', dependencies=[Depends(doorkeeper.reader)])
    reader = fleet.reader

    @router.get('/facilities', tags=['now'])
    def facilities() -> list[FacilitySummary]:
        """Return every facility as it is now."""
        return [FacilitySummary.of(view) for view in fleet.facilities()]

    @router.get('/facilities/{facility_id}', tags=['now'])
    def facility(facility_id: str) -> FacilityAnswer:
        """Return a facility with its floors, zones, bays and cameras as they are now."""
        view = fleet.facility(facility_id)
        if view is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f'no facility has the id {facility_id!r}')
        return FacilityAnswer.of(view)

    @router.get('/devices', tags=['now'])
    def devices() -> list[DeviceAnswer]:
        """Return every device and how it is now."""
        return [DeviceAnswer.of(health) for health in fleet.devices()]

    @router.get('/devices/{uuid}', tags=['now'])
    def device(uuid: str) -> DeviceAnswer:
        """Return a device and how it is now."""
        health = fleet.device(uuid)
        if health is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f'no device has the uuid {uuid!r}')
        return DeviceAnswer.of(health)

    @router.get('/history', tags=['past'], response_model=list[HistoryAnswer])
    def history(
        *,
        facility: FacilityId = None,
        floor: str | None = None,
        uuid: str | None = None,
        camera: str | None = None,
        since: Since = None,
        until: Until = None,
        step: StepName = 'auto',
        form: FormName = 'json',
    ) -> Response | list[HistoryAnswer]:
        """Return the course of a facility, floor or camera.

        A bay that two cameras see is in the sums twice; `/facilities` has it once.
        """
        span = span_of(since, until)
        exact = step_of(step, span)
        place = place_of(fleet, facility, floor=floor, uuid=uuid, camera=camera)
        answers = [
            HistoryAnswer.of(point, is_day=exact == 'day') for point in reader.history(place, exact, span)
        ]
        return as_csv(answers, tuple(HistoryAnswer.model_fields), 'history') if form == 'csv' else answers

    @router.get('/flow', tags=['past'], response_model=list[FlowAnswer])
    def flow(
        *,
        facility: FacilityId = None,
        floor: str | None = None,
        since: Since = None,
        until: Until = None,
        step: StepName = 'auto',
        form: FormName = 'json',
    ) -> Response | list[FlowAnswer]:
        """Return the cars through each gate, in steps of 15 minutes or a day."""
        span = span_of(since, until)
        exact = step_of(step, span)
        points = reader.flow(place_of(fleet, facility, floor=floor), exact, span)
        answers = [FlowAnswer.of(point, is_day=exact == 'day') for point in points]
        return as_csv(answers, tuple(FlowAnswer.model_fields), 'flow') if form == 'csv' else answers

    @router.get('/crossings', tags=['past'], response_model=list[CrossingAnswer])
    def crossings(
        *,
        facility: FacilityId = None,
        uuid: str | None = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 1_000,
        form: FormName = 'json',
    ) -> Response | list[CrossingAnswer]:
        """Return single cars through gates, the newest first."""
        found = reader.crossings(place_of(fleet, facility, uuid=uuid), span_of(since, until), limit)
        answers = [CrossingAnswer.of(crossing) for crossing in found]
        return as_csv(answers, tuple(CrossingAnswer.model_fields), 'crossings') if form == 'csv' else answers

    @router.get('/quarantine', tags=['past'])
    def quarantine(limit: Limit = 100, before: int | None = None) -> list[QuarantineAnswer]:
        """Return messages that were refused, the newest first; `before` is the id to go on from."""
        return [QuarantineAnswer.of(message) for message in reader.quarantine(limit, before)]

    @router.get(
        '/events',
        tags=['now'],
        response_class=StreamingResponse,
        responses={200: {'content': {'text/event-stream': {}}}},
    )
    async def events(request: Request, facility: FacilityId = None) -> StreamingResponse:
        """Tell what changes as it does: server-sent events, named after what changed.

        They are `camera`, `device`, `crossing`, `settings`, `picture`, `alert` and `missed`.
        """
        name = place_of(fleet, facility).facility
        return StreamingResponse(
            _stream(fleet, name, lambda: doorkeeper.is_still_welcome(request)),
            media_type='text/event-stream',
            headers={'Cache-Control': 'no-store'},
        )

    return router


async def _stream(fleet: Fleet, facility: str | None, is_welcome: Callable[[], bool]) -> AsyncIterator[str]:
    async with fleet.feed.listen() as listener:
        yield ': connected\n\n'
        while True:
            told = ': still here\n\n'
            try:
                event = await asyncio.wait_for(anext(listener), KEEP_ALIVE_S)
            except TimeoutError:
                pass
            else:
                if not _concerns(event, facility):
                    continue
                name, content = _told(fleet, event)
                told = f'event: {name}\ndata: {content}\n\n'
            if not is_welcome():
                return
            yield told


def _concerns(event: Event, facility: str | None) -> bool:
    if facility is None:
        return True
    match event:
        case CameraChanged(camera):
            return camera.facility == facility
        case CrossingSeen(crossing):
            return crossing.facility == facility
        case AlertChanged(alert):
            return alert.facility in ('', facility)
        case _:
            return True


def _told(fleet: Fleet, event: Event) -> tuple[str, str]:
    told: tuple[str, str]
    match event:
        case CameraChanged(camera):
            told = 'camera', CameraAnswer.of(camera).model_dump_json()
        case CrossingSeen(crossing):
            told = 'crossing', CrossingAnswer.of(crossing).model_dump_json()
        case DeviceChanged(device):
            health = fleet.device(device.uuid)
            told = 'device', DeviceAnswer.of(health).model_dump_json() if health else '{}'
        case ShadowChanged(_, uuid):
            told = 'settings', json.dumps({'uuid': uuid})
        case PictureArrived(uuid, seen_by):
            told = 'picture', json.dumps({'uuid': uuid, 'camera': seen_by})
        case AlertChanged(alert):
            told = 'alert', AlertAnswer.of(alert, now_ms()).model_dump_json()
        case MissedEvents(number):
            told = 'missed', json.dumps({'number': number})
    return told
