import json
import stat

import pytest

from provisioning.aws import Aws
from provisioning.fleet_template import ClaimOptions, set_up_claim
from provisioning.ledger import Ledger
from provisioning.names import Place
from provisioning.register import RegisterOptions
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import Cli
from tests.integration.provisioning.cuts import Calls, Cut, When

ROLE = 'arn:aws:iam::123456789012:role/provisioning'


def test_a_template_and_a_claim_are_made_once(account: AwsAccount, cli: Cli) -> None:
    words = ('fleet-template', '--role', ROLE, '--facility', 'North', '--floor', '2')
    ended = cli(*words)
    assert ended.code == 0, ended.out
    template = account.templates['parking-fleet']
    assert template['provisioningRoleArn'] == ROLE
    body = json.loads(template['templateBody'])
    thing = body['Resources']['thing']
    assert thing['Properties']['ThingName'] == {'Ref': 'SerialNumber'}
    assert thing['Properties']['ThingGroups'] == ['parking-North--2']
    assert set(thing['OverrideSettings'].values()) == {'FAIL'}
    assert body['Resources']['policy']['Properties']['PolicyName'] in account.backend.policies
    folder = cli.certs / 'claim.parking-fleet'
    assert stat.S_IMODE((folder / 'private.pem.key').stat().st_mode) == 0o600
    assert json.loads((folder / 'first-boot.json').read_text())['template'] == 'parking-fleet'
    assert len(account.active_certificates()) == 1
    again = cli(*words, '--json')
    assert again.json['changed'] is False
    assert len(account.certificates()) == 1


def test_the_claim_can_do_nothing_but_ask(account: AwsAccount, cli: Cli) -> None:
    cli('fleet-template', '--role', ROLE)
    (certificate,) = account.certificates().values()
    (policy,) = account.backend.list_attached_policies(certificate.arn)
    document = json.loads(policy.document)
    assert account.things() == []
    assert {action for one in document['Statement'] for action in one['Action']} == {
        'iot:Connect',
        'iot:Publish',
        'iot:Subscribe',
        'iot:Receive',
    }
    for resource in _resources(document):
        name = resource.split(':', 5)[5]
        assert name.startswith(
            (
                'client/first-boot-*',
                'topic/$aws/certificates/create-from-csr/json',
                'topicfilter/$aws/certificates/create-from-csr/json/',
                'topic/$aws/provisioning-templates/parking-fleet/provision/json',
                'topicfilter/$aws/provisioning-templates/parking-fleet/provision/json/',
            )
        ), name
        assert 'parking/' not in name


def test_a_changed_template_becomes_a_new_version(account: AwsAccount, cli: Cli) -> None:
    cli('fleet-template', '--role', ROLE)
    hook = 'arn:aws:lambda:eu-west-1:123456789012:function:allow'
    ended = cli('fleet-template', '--role', ROLE, '--facility', 'South', '--hook', hook, '--json')
    steps = ended.steps('parking-fleet')
    assert steps['template', 'parking-fleet'] == 'changed'
    assert steps['template settings', 'parking-fleet'] == 'changed'
    template = account.templates['parking-fleet']
    assert 'parking-South' in template['templateBody']
    assert template['preProvisioningHook']['targetArn'] == hook


def test_a_name_that_aws_does_not_take_is_refused(account: AwsAccount, cli: Cli) -> None:
    ended = cli('fleet-template', '--role', ROLE, '--name', 'a' * 37)
    assert ended.code == 2
    assert 'up to 36 letters' in ended.err
    assert account.templates == {}


@pytest.mark.timeout(300)
def test_a_run_cut_off_at_any_call_is_completed_by_the_next(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    calls = Calls(aws)

    def wanted(name: str) -> ClaimOptions:
        return ClaimOptions(
            name='parking-fleet',
            role_arn=ROLE,
            certs=options.certs.parent / name,
            ca=options.ca,
            place=Place('North'),
            topic='EI_TOPIC',
        )

    with calls.cut_at(0, When.BEFORE):
        set_up_claim(aws, Ledger('claim'), wanted('whole'))
    for when, number in calls.cuts():
        account.backend.reset()
        account.templates.clear()
        asked = wanted(f'{when.name}-{number}')
        with calls.cut_at(number, when), pytest.raises(Cut):
            set_up_claim(aws, Ledger('claim'), asked)
        set_up_claim(aws, Ledger('claim'), asked)
        again = Ledger('claim')
        set_up_claim(aws, again, asked)
        assert not again.acted
        assert len(account.certificates()) == len(account.active_certificates()) == 1


def _resources(document: dict[str, list[dict[str, list[str]]]]) -> list[str]:
    return [resource for one in document['Statement'] for resource in one['Resource']]
