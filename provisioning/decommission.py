"""Take a device out of service: nothing of it is left that could connect."""

import json
from pathlib import Path

from botocore.exceptions import ClientError

from parking_monitor.cloud.topics import status_topic
from provisioning.aws import Aws, is_missing
from provisioning.certificates import certificates_of, ref_of, withdraw
from provisioning.errors import FolderError
from provisioning.fleet_tables import forget_device
from provisioning.identity_folder import CertificateRef, IdentityFolder
from provisioning.ledger import Ledger, Outcome
from provisioning.registry import find_thing, leave_group, thing_groups
from provisioning.safe_files import make_private_folder, write_file

_PLAN = 'decommission.json'


def decommission_device(aws: Aws, ledger: Ledger, thing: str, certs: Path) -> None:
    """Revoke and delete a thing's certificates, then the thing, then its files here.

    The certificates are written down first: once detached, AWS no longer tells whose they
    were. A run that was cut off is completed by the next.
    """
    folder = IdentityFolder(certs / thing)
    found = find_thing(aws, thing)
    refs = _certificates(aws, thing, folder)
    if refs and not ledger.dry_run:
        _write_plan(folder, refs)
    for ref in refs:
        withdraw(aws, ledger, thing, ref, status='REVOKED')
    if found is None:
        ledger.note(Outcome.GONE, 'thing', thing)
    else:
        _delete_thing(aws, ledger, thing)
    if not ledger.dry_run and (rows := forget_device(aws, thing)):
        ledger.note(Outcome.REMOVED, 'rows', str(rows), 'of what it last counted; its history stays')
    if folder.path.is_dir():
        ledger.act(Outcome.REMOVED, 'files', str(folder.path), lambda: _remove_files(folder))
    else:
        ledger.note(Outcome.GONE, 'files', str(folder.path))


def _delete_thing(aws: Aws, ledger: Ledger, thing: str) -> None:
    for group in thing_groups(aws, thing):
        leave_group(aws, ledger, thing, group)
    # A retained message outlives its thing, and would show it in the dashboard for ever.
    ledger.act(
        Outcome.REMOVED,
        'presence',
        status_topic(thing),
        lambda: aws.iot_data.publish(topic=status_topic(thing), qos=1, retain=True, payload=b''),
    )
    ledger.act(Outcome.REMOVED, 'shadow', thing, lambda: _delete_shadow(aws, thing))
    ledger.act(Outcome.REMOVED, 'thing', thing, lambda: aws.iot.delete_thing(thingName=thing))


def _delete_shadow(aws: Aws, thing: str) -> None:
    try:
        aws.iot_data.delete_thing_shadow(thingName=thing)
    except ClientError as error:
        if not is_missing(error):
            raise


def _certificates(aws: Aws, thing: str, folder: IdentityFolder) -> list[CertificateRef]:
    arns = dict.fromkeys([*_read_plan(folder), *certificates_of(aws, thing)])
    for identity in (folder, folder.next):
        if identity.has_certificate():
            try:
                arns[identity.read_ref().arn] = None
            except FolderError:
                # Damaged files must not keep a device in service; what is attached was found above.
                continue
    return [ref_of(arn) for arn in arns]


def _write_plan(folder: IdentityFolder, refs: list[CertificateRef]) -> None:
    make_private_folder(folder.path)
    write_file(folder.path / _PLAN, json.dumps([ref.arn for ref in refs]).encode())


def _read_plan(folder: IdentityFolder) -> list[str]:
    path = folder.path / _PLAN
    if not path.exists():
        return []
    arns: list[str] = json.loads(path.read_bytes())
    return arns


def _remove_files(folder: IdentityFolder) -> None:
    (folder.path / _PLAN).unlink(missing_ok=True)
    folder.remove()
