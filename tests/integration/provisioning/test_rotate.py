import json
from pathlib import Path

import pytest

from provisioning.aws import Aws
from provisioning.errors import IdentityElsewhereError
from provisioning.identity_folder import IdentityFolder
from provisioning.ledger import Ledger
from provisioning.register import RegisterOptions
from provisioning.rotate import RotateOptions, rotate_device
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import Cli
from tests.integration.provisioning.cuts import Calls, Cut, When
from tests.integration.provisioning.tables import make_table, put
from tests.integration.provisioning.test_register import assert_complete, register


@pytest.fixture
def latest(aws: Aws) -> str:
    """Give the table of the present, as the stack makes it."""
    return make_table(aws, 'parking-latest', 'item')


def connection(thing: str, certificate_id: str, session: str = 's1') -> dict[str, str]:
    """What the rule writes when a device connects, with AWS's own names."""
    return {
        'device': thing,
        'item': 'connected',
        'clientId': thing,
        'eventType': 'connected',
        'principalIdentifier': certificate_id,
        'sessionIdentifier': session,
    }


def new_id(certs: Path, thing: str) -> str:
    return IdentityFolder(certs / thing).next.read_ref().id


def test_both_identities_work_until_the_device_has_the_new_one(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    old = (cli.certs / 'garage-1' / 'certificate.pem.crt').read_text()
    ended = cli('rotate', 'garage-1')
    assert ended.code == 3
    assert 'put these files on garage-1' in ended.out
    assert 'deploy provisioning/cloud' in ended.out
    assert len(account.active_certificates()) == 2
    assert (cli.certs / 'garage-1' / 'certificate.pem.crt').read_text() == old
    following = {path.name for path in (cli.certs / 'garage-1' / 'next').iterdir()}
    assert following >= {'certificate.pem.crt', 'private.pem.key', 'AmazonRootCA.pem', 'fleet-cloud.yaml'}
    assert cli('rotate', 'garage-1').code == 3
    assert len(account.active_certificates()) == 2
    assert cli('rotate', 'garage-1', '--device-has-it').code == 0
    assert_complete(account, 'garage-1', cli.certs)
    assert len(account.certificates()) == 1
    assert (cli.certs / 'garage-1' / 'certificate.pem.crt').read_text() != old
    assert not (cli.certs / 'garage-1' / 'next').exists()


def test_the_connection_that_aws_recorded_ends_the_rotation(
    account: AwsAccount, aws: Aws, cli: Cli, latest: str
) -> None:
    cli('register', 'garage-1')
    assert cli('rotate', 'garage-1').code == 3
    old_id = IdentityFolder(cli.certs / 'garage-1').read_ref().id
    put(aws, latest, connection('garage-1', old_id))
    assert cli('rotate', 'garage-1').code == 3
    put(aws, latest, connection('garage-1', new_id(cli.certs, 'garage-1'), 's2'))
    put(aws, latest, {**connection('garage-1', old_id, 's1'), 'item': 'disconnected'})
    assert cli('rotate', 'garage-1').code == 0
    assert_complete(account, 'garage-1', cli.certs)


def test_a_connection_that_ended_again_does_not_count(
    account: AwsAccount, aws: Aws, cli: Cli, latest: str
) -> None:
    cli('register', 'garage-1')
    cli('rotate', 'garage-1')
    new = new_id(cli.certs, 'garage-1')
    put(aws, latest, connection('garage-1', new, 's2'))
    put(aws, latest, {**connection('garage-1', new, 's2'), 'item': 'disconnected'})
    assert cli('rotate', 'garage-1').code == 3
    assert len(account.active_certificates()) == 2


@pytest.mark.timeout(300)
def test_a_rotation_cut_off_at_any_call_never_leaves_the_device_without_identity(
    account: AwsAccount, aws: Aws, options: RegisterOptions, latest: str
) -> None:
    calls = Calls(aws)
    thing = 'garage-1'

    def begin(certs: Path) -> RotateOptions:
        account.backend.reset()
        register(
            aws, thing, RegisterOptions(certs=certs, ca=options.ca, place=options.place, topic='EI_TOPIC')
        )
        return RotateOptions(certs=certs)

    def rotate(wanted: RotateOptions) -> bool:
        return rotate_device(aws, Ledger(thing), thing, wanted)

    def steps(wanted: RotateOptions) -> None:
        """Go through a whole rotation, as far as it is not done yet."""
        if not rotate(wanted):
            put(aws, latest, connection(thing, new_id(wanted.certs, thing)))
            assert rotate(wanted)

    whole = begin(options.certs.parent / 'whole')
    with calls.cut_at(0, When.BEFORE):
        steps(whole)
    for when, number in calls.cuts():
        wanted = begin(options.certs.parent / f'{when.name}-{number}')
        with calls.cut_at(number, when), pytest.raises(Cut):
            steps(wanted)
        assert len(account.active_certificates()) >= 1
        if IdentityFolder(wanted.certs / thing).next.path.exists():
            steps(wanted)
        assert_complete(account, thing, wanted.certs)
        assert len(account.certificates()) == 1, (when, number)


def test_a_promotion_cut_off_between_its_files_is_finished(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    cli('rotate', 'garage-1')
    folder = IdentityFolder(cli.certs / 'garage-1')
    old = folder.read_ref()
    account.backend.detach_policy('parking-device', old.arn)
    account.backend.detach_thing_principal('garage-1', old.arn)
    account.backend.update_certificate(old.id, 'REVOKED')
    account.backend.delete_certificate(old.id, False)
    folder.next.private_key.replace(folder.private_key)
    assert cli('rotate', 'garage-1').code == 0
    assert_complete(account, 'garage-1', cli.certs)
    assert cli('register', 'garage-1', '--json').json['changed'] is False


def test_a_rotation_asks_for_the_folder_of_the_device(account: AwsAccount, cli: Cli, tmp_path: Path) -> None:
    cli('register', 'garage-1')
    ended = cli('rotate', 'garage-1', certs=tmp_path / 'elsewhere')
    assert ended.code == 1
    assert 'bring the folder' in ended.out
    assert len(account.certificates()) == 1


def test_a_dry_run_makes_no_second_identity(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    ended = cli('rotate', 'garage-1', '--dry-run', '--json')
    assert ended.code == 0
    assert 'would be made' in json.dumps(ended.json)
    assert len(account.certificates()) == 1
    assert not (cli.certs / 'garage-1' / 'next').exists()


def test_a_certificate_of_a_stranger_stops_a_rotation(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    register(aws, 'garage-1', options)
    stranger = aws.iot.create_keys_and_certificate(setAsActive=True)
    aws.iot.attach_thing_principal(thingName='garage-1', principal=stranger['certificateArn'])
    with pytest.raises(IdentityElsewhereError):
        rotate_device(aws, Ledger('garage-1'), 'garage-1', RotateOptions(certs=options.certs))
    assert len(account.certificates()) == 2
