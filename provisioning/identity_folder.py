"""Keep the files of one device's identity: certs/<name>/, mode 0700."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from provisioning.errors import FolderError
from provisioning.keys import belongs
from provisioning.safe_files import make_private_folder, sync_folder, write_file

PRIVATE_KEY = 'private.pem.key'
CERTIFICATE = 'certificate.pem.crt'
ROOT_CA = 'AmazonRootCA.pem'
SETTINGS = 'fleet-cloud.yaml'
BALENA_VARIABLES = 'balena-variables.txt'
RECORD = 'certificate.json'
NEXT = 'next'
_REQUEST = 'aws-key-requested'


@dataclass(frozen=True, slots=True)
class CertificateRef:
    """Name a certificate in AWS."""

    id: str
    arn: str


@dataclass(frozen=True, slots=True)
class IdentityFolder:
    """Read and write one device's key, certificate and settings.

    A certificate is only ever written beside the key that it belongs to.

    Attributes:
        path: certs/<name>, or its subfolder `next` while the identity is being rotated.
    """

    path: Path

    @property
    def private_key(self) -> Path:
        """Return the path of the private key."""
        return self.path / PRIVATE_KEY

    @property
    def certificate(self) -> Path:
        """Return the path of the certificate."""
        return self.path / CERTIFICATE

    @property
    def next(self) -> 'IdentityFolder':
        """Return the folder of the identity that is to replace this one."""
        return IdentityFolder(self.path / NEXT)

    def has_key(self) -> bool:
        """Return whether a private key is there."""
        return self.private_key.exists()

    def has_certificate(self) -> bool:
        """Return whether a certificate is there whose id is known."""
        return self.certificate.exists() and (self.path / RECORD).exists()

    def read_key(self) -> bytes:
        """Return the private key.

        Raises:
            FolderError: when it cannot be read.
        """
        return _read(self.private_key)

    def read_ref(self) -> CertificateRef:
        """Return which certificate in AWS the file is.

        Raises:
            FolderError: when the record cannot be read, or key and certificate are not a pair.
        """
        path = self.path / RECORD
        try:
            record = json.loads(_read(path))
            ref = CertificateRef(str(record['id']), str(record['arn']))
        except (ValueError, KeyError, TypeError):
            raise FolderError(f'{path}: is damaged; move {self.path} away and register anew') from None
        if not self.has_key() or not belongs(_read(self.certificate), self.read_key()):
            raise FolderError(
                f'{self.path}: {PRIVATE_KEY} and {CERTIFICATE} do not belong together; put the right pair '
                'back from where the folder was copied, or move it away, decommission and register anew'
            )
        return ref

    def write_key(self, private_key: bytes) -> None:
        """Keep a new private key, readable by its owner alone."""
        make_private_folder(self.path)
        write_file(self.private_key, private_key)

    def write_certificate(self, ref: CertificateRef, certificate: str) -> None:
        """Keep a certificate, and which one in AWS it is.

        The record goes first: a certificate without one does not count as there.
        """
        write_file(self.path / RECORD, json.dumps({'id': ref.id, 'arn': ref.arn}, indent=2).encode())
        write_file(self.certificate, certificate.encode())

    def note_request(self) -> None:
        """Remember that AWS is being asked for a key, which it sends only once."""
        make_private_folder(self.path)
        write_file(self.path / _REQUEST, b'')

    def requested_at(self) -> dt.datetime | None:
        """Return when AWS was asked for a key that never came to be kept; None when it was not."""
        path = self.path / _REQUEST
        return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) if path.exists() else None

    def forget_request(self) -> None:
        """Forget the request: key and certificate are kept."""
        (self.path / _REQUEST).unlink(missing_ok=True)

    def write_if_different(self, name: str, content: bytes) -> bool:
        """Write a file unless it has that content already; return whether it was written."""
        path = self.path / name
        if path.exists() and _read(path) == content:
            return False
        write_file(path, content)
        return True

    def promote_next(self) -> None:
        """Replace this identity by the next one.

        The key moves first. Cut off in between, `next` has a certificate and no key:
        `finish_promotion` goes on from there.
        """
        self.next.private_key.replace(self.private_key)
        self.finish_promotion()

    def is_half_promoted(self) -> bool:
        """Return whether a promotion was cut off."""
        return self.next.path.is_dir() and not self.next.has_key() and any(self.next.path.iterdir())

    def finish_promotion(self) -> None:
        """Move what is left of the next identity here, and remove its folder."""
        for name in (RECORD, CERTIFICATE):
            if (self.next.path / name).exists():
                (self.next.path / name).replace(self.path / name)
        self.next.remove()
        sync_folder(self.path)

    def remove(self) -> None:
        """Delete the folder with all that the tool wrote in it; strangers' files keep it alive."""
        if not self.path.is_dir():
            return
        self.next.remove()
        # The key last, so that a run cut off still knows that there is something to delete.
        names = (CERTIFICATE, ROOT_CA, SETTINGS, BALENA_VARIABLES, _REQUEST, RECORD, PRIVATE_KEY)
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        for part in self.path.glob('.*.part'):
            part.unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f'{path}: cannot be read: {error.strerror}') from None
