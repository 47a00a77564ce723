from pathlib import Path

import pytest

from parking_monitor.cloud.connection_faults import (
    FaultKind,
    explain_disconnect,
    explain_failure,
    is_about_tls,
)
from parking_monitor.cloud.mqtt_settings import MqttSettings

SETTINGS = MqttSettings(
    endpoint='broker.example', thing='garage', certificate=Path('c'), private_key=Path('k'), ca=Path('a')
)


@pytest.mark.parametrize(
    ('error_name', 'kind', 'words'),
    [
        ('AWS_IO_DNS_INVALID_NAME', FaultKind.ADDRESS, "no address was found for 'broker.example'"),
        ('AWS_IO_SOCKET_CONNECTION_REFUSED', FaultKind.PORT, 'nothing listens at broker.example:8883'),
        ('AWS_IO_SOCKET_NO_ROUTE_TO_HOST', FaultKind.ADDRESS, 'check the network'),
        ('AWS_IO_SOCKET_TIMEOUT', FaultKind.SILENCE, 'AWS offers 443'),
        ('AWS_ERROR_MQTT5_CONNACK_TIMEOUT', FaultKind.SILENCE, 'does not answer an MQTT 5 CONNECT'),
        ('AWS_ERROR_MQTT_UNEXPECTED_HANGUP', FaultKind.REFUSED, "iot:Connect with client id 'garage'"),
        ('AWS_ERROR_UNHEARD_OF', FaultKind.UNCLEAR, 'AWS_ERROR_UNHEARD_OF'),
    ],
)
def test_each_failure_is_explained_in_plain_words(error_name: str, kind: FaultKind, words: str) -> None:
    fault = explain_failure(error_name, SETTINGS)

    assert fault.kind is kind
    assert words in str(fault)


def test_a_refusal_by_the_broker_outweighs_the_name_of_the_error() -> None:
    fault = explain_failure('AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED', SETTINGS, 135)

    assert fault.kind is FaultKind.REFUSED
    assert "does not authorize thing 'garage'" in fault.text


def test_a_reason_code_without_words_is_still_told() -> None:
    assert 'reason code 149' in explain_failure('x', SETTINGS, 149).text


@pytest.mark.parametrize(
    ('error_name', 'code', 'words'),
    [
        ('AWS_ERROR_MQTT5_DISCONNECT_RECEIVED', 142, "another client connected as 'garage'"),
        ('AWS_ERROR_MQTT5_DISCONNECT_RECEIVED', 139, 'shutting down'),
        ('AWS_ERROR_MQTT5_DISCONNECT_RECEIVED', 151, 'reason 151'),
        ('AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT', None, 'does not answer any more'),
        ('AWS_IO_SOCKET_CLOSED', None, 'broker.example:8883 closed the connection'),
        ('AWS_IO_TLS_ERROR_WRITE_FAILURE', None, 'broker.example:8883 closed the connection'),
        ('AWS_ERROR_UNHEARD_OF', None, 'AWS_ERROR_UNHEARD_OF'),
    ],
)
def test_each_end_of_a_connection_is_explained(error_name: str, code: int | None, words: str) -> None:
    assert words in explain_disconnect(error_name, SETTINGS, code)


def test_only_failures_that_tell_nothing_need_a_closer_look() -> None:
    assert is_about_tls('AWS_IO_TLS_ERROR_READ_FAILURE')
    assert is_about_tls('AWS_ERROR_MQTT_UNEXPECTED_HANGUP')
    assert not is_about_tls('AWS_IO_DNS_INVALID_NAME')
