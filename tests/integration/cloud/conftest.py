from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings
from tests.integration.cloud.builders import Ear

_numbers = count(1)

OpenSession = Callable[[MqttSettings], tuple[MqttSession, Ear]]


@pytest.fixture(scope='module')
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    with LocalBroker(tmp_path_factory.mktemp('broker'), operators=('operator', 'second-operator')) as shared:
        yield shared


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[LocalBroker]:
    """Give a broker that the test may kill."""
    with LocalBroker(tmp_path / 'broker') as broker:
        yield broker


@pytest.fixture
def tap(broker: LocalBroker) -> Iterator[BrokerTap]:
    with BrokerTap(broker) as listening:
        yield listening


@pytest.fixture
def thing() -> str:
    """Give a thing name that no other test has used."""
    return f'garage-{next(_numbers)}'


@pytest.fixture
def open_session() -> Iterator[OpenSession]:
    with ExitStack() as stack:

        def start(settings: MqttSettings) -> tuple[MqttSession, Ear]:
            session, ear = MqttSession(settings, uuid=f'uuid-of-{settings.thing}'), Ear()
            session.add_listener(ear)
            stack.callback(session.stop)
            session.start()
            return session, ear

        yield start
