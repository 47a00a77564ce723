"""Keep shadows, one row a thing, changed by one worker at a time."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from parking_fleet.shadow.document import Document
from parking_fleet.store.database import Database
from parking_fleet.store.statements import insert
from parking_fleet.store.tables import DEVICES, LEASES, SHADOWS

LEASE_MS = 15_000
"""So long others leave the answers to a worker that has answered, and then seems to be gone."""

_LEASE = 'shadows'


class ShadowStore:
    """Hold the shadows of all things.

    Args:
        database: where they are.
        holder: names this worker among those that answer; '' where it is the only one.
    """

    def __init__(self, database: Database, holder: str = '') -> None:
        self._database = database
        self._holder = holder

    def change(self, thing: str, now_ms: int, act: Callable[[Document], Document]) -> Document | None:
        """Let `act` change a shadow, while nobody else does.

        Args:
            thing: whose it is.
            now_ms: Unix milliseconds.
            act: returns the shadow as it is to be; the very same one when nothing changes.

        Returns:
            The shadow as it is then; None when another worker answers at present.
        """
        with self._database.writing() as connection:
            if self._holder and not self._has_the_lease(connection, now_ms):
                return None
            row = connection.execute(
                select(SHADOWS).where(SHADOWS.c.thing == thing).with_for_update()
            ).first()
            before = _document(row) if row is not None else Document()
            after = act(before)
            if after is not before:
                self._write(connection, thing, after, now_ms)
            return after

    def tell_devices(self, facts: dict[str, dict[str, Any]]) -> None:
        """Note what shadows say of devices, by thing, as `facts.facts_of` names it."""
        with self._database.writing() as connection:
            for thing, values in facts.items():
                connection.execute(update(DEVICES).where(DEVICES.c.thing == thing).values(**values))

    def _has_the_lease(self, connection: Connection, now_ms: int) -> bool:
        connection.execute(
            insert(LEASES, connection)
            .values(name=_LEASE, holder=self._holder, until_ms=0)
            .on_conflict_do_nothing()
        )
        row = connection.execute(select(LEASES).where(LEASES.c.name == _LEASE).with_for_update()).one()
        is_mine = row.holder == self._holder
        if not is_mine and row.until_ms > now_ms:
            return False
        if not is_mine or row.until_ms < now_ms + LEASE_MS // 2:
            connection.execute(
                update(LEASES)
                .where(LEASES.c.name == _LEASE)
                .values(holder=self._holder, until_ms=now_ms + LEASE_MS)
            )
        return True

    def _write(self, connection: Connection, thing: str, document: Document, now_ms: int) -> None:
        values = {
            'state': None if document.state is None else orjson.dumps(document.state).decode(),
            'metadata': orjson.dumps(document.metadata).decode(),
            'version': document.version,
            'changed_ms': now_ms,
        }
        statement = insert(SHADOWS, connection).values(thing=thing, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=['thing'], set_=values))


def _document(row: Any) -> Document:
    state = None if row.state is None else orjson.loads(row.state)
    return Document(state, orjson.loads(row.metadata), row.version)
