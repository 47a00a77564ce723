"""Give the root certificates that vouch for AWS IoT Core's servers.

They come with botocore, which trusts them itself, so nothing has to be fetched; each is
recognised by its published SHA-256 fingerprint (https://www.amazontrust.com/repository/).
"""

import hashlib
import re
import ssl
from pathlib import Path

import botocore

from provisioning.errors import FolderError

FINGERPRINTS = {
    'Amazon Root CA 1': '8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e',
    'Amazon Root CA 3': '18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4',
}
"""RSA and ECC root: AWS IoT endpoints with `-ats` in their names are signed by one of the two."""

_PEM = re.compile(r'-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?', re.DOTALL)


def amazon_root_ca() -> bytes:
    """Return the PEM of Amazon Root CA 1 and 3.

    Raises:
        FolderError: when botocore's bundle lacks one of them.
    """
    return _select((Path(botocore.__file__).parent / 'cacert.pem').read_text())


def _select(bundle: str) -> bytes:
    found = {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem for pem in _PEM.findall(bundle)}
    missing = [name for name, fingerprint in FINGERPRINTS.items() if fingerprint not in found]
    if missing:
        raise FolderError(
            f'{" and ".join(missing)} not found among the certificates of botocore; install it anew, or '
            'give the file from https://www.amazontrust.com/repository/ with --ca'
        )
    return ''.join(f'# {name}\n{found[digest].strip()}\n' for name, digest in FINGERPRINTS.items()).encode()
