"""Get a certificate for a key, attach it, find it again after a cut, and retire it."""

import datetime as dt
from typing import Any

from botocore.exceptions import ClientError

from provisioning.aws import Aws, is_missing
from provisioning.errors import AwsError, IdentityElsewhereError
from provisioning.identity_folder import CertificateRef, IdentityFolder
from provisioning.keys import KeyKind, belongs, make_private_key, signing_request
from provisioning.ledger import Ledger, Outcome
from provisioning.names import GROUP_PREFIX

# How far the clocks of this machine and of AWS may differ when a lost certificate is looked for.
CLOCK_TOLERANCE = dt.timedelta(hours=24)
_PAGE = 250


def ensure_certificate(
    aws: Aws, ledger: Ledger, folder: IdentityFolder, thing: str, *, kind: KeyKind, aws_key: bool
) -> CertificateRef | None:
    """Make sure that a folder has a key and the certificate for it, inactive at first.

    The key is on disk before AWS hears of it, so that a certificate made by a run that was
    cut off is found again by its public key.

    Args:
        aws: the account.
        ledger: what was done.
        folder: where key and certificate are kept.
        thing: becomes the common name of the signing request.
        kind: of a new key.
        aws_key: let AWS make the key and send it, instead of making it here.

    Returns:
        The certificate; None in a dry run that would make one.
    """
    if folder.has_certificate():
        ref = folder.read_ref()
        _check_usable(aws, folder, ref)
        ledger.there('private key', str(folder.private_key))
        ledger.there('certificate', ref.id)
        return ref
    if folder.has_key():
        ledger.there('private key', str(folder.private_key))
        found = _find_by_key(aws, thing, folder)
        if found is not None:
            ref, certificate = found
            ledger.act(
                Outcome.MADE,
                'certificate',
                ref.id,
                lambda: folder.write_certificate(ref, certificate),
                'by a run that was cut off; kept',
            )
            return ref
    elif aws_key:
        _note_leftovers(aws, ledger, folder)
        return ledger.act(
            Outcome.MADE,
            'key and certificate',
            str(folder.path),
            lambda: _create_with_key(aws, folder),
            'the key was made by AWS and sent here',
        )
    else:
        ledger.act(
            Outcome.MADE,
            'private key',
            str(folder.private_key),
            lambda: folder.write_key(make_private_key(kind)),
            f'{kind}, made here; it stays here',
        )
    return ledger.act(
        Outcome.MADE, 'certificate', str(folder.certificate), lambda: _create_from_key(aws, folder, thing)
    )


def attach(aws: Aws, ledger: Ledger, thing: str, ref: CertificateRef | None, policy: str) -> bool:
    """Give a certificate its policy and its thing.

    Args:
        aws: the account.
        ledger: what was done.
        thing: the thing.
        ref: the certificate; None in a dry run that would make one.
        policy: the policy that the device needs; other policies of this tool are taken off.

    Returns:
        Whether this call attached the certificate to the thing.
    """
    attached = attached_policies(aws, ref) if ref else []
    if policy in attached:
        ledger.there('policy attached', policy)
    else:
        ledger.act(
            Outcome.MADE,
            'policy attached',
            policy,
            lambda: ref and aws.iot.attach_policy(policyName=policy, target=ref.arn),
            'in effect within 8 minutes',
        )
    for other in attached:
        if ref and other != policy and other.startswith(GROUP_PREFIX):
            _detach_policy(aws, ledger, ref, other)
    if ref and ref.arn in certificates_of(aws, thing):
        ledger.there('certificate attached', thing)
        return False
    ledger.act(
        Outcome.MADE,
        'certificate attached',
        thing,
        lambda: ref and aws.iot.attach_thing_principal(thingName=thing, principal=ref.arn),
    )
    return ref is not None and not ledger.dry_run


def activate(aws: Aws, ledger: Ledger, ref: CertificateRef | None) -> None:
    """Make a certificate active, the last step: what is half done cannot be used."""
    if ref is not None:
        description = describe(aws, ref.id)
        if description is not None and description['status'] == 'ACTIVE':
            ledger.there('certificate active', ref.id)
            return
    ledger.act(
        Outcome.CHANGED,
        'certificate active',
        ref.id if ref else '',
        lambda: ref and aws.iot.update_certificate(certificateId=ref.id, newStatus='ACTIVE'),
    )


def certificates_of(aws: Aws, thing: str) -> list[str]:
    """Return the ARNs of the certificates attached to a thing; none when there is no such thing."""
    arns: list[str] = []
    options: dict[str, Any] = {'thingName': thing, 'maxResults': _PAGE}
    while True:
        try:
            page = aws.iot.list_thing_principals(**options)
        except ClientError as error:
            if is_missing(error):
                return arns
            raise
        arns += [principal for principal in page['principals'] if ':cert/' in principal]
        if not page.get('nextToken'):
            return arns
        options['nextToken'] = page['nextToken']


def describe(aws: Aws, certificate_id: str) -> dict[str, Any] | None:
    """Return what AWS knows of a certificate; None when it is not there."""
    try:
        answer = aws.iot.describe_certificate(certificateId=certificate_id)
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    description: dict[str, Any] = answer['certificateDescription']
    return description


def ref_of(arn: str) -> CertificateRef:
    """Return the certificate that an ARN names."""
    return CertificateRef(arn.rpartition('/')[2], arn)


def attached_policies(aws: Aws, ref: CertificateRef) -> list[str]:
    """Return the names of the policies of a certificate."""
    names: list[str] = []
    options: dict[str, Any] = {'target': ref.arn, 'pageSize': _PAGE}
    while True:
        page = aws.iot.list_attached_policies(**options)
        names += [policy['policyName'] for policy in page['policies']]
        if not page.get('nextMarker'):
            return names
        options['marker'] = page['nextMarker']


def refuse_strangers(aws: Aws, thing: str, *folders: IdentityFolder) -> None:
    """Refuse to give a thing a second identity.

    Raises:
        IdentityElsewhereError: when a certificate is attached to the thing that is in none of the
            folders, and whose key is in none of them.
    """
    known = {folder.read_ref().arn for folder in folders if folder.has_certificate()}
    keys = [folder.read_key() for folder in folders if folder.has_key() and not folder.has_certificate()]
    for arn in certificates_of(aws, thing):
        if arn in known:
            continue
        description = describe(aws, ref_of(arn).id)
        if description is None or any(belongs(description['certificatePem'], key) for key in keys):
            continue
        raise IdentityElsewhereError(
            f"thing '{thing}' has a certificate whose key is not in {folders[0].path}: "
            f'{ref_of(arn).id[:12]}..., {description["status"]}; bring the folder from the machine that '
            f'registered it, or decommission {thing} and register it anew'
        )


def withdraw(aws: Aws, ledger: Ledger, thing: str, ref: CertificateRef, *, status: str = 'INACTIVE') -> None:
    """Retire a certificate in the order that AWS demands; done in part before, it goes on.

    Args:
        aws: the account.
        ledger: what was done.
        thing: the thing that it is attached to.
        ref: the certificate.
        status: `REVOKED` for one that was in use, `INACTIVE` for one that never was.
    """
    description = describe(aws, ref.id)
    if description is None:
        ledger.note(Outcome.GONE, 'certificate', ref.id)
        return
    if description['status'] == 'ACTIVE':
        ledger.act(
            Outcome.CHANGED,
            'certificate',
            ref.id,
            lambda: aws.iot.update_certificate(certificateId=ref.id, newStatus=status),
            status.lower(),
        )
    for policy in attached_policies(aws, ref):
        _detach_policy(aws, ledger, ref, policy)
    if ref.arn in certificates_of(aws, thing):
        ledger.act(
            Outcome.REMOVED,
            'certificate attached',
            thing,
            lambda: aws.iot.detach_thing_principal(thingName=thing, principal=ref.arn),
        )
    ledger.act(
        Outcome.REMOVED,
        'certificate',
        ref.id,
        lambda: aws.iot.delete_certificate(certificateId=ref.id),
    )


def _detach_policy(aws: Aws, ledger: Ledger, ref: CertificateRef, policy: str) -> None:
    ledger.act(
        Outcome.REMOVED,
        'policy attached',
        policy,
        lambda: aws.iot.detach_policy(policyName=policy, target=ref.arn),
    )


def _check_usable(aws: Aws, folder: IdentityFolder, ref: CertificateRef) -> None:
    description = describe(aws, ref.id)
    if description is None:
        raise AwsError(
            f'the certificate in {folder.path} is not in account {aws.account}, {aws.region}; look at '
            '--profile and --region. If it was deleted, move the folder away and register anew'
        )
    if description['status'] not in {'ACTIVE', 'INACTIVE'}:
        raise AwsError(
            f'the certificate in {folder.path} is {description["status"]}; '
            'decommission the device and register it anew'
        )


def _create_from_key(aws: Aws, folder: IdentityFolder, thing: str) -> CertificateRef:
    request = signing_request(folder.read_key(), thing)
    answer = aws.iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=False)
    return _keep(folder, answer)


def _create_with_key(aws: Aws, folder: IdentityFolder) -> CertificateRef:
    folder.note_request()
    answer = aws.iot.create_keys_and_certificate(setAsActive=False)
    folder.write_key(answer['keyPair']['PrivateKey'].encode())
    ref = _keep(folder, answer)
    folder.forget_request()
    return ref


def _note_leftovers(aws: Aws, ledger: Ledger, folder: IdentityFolder) -> None:
    """Name the certificates that a cut-off run may have left: a key that AWS made is sent only once."""
    asked_at = folder.requested_at()
    if asked_at is None:
        return
    for ref in _inactive_since(aws, asked_at - CLOCK_TOLERANCE):
        if not aws.iot.list_principal_things(principal=ref.arn)['things']:
            ledger.note(
                Outcome.NOTE,
                'certificate',
                ref.id,
                'inactive and attached to nothing, perhaps left by the run that was cut off: '
                f'aws iot delete-certificate --certificate-id {ref.id}',
            )


def _keep(folder: IdentityFolder, answer: dict[str, Any]) -> CertificateRef:
    ref = CertificateRef(answer['certificateId'], answer['certificateArn'])
    if not belongs(answer['certificatePem'], folder.read_key()):
        raise AwsError(
            f'AWS answered with a certificate that is not for the key in {folder.path}; nothing was '
            'written. Move the folder away and register anew'
        )
    folder.write_certificate(ref, answer['certificatePem'])
    return ref


def _find_by_key(aws: Aws, thing: str, folder: IdentityFolder) -> tuple[CertificateRef, str] | None:
    """Return the certificate of a key that is on disk: the thing's, or one not attached yet."""
    key = folder.read_key()
    oldest = dt.datetime.fromtimestamp(folder.private_key.stat().st_mtime, dt.UTC) - CLOCK_TOLERANCE
    candidates = [ref_of(arn) for arn in certificates_of(aws, thing)]
    candidates += _inactive_since(aws, oldest)
    for ref in candidates:
        description = describe(aws, ref.id)
        if description is not None and belongs(description['certificatePem'], key):
            return ref, description['certificatePem']
    return None


def _inactive_since(aws: Aws, oldest: dt.datetime) -> list[CertificateRef]:
    """Return the certificates that were made lately and never made active, newest first."""
    found: list[CertificateRef] = []
    options: dict[str, Any] = {'pageSize': _PAGE, 'ascendingOrder': False}
    while True:
        page = aws.iot.list_certificates(**options)
        found += [
            CertificateRef(item['certificateId'], item['certificateArn'])
            for item in page['certificates']
            if item['creationDate'] >= oldest and item['status'] == 'INACTIVE'
        ]
        # The list is in the order of creation: what follows an old one is older still.
        past = any(item['creationDate'] < oldest for item in page['certificates'])
        if past or not page.get('nextMarker'):
            return found
        options['marker'] = page['nextMarker']
