"""Name what the API answers; times are ISO 8601 in UTC."""

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from parking_fleet.health.devices import DeviceHealth, Standing
from parking_fleet.messages.values import Direction, State
from parking_fleet.places.views import Basis, BayView, CameraView, FacilityView, FloorView, Places, ZoneView
from parking_fleet.store.values import (
    BayStateName,
    CameraState,
    CrossingRecord,
    FlowPoint,
    HistoryPoint,
    QuarantinedMessage,
)


def time_text(time_ms: int) -> str:
    """Return Unix milliseconds as ISO 8601 in UTC."""
    return (
        dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
        .isoformat(timespec='milliseconds')
        .replace('+00:00', 'Z')
    )


def optional_time_text(time_ms: int) -> str | None:
    """Return Unix milliseconds as ISO 8601 in UTC; None for 0, which means never."""
    return time_text(time_ms) if time_ms else None


Rounded = Annotated[float, PlainSerializer(lambda value: round(value, 3), return_type=float)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlacesAnswer(_Answer):
    """How many places are free; the unknown ones may be either."""

    capacity: int
    free: int = Field(description='At least so many.')
    free_most: int = Field(description='At most so many.')
    occupied: int = Field(description='At least so many.')
    occupied_most: int = Field(description='At most so many.')
    unknown: int

    @classmethod
    def of(cls, places: Places) -> 'PlacesAnswer':
        """Return the answer about these places."""
        return cls(
            capacity=places.capacity,
            free=places.free,
            free_most=places.free_most,
            occupied=places.occupied,
            occupied_most=places.occupied_most,
            unknown=places.unknown,
        )


class FacilitySummary(_Answer):
    """A facility as it is now."""

    id: str
    name: str = Field(description='As the devices tell it.')
    title: str
    time_zone: str
    places: PlacesAnswer
    basis: Basis = Field(description='What `places` rests on.')
    cars: int = Field(description='In the pictures of the cameras that see now.')
    inside: int | None = Field(description='By the totals of the gates; null without gates.')
    entered_today: int
    left_today: int
    is_open: bool
    devices: int
    devices_up: int
    disputed: int = Field(description='Bays of which cameras say different things.')
    newest_at: str | None

    @classmethod
    def of(cls, view: FacilityView) -> 'FacilitySummary':
        """Return the answer about this facility."""
        return cls(**_summary(view))


class ZoneAnswer(_Answer):
    """A zone of one camera."""

    name: str
    uuid: str
    camera: str
    cars: int
    places: PlacesAnswer
    is_known: bool

    @classmethod
    def of(cls, zone: ZoneView) -> 'ZoneAnswer':
        """Return the answer about this zone."""
        return cls(
            name=zone.name,
            uuid=zone.uuid,
            camera=zone.camera,
            cars=zone.cars,
            places=PlacesAnswer.of(zone.places),
            is_known=zone.is_known,
        )


class EvidenceAnswer(_Answer):
    """What one camera says of a bay."""

    uuid: str
    camera: str
    state: BayStateName
    confidence: float
    observed_at: str


class BayAnswer(_Answer):
    """A bay, once, whoever sees it."""

    name: str
    state: BayStateName
    last: BayStateName
    confidence: float
    is_disputed: bool
    evidence: list[EvidenceAnswer]

    @classmethod
    def of(cls, bay: BayView) -> 'BayAnswer':
        """Return the answer about this bay."""
        return cls(
            name=bay.name,
            state=bay.state,
            last=bay.last,
            confidence=bay.confidence,
            is_disputed=bay.is_disputed,
            evidence=[
                EvidenceAnswer(
                    uuid=each.uuid,
                    camera=each.camera,
                    state=each.state,
                    confidence=each.confidence,
                    observed_at=time_text(each.observed_ms),
                )
                for each in bay.evidence
            ],
        )


class CameraAnswer(_Answer):
    """The newest count of a camera."""

    uuid: str
    camera: str
    facility: str
    floor: str
    observed_at: str
    state: State
    cars: int
    entered: int
    left: int
    net: int
    capacity: int
    occupied: int
    free: int
    unknown: int

    @classmethod
    def of(cls, state: CameraState) -> 'CameraAnswer':
        """Return the answer about this camera."""
        names = set(cls.model_fields) - {'observed_at'}
        return cls(observed_at=time_text(state.observed_ms), **{name: getattr(state, name) for name in names})


class FloorCameraAnswer(CameraAnswer):
    """The newest count of a camera, and whether it holds."""

    is_known: bool = False
    why_unknown: str = ''

    @classmethod
    def of_view(cls, view: CameraView) -> 'FloorCameraAnswer':
        """Return the answer about this camera."""
        told = CameraAnswer.of(view.state).model_dump()
        return cls(**told, is_known=view.is_known, why_unknown=view.why_unknown)


class FloorAnswer(_Answer):
    """A floor."""

    name: str
    title: str
    places: PlacesAnswer
    cars: int
    zones: list[ZoneAnswer]
    bays: list[BayAnswer]
    cameras: list[FloorCameraAnswer]

    @classmethod
    def of(cls, floor: FloorView) -> 'FloorAnswer':
        """Return the answer about this floor."""
        return cls(
            name=floor.name,
            title=floor.title,
            places=PlacesAnswer.of(floor.places),
            cars=floor.cars,
            zones=[ZoneAnswer.of(zone) for zone in floor.zones],
            bays=[BayAnswer.of(bay) for bay in floor.bays],
            cameras=[FloorCameraAnswer.of_view(camera) for camera in floor.cameras],
        )


class FacilityAnswer(FacilitySummary):
    """A facility with its floors."""

    floors: list[FloorAnswer]

    @classmethod
    def of(cls, view: FacilityView) -> 'FacilityAnswer':
        """Return the answer about this facility."""
        return cls(**_summary(view), floors=[FloorAnswer.of(floor) for floor in view.floors])


class DeviceAnswer(_Answer):
    """A device and how it is."""

    uuid: str
    thing: str
    standing: Standing
    presence: Literal['online', 'offline', '']
    first_at: str
    last_at: str | None
    silent_s: Rounded | None
    interval_s: float
    clock_synced: bool | None
    clock_offset_ms: int | None
    dropped: int
    model: str | None
    certificate_until: str | None = Field(description='When its certificate ends; null: not told.')
    temperature_c: int | None = Field(description='Of its hottest part, in steps of 5; null: not told.')
    waiting: int | None = Field(
        description='Messages in its outbox, by the first digit; 0: fewer than 10; null: not told.'
    )
    problems: list[str]
    cameras: list[CameraAnswer]

    @classmethod
    def of(cls, health: DeviceHealth) -> 'DeviceAnswer':
        """Return the answer about this device."""
        record = health.record
        return cls(
            uuid=record.uuid,
            thing=record.thing,
            standing=health.standing,
            presence=record.presence,  # type: ignore[arg-type]  # checked when it came in
            first_at=time_text(record.first_ms),
            last_at=optional_time_text(record.last_ms),
            silent_s=health.silent_s,
            interval_s=health.interval_s,
            clock_synced=record.clock_synced,
            clock_offset_ms=record.clock_offset_ms,
            dropped=record.dropped,
            model=record.model,
            certificate_until=optional_time_text(record.certificate_until_ms or 0),
            temperature_c=record.temperature_c,
            waiting=record.waiting,
            problems=list(health.problems),
            cameras=[CameraAnswer.of(camera) for camera in health.cameras],
        )


class HistoryAnswer(_Answer):
    """A place in one step of time: sums over its cameras."""

    start: str = Field(description='When the step begins; of a day, its date at the facility.')
    cars: int = Field(description='At the end of the step.')
    cars_mean: Rounded | None
    cars_least: int | None
    cars_most: int | None
    occupied: int
    free: int
    unknown: int
    capacity: int
    occupied_mean: Rounded | None
    occupied_most: int | None
    cameras: int

    @classmethod
    def of(cls, point: HistoryPoint, *, is_day: bool) -> 'HistoryAnswer':
        """Return the answer about this step."""
        names = set(cls.model_fields) - {'start'}
        return cls(
            start=_start(point.start_s, is_day=is_day), **{name: getattr(point, name) for name in names}
        )


class FlowAnswer(_Answer):
    """The cars through a gate in one step of time."""

    start: str
    gate: str
    entered: int
    left: int

    @classmethod
    def of(cls, point: FlowPoint, *, is_day: bool) -> 'FlowAnswer':
        """Return the answer about this step."""
        return cls(
            start=_start(point.start_s, is_day=is_day),
            gate=point.gate,
            entered=point.entered,
            left=point.left,
        )


class CrossingAnswer(_Answer):
    """One car through one gate."""

    uuid: str
    seq: int
    camera: str
    facility: str
    floor: str
    observed_at: str
    received_at: str
    gate: str
    direction: Direction
    track: int

    @classmethod
    def of(cls, crossing: CrossingRecord) -> 'CrossingAnswer':
        """Return the answer about this car."""
        names = set(cls.model_fields) - {'observed_at', 'received_at'}
        return cls(
            observed_at=time_text(crossing.observed_ms),
            received_at=time_text(crossing.received_ms),
            **{name: getattr(crossing, name) for name in names},
        )


class QuarantineAnswer(_Answer):
    """A message that is none."""

    id: int
    received_at: str
    topic: str
    reason: str
    payload: str = Field(description='Its beginning; what is no UTF-8 is replaced.')
    size_bytes: int

    @classmethod
    def of(cls, message: QuarantinedMessage) -> 'QuarantineAnswer':
        """Return the answer about this message."""
        return cls(
            id=message.id,
            received_at=time_text(message.received_ms),
            topic=message.topic,
            reason=message.reason,
            payload=message.payload.decode(errors='replace'),
            size_bytes=message.size_bytes,
        )


def _summary(view: FacilityView) -> dict[str, Any]:
    names = set(FacilitySummary.model_fields) - {'places', 'newest_at'}
    return {
        **{name: getattr(view, name) for name in names},
        'places': PlacesAnswer.of(view.places),
        'newest_at': optional_time_text(view.newest_ms),
    }


def _start(start_s: int, *, is_day: bool) -> str:
    moment = dt.datetime.fromtimestamp(start_s, dt.UTC)
    return f'{moment:%Y-%m-%d}' if is_day else f'{moment:%Y-%m-%dT%H:%M:%SZ}'
