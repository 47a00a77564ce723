import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509

from parking_monitor import config
from provisioning.device_settings import (
    DeviceSettings,
    balena_variables,
    fleet_yaml,
    read_settings,
    write_settings,
)
from provisioning.errors import FolderError
from provisioning.identity_folder import IdentityFolder
from provisioning.ledger import Ledger, Outcome
from provisioning.listing import attention
from provisioning.root_ca import FINGERPRINTS, _select, amazon_root_ca

SETTINGS = DeviceSettings(
    thing='garage-1',
    endpoint='a1b2c3-ats.iot.eu-west-1.amazonaws.com',
    topic='fleet/counts',
    facility='Straße: "Nord" #1',
    floor='-1',
)
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_a_device_understands_the_settings_written_for_it() -> None:
    camera = 'cameras:\n  - name: north\n    source: sim:day\n'
    fleet = config.parse(fleet_yaml(SETTINGS) + camera, {})
    assert fleet.cloud is not None
    assert fleet.device.thing == 'garage-1'
    assert fleet.facility == SETTINGS.facility
    assert fleet.cloud.endpoint == SETTINGS.endpoint
    assert fleet.cloud.topic == 'fleet/counts'
    assert str(fleet.cloud.private_key) == 'certs/private.pem.key'


def test_balena_variables_hold_no_secret_and_no_empty_value() -> None:
    text = balena_variables(SETTINGS)
    assert 'AWS_TOPIC=fleet/counts\n' in text
    assert 'AWS_THING_NAME=garage-1\n' in text
    assert all('=' in line and not line.endswith('=') for line in text.splitlines())
    assert 'FLOOR' not in balena_variables(DeviceSettings(thing='a', endpoint='b', topic='c'))


def test_settings_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    folder = IdentityFolder(tmp_path)
    assert write_settings(folder, SETTINGS) == ['fleet-cloud.yaml', 'balena-variables.txt']
    assert write_settings(folder, SETTINGS) == []
    found = read_settings(folder)
    assert (found.thing, found.endpoint, found.port) == ('garage-1', SETTINGS.endpoint, 8883)


@pytest.mark.parametrize('content', ['', 'cloud: 3', '{', 'cloud: {endpoint: a, topic: b, port: x}'])
def test_damaged_settings_are_told(tmp_path: Path, content: str) -> None:
    (tmp_path / 'fleet-cloud.yaml').write_text(content)
    with pytest.raises(FolderError, match='run register again'):
        read_settings(IdentityFolder(tmp_path))


def test_the_roots_are_amazons_own() -> None:
    roots = x509.load_pem_x509_certificates(amazon_root_ca())
    names = [root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value for root in roots]
    assert names == list(FINGERPRINTS)


def test_a_bundle_without_amazons_roots_is_refused() -> None:
    with pytest.raises(FolderError, match=r'https://www\.amazontrust\.com/repository/'):
        _select('')


@pytest.mark.parametrize(
    ('states', 'left', 'said'),
    [
        (['ACTIVE'], dt.timedelta(days=31), ''),
        (['ACTIVE'], dt.timedelta(days=30), 'expires in 30 days: rotate a'),
        (['ACTIVE'], dt.timedelta(hours=3), 'expires in 0 days: rotate a'),
        (['ACTIVE'], dt.timedelta(0), 'expired: rotate a'),
        (['INACTIVE'], dt.timedelta(days=99), 'certificate INACTIVE: register a again'),
        (['ACTIVE', 'ACTIVE'], dt.timedelta(days=99), '2 certificates: rotate a to its end'),
        ([], None, 'no certificate: register a again'),
    ],
)
def test_what_wants_attention_is_said_with_what_to_do(
    states: list[str], left: dt.timedelta | None, said: str
) -> None:
    assert attention('a', states, left if left is None else NOW + left, NOW) == said


def test_a_dry_run_only_says_what_would_be_done() -> None:
    done: list[str] = []
    ledger = Ledger('a', dry_run=True)
    assert ledger.act(Outcome.MADE, 'thing', 'a', lambda: done.append('made')) is None
    assert done == []
    assert ledger.as_json()['changed'] is False
    assert ledger.entries[0].text == 'would be made'
