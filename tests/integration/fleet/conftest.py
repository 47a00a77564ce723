"""What the tests of the store run on: SQLite, and a PostgreSQL of our own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from parking_fleet.store.database import Database
from tests.support.postgres import Postgres


@pytest.fixture(scope='session')
def postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL server, started once."""
    with Postgres() as server:
        yield server


@pytest.fixture(params=['sqlite', 'postgresql'])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, of each kind in turn."""
    if request.param == 'sqlite':
        return f'sqlite:///{tmp_path}/fleet.sqlite3'
    server: Postgres = request.getfixturevalue('postgres')
    return server.new_database()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Give an open database whose tables are up to date."""
    opened = Database(database_url)
    opened.migrate()
    yield opened
    opened.close()
