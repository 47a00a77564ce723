import os
import stat
from pathlib import Path

import pytest

from demo.broker import BrokerError, LocalBroker
from demo.broker_tap import BrokerTap
from tests.integration.cloud.builders import says, settings_for
from tests.integration.cloud.conftest import OpenSession
from tests.support.patience import PATIENCE_S


def test_a_restarted_broker_has_the_same_port_and_a_tap_comes_back(
    own_broker: LocalBroker, open_session: OpenSession
) -> None:
    with BrokerTap(own_broker) as tap:
        port = own_broker.port
        own_broker.restart()
        session, ear = open_session(settings_for(own_broker, 'garage'))
        ear.wait_for_connection()
        # The tap may subscribe after the first of these; presence is retained, so it comes in any case.
        tap.wait_for(says('parking/garage/status', status='online'), PATIENCE_S)

        assert own_broker.port == port
        session.stop()


@pytest.mark.parametrize('persistence', [True, False])
def test_retained_messages_survive_a_restart_if_wanted(
    tmp_path: Path, open_session: OpenSession, persistence: bool
) -> None:
    with LocalBroker(tmp_path / 'broker', persistence=persistence) as broker:
        session, ear = open_session(settings_for(broker, 'garage'))
        ear.wait_for_connection()
        session.publish('parking/garage/kept', b'{"n":1}', retain=True).result(PATIENCE_S)
        session.stop()
        broker.restart()
        session, ear = open_session(settings_for(broker, 'another'))
        ear.wait_for_connection()
        with BrokerTap(broker) as tap:
            tap.wait_for(says('parking/another/status'), PATIENCE_S)
            kept = [message.payload for message in tap.messages if message.topic == 'parking/garage/kept']

    assert kept == ([b'{"n":1}'] if persistence else [])


def test_a_stopped_broker_is_gone(tmp_path: Path) -> None:
    broker = LocalBroker(tmp_path / 'broker')
    with broker:
        process_id = broker.process_id
        os.kill(process_id, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    with pytest.raises(BrokerError, match='not running'):
        _ = broker.process_id


def test_without_mosquitto_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('demo.broker.shutil.which', lambda *_, **__: None)

    with pytest.raises(BrokerError, match='apt-get install mosquitto'):
        LocalBroker(tmp_path / 'broker').start()


def test_a_broker_that_cannot_start_shows_its_log(tmp_path: Path) -> None:
    broker = LocalBroker(tmp_path / 'broker')
    (tmp_path / 'broker' / 'acl').write_text('nonsense here\n')

    with pytest.raises(BrokerError, match=r'(?s)did not start on port \d+; its log ends with: .*acl'):
        broker.start()


def test_only_their_owner_can_read_the_keys(own_broker: LocalBroker) -> None:
    own_broker.identity('garage')
    keys = list(own_broker.folder.rglob('private.pem.key'))

    assert len(keys) >= 2
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    assert all(stat.S_IMODE(key.parent.stat().st_mode) == 0o700 for key in keys)


def test_a_wait_for_a_message_that_does_not_come_ends(broker: LocalBroker, tap: BrokerTap) -> None:
    with pytest.raises(TimeoutError, match=r'no such message within 0\.1 s'):
        tap.wait_for(lambda message: message.topic == 'never', 0.1)
    assert broker.log
