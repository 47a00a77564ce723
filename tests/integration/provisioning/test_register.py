import json
import re
import stat
import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioning.aws import Aws, open_account
from provisioning.errors import IdentityElsewhereError
from provisioning.keys import belongs
from provisioning.ledger import Ledger
from provisioning.register import RegisterOptions, prepare_account, register_device
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import ROOT, Cli
from tests.integration.provisioning.cuts import Calls, Cut, When

PLACE = ('--facility', 'North Street', '--floor', '2')


def register(aws: Aws, thing: str, options: RegisterOptions) -> Ledger:
    ledger = Ledger(thing)
    endpoint = prepare_account(aws, ledger, options)
    register_device(aws, ledger, thing, endpoint, options)
    return ledger


def assert_complete(account: AwsAccount, thing: str, certs: Path) -> None:
    """The thing has one active certificate, and it is the one on disk, with its key."""
    folder = certs / thing
    found = account.thing(thing)
    (arn,) = account.backend.list_thing_principals(thing)
    certificate = account.backend._get_principal(arn)
    assert certificate.status == 'ACTIVE'
    assert (folder / 'certificate.pem.crt').read_text() == certificate.certificate_pem
    assert belongs(certificate.certificate_pem, (folder / 'private.pem.key').read_bytes())
    assert found.thing_type.thing_type_name == 'parking-monitor'
    assert account.active_certificates() == [certificate.certificate_id]
    (policy,) = account.backend.list_attached_policies(certificate.arn)
    assert policy.name == 'parking-device'
    assert (folder / 'fleet-cloud.yaml').exists()
    assert (folder / 'AmazonRootCA.pem').exists()


def test_a_device_is_registered_with_all_that_it_needs(account: AwsAccount, cli: Cli) -> None:
    ended = cli('register', 'garage-1', *PLACE)
    assert ended.code == 0, ended.out + ended.err
    assert_complete(account, 'garage-1', cli.certs)
    thing = account.thing('garage-1')
    assert thing.attributes['floor'] == '2'
    assert account.backend.list_thing_groups_for_thing('garage-1')[0]['groupName'].endswith('--2')
    for word in ('thing type', 'policy', 'group', 'fleet indexing', 'endpoint', 'garage-1: done'):
        assert word in ended.out


def test_the_files_are_for_the_owner_alone(account: AwsAccount, cli: Cli) -> None:
    assert cli('register', 'garage-1').code == 0
    folder = cli.certs / 'garage-1'
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / 'private.pem.key').stat().st_mode) == 0o600
    assert account.things() == ['garage-1']


def test_a_second_run_changes_nothing_and_says_so(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1', *PLACE)
    files = {path: path.read_bytes() for path in (cli.certs / 'garage-1').iterdir()}
    again = cli('register', 'garage-1', *PLACE, '--json')
    assert again.code == 0
    assert again.json['changed'] is False
    assert set(again.steps('garage-1').values()) == {'there'}
    assert {path: path.read_bytes() for path in (cli.certs / 'garage-1').iterdir()} == files
    assert len(account.certificates()) == 1
    assert 'garage-1: nothing was changed' in cli('register', 'garage-1', *PLACE).out


def test_a_dry_run_does_nothing_and_says_what_it_would_do(account: AwsAccount, cli: Cli) -> None:
    ended = cli('register', 'garage-1', *PLACE, '--dry-run')
    assert ended.code == 0
    assert 'would be made' in ended.out
    assert 'dry run' in ended.out
    assert account.things() == []
    assert account.certificates() == {}
    assert not cli.certs.exists()


@pytest.mark.timeout(300)
def test_a_run_cut_off_at_any_call_is_completed_by_the_next(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    calls = Calls(aws)
    with calls.cut_at(0, When.BEFORE):
        register(aws, 'whole', options)
    for when, number in calls.cuts():
        account.backend.reset()
        certs = options.certs.parent / f'{when.name}-{number}'
        cut = RegisterOptions(certs=certs, ca=options.ca, place=options.place, topic=options.topic)
        with calls.cut_at(number, when), pytest.raises(Cut):
            register(aws, 'garage-1', cut)
        register(aws, 'garage-1', cut)
        assert_complete(account, 'garage-1', certs)
        # Nothing is left over from the run that was cut off.
        assert len(account.certificates()) == 1, (when, number)
        assert not register(aws, 'garage-1', cut).acted


def test_a_killed_program_is_completed_by_the_next(account: AwsAccount, cli: Cli) -> None:
    real = account.backend.__class__.create_certificate_from_csr
    victims: list[subprocess.Popen[str]] = []

    def kill(backend: object, csr: str, set_as_active: bool) -> object:
        certificate = real(backend, csr, set_as_active)
        victims.pop().kill()
        return certificate

    with patch.object(account.backend.__class__, 'create_certificate_from_csr', kill):
        process = cli.start('register', 'garage-1')
        victims.append(process)
        process.communicate(timeout=600)
    assert process.returncode == -9
    assert [one.status for one in account.certificates().values()] == ['INACTIVE']
    ended = cli.run('register', 'garage-1', '--json')
    assert ended.code == 0, ended.err
    assert 'by a run that was cut off; kept' in ended.details()
    assert_complete(account, 'garage-1', cli.certs)
    assert len(account.certificates()) == 1


def test_two_runs_at_once_on_one_machine_register_the_device_once(account: AwsAccount, cli: Cli) -> None:
    runs = [cli.start('register', 'garage-1', 'garage-2', *PLACE) for _ in range(2)]
    for run in runs:
        out, err = run.communicate(timeout=600)
        assert run.returncode == 0, out + err
    assert account.things() == ['garage-1', 'garage-2']
    assert len(account.active_certificates()) == 2


def test_two_machines_at_once_never_give_a_thing_two_identities(
    account: AwsAccount, aws: Aws, options: RegisterOptions, tmp_path: Path
) -> None:
    """The second machine attaches its certificate between the first one's look and its own attachment."""
    other = RegisterOptions(certs=tmp_path / 'other', ca=options.ca, place=options.place, topic=options.topic)
    second = open_account()
    real = account.backend.__class__.create_certificate_from_csr
    started: list[bool] = []

    def meanwhile(backend: object, csr: str, set_as_active: bool) -> object:
        certificate = real(backend, csr, set_as_active)
        if not started:
            started.append(True)
            register(second, 'garage-1', other)
        return certificate

    with (
        patch.object(account.backend.__class__, 'create_certificate_from_csr', meanwhile),
        pytest.raises(IdentityElsewhereError, match='from elsewhere at the same moment'),
    ):
        register(aws, 'garage-1', options)
    assert_complete(account, 'garage-1', other.certs)
    assert len(account.certificates()) == 1
    assert not (options.certs / 'garage-1').exists()


def test_a_thing_registered_on_another_machine_is_left_alone(
    account: AwsAccount, cli: Cli, tmp_path: Path
) -> None:
    cli('register', 'garage-1')
    ended = cli('register', 'garage-1', certs=tmp_path / 'elsewhere')
    assert ended.code == 1
    assert 'bring the folder from the machine that registered it' in ended.out
    assert len(account.certificates()) == 1


def test_a_name_that_fails_does_not_stop_the_others(account: AwsAccount, cli: Cli, tmp_path: Path) -> None:
    cli('register', 'garage-1', certs=tmp_path / 'elsewhere')
    ended = cli('register', 'garage-1', 'garage-2', '--json')
    assert ended.code == 1
    assert ended.json['subjects'][1]['failed'] is True
    assert_complete_names = account.things()
    assert assert_complete_names == ['garage-1', 'garage-2']
    assert (cli.certs / 'garage-2' / 'certificate.pem.crt').exists()


def test_names_come_from_a_file_too(account: AwsAccount, cli: Cli, tmp_path: Path) -> None:
    names = tmp_path / 'names.txt'
    names.write_text('garage-1\n# the second floor\ngarage-2  # by the lift\n\ngarage-1\n')
    assert cli('register', '--file', str(names)).code == 0
    assert account.things() == ['garage-1', 'garage-2']


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['register', 'a b'], 'use 1 to 128 characters'),
        (['register'], 'name at least one device'),
        (['register', 'a', '--floor', '2'], 'needs a facility'),
        (['register', 'a', '--topic', 'a/#'], "topic 'a/#'"),
        (['register', '--file', 'missing.txt'], 'cannot be read'),
    ],
)
def test_wrong_usage_is_explained(account: AwsAccount, cli: Cli, arguments: list[str], said: str) -> None:
    ended = cli(*arguments)
    assert ended.code == 2
    assert said in ended.err
    assert account.things() == []


def test_a_device_that_moves_changes_its_group(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1', '--facility', 'North', '--floor', '1')
    ended = cli('register', 'garage-1', '--facility', 'North', '--floor', '2', '--json')
    steps = ended.steps('garage-1')
    assert steps['in group', 'parking-North--2'] == 'made'
    assert steps['in group', 'parking-North--1'] == 'removed'
    assert steps['thing', 'garage-1'] == 'changed'
    groups = account.backend.list_thing_groups_for_thing('garage-1')
    assert [group['groupName'] for group in groups] == ['parking-North--2']


def test_another_topic_gets_a_policy_of_its_own(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    before = account.backend.policies['parking-device'].document
    cli('register', 'garage-2', '--topic', 'fleet/counts')
    assert account.backend.policies['parking-device'].document == before
    (own,) = (name for name in account.backend.policies if name != 'parking-device')
    assert 'topic/fleet/counts' in account.backend.policies[own].document


def test_a_policy_that_was_tampered_with_is_put_right_within_the_limit_of_versions(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    register(aws, 'garage-1', options)
    name = 'parking-device'
    right = json.loads(aws.iot.get_policy(policyName=name)['policyDocument'])
    wrong = json.dumps({'Version': '2012-10-17', 'Statement': []})
    for _ in range(4):
        versions = aws.iot.list_policy_versions(policyName=name)['policyVersions']
        for version in versions:
            # Room for the tampering itself; the tool has to make room for its own.
            if len(versions) > 4 and not version['isDefaultVersion']:
                aws.iot.delete_policy_version(policyName=name, policyVersionId=version['versionId'])
                break
        aws.iot.create_policy_version(policyName=name, policyDocument=wrong, setAsDefault=True)
        assert register(aws, 'garage-1', options).acted
        assert json.loads(aws.iot.get_policy(policyName=name)['policyDocument']) == right
        assert len(aws.iot.list_policy_versions(policyName=name)['policyVersions']) <= 5
    assert account.things() == ['garage-1']


def test_what_is_missing_is_put_back(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1', *PLACE)
    (certificate,) = account.certificates().values()
    account.backend.detach_policy('parking-device', certificate.arn)
    account.backend.update_certificate(certificate.certificate_id, 'INACTIVE')
    (cli.certs / 'garage-1' / 'fleet-cloud.yaml').unlink()
    steps = cli('register', 'garage-1', *PLACE, '--json').steps('garage-1')
    assert {what for (what, _), outcome in steps.items() if outcome != 'there'} == {
        'policy attached',
        'certificate active',
        'settings',
    }
    assert_complete(account, 'garage-1', cli.certs)


def test_an_rsa_key_is_made_on_request(account: AwsAccount, cli: Cli) -> None:
    assert cli('register', 'garage-1', '--key', 'rsa').code == 0
    key = load_pem_private_key((cli.certs / 'garage-1' / 'private.pem.key').read_bytes(), None)
    assert key.key_size == 2048  # type: ignore[union-attr]  # (RSA, as asked)
    assert_complete(account, 'garage-1', cli.certs)


def test_aws_makes_the_key_on_request(account: AwsAccount, cli: Cli) -> None:
    ended = cli('register', 'garage-1', '--aws-key', '--json')
    assert ended.code == 0
    assert 'made by AWS' in ended.details()
    assert_complete(account, 'garage-1', cli.certs)


def test_a_lost_key_of_aws_is_named_so_that_it_can_be_deleted(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    asked = RegisterOptions(
        certs=options.certs, ca=options.ca, place=options.place, topic=options.topic, aws_key=True
    )
    calls = Calls(aws)
    with calls.cut_at(0, When.BEFORE):
        register(aws, 'whole', asked)
    number = calls.names.index('CreateKeysAndCertificate') + 1
    account.backend.reset()
    with calls.cut_at(number, When.AFTER), pytest.raises(Cut):
        register(aws, 'garage-1', asked)
    (lost,) = account.certificates()
    ledger = register(aws, 'garage-1', asked)
    assert any(lost in entry.detail and 'delete-certificate' in entry.detail for entry in ledger.entries)
    assert_complete(account, 'garage-1', options.certs)


def test_no_secret_is_ever_said(account: AwsAccount, cli: Cli) -> None:
    secrets: set[str] = set()
    ended = cli.run('register', 'garage-0')
    said = ended.out + ended.err
    runs = [
        ['register', 'garage-1', '--aws-key'],
        ['register', 'garage-2', '--aws-key', '--json'],
        ['rotate', 'garage-1', '--aws-key', '--json'],
        ['rotate', 'garage-0'],
        ['rotate', 'garage-0', '--device-has-it'],
        ['register', 'garage-1'],
    ]
    for words in runs:
        ended = cli(*words)
        said += ended.out + ended.err
        secrets |= {path.read_text() for path in cli.certs.rglob('*.key')}
    # A certificate of one device beside the key of another is complained of, without either.
    (cli.certs / 'garage-1' / 'private.pem.key').write_text(min(secrets))
    ended = cli('register', 'garage-1')
    assert ended.code == 1
    assert 'do not belong together' in ended.out
    said += ended.out + ended.err
    assert len(secrets) == 5
    assert len(account.things()) == 3
    assert 'PRIVATE' not in said
    for secret in secrets:
        body = ''.join(line for line in secret.splitlines() if not line.startswith('-'))
        assert all(body[start : start + 16] not in said for start in range(64, len(body) - 16, 16))
    assert account.environment['AWS_SECRET_ACCESS_KEY'] not in said


def test_refusals_of_aws_say_what_to_do(account: AwsAccount, cli: Cli) -> None:
    nobody = {key: value for key, value in cli.environment.items() if 'KEY' not in key}
    ended = Cli(cli._capsys, nobody, cli.certs).run('register', 'garage-1')
    assert ended.code == 1
    assert 'no AWS credentials were found; run `aws configure`' in ended.err
    assert 'Traceback' not in ended.err
    nowhere = {key: value for key, value in cli.environment.items() if 'REGION' not in key}
    ended = Cli(cli._capsys, nowhere, cli.certs).run('register', 'garage-1')
    assert ended.code == 1
    assert 'no region was named; give --region' in ended.err
    assert account.things() == []


def test_the_certificate_is_for_this_device_alone(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    pem = (cli.certs / 'garage-1' / 'certificate.pem.crt').read_bytes()
    name = x509.load_pem_x509_certificate(pem).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert [one.value for one in name] == ['garage-1']
    document = account.backend.policies['parking-device'].document
    assert 'garage-1' not in document
    assert '${iot:Connection.Thing.ThingName}' in document


def test_the_operators_permissions_cover_every_call(aws: Aws, options: RegisterOptions) -> None:
    calls = Calls(aws)
    with calls.cut_at(0, When.BEFORE):
        register(aws, 'garage-1', options)
        needed = {f'iot:{name}' for name in calls.names}
    text = (ROOT / 'provisioning' / 'policies' / 'operator.json').read_text()
    allowed = set(re.findall(r'"(iot:\w+)"', text))
    assert needed <= allowed
    source = '\n'.join(path.read_text() for path in (ROOT / 'provisioning').glob('*.py'))
    for call in set(re.findall(r'aws\.iot\.(\w+)\(', source)):
        action = ''.join(word.capitalize() for word in call.split('_'))
        assert f'iot:{action}' in allowed, action
