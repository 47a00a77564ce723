"""Make private keys and certificate signing requests on this machine."""

import enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from provisioning.errors import FolderError

# The X.520 upper bound of a common name, which the CSR must keep; AWS does not read it.
_MAX_COMMON_NAME = 64


class KeyKind(enum.StrEnum):
    """Name the kinds of key that AWS IoT Core and the device's TLS both take."""

    EC = 'ec'
    RSA = 'rsa'


def make_private_key(kind: KeyKind) -> bytes:
    """Return a new private key as PEM (PKCS 8): EC on P-256, or RSA with 2048 bits."""
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind is KeyKind.EC:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def signing_request(private_key: bytes, common_name: str) -> str:
    """Return a PEM certificate signing request: the public key and a name, signed by the private key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:_MAX_COMMON_NAME])])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(_load(private_key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def belongs(certificate: str | bytes, private_key: bytes) -> bool:
    """Return whether a PEM certificate is for a private key."""
    pem = certificate.encode() if isinstance(certificate, str) else certificate
    return x509.load_pem_x509_certificate(pem).public_key() == _load(private_key).public_key()


def _load(private_key: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(private_key, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise FolderError(
            'the private key is not an EC or RSA key in PEM without a passphrase; '
            'move its folder away and register the device anew'
        )
    return key
