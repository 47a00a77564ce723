"""Register devices: everything that AWS and the device need, and nothing twice."""

from dataclasses import dataclass
from pathlib import Path

from provisioning.aws import Aws
from provisioning.certificates import (
    activate,
    attach,
    certificates_of,
    ensure_certificate,
    refuse_strangers,
    withdraw,
)
from provisioning.device_settings import DeviceSettings, write_settings
from provisioning.errors import IdentityElsewhereError
from provisioning.identity_folder import ROOT_CA, CertificateRef, IdentityFolder
from provisioning.keys import KeyKind
from provisioning.ledger import Ledger, Outcome
from provisioning.names import Place
from provisioning.policy_documents import device_policy, device_policy_name
from provisioning.registry import (
    ensure_groups,
    ensure_indexing,
    ensure_membership,
    ensure_policy,
    ensure_thing,
    ensure_thing_type,
    find_endpoint,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterOptions:
    """Say how devices are registered.

    Attributes:
        certs: the folder in which each device gets a folder of its own.
        ca: PEM of the root certificates for the devices.
        place: facility and floor.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
        key_kind: of the keys made here.
        aws_key: let AWS make the keys.
        indexing: whether the fleet index is turned on.
    """

    certs: Path
    ca: bytes
    place: Place
    topic: str
    key_kind: KeyKind = KeyKind.EC
    aws_key: bool = False
    indexing: bool = True


def prepare_account(aws: Aws, ledger: Ledger, options: RegisterOptions) -> str:
    """Make sure of what all devices share; return the endpoint."""
    ensure_thing_type(aws, ledger)
    ensure_policy(aws, ledger, device_policy_name(options.topic), device_policy(aws, options.topic))
    ensure_groups(aws, ledger, options.place)
    if options.indexing:
        ensure_indexing(aws, ledger)
    return find_endpoint(aws, ledger)


def register_device(aws: Aws, ledger: Ledger, thing: str, endpoint: str, options: RegisterOptions) -> None:
    """Make sure that a thing has its identity, in AWS and in certs/<thing>/.

    Every step looks first and does only what is missing, so a run that was cut off anywhere is
    completed by the next. The certificate becomes active last.

    Raises:
        IdentityElsewhereError: when the thing has an identity whose key is not here.
    """
    folder = IdentityFolder(options.certs / thing)
    if folder.is_half_promoted() and not ledger.dry_run:
        folder.finish_promotion()
    refuse_strangers(aws, thing, folder, folder.next)
    ensure_thing(aws, ledger, thing, options.place)
    ensure_membership(aws, ledger, thing, options.place)
    ref = ensure_certificate(aws, ledger, folder, thing, kind=options.key_kind, aws_key=options.aws_key)
    attached_now = attach(aws, ledger, thing, ref, device_policy_name(options.topic))
    if ref is not None and attached_now:
        _refuse_a_second_identity(aws, ledger, thing, ref, folder)
    activate(aws, ledger, ref)
    settings = DeviceSettings(
        thing=thing,
        endpoint=endpoint,
        topic=options.topic,
        facility=options.place.facility,
        floor=options.place.floor,
    )
    _ensure_files(ledger, folder, settings, options.ca)


def _refuse_a_second_identity(
    aws: Aws, ledger: Ledger, thing: str, ref: CertificateRef, folder: IdentityFolder
) -> None:
    """Step back when another machine registered the same thing at the same time.

    Whoever attaches second sees both. Two that see each other both step back: better none than two.
    """
    mine = {ref.arn}
    if folder.next.has_certificate():
        mine.add(folder.next.read_ref().arn)
    if set(certificates_of(aws, thing)) <= mine:
        return
    withdraw(aws, ledger, thing, ref)
    folder.remove()
    raise IdentityElsewhereError(
        f"thing '{thing}' was registered from elsewhere at the same moment; this run took its own "
        'certificate back. Run it again to see which one stands'
    )


def _ensure_files(ledger: Ledger, folder: IdentityFolder, settings: DeviceSettings, ca: bytes) -> None:
    if ledger.dry_run:
        if not folder.has_certificate():
            ledger.note(Outcome.WOULD, 'settings', str(folder.path), 'would be made')
        return
    written = write_settings(folder, settings)
    if folder.write_if_different(ROOT_CA, ca):
        written.append(ROOT_CA)
    if written:
        ledger.note(Outcome.MADE, 'settings', str(folder.path), ', '.join(written))
    else:
        ledger.there('settings', str(folder.path))
