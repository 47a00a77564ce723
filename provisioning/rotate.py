"""Replace a device's key and certificate without a moment in which it has none."""

from dataclasses import dataclass
from pathlib import Path

from provisioning.aws import Aws
from provisioning.certificates import (
    activate,
    attach,
    attached_policies,
    describe,
    ensure_certificate,
    refuse_strangers,
    withdraw,
)
from provisioning.errors import NotRegisteredError
from provisioning.fleet_tables import DEFAULT_TABLE, NO_TABLE, is_connected_with
from provisioning.identity_folder import BALENA_VARIABLES, ROOT_CA, SETTINGS, CertificateRef, IdentityFolder
from provisioning.keys import KeyKind
from provisioning.ledger import WAITING, Ledger, Outcome
from provisioning.names import GROUP_PREFIX

_PROMOTED = 'the new one took the place of the old one'
_WAITING = 'put these files on {thing}, restart it, then run rotate again; until then both identities work'


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateOptions:
    """Say how an identity is replaced.

    Attributes:
        certs: the folder of the devices' folders.
        key_kind: of the new key.
        aws_key: let AWS make the new key.
        table: the table that tells which certificate a device is connected with.
        device_has_it: the operator has seen that the device uses the new certificate.
    """

    certs: Path
    key_kind: KeyKind = KeyKind.EC
    aws_key: bool = False
    table: str = DEFAULT_TABLE
    device_has_it: bool = False


def rotate_device(aws: Aws, ledger: Ledger, thing: str, options: RotateOptions) -> bool:
    """Go as far with a rotation as it can go now.

    The first run makes a second identity in certs/<thing>/next; both are valid. Once the
    device has connected with the new one, the next run revokes and deletes the old one.

    Returns:
        Whether the rotation is finished; if not, the ledger says what is waited for.

    Raises:
        NotRegisteredError: when the thing's identity is not on this machine.
    """
    return _Rotation(aws, ledger, thing, options).go_on()


class _Rotation:
    """Hold what the steps of one rotation share."""

    def __init__(self, aws: Aws, ledger: Ledger, thing: str, options: RotateOptions) -> None:
        self._aws = aws
        self._ledger = ledger
        self._thing = thing
        self._options = options
        self._folder = IdentityFolder(options.certs / thing)

    def go_on(self) -> bool:
        folder, ledger = self._folder, self._ledger
        if folder.is_half_promoted():
            ledger.act(Outcome.CHANGED, 'identity', str(folder.path), folder.finish_promotion, _PROMOTED)
            return not ledger.dry_run
        if not folder.has_certificate():
            raise NotRegisteredError(
                f'{folder.path}: no identity of {self._thing} is here; bring the folder from the machine '
                'that registered it, or register it'
            )
        refuse_strangers(self._aws, self._thing, folder, folder.next)
        old = folder.read_ref()
        new = self._ensure_next(old)
        if new is None:
            return False
        if not self._may_retire(old, new):
            ledger.note(Outcome.NOTE, WAITING, str(folder.next.path), _WAITING.format(thing=self._thing))
            return False
        withdraw(self._aws, ledger, self._thing, old, status='REVOKED')
        ledger.act(Outcome.CHANGED, 'identity', str(folder.path), folder.promote_next, _PROMOTED)
        return not ledger.dry_run

    def _ensure_next(self, old: CertificateRef) -> CertificateRef | None:
        aws, ledger, options = self._aws, self._ledger, self._options
        new = ensure_certificate(
            aws, ledger, self._folder.next, self._thing, kind=options.key_kind, aws_key=options.aws_key
        )
        # The old one has no policy left when an earlier run was cut off while it was retired.
        for policy in self._policies(old) or self._policies(new):
            attach(aws, ledger, self._thing, new, policy)
        activate(aws, ledger, new)
        if new is not None and not ledger.dry_run:
            self._copy_settings()
        return new

    def _copy_settings(self) -> None:
        for name in (ROOT_CA, SETTINGS, BALENA_VARIABLES):
            source = self._folder.path / name
            if source.exists():
                self._folder.next.write_if_different(name, source.read_bytes())

    def _policies(self, ref: CertificateRef | None) -> list[str]:
        if ref is None or describe(self._aws, ref.id) is None:
            return []
        return [name for name in attached_policies(self._aws, ref) if name.startswith(GROUP_PREFIX)]

    def _may_retire(self, old: CertificateRef, new: CertificateRef) -> bool:
        description = describe(self._aws, old.id)
        if description is None or description['status'] == 'REVOKED':
            # A run that was cut off had the evidence already.
            return True
        evidence = 'with the new certificate, as you say'
        if not self._options.device_has_it:
            evidence = 'with the new certificate'
            table = self._options.table
            connected = is_connected_with(self._aws, table, self._thing, new.id)
            if connected is None:
                self._ledger.note(Outcome.NOTE, 'table', table, NO_TABLE.format(table=table))
            if not connected:
                return False
        self._ledger.note(Outcome.PASSED, 'device connected', new.id, evidence)
        return True
