import datetime as dt
import os
import signal
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

import pytest

from demo.broker import LocalBroker
from demo.broker_tap import BrokerTap
from demo.identity import foreign_client
from provisioning.identity_folder import IdentityFolder
from provisioning.mqtt_client import MqttClient
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import Cli, Outcome
from tests.integration.provisioning.responder import Responder
from tests.support.patience import PATIENCE_S

Verify = Callable[..., Outcome]


@pytest.fixture
def ca(broker: LocalBroker, tmp_path: Path) -> Path:
    """Give the root that signed the broker's certificate, as Amazon's did."""
    assert broker.port
    return tmp_path / 'broker' / 'server' / 'ca.pem'


@pytest.fixture
def check(cli: Cli, broker: LocalBroker, ca: Path) -> Verify:
    """Register garage-1, and give what runs `verify` for it."""
    assert cli('register', 'garage-1', '--ca', str(ca)).code == 0

    def run(*more: str) -> Outcome:
        where = ('--endpoint', broker.host, '--port', str(broker.port))
        return cli('verify', 'garage-1', *(more or where), '--json')

    return run


def outcomes(ended: Outcome) -> dict[str, str]:
    return {what: outcome for (what, _), outcome in ended.steps('garage-1').items()}


def test_a_good_identity_passes_every_check(check: Verify, responder: Responder, cli: Cli) -> None:
    responder.shadows.states['garage-1'] = {'desired': {'interval_s': 60}}
    ended = check()
    assert ended.code == 0, ended.out
    assert outcomes(ended) == dict.fromkeys(
        ('certificate', 'connection', 'own topic', 'shadow', 'foreign topic'), 'passed'
    )
    assert 'refused, as it should be' in ended.details()
    assert 'desired in it' in ended.details()
    where = ended.steps('garage-1')
    (port,) = (name.rpartition(':')[2] for what, name in where if what == 'connection')
    plain = cli('verify', 'garage-1', '--endpoint', 'localhost', '--port', port)
    assert 'garage-1: all checks passed' in plain.out


def test_a_thing_without_a_shadow_is_fine(check: Verify, responder: Responder) -> None:
    ended = check()
    assert ended.code == 0
    assert 'there is none yet' in ended.details()
    assert responder.asked == ['$aws/things/garage-1/shadow/get']


def test_verify_says_nothing_of_presence(check: Verify, responder: Responder, broker: LocalBroker) -> None:
    """A retained `online` from a laptop would be a lie in the dashboard."""
    with BrokerTap(broker) as tap:
        assert check().code == 0
        tap.wait_for(lambda message: message.topic == 'parking/garage-1/verify', PATIENCE_S)
        assert 'parking/garage-1/status' not in {message.topic for message in tap.messages}
    assert responder.registered == []


def test_an_expired_certificate_is_told_with_its_day(
    account: AwsAccount, cli: Cli, broker: LocalBroker, ca: Path
) -> None:
    account.life = dt.timedelta(days=-3)
    cli('register', 'garage-1', '--ca', str(ca))
    ended = cli('verify', 'garage-1', '--endpoint', broker.host, '--port', str(broker.port), '--json')
    assert ended.code == 1
    day = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    assert f'expired on {day:%Y-%m-%d}' in ended.details()
    assert 'parking-provision rotate garage-1' in ended.details()


def test_a_foreign_certificate_is_told_from_an_expired_one(
    check: Verify, cli: Cli, ca: Path, tmp_path: Path
) -> None:
    stranger = foreign_client(tmp_path / 'stranger', 'garage-1', ca)
    folder = IdentityFolder(cli.certs / 'garage-1')
    folder.certificate.write_bytes(stranger.certificate.read_bytes())
    folder.private_key.write_bytes(stranger.private_key.read_bytes())
    ended = check()
    assert ended.code == 1
    assert outcomes(ended)['connection'] == 'failed'
    assert 'does not know the authority' in ended.details()


def test_a_key_of_another_certificate_is_told(check: Verify, cli: Cli, broker: LocalBroker) -> None:
    other = broker.identity('garage-2').private_key.read_bytes()
    IdentityFolder(cli.certs / 'garage-1').private_key.write_bytes(other)
    ended = check()
    assert ended.code == 1
    assert 'does not belong to the certificate' in ended.details()
    assert 'PRIVATE' not in ended.out


def test_a_closed_port_is_told_with_the_way_out(check: Verify) -> None:
    with closing(socket.socket()) as reserved:
        reserved.bind(('127.0.0.1', 0))
        ended = check('--endpoint', 'localhost', '--port', str(reserved.getsockname()[1]))
    assert ended.code == 1
    assert 'nothing listens at localhost' in ended.details()
    assert '--port 443' in ended.details()


def test_a_port_that_a_firewall_swallows_is_told(check: Verify) -> None:
    """A server that never answers the handshake looks like one behind a firewall that drops."""
    with closing(socket.socket()) as silent:
        silent.bind(('127.0.0.1', 0))
        silent.listen(1)
        ended = check('--endpoint', 'localhost', '--port', str(silent.getsockname()[1]))
    assert ended.code == 1
    assert 'no answer from localhost' in ended.details()
    assert 'a firewall may block the port' in ended.details()


def test_an_unknown_host_is_told(check: Verify) -> None:
    ended = check('--endpoint', 'no-such-host.invalid')
    assert ended.code == 1
    assert "no address was found for 'no-such-host.invalid'" in ended.details()


def test_a_wrong_root_is_told(check: Verify, cli: Cli, tmp_path: Path) -> None:
    foreign = foreign_client(tmp_path / 'stranger', 'x', tmp_path / 'x').certificate.parent / 'ca.pem'
    (cli.certs / 'garage-1' / 'AmazonRootCA.pem').write_bytes(foreign.read_bytes())
    ended = check()
    assert ended.code == 1
    assert 'does not vouch for' in ended.details()


def test_a_wrong_clock_is_told_from_a_wrong_certificate(check: Verify) -> None:
    """By a clock that is 40 years ahead every certificate has expired; OpenSSL is told so here."""
    late = ssl.SSLCertVerificationError('certificate has expired')
    late.verify_code = 10
    with patch('parking_monitor.cloud.tls_probe._shake_hands', side_effect=late):
        ended = check()
    assert ended.code == 1
    assert "by this machine's clock" in ended.details()
    assert 'timedatectl set-ntp true' in ended.details()


def test_a_policy_that_refuses_is_told_with_the_time_it_takes(
    check: Verify, broker: LocalBroker, tmp_path: Path
) -> None:
    (tmp_path / 'broker' / 'acl').write_text('user aws-itself\ntopic readwrite #\n')
    broker.restart()
    with patch.object(MqttClient.receive, '__defaults__', (1.0,)):
        ended = check()
    assert ended.code == 1
    told = outcomes(ended)
    assert told['connection'] == 'passed'
    assert told['own topic'] == told['shadow'] == 'failed'
    assert 'up to 8 minutes' in ended.details()
    assert '`parking-provision register garage-1` again' in ended.details()


def test_a_policy_that_allows_too_much_is_told(
    check: Verify, broker: LocalBroker, responder: Responder, tmp_path: Path
) -> None:
    access = tmp_path / 'broker' / 'acl'
    access.write_text(access.read_text() + '\npattern write parking/#\n')
    os.kill(broker.process_id, signal.SIGHUP)
    ended = _until(check, lambda ended: outcomes(ended)['foreign topic'] == 'failed')
    assert ended.code == 1
    assert 'this certificate can speak for other devices' in ended.details()
    assert responder.asked


def test_a_device_that_is_not_registered_is_told(cli: Cli) -> None:
    ended = cli('verify', 'garage-9')
    assert ended.code == 1
    assert 'register the device first' in ended.err


def _until(attempt: Callable[[], Outcome], wanted: Callable[[Outcome], bool]) -> Outcome:
    """Repeat until the broker has read its rules again."""
    for _ in range(10):
        ended = attempt()
        if wanted(ended):
            return ended
    raise AssertionError(ended.out)
