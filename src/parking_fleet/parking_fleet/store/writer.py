"""Write batches: each count and crossing once, its summaries, and what is newest, in one transaction."""

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Connection, Table, case, delete, func, literal_column, select

from parking_fleet.store.batch import (
    Batch,
    CountEntry,
    CrossingEntry,
    PresenceEntry,
    RejectedEntry,
    Written,
)
from parking_fleet.store.database import Database
from parking_fleet.store.directory import Directory
from parking_fleet.store.statements import Row, insert, insert_new, merge_rows
from parking_fleet.store.summaries import (
    DayStart,
    add_up,
    add_up_flow,
    merge_count_rows,
    merge_flow_rows,
    minute_s,
    quarter_s,
)
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

QUARANTINED_BYTES = 4_096
"""So much of an invalid message is kept."""

QUARANTINED_AT_ONCE = 100
"""So many invalid messages of one batch are kept, the newest ones."""

_NUMBER_OF_STATE = {state: number for number, state in enumerate(STATES)}
_NEWEST_NUMBERS = (
    'cars', 'entered', 'left', 'net', 'capacity', 'occupied', 'free', 'unknown',
    'entered_today', 'left_today',
)  # fmt: skip


Entry = TypeVar('Entry', CountEntry, CrossingEntry)
CameraOf = Callable[[CountEntry | CrossingEntry], int]


class Writer:
    """Write batches to one database; for one thread. Any number of writers may share the database.

    Args:
        database: an open one, whose tables are up to date.
        day_start: gives the start of the day at a facility.
        quarantine_rows: how many invalid messages are kept.

    Attributes:
        number: tells what it wrote from what others did.
    """

    def __init__(self, database: Database, day_start: DayStart, quarantine_rows: int = 1_000) -> None:
        self._database = database
        self.number = 1 + secrets.randbelow(2**62)
        self._directory = Directory(database, self.number)
        self._day_start = day_start
        self._quarantine_rows = quarantine_rows

    def write(self, batch: Batch) -> Written:
        """Write a batch, whole or not at all, and say what of it was new.

        Raises:
            sqlalchemy.exc.DBAPIError: when nothing was written.
        """
        devices = self._directory.devices(_first_arrivals(batch))
        cameras = self._directory.cameras(
            (devices[entry.report.uuid], entry.report.camera, entry.report.facility, entry.report.floor)
            for entry in chain[CountEntry | CrossingEntry](batch.counts, batch.crossings)
        )

        def camera_of(entry: CountEntry | CrossingEntry) -> int:
            report = entry.report
            return cameras[devices[report.uuid], report.camera, report.facility, report.floor]

        with self._database.writing() as connection:
            counts = self._add_counts(connection, batch.counts, devices, camera_of)
            crossings = self._add_crossings(connection, batch.crossings, devices, camera_of)
            presences = _newest_presences(batch.presences)
            self._update_devices(connection, devices, counts, crossings, presences)
            self._quarantine(connection, batch.rejected)
        given = len(batch.counts) + len(batch.crossings)
        return Written(
            counts=counts,
            crossings=crossings,
            presences=presences,
            duplicates=given - len(counts) - len(crossings),
        )

    def _add_counts(
        self, connection: Connection, entries: list[CountEntry], devices: dict[str, int], camera_of: CameraOf
    ) -> list[CountEntry]:
        by_key = _by_key(entries, devices)
        rows = [_count_row(key, by_key[key], camera_of(by_key[key])) for key in sorted(by_key)]
        new = [by_key[key] for key in insert_new(connection, COUNTS, rows)]
        placed = [(camera_of(entry), entry) for entry in new]
        for table, start_s in ((MINUTES, _minute_s), (QUARTERS, _quarter_s), (DAYS, self._day_s)):
            rows_of_table = add_up((camera, start_s(entry), entry) for camera, entry in placed)
            merge_rows(connection, table, rows_of_table, merge_count_rows)
        self._update_newest(connection, placed)
        return new

    def _add_crossings(
        self,
        connection: Connection,
        entries: list[CrossingEntry],
        devices: dict[str, int],
        camera_of: CameraOf,
    ) -> list[CrossingEntry]:
        by_key = _by_key(entries, devices)
        rows = [_crossing_row(key, by_key[key], camera_of(by_key[key])) for key in sorted(by_key)]
        new = [by_key[key] for key in insert_new(connection, CROSSINGS, rows)]
        placed = [(camera_of(entry), entry) for entry in new]
        for table, start_s in ((FLOW_QUARTERS, _quarter_s), (FLOW_DAYS, self._day_s)):
            rows_of_table = add_up_flow((camera, start_s(entry), entry) for camera, entry in placed)
            merge_rows(connection, table, rows_of_table, merge_flow_rows)
        return new

    def _update_newest(self, connection: Connection, placed: list[tuple[int, CountEntry]]) -> None:
        """Make the newest count of each camera the one that the camera shows."""
        newest: dict[int, CountEntry] = {}
        for camera_id, entry in placed:
            known = newest.get(camera_id)
            if known is None or entry.report.seq > known.report.seq:
                newest[camera_id] = entry
        rows = [
            {**_newest_row(camera_id, newest[camera_id]), 'written_by': self.number}
            for camera_id in sorted(newest)
        ]
        merge_rows(connection, CAMERAS, rows, _merge_newest)

    def _day_s(self, entry: CountEntry | CrossingEntry) -> int:
        return self._day_start(entry.report.facility, entry.placed_ms)

    def _update_devices(
        self,
        connection: Connection,
        devices: dict[str, int],
        counts: list[CountEntry],
        crossings: list[CrossingEntry],
        presences: list[PresenceEntry],
    ) -> None:
        heard = [
            {**_heard_row(devices[uuid], uuid, entries), 'written_by': self.number}
            for uuid, entries in _by_device(chain(counts, crossings)).items()
        ]
        merge_rows(connection, DEVICES, sorted(heard, key=_id), _merge_heard)
        came_or_went = [_presence_row(devices[entry.report.uuid], entry) for entry in presences]
        merge_rows(connection, DEVICES, sorted(came_or_went, key=_id), _merge_presence)

    def _quarantine(self, connection: Connection, rejected: list[RejectedEntry]) -> None:
        if not rejected:
            return
        rows = [
            {
                'received_ms': entry.received_ms,
                'topic': entry.topic.replace('\0', ''),
                'reason': entry.reason.replace('\0', ''),
                'payload': base64.b64encode(entry.payload[:QUARANTINED_BYTES]).decode(),
                'bytes': len(entry.payload),
            }
            for entry in rejected[-QUARANTINED_AT_ONCE:]
        ]
        connection.execute(insert(QUARANTINE, connection), rows)
        newest = select(func.max(QUARANTINE.c.id)).scalar_subquery()
        connection.execute(delete(QUARANTINE).where(QUARANTINE.c.id <= newest - self._quarantine_rows))


def _minute_s(entry: CountEntry | CrossingEntry) -> int:
    return minute_s(entry.placed_ms)


def _quarter_s(entry: CountEntry | CrossingEntry) -> int:
    return quarter_s(entry.placed_ms)


def _first_arrivals(batch: Batch) -> dict[str, int]:
    first: dict[str, int] = {}
    entries = chain[CountEntry | CrossingEntry | PresenceEntry](
        batch.counts, batch.crossings, batch.presences
    )
    for entry in entries:
        uuid = entry.report.uuid
        first[uuid] = min(first.get(uuid, entry.received_ms), entry.received_ms)
    return first


def _by_key(entries: Iterable[Entry], devices: Mapping[str, int]) -> dict[tuple[int, int], Entry]:
    """Return the first of those that are the same, by device and number."""
    by_key: dict[tuple[int, int], Entry] = {}
    for entry in entries:
        by_key.setdefault((devices[entry.report.uuid], entry.report.seq), entry)
    return by_key


def _id(row: Row) -> int:
    number: int = row['id']
    return number


def _count_row(key: tuple[int, int], entry: CountEntry, camera_id: int) -> Row:
    report = entry.report
    return {
        'device_id': key[0],
        'seq': key[1],
        'camera_id': camera_id,
        'observed_ms': entry.placed_ms,
        'received_ms': entry.received_ms,
        'state': _NUMBER_OF_STATE[report.state],
        'clock': int(entry.clock),
        'cars': report.cars,
        'entered': report.entered,
        'left': report.left,
        'capacity': report.capacity,
        'occupied': report.occupied,
        'free': report.free,
        'unknown': report.unknown,
    }


def _crossing_row(key: tuple[int, int], entry: CrossingEntry, camera_id: int) -> Row:
    report = entry.report
    return {
        'device_id': key[0],
        'seq': key[1],
        'camera_id': camera_id,
        'observed_ms': entry.placed_ms,
        'received_ms': entry.received_ms,
        'clock': int(entry.clock),
        'gate': report.gate,
        'direction': report.direction,
        'track': report.track,
    }


def _newest_row(camera_id: int, entry: CountEntry) -> Row:
    report = entry.report
    return {
        'id': camera_id,
        # Of the row that is there already; an INSERT must name them all the same.
        'device_id': 0,
        'name': report.camera,
        'facility': report.facility,
        'floor': report.floor,
        'seq': report.seq,
        'observed_ms': entry.placed_ms,
        'received_ms': entry.received_ms,
        'state': report.state,
        **{name: getattr(report, name) for name in _NEWEST_NUMBERS},
        'zones': orjson.dumps(report.zones).decode(),
        'bays': orjson.dumps(report.bays).decode(),
        'gates': orjson.dumps(report.gates).decode(),
    }


def _merge_newest(table: Table, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    told = ('seq', 'observed_ms', 'received_ms', 'state', *_NEWEST_NUMBERS, 'zones', 'bays', 'gates')
    names = (*told, 'written_by')
    return {name: case((new['seq'] > table.c.seq, new[name]), else_=table.c[name]) for name in names}


def _by_device(
    entries: Iterable[CountEntry | CrossingEntry],
) -> dict[str, list[CountEntry | CrossingEntry]]:
    by_device: dict[str, list[CountEntry | CrossingEntry]] = {}
    for entry in entries:
        by_device.setdefault(entry.report.uuid, []).append(entry)
    return by_device


def _heard_row(device_id: int, uuid: str, entries: list[CountEntry | CrossingEntry]) -> Row:
    newest = max(entries, key=lambda entry: entry.report.seq)
    report = newest.report
    is_live = isinstance(newest, CountEntry) and newest.is_live
    return {
        'id': device_id,
        'uuid': uuid,
        'thing': max(entry.thing for entry in entries),
        'first_ms': min(entry.received_ms for entry in entries),
        'last_ms': max(entry.received_ms for entry in entries),
        'seq': report.seq,
        'clock_synced': report.clock_synced,
        'clock_offset_ms': newest.received_ms - report.observed_ms if is_live else None,
        'dropped': report.dropped,
    }


def _merge_heard(table: Table, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    old = table.c
    is_newer = new['seq'] > old.seq
    return {
        'thing': case((new['thing'] == literal_column("''"), old.thing), else_=new['thing']),
        'written_by': new['written_by'],
        'first_ms': case((new['first_ms'] < old.first_ms, new['first_ms']), else_=old.first_ms),
        'last_ms': case((new['last_ms'] > old.last_ms, new['last_ms']), else_=old.last_ms),
        **{name: case((is_newer, new[name]), else_=old[name]) for name in ('seq', 'clock_synced', 'dropped')},
        'clock_offset_ms': case(
            (is_newer & new['clock_offset_ms'].is_not(None), new['clock_offset_ms']),
            else_=old.clock_offset_ms,
        ),
    }


def _newest_presences(entries: list[PresenceEntry]) -> list[PresenceEntry]:
    newest: dict[str, PresenceEntry] = {}
    for entry in entries:
        known = newest.get(entry.report.uuid)
        if known is None or entry.received_ms >= known.received_ms:
            newest[entry.report.uuid] = entry
    return list(newest.values())


def _presence_row(device_id: int, entry: PresenceEntry) -> Row:
    return {
        'id': device_id,
        'uuid': entry.report.uuid,
        'thing': entry.thing,
        'first_ms': entry.received_ms,
        'presence': entry.report.status,
        'presence_ms': entry.received_ms,
    }


def _merge_presence(table: Table, new: Mapping[str, ColumnElement[Any]]) -> dict[str, ColumnElement[Any]]:
    old = table.c
    return {
        'thing': case((new['thing'] == literal_column("''"), old.thing), else_=new['thing']),
        **{
            name: case((new['presence_ms'] >= old.presence_ms, new[name]), else_=old[name])
            for name in ('presence', 'presence_ms')
        },
    }
