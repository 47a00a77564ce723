"""Hold what an MQTT session needs to know: where to connect, as whom, and its deadlines."""

from dataclasses import dataclass, field
from pathlib import Path

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.send_limit import AWS_MESSAGES_PER_S
from parking_monitor.cloud.topics import check_thing_name

DEFAULT_PORT = 8883
ALPN_PORT = 443
"""At this port AWS IoT Core speaks MQTT only to a client that offers `ALPN_PROTOCOL`."""
ALPN_PROTOCOL = 'x-amzn-mqtt-ca'


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttTiming:
    """Hold the deadlines and delays of a session, in seconds.

    Attributes:
        keep_alive_s: longest silence before a ping; at least a second above `ping_timeout_s`.
        ping_timeout_s: how long a ping may stay without an answer.
        ack_timeout_s: how long a message may stay without its PUBACK.
        connect_timeout_s: how long a CONNECT may stay without its CONNACK.
        reconnect_min_s: shortest delay between attempts, which doubles; AWS takes one CONNECT a second.
            A session begins with one to two times as much, drawn once, so that devices which lost
            the broker together do not come back together.
        reconnect_max_s: longest such delay; a session stops at half of it or more, drawn once.
        session_expiry_s: how long the broker keeps the session of a lost device (AWS: one hour).
        look_after_s: after how long without an answer the TLS connection is examined.
    """

    keep_alive_s: int = 30
    ping_timeout_s: float = 5.0
    ack_timeout_s: int = 20
    connect_timeout_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 60.0
    session_expiry_s: int = 3600
    look_after_s: float = 3.0

    def __post_init__(self) -> None:
        if self.keep_alive_s < self.ping_timeout_s + 1:
            raise ValueError(
                f'keep_alive_s {self.keep_alive_s} is not allowed; give at least a second more than '
                f'ping_timeout_s, which is {self.ping_timeout_s}'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Say where a device connects and with which files.

    Attributes:
        endpoint: host name of the broker, without scheme or port.
        port: 8883, or 443 where a firewall lets nothing else out.
        thing: the device's thing name; it is the MQTT client id too.
        certificate: PEM certificate of the device.
        private_key: PEM key of that certificate, without a passphrase.
        ca: PEM certificates that the broker is checked against.
        max_messages_per_s: messages sent in any second, 0 for no limit; AWS discards what is beyond 100.

    Raises:
        InvalidNameError: naming the field, the value and what is allowed.
    """

    endpoint: str
    thing: str
    certificate: Path
    private_key: Path
    ca: Path
    port: int = DEFAULT_PORT
    max_messages_per_s: int = AWS_MESSAGES_PER_S
    timing: MqttTiming = field(default_factory=MqttTiming)

    def __post_init__(self) -> None:
        check_thing_name(self.thing)
        if not self.endpoint or any(character in self.endpoint for character in '/: '):
            raise InvalidNameError(
                f"cloud.endpoint: '{self.endpoint}' is not allowed; give the host name alone, "
                "for example 'abc123-ats.iot.eu-west-1.amazonaws.com'"
            )
        if not 1 <= self.port <= 65535:
            raise InvalidNameError(
                f'cloud.port: {self.port} is not allowed; give 1 to 65535, usually 8883 or 443'
            )

    @property
    def address(self) -> str:
        """Return endpoint and port as a person writes them."""
        return f'{self.endpoint}:{self.port}'
