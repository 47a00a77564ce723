"""Make certificates for a broker and its clients on this machine.

The authority's own key never touches the disk: each run makes a new authority,
and what it signed is worth nothing once the broker has stopped.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE_NAME = 'certificate.pem.crt'
PRIVATE_KEY_NAME = 'private.pem.key'
CA_NAME = 'ca.pem'
DEFAULT_LIFE = dt.timedelta(days=90)
# Clocks differ: a certificate made now must hold for a peer that is a little behind.
BACKDATED = dt.timedelta(hours=1)

_CLIENT_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=True,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_CA_KEY_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Name the files with which a server or client proves who it is.

    Attributes:
        name: the certificate's common name; for a device, its thing name.
        certificate: PEM certificate.
        private_key: PEM key of that certificate, mode 0600.
        ca: PEM certificate of the authority that the peer is checked against.
    """

    name: str
    certificate: Path
    private_key: Path
    ca: Path


class CertificateAuthority:
    """Sign certificates for one local broker and its clients.

    Args:
        name: the common name of the authority.
    """

    def __init__(self, name: str = 'Parking monitor local authority') -> None:
        now = dt.datetime.now(dt.UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        public_key = self._key.public_key()
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * dt.timedelta(days=365))
            .not_valid_after(now + 2 * DEFAULT_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_KEY_USAGE, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def server(self, folder: Path, names: tuple[str, ...] = ('localhost', '127.0.0.1')) -> Identity:
        """Make a server's certificate that is good for the host names and addresses given."""
        alternative_names = x509.SubjectAlternativeName([_general_name(name) for name in names])
        return self._issue(
            folder, names[0], ExtendedKeyUsageOID.SERVER_AUTH, alternative_names=alternative_names
        )

    def client(self, folder: Path, name: str, life: dt.timedelta = DEFAULT_LIFE) -> Identity:
        """Make a client's certificate whose common name is the thing name given, valid for so long."""
        end = dt.datetime.now(dt.UTC) + life
        return self._issue(folder, name, ExtendedKeyUsageOID.CLIENT_AUTH, not_after=end)

    def expired_client(self, folder: Path, name: str) -> Identity:
        """Make a client's certificate that ran out yesterday."""
        end = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        return self._issue(folder, name, ExtendedKeyUsageOID.CLIENT_AUTH, not_after=end)

    def revocation_list(self, certificates: Sequence[Path]) -> bytes:
        """Return the PEM list that revokes these certificates, good for as long as an identity is."""
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - BACKDATED)
            .next_update(now + DEFAULT_LIFE)
        )
        for certificate in certificates:
            serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - BACKDATED)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        folder: Path,
        name: str,
        usage: x509.ObjectIdentifier,
        *,
        alternative_names: x509.SubjectAlternativeName | None = None,
        not_after: dt.datetime | None = None,
    ) -> Identity:
        now = dt.datetime.now(dt.UTC)
        end = not_after or now + DEFAULT_LIFE
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, end) - BACKDATED)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_CLIENT_KEY_USAGE, critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if alternative_names is not None:
            builder = builder.add_extension(alternative_names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return _IdentityFolder.make(folder).write(name, certificate, key, self._certificate)


def foreign_client(folder: Path, name: str, ca: Path) -> Identity:
    """Make a client's certificate that an authority unknown to the broker has signed.

    Args:
        folder: where its files go.
        name: its common name.
        ca: the authority that the client checks the broker against, which is the right one.
    """
    stranger = CertificateAuthority('Some other authority').client(folder, name)
    return Identity(name, stranger.certificate, stranger.private_key, ca)


@dataclass(frozen=True, slots=True)
class _IdentityFolder:
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return cls(folder)

    def write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, ca: x509.Certificate
    ) -> Identity:
        identity = Identity(
            name=name,
            certificate=self.folder / CERTIFICATE_NAME,
            private_key=self.folder / PRIVATE_KEY_NAME,
            ca=self.folder / CA_NAME,
        )
        pem = serialization.Encoding.PEM
        identity.certificate.write_bytes(certificate.public_bytes(pem))
        identity.ca.write_bytes(ca.public_bytes(pem))
        _write_secret(
            identity.private_key,
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        )
        return identity


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, 'wb') as file:
        file.write(content)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
