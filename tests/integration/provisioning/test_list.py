import datetime as dt
import json

from provisioning.aws import Aws
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import Cli


def test_devices_are_listed_with_the_end_of_their_certificates(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-2', 'garage-1', '--facility', 'North', '--floor', '2')
    ended = cli('list', '--json')
    assert ended.code == 0
    devices = ended.json['devices']
    assert [device['thing'] for device in devices] == ['garage-1', 'garage-2']
    end = dt.datetime.now(dt.UTC) + account.life
    for device in devices:
        assert (device['facility'], device['floor'], device['status']) == ('North', '2', 'ACTIVE')
        assert abs(dt.datetime.fromisoformat(device['expires']) - end) < dt.timedelta(minutes=2)
        # moto's index makes connections up; that they are shown is all that can be seen here.
        assert device['last_seen'] is not None
    out = cli('list').out
    assert 'garage-1' in out
    assert '2 devices, none in want of attention' in out


def test_a_certificate_that_ends_within_30_days_is_warned_of(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    account.life = dt.timedelta(days=29, hours=12)
    cli('register', 'garage-2')
    account.life = dt.timedelta(days=-1)
    cli('register', 'garage-3')
    ended = cli('list')
    assert ended.code == 3
    assert 'garage-2: expires in 29 days: rotate garage-2' in ended.out
    assert 'garage-3: expired: rotate garage-3' in ended.out
    assert 'garage-1: ' not in ended.out


def test_things_that_are_none_of_ours_are_not_listed(account: AwsAccount, aws: Aws, cli: Cli) -> None:
    aws.iot.create_thing(thingName='fridge')
    ended = cli('list')
    assert ended.code == 0
    assert 'no devices yet' in ended.out
    assert json.loads(cli('list', '--json').out) == {'command': 'list', 'devices': []}
    assert account.things() == ['fridge']


def test_a_thing_without_a_certificate_wants_attention(account: AwsAccount, aws: Aws, cli: Cli) -> None:
    cli('register', 'garage-1')
    (certificate,) = account.certificates().values()
    aws.iot.detach_thing_principal(thingName='garage-1', principal=certificate.arn)
    ended = cli('list')
    assert ended.code == 3
    assert 'no certificate: register garage-1 again' in ended.out
