"""Number devices and cameras, and remember their numbers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, Table, select

from parking_fleet.store.database import Database
from parking_fleet.store.statements import Row, add_missing
from parking_fleet.store.tables import CAMERAS, DEVICES

Key = TypeVar('Key')
CameraKey = tuple[int, str, str, str]
"""Device id, camera, facility, floor."""

# What one query may ask for; SQLite and PostgreSQL take 32,766 values and more.
_AT_ONCE = 2_000


class Directory:
    """Give the ids of devices and cameras, made at their first message.

    Args:
        database: an open one, whose tables are up to date.
        writer: number of the writer that it is for.
    """

    def __init__(self, database: Database, writer: int) -> None:
        self._database = database
        self._writer = writer
        self._devices: dict[str, int] = {}
        self._cameras: dict[CameraKey, int] = {}

    def devices(self, first_ms: dict[str, int]) -> dict[str, int]:
        """Return the ids of all devices known so far, with those of these uuids."""
        missing = sorted(uuid for uuid in first_ms if uuid not in self._devices)
        for part in _parts(missing):
            rows = [{'uuid': uuid, 'first_ms': first_ms[uuid], 'written_by': self._writer} for uuid in part]
            wanted = select(DEVICES.c.id, DEVICES.c.uuid).where(DEVICES.c.uuid.in_(part))
            for number, uuid in self._add_and_find(DEVICES, rows, wanted):
                self._devices[uuid] = number
        return self._devices

    def cameras(self, keys: Iterable[CameraKey]) -> dict[CameraKey, int]:
        """Return the ids of all cameras known so far, with these."""
        missing = sorted({key for key in keys if key not in self._cameras})
        for part in _parts(missing):
            rows = [dict(zip(('device_id', 'name', 'facility', 'floor'), key, strict=True)) for key in part]
            columns = (CAMERAS.c.device_id, CAMERAS.c.name, CAMERAS.c.facility, CAMERAS.c.floor)
            # By the device alone: a list of four values each would be compared with every row.
            wanted = select(CAMERAS.c.id, *columns).where(CAMERAS.c.device_id.in_({key[0] for key in part}))
            for number, *key in self._add_and_find(CAMERAS, rows, wanted):
                self._cameras[key[0], key[1], key[2], key[3]] = number
        return self._cameras

    def _add_and_find(self, table: Table, rows: list[Row], wanted: Select[Any]) -> Sequence[Any]:
        with self._database.writing() as connection:
            # Another worker may add the same one at this moment.
            add_missing(connection, table, rows)
            return connection.execute(wanted).all()


def _parts(keys: list[Key]) -> Iterator[list[Key]]:
    for begin in range(0, len(keys), _AT_ONCE):
        yield keys[begin : begin + _AT_ONCE]
