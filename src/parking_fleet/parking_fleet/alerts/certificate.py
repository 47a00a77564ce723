"""Say how long a certificate holds."""

from pathlib import Path

from cryptography import x509

_DAY_MS = 86_400_000


def days_left(file: Path | None, now_ms: int) -> float | None:
    """Return how many days a PEM certificate holds from now on; None when it cannot be read."""
    if file is None:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        # The connection to the broker tells what is wrong with it.
        return None
    return (certificate.not_valid_after_utc.timestamp() * 1000 - now_ms) / _DAY_MS
