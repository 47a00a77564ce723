"""Ask the store: what is now, what was, and what was refused."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Float, Row, Select, Table, cast, false, func, literal, select

from parking_fleet.store.batch import Clock
from parking_fleet.store.carrying import carry_forward, places_that_add_up
from parking_fleet.store.database import Database
from parking_fleet.store.tables import (
    CAMERAS,
    COUNTS,
    CROSSINGS,
    DAYS,
    DEVICES,
    FLOW_DAYS,
    FLOW_QUARTERS,
    MINUTES,
    QUARANTINE,
    QUARTERS,
    STATES,
)
from parking_fleet.store.values import (
    CameraState,
    CountRecord,
    CrossingRecord,
    DeviceRecord,
    FacilityPoint,
    FlowPoint,
    HistoryPoint,
    QuarantinedMessage,
    Step,
)

MAX_ROWS = 100_000
"""No answer has more rows; ask for less time or coarser steps."""

_AT_ONCE = 5_000
_SUMMARIES: dict[Step, Table] = {'minute': MINUTES, 'quarter': QUARTERS, 'day': DAYS}
_CAMERA_NUMBERS = (
    'seq',
    'observed_ms',
    'received_ms',
    'state',
    'cars',
    'entered',
    'left',
    'net',
    'capacity',
    'occupied',
    'free',
    'unknown',
    'entered_today',
    'left_today',
    'facility',
    'floor',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Name what is asked for; None means all of them, and '' the one without a name."""

    facility: str | None = None
    floor: str | None = None
    uuid: str | None = None
    camera: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hold a time from `since_ms` up to but not including `until_ms`, Unix milliseconds."""

    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Part:
    """Name one of `number` parts of all rows, about as large as the others: the one of that index."""

    index: int
    number: int


class Reader:
    """Answer questions; may be used from several threads at once.

    Args:
        database: an open one, whose tables are up to date.
        hold_s: for how long a count stands when no newer one comes.
    """

    def __init__(self, database: Database, hold_s: float = 300.0) -> None:
        self._database = database
        self._hold_s = hold_s

    def cameras(self) -> list[CameraState]:
        """Return the newest count of each camera that reported.

        A camera that was moved to another floor is given where it is now.
        """
        return self.newer_cameras({})

    def newer_cameras(
        self,
        known: Mapping[tuple[str, str], CameraState],
        since_ms: int = 0,
        *,
        but_by: int | None = None,
        part: Part | None = None,
    ) -> list[CameraState]:
        """Return the newest counts that are newer than those known, received since then.

        Args:
            known: newest counts by device and camera; only their numbers are looked at.
            since_ms: Unix milliseconds.
            but_by: the writer whose counts the caller knows already.
            part: of this part everything is looked at, whenever it was received, by whomever.
        """
        wanted = _since(CAMERAS, CAMERAS.c.received_ms >= since_ms, but_by) | _in_part(CAMERAS, part)
        glance = (
            select(CAMERAS.c.id, CAMERAS.c.seq, DEVICES.c.uuid, CAMERAS.c.name)
            .join(DEVICES, DEVICES.c.id == CAMERAS.c.device_id)
            .where(wanted, CAMERAS.c.received_ms > 0)
        )
        whole = select(DEVICES.c.uuid, CAMERAS).join(DEVICES, DEVICES.c.id == CAMERAS.c.device_id)
        found: list[Row[Any]] = []
        with self._database.reading() as connection:
            newer = [
                number
                for number, seq, uuid, camera in connection.execute(glance)
                if (one := known.get((uuid, camera))) is None or one.seq < seq
            ]
            for begin in range(0, len(newer), _AT_ONCE):
                part_of_them = whole.where(CAMERAS.c.id.in_(newer[begin : begin + _AT_ONCE]))
                found += connection.execute(part_of_them)
        newest = {(row.device_id, row.name): row for row in sorted(found, key=lambda row: row.seq)}
        return [_camera(row) for row in newest.values()]

    def devices(
        self,
        *,
        heard_since_ms: int = 0,
        came_since_ms: int = 0,
        but_by: int | None = None,
        part: Part | None = None,
    ) -> list[DeviceRecord]:
        """Return every device heard since then, or that came, went or was new since then.

        Args:
            heard_since_ms: a message came in then, or later; Unix milliseconds.
            came_since_ms: it said that it came or went then, or later, or its first message came in.
            but_by: the writer of which the caller knows already whom it heard.
            part: of this part every device.
        """
        heard = (DEVICES.c.last_ms >= heard_since_ms) | (DEVICES.c.first_ms >= came_since_ms)
        wanted = (
            _since(DEVICES, heard, but_by)
            | (DEVICES.c.presence_ms >= came_since_ms)
            | _in_part(DEVICES, part)
        )
        with self._database.reading() as connection:
            return [
                _device(row)
                for row in connection.execute(select(DEVICES).where(wanted).order_by(DEVICES.c.uuid))
            ]

    def history(self, place: Place, step: Step, span: Span) -> list[HistoryPoint]:
        """Return the course of a place, a point for each bucket in which a camera reported.

        Steps of a minute are shorter than a device's interval: there a camera's last count stands
        until the next, for `hold_s` at most. Where several cameras are summed up, each counts for its
        share of the bays that others see too.
        """
        table = _SUMMARIES[step]
        since_s, until_s = span.since_ms // 1000, -(-span.until_ms // 1000)
        if step == 'minute':
            wanted = _of_cameras(select(table, _share_in(place).label('share')), table, place).where(
                table.c.start_s >= since_s - self._hold_s, table.c.start_s < until_s
            )
            with self._database.reading() as connection:
                rows = connection.execute(wanted.order_by(table.c.start_s).limit(MAX_ROWS)).all()
            return carry_forward(rows, since_s=since_s, until_s=until_s, hold_s=self._hold_s)
        share = _share_in(place)
        mean = {
            name: cast(table.c[f'{name}_sum'], Float) / func.nullif(table.c.known, 0)
            for name in ('cars', 'occupied')
        }
        columns = [
            table.c.start_s,
            func.sum(table.c.last_cars),
            func.sum(mean['cars']),
            func.sum(table.c.cars_min),
            func.sum(table.c.cars_max),
            *(func.sum(table.c[f'last_{name}'] * share) for name in ('occupied', 'free', 'capacity')),
            func.sum(mean['occupied'] * share),
            func.sum(table.c.occupied_max * share),
            func.count(),
            func.sum(table.c.known),
        ]
        summed = (
            _of_cameras(select(*columns), table, place)
            .where(table.c.start_s >= since_s, table.c.start_s < until_s)
            .group_by(table.c.start_s)
            .order_by(table.c.start_s)
            .limit(MAX_ROWS)
        )
        with self._database.reading() as connection:
            return [_point(row) for row in connection.execute(summed)]

    def facilities_history(self, span: Span) -> list[FacilityPoint]:
        """Return the course of every facility, a point for each 15 minutes in which a camera reported."""
        summed = (
            select(
                CAMERAS.c.facility,
                QUARTERS.c.start_s,
                func.sum(QUARTERS.c.last_occupied * CAMERAS.c.share),
                func.sum(QUARTERS.c.last_free * CAMERAS.c.share),
            )
            .join(CAMERAS, CAMERAS.c.id == QUARTERS.c.camera_id)
            .where(
                QUARTERS.c.start_s >= span.since_ms // 1000, QUARTERS.c.start_s < -(-span.until_ms // 1000)
            )
            .group_by(CAMERAS.c.facility, QUARTERS.c.start_s)
            .order_by(CAMERAS.c.facility, QUARTERS.c.start_s)
            .limit(MAX_ROWS)
        )
        with self._database.reading() as connection:
            return [
                FacilityPoint(row[0], row[1], round(row[2]), round(row[3]))
                for row in connection.execute(summed)
            ]

    def flow(self, place: Place, step: Step, span: Span) -> list[FlowPoint]:
        """Return the cars through each gate in steps of 15 minutes or a day."""
        table = FLOW_DAYS if step == 'day' else FLOW_QUARTERS
        summed = (
            _of_cameras(
                select(table.c.start_s, table.c.gate, func.sum(table.c.entered), func.sum(table.c.left)),
                table,
                place,
            )
            .where(table.c.start_s >= span.since_ms // 1000, table.c.start_s < -(-span.until_ms // 1000))
            .group_by(table.c.start_s, table.c.gate)
            .order_by(table.c.start_s, table.c.gate)
            .limit(MAX_ROWS)
        )
        with self._database.reading() as connection:
            return [FlowPoint(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(summed)]

    def crossings(self, place: Place, span: Span, limit: int = 1_000) -> list[CrossingRecord]:
        """Return single cars through gates, the newest first."""
        with self._database.reading() as connection:
            return [
                CrossingRecord(**_named(row), gate=row.gate, direction=row.direction, track=row.track)
                for row in connection.execute(_newest_first(CROSSINGS, place, span, limit))
            ]

    def counts(self, place: Place, span: Span, limit: int = 1_000) -> list[CountRecord]:
        """Return single counts, the newest first."""
        with self._database.reading() as connection:
            return [
                CountRecord(
                    **_named(row),
                    clock=Clock(row.clock).name,
                    state=STATES[row.state],  # type: ignore[arg-type]  # the names of State, in their order
                    cars=row.cars,
                    entered=row.entered,
                    left=row.left,
                    capacity=row.capacity,
                    occupied=row.occupied,
                    free=row.free,
                    unknown=row.unknown,
                )
                for row in connection.execute(_newest_first(COUNTS, place, span, limit))
            ]

    def quarantine(self, limit: int = 100, before_id: int | None = None) -> list[QuarantinedMessage]:
        """Return invalid messages, the newest first."""
        wanted = select(QUARANTINE).order_by(QUARANTINE.c.id.desc()).limit(min(limit, MAX_ROWS))
        if before_id is not None:
            wanted = wanted.where(QUARANTINE.c.id < before_id)
        with self._database.reading() as connection:
            return [
                QuarantinedMessage(
                    id=row.id,
                    received_ms=row.received_ms,
                    topic=row.topic,
                    reason=row.reason,
                    payload=base64.b64decode(row.payload),
                    size_bytes=row.bytes,
                )
                for row in connection.execute(wanted)
            ]


def _since(table: Table, came: ColumnElement[bool], but_by: int | None) -> ColumnElement[bool]:
    return came if but_by is None else came & (table.c.written_by != but_by)


def _in_part(table: Table, part: Part | None) -> ColumnElement[bool]:
    return false() if part is None else table.c.id % part.number == part.index


def _of_cameras(statement: Select[Any], table: Table, place: Place) -> Select[Any]:
    joined = statement.join(CAMERAS, CAMERAS.c.id == table.c.camera_id)
    if place.facility is not None:
        joined = joined.where(CAMERAS.c.facility == place.facility)
    if place.floor is not None:
        joined = joined.where(CAMERAS.c.floor == place.floor)
    if place.camera is not None:
        joined = joined.where(CAMERAS.c.name == place.camera)
    if place.uuid is not None:
        joined = joined.join(DEVICES, DEVICES.c.id == CAMERAS.c.device_id).where(DEVICES.c.uuid == place.uuid)
    return joined


def _newest_first(table: Table, place: Place, span: Span, limit: int) -> Select[Any]:
    # With the devices of the outer query it would be no query of its own.
    of_device = select(DEVICES.c.uuid).where(DEVICES.c.id == table.c.device_id).correlate(table)
    uuid = of_device.scalar_subquery().label('uuid')
    columns = (table, uuid, CAMERAS.c.name, CAMERAS.c.facility, CAMERAS.c.floor)
    return (
        _of_cameras(select(*columns), table, place)
        .where(table.c.observed_ms >= span.since_ms, table.c.observed_ms < span.until_ms)
        .order_by(table.c.observed_ms.desc(), table.c.seq.desc())
        .limit(min(limit, MAX_ROWS))
    )


def _named(row: Row[Any]) -> dict[str, Any]:
    return {
        'uuid': row.uuid,
        'seq': row.seq,
        'camera': row.name,
        'facility': row.facility,
        'floor': row.floor,
        'observed_ms': row.observed_ms,
        'received_ms': row.received_ms,
    }


def _share_in(place: Place) -> ColumnElement[float]:
    """Return what a camera counts for: all that it sees, where it is asked for alone."""
    return literal(1.0) if place.camera is not None else CAMERAS.c.share


def _point(row: Row[Any]) -> HistoryPoint:
    # PostgreSQL's sums of bigint are decimals.
    values = tuple(row)
    start_s, cars, cars_mean, cars_least, cars_most = values[:5]
    occupied, free, capacity, occupied_mean, occupied_most, cameras, known = values[5:]
    return HistoryPoint(
        start_s=start_s,
        cars=int(cars),
        cars_mean=cars_mean,
        cars_least=None if cars_least is None else int(cars_least),
        cars_most=None if cars_most is None else int(cars_most),
        **places_that_add_up(occupied, free, capacity),
        occupied_mean=occupied_mean,
        occupied_most=None if occupied_most is None else round(occupied_most),
        cameras=cameras,
        known=int(known),
    )


def _camera(row: Row[Any]) -> CameraState:
    told = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return CameraState.make(
        {'uuid': told['uuid'], 'camera': told['name'], **{name: told[name] for name in _CAMERA_NUMBERS}},
        zones=orjson.loads(told['zones']),
        bays=orjson.loads(told['bays']),
        gates=orjson.loads(told['gates']),
    )


def _device(row: Row[Any]) -> DeviceRecord:
    return DeviceRecord(
        uuid=row.uuid,
        thing=row.thing,
        first_ms=row.first_ms,
        last_ms=row.last_ms,
        presence=row.presence,
        presence_ms=row.presence_ms,
        clock_synced=row.clock_synced,
        clock_offset_ms=row.clock_offset_ms,
        dropped=row.dropped,
        interval_s=row.interval_s,
        model=row.model,
        certificate_until_ms=row.certificate_until_ms,
        temperature_c=row.temperature_c,
        waiting=row.waiting,
    )
