"""Examine a TLS connection that the MQTT client only calls failed.

The client's TLS says nothing of the cause, and waits 10 to 30 s before it reports a
broker whose certificate it does not trust. A handshake of our own, without any MQTT,
learns in one round trip what OpenSSL and the broker have to say.
"""

import datetime as dt
import socket
import ssl
import time

from parking_monitor.cloud.connection_faults import (
    ConnectionFault,
    FaultKind,
    no_address,
    no_answer,
    nothing_listens,
)
from parking_monitor.cloud.mqtt_settings import ALPN_PORT, ALPN_PROTOCOL, MqttSettings

PROBE_TIMEOUT_S = 5.0
# A broker that dislikes the client's certificate says so within a round trip of the handshake (TLS 1.3).
ALERT_WAIT_S = 1.0

# OpenSSL's X509_V_ERR_* (x509_vfy.h).
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10
_UNTRUSTED = frozenset({2, 18, 19, 20, 21})
_NAME_MISMATCH = frozenset({62, 64})

_ALERTS = {
    'CERTIFICATE_EXPIRED': "the device's certificate has expired by the broker's clock; make a new one",
    'CERTIFICATE_REVOKED': "the device's certificate was revoked; register the device anew",
    'UNKNOWN_CA': "the broker does not know the authority that signed the device's certificate; "
    'use the certificate that was made for this broker',
    'CERTIFICATE_UNKNOWN': "the broker does not accept the device's certificate; "
    'check that it is registered and active',
    'BAD_CERTIFICATE': "the broker finds the device's certificate malformed; make a new one",
    'CERTIFICATE_REQUIRED': 'the broker got no certificate from the device; check cloud.certificate',
}


def probe_tls(settings: MqttSettings, timeout_s: float = PROBE_TIMEOUT_S) -> ConnectionFault | None:
    """Shake hands with the broker as the device would, and hang up.

    Args:
        settings: where to connect and with which files.
        timeout_s: limit of each step; the whole takes at most three times as long.

    Returns:
        What is wrong, or None when the handshake found nothing.
    """
    try:
        _shake_hands(settings, timeout_s)
    except ssl.SSLCertVerificationError as error:
        return _untrusted_server(error, settings)
    except ssl.SSLError as error:
        return _alert(error, settings)
    except OSError as error:
        return _unreachable(error, settings)
    return None


def _shake_hands(settings: MqttSettings, timeout_s: float) -> None:
    context = ssl.create_default_context(cafile=str(settings.ca))
    context.load_cert_chain(settings.certificate, settings.private_key)
    if settings.port == ALPN_PORT:
        context.set_alpn_protocols([ALPN_PROTOCOL])
    deadline_s = time.monotonic() + timeout_s
    with (
        socket.create_connection((settings.endpoint, settings.port), timeout=timeout_s) as plain,
        context.wrap_socket(plain, server_hostname=settings.endpoint) as connection,
    ):
        connection.settimeout(max(0.1, min(ALERT_WAIT_S, deadline_s - time.monotonic())))
        try:
            connection.recv(1)
        except TimeoutError:
            # The broker waits for a CONNECT: it has accepted the certificate.
            return


def _unreachable(error: OSError, settings: MqttSettings) -> ConnectionFault | None:
    if isinstance(error, socket.gaierror):
        return no_address(settings)
    if isinstance(error, ConnectionRefusedError):
        return nothing_listens(settings)
    if isinstance(error, TimeoutError):
        return no_answer(settings)
    # A hang-up without a word: the caller knows as much.
    return None


def _untrusted_server(error: ssl.SSLCertVerificationError, settings: MqttSettings) -> ConnectionFault:
    code = error.verify_code
    if code in _UNTRUSTED:
        return ConnectionFault(
            FaultKind.AUTHORITY,
            f'{settings.address} shows a certificate that {settings.ca} does not vouch for; '
            "put the broker's root certificate there (for AWS, Amazon Root CA 1) and check cloud.endpoint",
        )
    if code in _NAME_MISMATCH:
        return ConnectionFault(
            FaultKind.SERVER_NAME,
            f"the broker's certificate is not for the name '{settings.endpoint}'; correct cloud.endpoint",
        )
    if code in {_NOT_YET_VALID, _HAS_EXPIRED}:
        relation = 'not valid yet' if code == _NOT_YET_VALID else 'expired'
        now = dt.datetime.now(dt.UTC)
        return ConnectionFault(
            FaultKind.CLOCK,
            f"by this machine's clock ({now:%Y-%m-%d %H:%M} UTC) the broker's certificate is {relation}; "
            'correct the clock, or renew that certificate if the clock is right',
        )
    return ConnectionFault(
        FaultKind.AUTHORITY, f'the certificate of {settings.address} was not accepted: {error.verify_message}'
    )


def _alert(error: ssl.SSLError, settings: MqttSettings) -> ConnectionFault:
    reason = error.reason or ''
    for name, text in _ALERTS.items():
        if reason.endswith(f'ALERT_{name}'):
            return ConnectionFault(FaultKind.CERTIFICATE, f'{text} ({settings.certificate})')
    return ConnectionFault(
        FaultKind.UNCLEAR, f'no TLS connection to {settings.address}: {reason or "no reason was given"}'
    )
