import json

import pytest

from provisioning.aws import Aws
from provisioning.decommission import decommission_device
from provisioning.ledger import Ledger
from provisioning.register import RegisterOptions
from tests.integration.provisioning.aws_account import AwsAccount
from tests.integration.provisioning.cli import Cli
from tests.integration.provisioning.cuts import Calls, Cut, When
from tests.integration.provisioning.tables import make_table, put, rows
from tests.integration.provisioning.test_register import register


def test_nothing_of_a_device_is_left_that_could_connect(account: AwsAccount, aws: Aws, cli: Cli) -> None:
    cli('register', 'garage-1', 'garage-2', '--facility', 'North')
    cli('rotate', 'garage-1')
    table = make_table(aws, 'parking-latest', 'item')
    for name in ('garage-1', 'garage-2'):
        put(aws, table, {'device': name, 'item': 'count#north'})
    document = json.dumps({'state': {'reported': {'mode': 'count'}}}).encode()
    aws.iot_data.update_thing_shadow(thingName='garage-1', payload=document)
    ended = cli('decommission', 'garage-1', '--yes')
    assert ended.code == 0, ended.out
    assert account.things() == ['garage-2']
    assert len(account.certificates()) == 1
    assert not (cli.certs / 'garage-1').exists()
    assert [row['device']['S'] for row in rows(aws, table)] == ['garage-2']
    assert (cli.certs / 'garage-2' / 'private.pem.key').exists()


def test_a_second_decommission_says_that_all_is_gone(account: AwsAccount, cli: Cli) -> None:
    cli('register', 'garage-1')
    cli('decommission', 'garage-1', '--yes')
    again = cli('decommission', 'garage-1', '--yes', '--json')
    assert again.code == 0
    assert set(again.steps('garage-1').values()) == {'gone already'}
    assert account.things() == []


def test_it_asks_first(account: AwsAccount, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli('register', 'garage-1')
    monkeypatch.setattr('typer.confirm', _says_no)
    ended = cli('decommission', 'garage-1')
    assert ended.code == 1
    assert account.things() == ['garage-1']
    assert 'garage-1: ' in cli('decommission', 'garage-1', '--dry-run').out
    assert len(account.active_certificates()) == 1


def _says_no(question: str, **_: object) -> None:
    import typer  # noqa: PLC0415

    assert 'Delete the identity of garage-1 in account 123456789012' in question
    raise typer.Abort


@pytest.mark.timeout(300)
def test_a_decommission_cut_off_at_any_call_is_completed_by_the_next(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    calls = Calls(aws)
    table = make_table(aws, 'parking-latest', 'item')

    def begin() -> None:
        account.backend.reset()
        register(aws, 'garage-1', options)
        put(aws, table, {'device': 'garage-1', 'item': 'count#north'})

    def decommission() -> None:
        decommission_device(aws, Ledger('garage-1'), 'garage-1', options.certs)

    begin()
    with calls.cut_at(0, When.BEFORE):
        decommission()
    for when, number in calls.cuts():
        begin()
        with calls.cut_at(number, when), pytest.raises(Cut):
            decommission()
        decommission()
        assert account.things() == []
        assert account.certificates() == {}, (when, number)
        assert not (options.certs / 'garage-1').exists()
        assert rows(aws, table) == []


def test_the_certificate_is_shut_out_before_anything_else(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    register(aws, 'garage-1', options)
    calls = Calls(aws)
    with calls.cut_at(0, When.BEFORE):
        decommission_device(aws, Ledger('garage-1'), 'garage-1', options.certs)
    verbs = ('Update', 'Detach', 'Delete', 'Remove', 'Publish')
    acts = [name for name in calls.names if name.startswith(verbs)]
    assert acts[0] == 'UpdateCertificate'
    assert acts.index('DetachThingPrincipal') < acts.index('DeleteCertificate') < acts.index('DeleteThing')
    assert account.certificates() == {}


def test_a_device_of_another_machine_can_be_decommissioned(
    account: AwsAccount, aws: Aws, options: RegisterOptions
) -> None:
    register(aws, 'garage-1', options)
    decommission_device(aws, Ledger('garage-1'), 'garage-1', options.certs.parent / 'elsewhere')
    assert account.things() == []
    assert account.certificates() == {}
