"""Publish for simulated devices: each over a connection of its own, or many over one."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from parking_fleet.errors import FleetError
from parking_fleet.simulation.device import Outgoing

CONNECT_TIMEOUT_S = 30.0
ACK_TIMEOUT_S = 60.0
WINDOW = 200
"""So many messages of one connection may be without an answer."""

_FIRST_REFUSAL_CODE = 128


@dataclass(frozen=True, slots=True)
class Identity:
    """Hold the files of one client; its name is its MQTT client id and thing name."""

    name: str
    certificate: Path
    private_key: Path
    ca: Path


class Link:
    """Own one connection, and publish in the order given.

    Args:
        identity: as whom to connect.
        host: the broker.
        port: its TLS port.
        taken: is told of each message that the broker took, on the connection's own thread.
    """

    def __init__(self, identity: Identity, host: str, port: int, taken: Callable[[Outgoing], None]) -> None:
        self.name = identity.name
        self.failed = 0
        self._taken = taken
        self._room = threading.BoundedSemaphore(WINDOW)
        self._connected, self._stopped = threading.Event(), threading.Event()
        self._client: Any = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=host,
            port=port,
            ca_filepath=str(identity.ca),
            client_id=identity.name,
            enable_metrics_collection=False,
            min_reconnect_delay_ms=200,
            max_reconnect_delay_ms=5_000,
            session_behavior=mqtt5.ClientSessionBehaviorType.REJOIN_POST_SUCCESS,
            session_expiry_interval_sec=300,
            # What was without an answer goes out again after a reconnect.
            offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_QOS0_PUBLISH_ON_DISCONNECT,
            extended_validation_and_flow_control_options=mqtt5.ExtendedValidationAndFlowControlOptions.NONE,
            on_lifecycle_connection_success=lambda _: self._connected.set(),
            on_lifecycle_stopped=lambda _: self._stopped.set(),
        )

    def connect(self) -> None:
        """Begin to connect; returns at once."""
        self._client.start()

    def wait_until_connected(self) -> None:
        """Return once there is a connection.

        Raises:
            FleetError: when there is none within 30 s.
        """
        if not self._connected.wait(CONNECT_TIMEOUT_S):
            raise FleetError(f'{self.name} cannot connect; check the broker, its port and the certificate')

    def publish(self, message: Outgoing) -> None:
        """Publish at QoS 1; waits while too many messages are without an answer."""
        self._room.acquire()
        packet = mqtt5.PublishPacket(
            topic=message.topic, payload=message.payload, qos=mqtt5.QoS.AT_LEAST_ONCE
        )
        future: Future[Any] = self._client.publish(packet)
        future.add_done_callback(lambda done: self._answered(message, done))

    def finish(self) -> None:
        """Wait for every answer, and end the connection."""
        for _ in range(WINDOW):
            self._room.acquire(timeout=ACK_TIMEOUT_S)
        self._client.stop()
        self._stopped.wait(CONNECT_TIMEOUT_S)

    def _answered(self, message: Outgoing, done: Future[Any]) -> None:
        if done.exception() is None and int(done.result().puback.reason_code) < _FIRST_REFUSAL_CODE:
            self._taken(message)
        else:
            self.failed += 1
        self._room.release()
