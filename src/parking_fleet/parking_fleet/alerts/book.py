"""Keep alerts and what of them is still to be sent, so that a restart neither forgets nor repeats one."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from parking_fleet.alerts.values import Alert, Change, Delivery
from parking_fleet.store.database import Database
from parking_fleet.store.tables import ALERT_DELIVERIES, ALERTS

MOST_WAITING = 1_000
"""So many messages wait for one channel; the oldest are given up for newer ones."""

_FIELDS = tuple(field.name for field in fields(Alert))
_DAY_MS = 86_400_000


class AlertBook:
    """Read and write alerts; from any thread.

    Args:
        database: an open one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_alerts(self) -> list[Alert]:
        """Return all that have not ended, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(ALERTS).where(ALERTS.c.cleared_ms == 0).order_by(ALERTS.c.id.desc())
            )
            return [_alert(row) for row in rows]

    def past_alerts(self, limit: int, before_id: int | None = None) -> list[Alert]:
        """Return those that have ended, the newest first; `before_id` is the id to go on from."""
        wanted = select(ALERTS).where(ALERTS.c.cleared_ms > 0).order_by(ALERTS.c.id.desc()).limit(limit)
        if before_id is not None:
            wanted = wanted.where(ALERTS.c.id < before_id)
        with self._database.reading() as connection:
            return [_alert(row) for row in connection.execute(wanted)]

    def write(self, alert: Alert, change: Change, channels: Sequence[str], now_ms: int) -> Alert | None:
        """Store an alert and what is to be sent of it, both or neither.

        Returns:
            The alert with its id; None when the same is open already, made by another process.
        """
        try:
            with self._database.writing() as connection:
                stored = _store(connection, alert)
                content = orjson.dumps(asdict(stored)).decode()
                for channel in channels:
                    connection.execute(
                        insert(ALERT_DELIVERIES).values(
                            channel=channel, change=change, made_ms=now_ms, content=content
                        )
                    )
                return stored
        except IntegrityError:
            return None

    def waiting(self, channel: str, limit: int) -> list[Delivery]:
        """Return what is to be sent to a channel, the oldest first."""
        table = ALERT_DELIVERIES
        wanted = select(table).where(table.c.channel == channel).order_by(table.c.id).limit(limit)
        with self._database.reading() as connection:
            return [_delivery(row) for row in connection.execute(wanted)]

    def waiting_by_channel(self) -> dict[str, int]:
        """Return how many messages wait for each channel."""
        table = ALERT_DELIVERIES
        counted = select(table.c.channel, func.count()).group_by(table.c.channel)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(counted)}

    def done(self, ids: Iterable[int]) -> None:
        """Forget what was sent or given up."""
        with self._database.writing() as connection:
            connection.execute(delete(ALERT_DELIVERIES).where(ALERT_DELIVERIES.c.id.in_(list(ids))))

    def give_up(self, channel: str, before_ms: int) -> int:
        """Forget what waits for too long or is too much, and return how many messages that were."""
        table = ALERT_DELIVERIES
        newest = (
            select(table.c.id)
            .where(table.c.channel == channel)
            .order_by(table.c.id.desc())
            .offset(MOST_WAITING)
            .limit(1)
            .scalar_subquery()
        )
        with self._database.reading() as connection:
            oldest_kept = connection.execute(select(newest)).scalar()
            oldest_ms = connection.execute(
                select(func.min(table.c.made_ms)).where(table.c.channel == channel)
            ).scalar()
        if oldest_kept is None and (oldest_ms is None or oldest_ms >= before_ms):
            return 0
        with self._database.writing() as connection:
            return connection.execute(
                delete(table).where(
                    table.c.channel == channel,
                    (table.c.made_ms < before_ms) | (table.c.id <= (oldest_kept or 0)),
                )
            ).rowcount

    def forget_channels(self, known: Iterable[str]) -> int:
        """Forget what was for channels that the settings name no more."""
        with self._database.writing() as connection:
            return connection.execute(
                delete(ALERT_DELIVERIES).where(ALERT_DELIVERIES.c.channel.not_in(list(known)))
            ).rowcount

    def remove_old(self, now_ms: int, keep_days: int, keep_rows: int) -> int:
        """Remove ended alerts that are too old or too many, and return how many."""
        newest = select(ALERTS.c.id).where(ALERTS.c.cleared_ms > 0).order_by(ALERTS.c.id.desc())
        with self._database.writing() as connection:
            last = connection.execute(newest.offset(keep_rows).limit(1)).scalar()
            ended = ALERTS.c.cleared_ms > 0
            is_old = ALERTS.c.cleared_ms < now_ms - keep_days * _DAY_MS
            return connection.execute(
                delete(ALERTS).where(ended, is_old | (ALERTS.c.id <= (last or 0)))
            ).rowcount


def _store(connection: Connection, alert: Alert) -> Alert:
    values: dict[str, Any] = asdict(alert)
    values.pop('id')
    values['open_key'] = None if alert.cleared_ms else orjson.dumps(alert.key).decode()
    for name, value in values.items():
        if isinstance(value, str):
            # PostgreSQL takes no NUL.
            values[name] = value.replace('\0', '')
    if alert.id:
        connection.execute(update(ALERTS).where(ALERTS.c.id == alert.id).values(**values))
        return alert
    number = connection.execute(insert(ALERTS).values(**values).returning(ALERTS.c.id)).scalar_one()
    return Alert(**{**asdict(alert), 'id': number})


def _alert(row: Row[Any]) -> Alert:
    return Alert(**{name: getattr(row, name) for name in _FIELDS})


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        channel=row.channel,
        change=row.change,
        made_ms=row.made_ms,
        alert=Alert(**orjson.loads(row.content)),
    )
