"""Understand the command line of `parking-provision`."""

import datetime as dt
import sys
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC, check_topic
from provisioning.aws import AWS_ERRORS, explain, open_account
from provisioning.decommission import decommission_device
from provisioning.errors import FolderError, ProvisionError, UsageError
from provisioning.fleet_tables import DEFAULT_TABLE
from provisioning.fleet_template import ClaimOptions, set_up_claim
from provisioning.keys import KeyKind
from provisioning.ledger import Ledger, Outcome
from provisioning.listing import list_devices
from provisioning.names import Place, check_names, read_names
from provisioning.register import RegisterOptions, prepare_account, register_device
from provisioning.report import show_devices, show_ledgers
from provisioning.root_ca import amazon_root_ca
from provisioning.rotate import RotateOptions, rotate_device
from provisioning.safe_files import locked

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNFINISHED = 3

app = typer.Typer(
    name='parking-provision',
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode='markdown',
    # A traceback with local variables could show a key.
    pretty_exceptions_enable=False,
    help="""Give devices their identity in an AWS account, and look after it.

Begin with `aws configure`, then:

1. `parking-provision register garage-1 --facility 'North Street' --floor 2 --dry-run`
2. the same without `--dry-run`: keys, certificate and settings lie in `certs/garage-1/`
3. `parking-provision verify garage-1`: shows that they work, and that nothing else does

Every command can be run again at any time: it does what is missing, and says so. A run that
was cut off is completed by the next.

Exit codes: **0** done or nothing to do, **1** something failed, **2** wrong usage,
**3** unfinished: somebody has to act, then run it again.
""",
)

_Names = Annotated[list[str] | None, typer.Argument(metavar='NAME', help='Thing names.', show_default=False)]
_File = Annotated[Path | None, typer.Option('--file', help='File of thing names, one a line.')]
_Certs = Annotated[Path, typer.Option(help='Folder of the identities; keep it safe, it holds private keys.')]
_Region = Annotated[str | None, typer.Option(help='AWS region, as eu-west-1. [default: as the AWS CLI]')]
_Profile = Annotated[str | None, typer.Option(help='AWS profile. [default: as the AWS CLI]')]
_Json = Annotated[bool, typer.Option('--json', help='Print JSON instead of tables.')]
_DryRun = Annotated[bool, typer.Option('--dry-run', help='Look, and say what would be done.')]
_Facility = Annotated[str, typer.Option(help='Car park that the devices are in; becomes a thing group.')]
_Floor = Annotated[str, typer.Option(help='Floor of that car park; becomes a group within it.')]
_Topic = Annotated[
    str, typer.Option(envvar='AWS_TOPIC', help='Topic that every device publishes its counts to as well.')
]
_Key = Annotated[KeyKind, typer.Option('--key', help='ec: P-256, small and quick. rsa: 2048 bits.')]
_AwsKey = Annotated[bool, typer.Option('--aws-key', help='Let AWS make the private key and send it here.')]
_Ca = Annotated[
    Path | None, typer.Option('--ca', help="PEM of the broker's root. [default: Amazon Root CA 1 and 3]")
]
_CERTS = Path('certs')


@app.command()
def register(
    names: _Names = None,
    *,
    file: _File = None,
    facility: _Facility = '',
    floor: _Floor = '',
    topic: _Topic = DEFAULT_SHARED_TOPIC,
    key: _Key = KeyKind.EC,
    aws_key: _AwsKey = False,
    indexing: Annotated[
        bool, typer.Option(help='Turn on the fleet index, which `list` takes the last contact from.')
    ] = True,
    ca: _Ca = None,
    certs: _Certs = _CERTS,
    dry_run: _DryRun = False,
    as_json: _Json = False,
    region: _Region = None,
    profile: _Profile = None,
) -> None:
    """Make devices known to AWS and write what they need to certs/NAME/.

    Makes what is missing of: thing type, policy, groups, fleet index, thing, private key,
    certificate and what ties them together. The private key is made here and never leaves this
    machine. Running it again changes nothing.

    Example: `parking-provision register garage-1 garage-2 --facility 'North Street' --floor 2`
    """
    options = RegisterOptions(
        certs=certs,
        ca=_root_ca(ca),
        place=Place(facility, floor),
        topic=_checked_topic(topic),
        key_kind=key,
        aws_key=aws_key,
        indexing=indexing,
    )
    wanted = check_names([*(names or ()), *(read_names(file) if file else ())])
    aws = open_account(region, profile)
    with nullcontext() if dry_run else locked(certs):
        account = Ledger(f'account {aws.account}, {aws.region}', dry_run)
        endpoint = prepare_account(aws, account, options)
        ledgers = _each(
            wanted,
            lambda thing, ledger: register_device(aws, ledger, thing, endpoint, options),
            dry_run=dry_run,
        )
    _finish('register', [account, *ledgers], as_json=as_json)


@app.command()
def verify(
    name: Annotated[str, typer.Argument(metavar='NAME', help='Thing name.')],
    *,
    endpoint: Annotated[
        str | None, typer.Option(help='Another host name than in certs/NAME/.', show_default=False)
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help='Another port: 443 passes most firewalls.')
    ] = None,
    certs: _Certs = _CERTS,
    as_json: _Json = False,
) -> None:
    """Connect as the device would, and show what works and what is refused.

    Publishes and receives on the device's own topic, reads its shadow, and tries a topic of
    another device, which must be refused. Each failure comes with what to do. Needs no AWS
    credentials. A device that is running with this identity is disconnected for a moment.
    """
    # The MQTT client takes a second to load, which the other commands are spared.
    from provisioning.verify import mqtt_settings, verify_device  # noqa: PLC0415

    (thing,) = check_names([name])
    ledger = Ledger(thing)
    verify_device(ledger, mqtt_settings(thing, certs, endpoint=endpoint, port=port), dt.datetime.now(dt.UTC))
    _finish('verify', [ledger], as_json=as_json)


@app.command()
def rotate(
    names: _Names = None,
    *,
    file: _File = None,
    key: _Key = KeyKind.EC,
    aws_key: _AwsKey = False,
    table: Annotated[
        str, typer.Option(help='Table of provisioning/cloud that tells which certificate a device uses.')
    ] = DEFAULT_TABLE,
    device_has_it: Annotated[
        bool,
        typer.Option('--device-has-it', help='You have seen that the device is connected with the new one.'),
    ] = False,
    certs: _Certs = _CERTS,
    dry_run: _DryRun = False,
    as_json: _Json = False,
    region: _Region = None,
    profile: _Profile = None,
) -> None:
    """Replace key and certificate, without a moment in which the device has none.

    The first run makes a second identity in certs/NAME/next/ and ends with 3: put it on the
    device. When the device has connected with it, the next run revokes and deletes the old one.
    """
    options = RotateOptions(
        certs=certs, key_kind=key, aws_key=aws_key, table=table, device_has_it=device_has_it
    )
    wanted = check_names([*(names or ()), *(read_names(file) if file else ())])
    aws = open_account(region, profile)
    finished: list[bool] = []
    with nullcontext() if dry_run else locked(certs):
        ledgers = _each(
            wanted,
            lambda thing, ledger: finished.append(rotate_device(aws, ledger, thing, options)),
            dry_run=dry_run,
        )
    _finish('rotate', ledgers, as_json=as_json, unfinished=not dry_run and not all(finished))


@app.command()
def decommission(
    names: _Names = None,
    *,
    yes: Annotated[bool, typer.Option('--yes', help='Do not ask.')] = False,
    certs: _Certs = _CERTS,
    dry_run: _DryRun = False,
    as_json: _Json = False,
    region: _Region = None,
    profile: _Profile = None,
) -> None:
    """Take devices out of service for good: certificates, thing, presence, shadow, files.

    Revokes first, so that the device is shut out whatever happens after.
    """
    wanted = check_names(names or ())
    aws = open_account(region, profile)
    if not dry_run and not yes:
        typer.confirm(
            f'Delete the identity of {", ".join(wanted)} in account {aws.account}, {aws.region}?',
            abort=True,
            err=True,
        )
    with nullcontext() if dry_run else locked(certs):
        ledgers = _each(
            wanted, lambda thing, ledger: decommission_device(aws, ledger, thing, certs), dry_run=dry_run
        )
    _finish('decommission', ledgers, as_json=as_json)


@app.command('list')
def list_(*, as_json: _Json = False, region: _Region = None, profile: _Profile = None) -> None:
    """List the devices: certificate, its end, and when each was last seen.

    Ends with 3 when one wants attention, for example because its certificate ends within 30 days.
    """
    devices = list_devices(open_account(region, profile), dt.datetime.now(dt.UTC))
    show_devices(_console(), devices, as_json=as_json)
    if any(device.attention for device in devices):
        raise typer.Exit(EXIT_UNFINISHED)


@app.command('fleet-template')
def fleet_template(
    *,
    role: Annotated[
        str,
        typer.Option(help='ARN of the role that registers things: output ProvisioningRoleArn of the stack.'),
    ],
    name: Annotated[str, typer.Option(help='Name of the template.')] = 'parking-fleet',
    hook: Annotated[
        str, typer.Option(help='ARN of a Lambda that is asked whether a device may have an identity.')
    ] = '',
    facility: _Facility = '',
    floor: _Floor = '',
    topic: _Topic = DEFAULT_SHARED_TOPIC,
    ca: _Ca = None,
    certs: _Certs = _CERTS,
    dry_run: _DryRun = False,
    as_json: _Json = False,
    region: _Region = None,
    profile: _Profile = None,
) -> None:
    """Let devices that share an image get their own identity at the first boot.

    Makes a provisioning template, and a claim certificate in certs/claim.NAME/ that can do
    nothing but ask for an identity. Put that folder into the image.
    """
    options = ClaimOptions(
        name=name,
        role_arn=role,
        hook_arn=hook,
        certs=certs,
        ca=_root_ca(ca),
        place=Place(facility, floor),
        topic=_checked_topic(topic),
    )
    aws = open_account(region, profile)
    with nullcontext() if dry_run else locked(certs):
        ledgers = _each([name], lambda _, ledger: set_up_claim(aws, ledger, options), dry_run=dry_run)
    _finish('fleet-template', ledgers, as_json=as_json)


def main() -> None:
    """Run the command line, and say what went wrong in one line."""
    try:
        app(prog_name='parking-provision')
    except UsageError as error:
        sys.exit(_complain(error, EXIT_USAGE))
    except ProvisionError as error:
        sys.exit(_complain(error, EXIT_FAILED))
    except AWS_ERRORS as error:
        sys.exit(_complain(explain(error), EXIT_FAILED))


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f'parking-provision: {error}\n')
    return code


def _each(
    things: Iterable[str], work: Callable[[str, Ledger], object], *, dry_run: bool = False
) -> list[Ledger]:
    """Do the work for each thing; one that fails does not stop the others."""
    ledgers = []
    for thing in things:
        ledger = Ledger(thing, dry_run)
        ledgers.append(ledger)
        try:
            work(thing, ledger)
        except ProvisionError as error:
            ledger.note(Outcome.FAILED, 'device', thing, str(error))
        except AWS_ERRORS as error:
            ledger.note(Outcome.FAILED, 'device', thing, str(explain(error)))
    return ledgers


def _finish(command: str, ledgers: list[Ledger], *, as_json: bool, unfinished: bool = False) -> None:
    show_ledgers(_console(), command, ledgers, as_json=as_json)
    if any(ledger.failed for ledger in ledgers):
        raise typer.Exit(EXIT_FAILED)
    if unfinished:
        raise typer.Exit(EXIT_UNFINISHED)


def _console() -> Console:
    console = Console()
    # A pipe has no width: do not fold what a program or a log is to read.
    return console if console.is_terminal else Console(width=200)


def _root_ca(path: Path | None) -> bytes:
    if path is None:
        return amazon_root_ca()
    try:
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f'--ca {path}: cannot be read: {error.strerror}') from None


def _checked_topic(topic: str) -> str:
    try:
        return check_topic(topic, '--topic')
    except InvalidNameError as error:
        raise UsageError(str(error)) from None
