"""Set devices and ask them for pictures under /api/v1."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Response, status
from pydantic import BaseModel, Field

from parking_fleet.api.login import Doorkeeper
from parking_fleet.api.models import optional_time_text, time_text
from parking_fleet.service import Service
from parking_fleet.shadow.wishes import Standing, State, checked, standings


class SettingAnswer(BaseModel):
    """How one setting stands."""

    name: str
    wished: Any = Field(description='What is wished for; null: it is as the device is configured.')
    told: Any = Field(description='What the device last said that it has; null: it did not say.')
    state: State
    reason: str = Field(description='Of `pending` and `refused`.')

    @classmethod
    def of(cls, standing: Standing) -> 'SettingAnswer':
        """Return the answer about this setting."""
        return cls(
            name=standing.name,
            wished=standing.wished,
            told=standing.told,
            state=standing.state,
            reason=standing.reason,
        )


class SettingsAnswer(BaseModel):
    """How the settings of a device stand."""

    uuid: str
    thing: str
    version: int = Field(description='Of the device shadow; 0: there is none yet.')
    reported_at: str | None
    settings: list[SettingAnswer]


class TakenAnswer(BaseModel):
    """That a wish is in the device shadow; the device hears of it when it is connected."""

    version: int


Wishes = Annotated[
    dict[str, Any],
    Body(
        description='Settings by name; null takes one away. Zones are as fleet.yaml has them, by camera.',
        examples=[{'interval_s': 60, 'min_confidence': None}],
    ),
]


def make_settings_router(service: Service, door: Doorkeeper) -> APIRouter:
    """Return the routes: who reads may look, operators may change."""
    router = APIRouter(
        prefix='/api/v1/devices/{uuid}', dependencies=[Depends(door.reader)], tags=['settings']
    )

    def thing_of(uuid: str) -> str:
        if service.fleet.device(uuid) is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, f'no device has the uuid {uuid!r}')
        return service.fleet.thing_of(uuid)

    @router.get('/settings')
    def settings(uuid: str) -> SettingsAnswer:
        """Return how the settings of a device stand; 503 until its shadow was heard of."""
        thing = thing_of(uuid)
        shadow = service.shadows.wait_for_document(thing)
        if shadow is None:
            raise HTTPException(
                status.HTTP_503_SERVICE_UNAVAILABLE,
                service.shadows.problem or 'the device shadow is not known yet; try again',
            )
        return SettingsAnswer(
            uuid=uuid,
            thing=thing,
            version=shadow.version,
            reported_at=optional_time_text(shadow.reported_s * 1000),
            settings=[SettingAnswer.of(each) for each in standings(shadow)],
        )

    @router.patch('/settings', dependencies=[Depends(door.operator)])
    def change(uuid: str, wishes: Wishes) -> TakenAnswer:
        """Wish for settings of a device; it tells later what became of them."""
        thing = thing_of(uuid)
        if problems := checked(wishes):
            detail = '; '.join(f'{name}: {problem}' for name, problem in problems.items())
            raise HTTPException(status.HTTP_422_UNPROCESSABLE_ENTITY, detail)
        outcome = service.shadows.desire(thing, wishes)
        if not outcome.is_taken:
            raise HTTPException(outcome.code, outcome.reason)
        return TakenAnswer(version=outcome.version)

    @router.get(
        '/snapshots/{camera}', response_class=Response, responses={200: {'content': {'image/jpeg': {}}}}
    )
    def snapshot(uuid: str, camera: str) -> Response:
        """Return the newest picture of a camera, as JPEG; 404 while there is none."""
        thing_of(uuid)
        picture = service.pictures.newest(uuid, camera)
        if picture is None:
            reason = service.pictures.reason(uuid, camera) or 'no picture was asked for yet'
            raise HTTPException(status.HTTP_404_NOT_FOUND, reason)
        headers = {
            'Cache-Control': 'no-store',
            'X-Content-Type-Options': 'nosniff',
            'X-Observed-At': time_text(picture.observed_ms),
        }
        return Response(picture.jpeg, media_type='image/jpeg', headers=headers)

    @router.post(
        '/snapshots/{camera}/request',
        status_code=status.HTTP_202_ACCEPTED,
        dependencies=[Depends(door.operator)],
    )
    def ask(uuid: str, camera: str) -> None:
        """Ask a device for a picture; the event `picture` tells when it has answered."""
        thing_of(uuid)
        if problem := service.pictures.ask(uuid, camera):
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, problem)

    return router
