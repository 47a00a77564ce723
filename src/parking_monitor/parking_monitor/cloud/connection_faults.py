"""Say in plain words why a connection to the broker failed or ended."""

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass

from parking_monitor.cloud.mqtt_settings import ALPN_PORT, MqttSettings


class FaultKind(enum.StrEnum):
    """Name what a person has to look at."""

    CERTIFICATE = 'certificate'
    AUTHORITY = 'authority'
    SERVER_NAME = 'server name'
    CLOCK = 'clock'
    ADDRESS = 'address'
    PORT = 'port'
    SILENCE = 'silence'
    REFUSED = 'refused'
    UNCLEAR = 'unclear'


@dataclass(frozen=True, slots=True)
class ConnectionFault:
    """Hold why no connection came about, for a person; holds no secret."""

    kind: FaultKind
    text: str

    def __str__(self) -> str:
        return self.text


# Names of the AWS Common Runtime's errors.
_ADDRESS_ERRORS = frozenset(
    {'AWS_IO_DNS_QUERY_FAILED', 'AWS_IO_DNS_INVALID_NAME', 'AWS_IO_DNS_NO_ADDRESS_FOR_HOST'}
)
_NETWORK_ERRORS = frozenset({'AWS_IO_SOCKET_NO_ROUTE_TO_HOST', 'AWS_IO_SOCKET_NETWORK_DOWN'})
_HANG_UPS = frozenset({'AWS_ERROR_MQTT_UNEXPECTED_HANGUP', 'AWS_IO_SOCKET_CLOSED'})
# What a connection that stood ends with when the other side goes while we write.
_BREAKS = frozenset({'AWS_IO_TLS_ERROR_READ_FAILURE', 'AWS_IO_TLS_ERROR_WRITE_FAILURE', 'AWS_IO_BROKEN_PIPE'})
# MQTT 5 reason code of CONNACK.
_NOT_AUTHORIZED = 135
# MQTT 5 reason codes of the broker's DISCONNECT.
SESSION_TAKEN_OVER = 142
_ENDED_BY_BROKER = {
    137: 'the broker is too busy',
    139: 'the broker is shutting down',
    141: 'the broker heard nothing for too long; the device or its network stood still',
    SESSION_TAKEN_OVER: "another client connected as '{thing}'; two devices must not share one identity, "
    'give each its own certificate and thing name',
}


def is_about_tls(error_name: str) -> bool:
    """Return whether only a closer look at the TLS connection can tell the cause of an error."""
    return error_name.startswith('AWS_IO_TLS') or error_name in _HANG_UPS


def explain_failure(
    error_name: str, settings: MqttSettings, connack_code: int | None = None
) -> ConnectionFault:
    """Explain why an attempt to connect failed.

    Args:
        error_name: name of the AWS Common Runtime's error.
        settings: where the attempt went.
        connack_code: the broker's reason code, when it answered.
    """
    if connack_code is not None:
        return _refusal(connack_code, settings)
    explain = _EXPLANATIONS.get(error_name)
    if explain is None:
        return ConnectionFault(FaultKind.UNCLEAR, f'no connection to {settings.address}: {error_name}')
    return explain(settings)


def is_hang_up(error_name: str) -> bool:
    """Return whether a connection that stood was closed by the broker without a word."""
    return error_name in _HANG_UPS or error_name in _BREAKS


def explain_disconnect(error_name: str, settings: MqttSettings, reason_code: int | None = None) -> str:
    """Explain why a connection ended.

    Args:
        error_name: name of the AWS Common Runtime's error.
        settings: where the connection went.
        reason_code: that of the broker's DISCONNECT, when it sent one.
    """
    if reason_code is not None:
        text = _ENDED_BY_BROKER.get(reason_code, f'the broker ended the connection with reason {reason_code}')
        return text.format(thing=settings.thing)
    if error_name == 'AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT':
        return f'{settings.address} does not answer any more'
    if is_hang_up(error_name):
        return (
            f'{settings.address} closed the connection; if that repeats, another client may be '
            f"connected as '{settings.thing}'"
        )
    return f'the connection to {settings.address} ended: {error_name}'


def shared_identity(settings: MqttSettings) -> str:
    """Return what to do when connection after connection ends soon."""
    return (
        f"connections as '{settings.thing}' end again and again soon after they begin: another client "
        'seems to use the same identity; give each device its own certificate and thing name'
    )


def wrong_clock(now: dt.datetime, why: str) -> ConnectionFault:
    """Return the fault of a clock that cannot be right."""
    return ConnectionFault(
        FaultKind.CLOCK,
        f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, {why}; correct the clock, or let a time "
        'server be reached (NTP, UDP port 123)',
    )


def no_address(settings: MqttSettings) -> ConnectionFault:
    """Return the fault of a name that has no address."""
    return ConnectionFault(
        FaultKind.ADDRESS,
        f"no address was found for '{settings.endpoint}'; check cloud.endpoint, network and name server",
    )


def nothing_listens(settings: MqttSettings) -> ConnectionFault:
    """Return the fault of a port where no server is."""
    return ConnectionFault(
        FaultKind.PORT,
        f'nothing listens at {settings.address}; check cloud.endpoint, cloud.port and the broker',
    )


def no_answer(settings: MqttSettings) -> ConnectionFault:
    """Return the fault of a server that stays silent."""
    hint = (
        '' if settings.port == ALPN_PORT else f'; a firewall may block the port, AWS offers {ALPN_PORT} too'
    )
    return ConnectionFault(FaultKind.SILENCE, f'no answer from {settings.address}{hint}')


def _no_way(settings: MqttSettings) -> ConnectionFault:
    return ConnectionFault(
        FaultKind.ADDRESS, f'there is no way to {settings.address}; check the network and its gateway'
    )


def _no_connack(settings: MqttSettings) -> ConnectionFault:
    return ConnectionFault(
        FaultKind.SILENCE,
        f'{settings.address} does not answer an MQTT 5 CONNECT; check that a broker is there',
    )


def _hung_up(settings: MqttSettings) -> ConnectionFault:
    return ConnectionFault(
        FaultKind.REFUSED,
        f"{settings.address} hung up on thing '{settings.thing}' without a reason; check that its "
        f"certificate is active and its policy allows iot:Connect with client id '{settings.thing}'",
    )


def _refusal(code: int, settings: MqttSettings) -> ConnectionFault:
    if code == _NOT_AUTHORIZED:
        text = (
            f"{settings.address} does not authorize thing '{settings.thing}'; "
            f"check that its policy allows iot:Connect with client id '{settings.thing}'"
        )
    else:
        text = f"{settings.address} refused thing '{settings.thing}' with reason code {code}"
    return ConnectionFault(FaultKind.REFUSED, text)


_EXPLANATIONS: dict[str, Callable[[MqttSettings], ConnectionFault]] = {
    **dict.fromkeys(_ADDRESS_ERRORS, no_address),
    **dict.fromkeys(_NETWORK_ERRORS, _no_way),
    **dict.fromkeys(_HANG_UPS, _hung_up),
    'AWS_IO_SOCKET_CONNECTION_REFUSED': nothing_listens,
    'AWS_IO_SOCKET_TIMEOUT': no_answer,
    'AWS_IO_TLS_NEGOTIATION_TIMEOUT': no_answer,
    'AWS_ERROR_MQTT5_CONNACK_TIMEOUT': _no_connack,
}
