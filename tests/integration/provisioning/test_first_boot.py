import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from demo.broker import LocalBroker
from parking_monitor.cloud.mqtt_settings import MqttSettings
from provisioning import mqtt_client
from provisioning.errors import ClaimRefusedError, FirstBootError
from provisioning.first_boot import swap
from provisioning.first_boot.claim import Claim, read_claim
from provisioning.first_boot.own_identity import OwnIdentity
from provisioning.first_boot.swap import first_boot
from provisioning.mqtt_client import MqttClient
from provisioning.safe_files import write_file
from tests.integration.provisioning.cli import ROOT, Cli
from tests.integration.provisioning.responder import CREATE, PROVISION, Responder

SERIAL = '49418b480e408ef9c632fc6cb25ebfdc'
ROLE = 'arn:aws:iam::123456789012:role/provisioning'


@pytest.fixture
def claim(cli: Cli, broker: LocalBroker, tmp_path: Path) -> Claim:
    """Give the claim that `fleet-template` makes, for the local broker."""
    ca = tmp_path / 'broker' / 'server' / 'ca.pem'
    assert cli('fleet-template', '--role', ROLE, '--ca', str(ca)).code == 0
    folder = cli.certs / 'claim.parking-fleet'
    settings = json.loads((folder / 'first-boot.json').read_text())
    settings |= {'endpoint': broker.host, 'port': broker.port}
    (folder / 'first-boot.json').write_text(json.dumps(settings))
    return read_claim(folder)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / 'data' / 'identity'


def test_a_device_swaps_the_claim_for_its_own_identity(
    claim: Claim, responder: Responder, data: Path
) -> None:
    thing = first_boot(claim, SERIAL, data)
    assert (thing.thing, thing.facility, thing.floor, thing.topic) == (SERIAL, 'North', '2', 'EI_TOPIC')
    assert responder.registered == [SERIAL]
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / 'private.pem.key').stat().st_mode) == 0o600
    # What was swapped works, as itself.
    settings = MqttSettings(
        endpoint=claim.endpoint,
        port=claim.port,
        thing=SERIAL,
        certificate=data / 'certificate.pem.crt',
        private_key=data / 'private.pem.key',
        ca=data / 'AmazonRootCA.pem',
    )
    with MqttClient(settings) as client:
        client.publish(f'parking/{SERIAL}/count', b'{}')


def test_it_never_asks_twice(claim: Claim, responder: Responder, data: Path, broker: LocalBroker) -> None:
    thing = first_boot(claim, SERIAL, data)
    asked = list(responder.asked)
    key = (data / 'private.pem.key').read_bytes()
    assert first_boot(claim, SERIAL, data) == thing
    broker.stop()
    # Not even the network is needed.
    assert first_boot(claim, SERIAL, data) == thing
    assert responder.asked == asked
    assert (data / 'private.pem.key').read_bytes() == key


@pytest.mark.parametrize('topic', [CREATE, PROVISION])
def test_an_answer_that_is_lost_is_made_good_at_the_next_boot(
    claim: Claim, responder: Responder, data: Path, topic: str
) -> None:
    responder.keep_back[topic] = 1
    with patch.object(MqttClient.receive, '__defaults__', (1.0,)), pytest.raises(FirstBootError):
        first_boot(claim, SERIAL, data)
    key = (data / 'private.pem.key').read_bytes()
    assert first_boot(claim, SERIAL, data).thing == SERIAL
    assert (data / 'private.pem.key').read_bytes() == key
    assert responder.registered == [SERIAL]


def test_a_power_cut_after_any_file_is_made_good_at_the_next_boot(
    claim: Claim, responder: Responder, tmp_path: Path
) -> None:
    for number in range(5):
        data, serial = tmp_path / f'data-{number}', f'{SERIAL}{number}'
        with (
            patch('provisioning.first_boot.own_identity.write_file', _power_for(number)),
            pytest.raises(PowerCut),
        ):
            first_boot(claim, serial, data)
        assert OwnIdentity(data).thing() is None
        assert first_boot(claim, serial, data).thing == serial
    assert len(responder.registered) == len(set(responder.registered)) == 5


class PowerCut(BaseException):
    pass


def _power_for(files: int) -> Callable[..., None]:
    """Write so many files, then cut the power."""
    left = [files]

    def write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
        if left[0] == 0:
            raise PowerCut
        left[0] -= 1
        write_file(path, content, mode=mode)

    return write


def test_a_token_that_is_too_old_is_swapped_for_another(
    claim: Claim, responder: Responder, data: Path
) -> None:
    responder.keep_back[PROVISION] = 1
    with patch.object(MqttClient.receive, '__defaults__', (1.0,)), pytest.raises(FirstBootError):
        first_boot(claim, SERIAL, data)
    responder.registered.clear()
    responder._tokens.clear()
    with (
        patch.object(swap._Swap, '_connects', return_value=False),
        pytest.raises(FirstBootError, match='came too late'),
    ):
        first_boot(claim, SERIAL, data)
    assert first_boot(claim, SERIAL, data).thing == SERIAL
    assert responder.asked.count(CREATE) == 2


def test_a_refusal_names_the_code_and_what_to_do(claim: Claim, responder: Responder, data: Path) -> None:
    responder.refuse = 'PreProvisioningHookRefused'
    with pytest.raises(ClaimRefusedError, match='PreProvisioningHookRefused') as refused:
        first_boot(claim, SERIAL, data)
    assert 'template, its role and hook' in str(refused.value)
    assert OwnIdentity(data).thing() is None


def test_a_claim_cannot_take_over_a_device_that_exists(
    claim: Claim, responder: Responder, data: Path
) -> None:
    responder.registered.append(SERIAL)
    with pytest.raises(ClaimRefusedError, match=f'parking-provision decommission {SERIAL}'):
        first_boot(claim, SERIAL, data)
    assert responder.asked == [CREATE, PROVISION]


def test_the_claim_can_publish_nothing_else(claim: Claim, broker: LocalBroker) -> None:
    assert broker.port
    with MqttClient(claim.settings(SERIAL)) as client:
        for topic in (f'parking/{SERIAL}/count', f'$aws/things/{SERIAL}/shadow/update'):
            with pytest.raises(mqtt_client.RefusedError):
                client.publish(topic, b'{}')


def test_two_starts_at_once_ask_once(claim: Claim, responder: Responder, data: Path) -> None:
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(first_boot(claim, SERIAL, data))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert [thing.thing for thing in found] == [SERIAL, SERIAL]
    assert responder.asked == [CREATE, PROVISION]


def test_the_program_waits_for_the_network_and_says_no_secret(
    claim: Claim, broker: LocalBroker, responder: Responder, data: Path
) -> None:
    broker.stop()
    process = _program(claim, data)
    assert process.stderr is not None
    first = process.stderr.readline()
    assert 'no connection with the claim' in first
    broker.start()
    _, said = process.communicate(timeout=600)
    assert process.returncode == 0, said
    assert f'this device is {SERIAL}' in said
    assert 'PRIVATE' not in first + said
    key = ''.join((data / 'private.pem.key').read_text().splitlines()[1:-1])
    assert key[64:80] not in said
    assert responder.asked.count(CREATE) == 1


def test_the_program_explains_wrong_usage(claim: Claim, data: Path) -> None:
    ended = _program(claim, data, serial='a b')
    _, said = ended.communicate(timeout=300)
    assert ended.returncode == 2
    assert 'use 1 to 128 characters' in said


def test_a_damaged_identity_is_never_replaced_in_silence(
    claim: Claim, responder: Responder, data: Path
) -> None:
    first_boot(claim, SERIAL, data)
    (data / 'private.pem.key').unlink()
    with pytest.raises(FirstBootError, match='went missing'):
        first_boot(claim, SERIAL, data)
    assert responder.asked == [CREATE, PROVISION]


def _program(claim: Claim, data: Path, serial: str = SERIAL) -> 'subprocess.Popen[str]':
    return subprocess.Popen(
        [
            sys.executable,
            '-m',
            'provisioning.first_boot',
            '--claim',
            claim.folder,
            '--data',
            data,
            '--serial',
            serial,
        ],
        cwd=ROOT,
        env={'PATH': '/usr/bin:/bin', 'PYTHONPATH': f'{ROOT}:{ROOT}/src/parking_monitor'},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
