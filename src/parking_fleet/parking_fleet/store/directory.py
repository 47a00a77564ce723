"""Number devices and cameras, and remember their numbers."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, select, tuple_

from parking_fleet.store.database import Database
from parking_fleet.store.statements import insert
from parking_fleet.store.tables import CAMERAS, DEVICES

CameraKey = tuple[int, str, str, str]
"""Device id, camera, facility, floor."""

# What one query may ask for; SQLite and PostgreSQL take 32,766 values and more.
_AT_ONCE = 2_000


class Directory:
    """Give the ids of devices and cameras, made at their first message."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices: dict[str, int] = {}
        self._cameras: dict[CameraKey, int] = {}

    def devices(self, first_ms: dict[str, int]) -> dict[str, int]:
        """Return the ids of all devices known so far, with those of these uuids."""
        missing = sorted(uuid for uuid in first_ms if uuid not in self._devices)
        if missing:
            rows = [{'uuid': uuid, 'first_ms': first_ms[uuid]} for uuid in missing]
            for (uuid,), number in self._number(DEVICES, ('uuid',), rows):
                self._devices[uuid] = number
        return self._devices

    def cameras(self, keys: Iterable[CameraKey]) -> dict[CameraKey, int]:
        """Return the ids of all cameras known so far, with these."""
        missing = sorted({key for key in keys if key not in self._cameras})
        names = ('device_id', 'name', 'facility', 'floor')
        if missing:
            for key, number in self._number(
                CAMERAS, names, [dict(zip(names, key, strict=True)) for key in missing]
            ):
                self._cameras[key] = number
        return self._cameras

    def _number(
        self, table: Table, names: tuple[str, ...], rows: list[dict[str, Any]]
    ) -> list[tuple[Any, int]]:
        columns = [table.c[name] for name in names]
        found: list[tuple[Any, int]] = []
        for begin in range(0, len(rows), _AT_ONCE):
            part = rows[begin : begin + _AT_ONCE]
            keys = [tuple(row[name] for name in names) for row in part]
            with self._database.writing() as connection:
                # Another worker may number the same one at this moment.
                connection.execute(insert(table, connection).on_conflict_do_nothing(), part)
                wanted = select(table.c.id, *columns).where(tuple_(*columns).in_(keys))
                found += [(tuple(row[1:]), row[0]) for row in connection.execute(wanted)]
        return found
