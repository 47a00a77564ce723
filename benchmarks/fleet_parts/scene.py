"""Set the scene of a measurement: a broker, a store, and `parking-fleet` in processes of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from sqlalchemy import Select, func, select

from demo.broker import LocalBroker
from parking_fleet.store.database import Database
from parking_fleet.store.tables import COUNTS, CROSSINGS
from tests.support.fleet_service import RECEIVER, FleetService
from tests.support.fleet_worker import WorkerProcess
from tests.support.postgres import Postgres

Kind = Literal['sqlite', 'postgresql']

WORKERS = ('worker-1', 'worker-2')
CONNECTIONS = tuple(f'link-{number}' for number in range(10))
GROUP = 'fleet'
PATIENCE_S = 240.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Hold where a measurement takes place.

    Attributes:
        folder: empty, for logs and files.
        broker: running.
        url: of an empty store.
        identities: folder with those of the simulated connections.
        postgres: the server of the store; None for SQLite.
    """

    folder: Path
    broker: LocalBroker
    url: str
    identities: Path
    postgres: Postgres | None = None

    def serve(self, **sections: object) -> FleetService:
        """Return `parking-fleet serve` on this broker and store, not yet started."""
        folder = self.folder / 'serve'
        folder.mkdir(exist_ok=True)
        return FleetService(folder, self.broker, {'store': {'url': self.url}, **sections})

    def worker(self, name: str, group: str = '') -> WorkerProcess:
        """Return `parking-fleet ingest` on this broker and store, not yet started.

        Args:
            name: MQTT client id, one of WORKERS.
            group: of the shared subscription; empty for a plain one.
        """
        return WorkerProcess(self.broker, name, self.url, self.folder, group=group)

    def rows(self) -> int:
        """Return how many counts and crossings are stored."""
        return self._numbers(*(select(func.count()).select_from(table) for table in (COUNTS, CROSSINGS)))

    def stored(self) -> tuple[int, int]:
        """Return how many different counts and crossings are stored, and how many rows they are."""
        keys = (select(table.c.device_id, table.c.seq).distinct().subquery() for table in (COUNTS, CROSSINGS))
        return self._numbers(*(select(func.count()).select_from(each) for each in keys)), self.rows()

    def _numbers(self, *questions: Select[Any]) -> int:
        database = Database(self.url)
        try:
            with database.reading() as connection:
                return sum(connection.execute(question).scalar() or 0 for question in questions)
        finally:
            database.close()


@contextmanager
def scene(folder: Path, kind: Kind) -> Iterator[Scene]:
    """Give a scene with a broker and an empty store of its own."""
    folder.mkdir(parents=True)
    with ExitStack() as parts:
        broker = parts.enter_context(
            LocalBroker(folder / 'broker', operators=(RECEIVER, *WORKERS), persistence=True)
        )
        postgres = parts.enter_context(Postgres()) if kind == 'postgresql' else None
        url = postgres.new_database() if postgres else f'sqlite:///{folder}/fleet.sqlite3'
        for name in CONNECTIONS:
            broker.identity(name)
        links = _only_links(folder / 'broker' / 'certs', folder / 'links')
        yield Scene(folder, broker, url, links, postgres)


def _only_links(certificates: Path, links: Path) -> Path:
    links.mkdir()
    for name in CONNECTIONS:
        (links / name).symlink_to(certificates / name)
    return links


class Load:
    """Own a `fleet-sim` that sends to a scene's broker.

    Args:
        scene: where.
        devices: how many.
        seconds: for how long.
        options: further ones of `fleet-sim`.
    """

    def __init__(self, scene: Scene, devices: int, seconds: float, *options: str) -> None:
        self.truth = scene.folder / 'truth.jsonl'
        self._log = scene.folder / 'sim.log'
        self._command = [
            *(sys.executable, '-m', 'parking_fleet.simulation', str(devices), '--seconds', str(seconds)),
            *('--identities', str(scene.identities), '--host', scene.broker.host),
            *('--port', str(scene.broker.port), '--truth', str(self.truth), *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it; returns at once."""
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, 'PYTHONPATH': 'src/parking_fleet'},
                stdout=log,
                stderr=log,
                process_group=0,
            )
        return self

    @property
    def is_sending(self) -> bool:
        """Return whether it is not done yet."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> int:
        """Wait until it is done, and return how many different messages the broker took.

        Raises:
            RuntimeError: when it was not started, or did not end well.
        """
        if self._process is None or self._process.wait(PATIENCE_S * 2) != 0:
            raise RuntimeError(f'fleet-sim did not end well: {self._log.read_text()[-2_000:]}')
        with self.truth.open(encoding='utf-8') as lines:
            return sum(line.startswith('{"sent"') for line in lines)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.is_sending and self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)


def wait_until(holds: Callable[[], bool], log: Path | None = None, patience_s: float = PATIENCE_S) -> None:
    """Return once something holds.

    Raises:
        TimeoutError: when it does not in time, with the end of the log.
    """
    deadline_s = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(log.read_text()[-2_000:] if log else 'nothing more is known')
        time.sleep(0.05)
