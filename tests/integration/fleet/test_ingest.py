import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from demo.broker import LocalBroker
from parking_fleet.service import Service
from parking_fleet.settings import Broker, Settings, StoreSettings
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Reader
from parking_fleet.store.tables import COUNTS, CROSSINGS, DAYS
from tests.support.fleet_messages import count_content, crossing_content
from tests.support.fleet_sender import SENDER, Sender
from tests.support.fleet_worker import WorkerProcess
from tests.support.patience import PATIENCE_S
from tests.support.postgres import Postgres

WORKERS = ('worker-1', 'worker-2')
ONLY_WORKER = 'only-worker'
MESSAGES = 3_000


def messages(first: int, number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return counts and a few crossings of ten devices, numbered on from `first`."""
    made: list[tuple[str, dict[str, Any]]] = []
    for seq in range(first, first + number):
        device = f'device-{seq % 10}'
        if seq % 7 == 0:
            made.append((f'parking/{SENDER}/crossing', crossing_content(uuid=device, seq=seq)))
        else:
            made.append((f'parking/{SENDER}/count', count_content(uuid=device, seq=seq)))
    return made


def settings_of(broker: LocalBroker, url: str, worker: str, group: str = 'fleet') -> Settings:
    identity = broker.identity(worker)
    return Settings(
        broker=Broker(
            host=broker.host,
            port=broker.port,
            client_id=worker,
            group=group,
            certificate=identity.certificate,
            private_key=identity.private_key,
            ca=identity.ca,
        ),
        store=StoreSettings(url=url, raw_days=3_650, crossing_days=3_650, minute_days=3_650),  # type: ignore[arg-type]  # pydantic makes a secret of it
    )


def lone_settings(broker: LocalBroker, url: str) -> Settings:
    """Return the settings of a worker that gets nothing of other tests.

    The broker keeps messages for whoever it has a session of, also while they are away.
    """
    settings = settings_of(broker, url, ONLY_WORKER, group='')
    return settings.model_copy(update={'broker': settings.broker.model_copy(update={'session_expiry_s': 0})})


@pytest.fixture(scope='module')
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    with LocalBroker(
        tmp_path_factory.mktemp('broker'), operators=('operator', ONLY_WORKER, *WORKERS)
    ) as running:
        yield running


def stored(database: Database) -> int:
    """Return how many different counts and crossings are stored."""
    with database.reading() as connection:
        numbers = [
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (COUNTS, CROSSINGS)
        ]
    return sum(number or 0 for number in numbers)


def has_stored(database: Database, least: int) -> bool:
    """Return whether so many are stored; what was committed while the server died counts too."""
    return stored(database) >= least


def summed(database: Database) -> int:
    """Return how many counts the summaries hold: more than are stored if any was added twice."""
    with database.reading() as connection:
        return int(connection.execute(select(func.sum(DAYS.c.samples))).scalar() or 0)


def wait_until(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    for _ in range(int(PATIENCE_S / 0.05)):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError(what())


def test_messages_come_in_are_stored_and_seen(
    broker: LocalBroker, database_url: str, database: Database
) -> None:
    sent = messages(0, 200)
    settings = lone_settings(broker, database_url)
    with Service(settings) as service, Sender(broker) as sender:
        wait_until(lambda: service.worker.state.connected, lambda: service.worker.state)
        sender.send(sent)
        sender.send([(f'parking/{SENDER}/count', {'uuid': 'bare', 'cars': 7}), ('EI_TOPIC', sent[1][1])])
        sender.send([(f'parking/{SENDER}/count', {'uuid': 'bare', 'cars': -7})])
        wait_until(lambda: stored(database) == 201, lambda: (stored(database), service.worker.state))
        wait_until(lambda: service.worker.state.counters.get('rejected') == 1, lambda: service.worker.state)
        assert {health.standing for health in service.fleet.devices()} == {'up'}
        assert {view.name for view in service.fleet.facilities()} == {'', 'Riverside'}
        (refused,) = Reader(database).quarantine()
        assert 'cars: -7' in refused.reason


def test_nothing_is_lost_or_stored_twice_when_workers_are_killed(
    broker: LocalBroker, database_url: str, database: Database, tmp_path: Path
) -> None:
    kept = {f'PARKING_FLEET_STORE__{name}_DAYS': '3650' for name in ('RAW', 'CROSSING')}
    workers = [WorkerProcess(broker, name, database_url, tmp_path, group='fleet', **kept) for name in WORKERS]
    for worker in workers:
        worker.start()
        worker.wait_until_subscribed()
    with Sender(broker) as sender:
        for number in range(4):
            sender.send(messages(10_000 * number, 200))
            victim = workers[number % 2]
            assert victim.end(signal.SIGKILL) == -signal.SIGKILL
            sender.send(messages(10_000 * number + 200, 200))
            victim.start()
        wait_until(lambda: stored(database) == 1_600, lambda: stored(database))
    for worker in workers:
        # One that was started last may not be there yet, when the other has stored all.
        worker.wait_until_subscribed()
        assert worker.end(signal.SIGTERM) == 0
    assert summed(database) == sum(
        topic.endswith('count') for n in range(4) for topic, _ in messages(10_000 * n, 400)
    )


def test_nothing_is_lost_or_stored_twice_when_the_database_is_killed(
    broker: LocalBroker, postgres: Postgres
) -> None:
    url = postgres.new_database()
    database = Database(url)
    settings = lone_settings(broker, url)
    with Service(settings) as service, Sender(broker) as sender:
        wait_until(lambda: service.worker.state.connected, lambda: service.worker.state)
        for number in range(3):
            sender.send(messages(10_000 * number, 200))
            postgres.kill()
            sender.send(messages(10_000 * number + 200, 200))
            wait_until(
                lambda: 'cannot be written' in service.worker.state.trouble, lambda: service.worker.state
            )
            postgres.start()
            wait_until(partial(has_stored, database, 400 * (number + 1)), lambda: service.worker.state)
        wait_until(lambda: service.worker.state.trouble == '', lambda: service.worker.state)
        assert stored(database) == 1_200
        assert summed(database) == sum(
            topic.endswith('count') for n in range(3) for topic, _ in messages(10_000 * n, 400)
        )
    database.close()


def test_nothing_is_lost_or_stored_twice_when_the_broker_restarts(tmp_path: Path, database_url: str) -> None:
    with LocalBroker(tmp_path, operators=('operator', *WORKERS), persistence=True) as own:
        settings = settings_of(own, database_url, WORKERS[0], group='')
        with Service(settings) as service:
            wait_until(lambda: service.worker.state.connected, lambda: service.worker.state)
        with Sender(own) as sender:
            # Nobody is there: the broker keeps them, over its own end too.
            sender.send(messages(0, 300))
            own.restart()
            with Service(settings) as service:
                sender.send(messages(1_000, 300))
                own.restart()
                sender.send(messages(2_000, 300))
                wait_until(
                    lambda: stored(service.database) == 900,
                    lambda: (stored(service.database), service.worker.state),
                )
                assert summed(service.database) == sum(
                    topic.endswith('count') for n in range(3) for topic, _ in messages(1_000 * n, 300)
                )
