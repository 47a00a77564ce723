"""Open the database, bring its tables up to date, and hand out transactions."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alembic.command
import pg8000
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError

from parking_fleet.errors import StoreError

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for another one on the same SQLite file."""

STORE_TROUBLES = (SQLAlchemyError, pg8000.Error, OSError)
"""What a database that is away can raise: not everything passes through SQLAlchemy's own errors."""

_MIGRATIONS = Path(__file__).parent / 'migrations'
# Any number of ours: workers that start together take turns at bringing tables up to date.
_MIGRATION_LOCK = 7_301_482


class Database:
    """Own the connections to one database.

    Args:
        url: `sqlite:///FILE` or `postgresql://...`.
    """

    def __init__(self, url: str) -> None:
        self.url = _driver_url(url)
        self.is_sqlite = self.url.get_backend_name() == 'sqlite'
        self._engine = self._sqlite_engine() if self.is_sqlite else self._postgresql_engine()

    @property
    def place(self) -> str:
        """Return where the database is, without its password."""
        return self.url.render_as_string(hide_password=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end, and rolled back at an error."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                # A transaction that reads first and writes later could fail in the middle.
                connection.info['begin'] = 'BEGIN IMMEDIATE'
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same state."""
        with self._engine.connect() as connection:
            if self.is_sqlite:
                connection.info['begin'] = 'BEGIN'
            with connection.begin():
                if not self.is_sqlite:
                    connection.exec_driver_sql('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
                yield connection

    def migrate(self) -> None:
        """Bring the tables up to date; any number of processes may do so at once.

        Raises:
            StoreError: when the database cannot be reached, or was made by a newer version.
        """
        try:
            with self._engine.connect() as connection:
                self._lock_and_upgrade(connection)
        except (DBAPIError, pg8000.Error, OSError) as error:
            raise StoreError(f'the database {self.place} cannot be used: {first_line(error)}') from None

    def revision(self) -> tuple[str, str]:
        """Return which form the tables have, and which they should have; '' when there are none.

        Raises:
            StoreError: when the database cannot be reached.
        """
        try:
            with self._engine.connect() as connection:
                present = self.revision_of(connection)
        except (DBAPIError, pg8000.Error, OSError) as error:
            raise StoreError(f'the database {self.place} cannot be used: {first_line(error)}') from None
        return present, ScriptDirectory(str(_MIGRATIONS)).get_current_head() or ''

    def revision_of(self, connection: Connection) -> str:
        """Return which form the tables have as this connection sees them."""
        return MigrationContext.configure(connection).get_current_revision() or ''

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _lock_and_upgrade(self, connection: Connection) -> None:
        if self.is_sqlite:
            connection.info['begin'] = 'BEGIN IMMEDIATE'
        with connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql(f'SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})')
            config = Config()
            config.set_main_option('script_location', str(_MIGRATIONS))
            config.attributes['connection'] = connection
            try:
                alembic.command.upgrade(config, 'head')
            except CommandError as error:
                raise StoreError(
                    f'the database {self.place} was made by a newer parking-fleet ({error}); install that one'
                ) from None

    def _sqlite_engine(self) -> Engine:
        engine = create_engine(self.url, connect_args={'timeout': BUSY_TIMEOUT_S})

        @event.listens_for(engine, 'connect')
        def _prepare(connection: sqlite3.Connection, _: Any) -> None:
            # Transactions begin where we say, not where the driver thinks best.
            connection.isolation_level = None
            for pragma in (
                'journal_mode = WAL',
                # What was acknowledged to the broker must outlive a power cut.
                'synchronous = FULL',
                'foreign_keys = ON',
                'cache_size = -16384',
                'wal_autocheckpoint = 4000',
            ):
                connection.execute(f'PRAGMA {pragma}')

        @event.listens_for(engine, 'begin')
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(connection.info.get('begin', 'BEGIN'))

        return engine

    def _postgresql_engine(self) -> Engine:
        engine = create_engine(self.url, pool_pre_ping=True, pool_size=8, max_overflow=8, pool_recycle=1800)

        @event.listens_for(engine, 'handle_error')
        def _see_that_it_is_gone(context: ExceptionContext) -> None:
            # SQLAlchemy knows one of the two texts with which pg8000 says that the server is gone.
            if isinstance(context.sqlalchemy_exception, InterfaceError):
                context.is_disconnect = True

        return engine


def first_line(error: Exception) -> str:
    """Return what a database said, without the statement and its values."""
    if not isinstance(error, DBAPIError):
        return getattr(error, 'strerror', None) or type(error).__name__
    origin = error.orig
    details = origin.args[0] if origin is not None and origin.args else error
    text = details.get('M', details) if isinstance(details, dict) else details
    return (str(text).strip().splitlines() or ['no reason given'])[0][:300]


def _driver_url(url: str) -> URL:
    parsed = make_url(url)
    return parsed.set(drivername='postgresql+pg8000') if parsed.drivername == 'postgresql' else parsed
