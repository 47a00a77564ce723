"""Check the files of a device's identity before they are used.

A broker answers an expired, a foreign and a revoked certificate alike, with a closed
connection; what can be known from the files alone is said here, in plain words.
"""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from parking_monitor.cloud.errors import CertificateExpiredError, IdentityFileError
from parking_monitor.cloud.mqtt_settings import MqttSettings

EXPIRY_NOTICE = dt.timedelta(days=30)
"""How long before its certificate runs out a device says so."""

_WHAT_TO_DO = {
    'certificate': "put the device's certificate there (certificate.pem.crt) or correct the path",
    'private_key': "put the certificate's private key there (private.pem.key) or correct the path",
    'ca': "put the broker's root certificate there (for AWS, Amazon Root CA 1) or correct the path",
}


def check_identity(settings: MqttSettings, now: dt.datetime) -> None:
    """Check that certificate, key and authority can be read, belong together and have not run out.

    Args:
        settings: names the files.
        now: the present time, with its zone.

    Raises:
        IdentityFileError: naming the setting, the file, what is wrong and what to do.
        CertificateExpiredError: when the certificate has run out by this machine's clock.
    """
    certificate = _read_certificate(settings)
    key = _read_key(settings)
    if key.public_key() != certificate.public_key():
        raise IdentityFileError(
            'private_key',
            settings.private_key,
            f'does not belong to the certificate {settings.certificate}; '
            'copy both files again, they are made as a pair',
        )
    _check_authority(settings)
    if certificate.not_valid_after_utc < now:
        raise CertificateExpiredError(
            'certificate',
            settings.certificate,
            f'expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC and it is now '
            f'{now:%Y-%m-%d %H:%M} UTC; make a new certificate, or correct the clock',
        )


def certificate_life(settings: MqttSettings) -> tuple[dt.datetime, dt.datetime]:
    """Return from when and until when the device's certificate is good, in UTC.

    Raises:
        IdentityFileError: when it cannot be read.
    """
    certificate = _read_certificate(settings)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def expiry_warning(settings: MqttSettings, now: dt.datetime) -> str:
    """Return that the certificate runs out within 30 days, and what to do; empty when it does not.

    Raises:
        IdentityFileError: when it cannot be read.
    """
    _, end = certificate_life(settings)
    left = end - now
    if left > EXPIRY_NOTICE:
        return ''
    days = max(0, left.days)
    return (
        f'the certificate {settings.certificate} expires on {end:%Y-%m-%d %H:%M} UTC, in {days} days; '
        'rotate it before'
    )


def _read(settings: MqttSettings, field: str) -> bytes:
    path = getattr(settings, field)
    try:
        content: bytes = path.read_bytes()
    except FileNotFoundError:
        problem = 'does not exist'
    except IsADirectoryError:
        problem = 'is a folder'
    except PermissionError:
        problem = 'may not be read by this user'
    except OSError as error:
        problem = f'cannot be read ({error.strerror})'
    else:
        if content:
            return content
        problem = 'is empty'
    raise IdentityFileError(field, path, f'{problem}; {_WHAT_TO_DO[field]}')


def _read_certificate(settings: MqttSettings) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(_read(settings, 'certificate'))
    except ValueError:
        raise _not_pem(settings, 'certificate', 'a PEM certificate') from None


def _read_key(settings: MqttSettings) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(_read(settings, 'private_key'), password=None)
    except TypeError:
        raise IdentityFileError(
            'private_key',
            settings.private_key,
            'needs a passphrase; a device starts without a person, give a key without one',
        ) from None
    except ValueError:
        raise _not_pem(settings, 'private_key', 'a PEM private key') from None


def _check_authority(settings: MqttSettings) -> None:
    try:
        x509.load_pem_x509_certificates(_read(settings, 'ca'))
    except ValueError:
        raise _not_pem(settings, 'ca', 'a PEM certificate') from None


def _not_pem(settings: MqttSettings, field: str, wanted: str) -> IdentityFileError:
    return IdentityFileError(field, getattr(settings, field), f'is not {wanted}; {_WHAT_TO_DO[field]}')
