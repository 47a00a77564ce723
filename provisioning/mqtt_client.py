"""Talk to the broker for a moment, and say in plain words why it does not work.

For a person who waits, and for the first boot: one connection without presence or last
will, every step with a deadline.
"""

import contextlib
import datetime as dt
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from awscrt import exceptions, io, mqtt5
from awsiot import mqtt5_client_builder

from parking_monitor.cloud.connection_faults import (
    ConnectionFault,
    FaultKind,
    explain_disconnect,
    explain_failure,
)
from parking_monitor.cloud.errors import IdentityFileError
from parking_monitor.cloud.identity_files import check_identity
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.tls_probe import probe_tls

CONNECT_DEADLINE_S = 15.0
ANSWER_DEADLINE_S = 10.0
STOP_DEADLINE_S = 3.0
MAX_WAITING_MESSAGES = 1_000
# MQTT 5: reason codes from 128 on are refusals.
_FIRST_REFUSAL = 128


class TalkError(Exception):
    """Be the base of what can go wrong in a talk with the broker."""


class NoConnectionError(TalkError):
    """Say why there is no connection.

    Attributes:
        fault: what a person has to look at.
    """

    def __init__(self, fault: ConnectionFault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class RefusedError(TalkError):
    """Say that the broker refused a message or subscription."""


class NoAnswerError(TalkError):
    """Say that the broker did not answer in time."""


@dataclass(frozen=True, slots=True)
class Message:
    """Hold a message as it came."""

    topic: str
    payload: bytes


class MqttClient:
    """Hold one MQTT 5 connection, from `with` to its end.

    Args:
        settings: where to connect and with which files.
        client_id: another client id than the thing name.

    Raises:
        NoConnectionError: on entering.
    """

    def __init__(self, settings: MqttSettings, client_id: str | None = None) -> None:
        self._settings = settings
        self._client_id = client_id or settings.thing
        self._stopped = threading.Event()
        self._ended: queue.SimpleQueue[ConnectionFault | None] = queue.SimpleQueue()
        self._messages: queue.Queue[Message] = queue.Queue(MAX_WAITING_MESSAGES)
        self._disconnects: list[str] = []
        self._client: Any = None

    @property
    def disconnects(self) -> tuple[str, ...]:
        """Return why the broker ended the connection, each time that it did."""
        return tuple(self._disconnects)

    def __enter__(self) -> Self:
        self._client = self._build()
        self._client.start()
        try:
            fault = self._ended.get(timeout=CONNECT_DEADLINE_S)
        except queue.Empty:
            fault = ConnectionFault(
                FaultKind.SILENCE, f'{self._settings.address} did not answer in {CONNECT_DEADLINE_S:g} s'
            )
        if fault is not None:
            self._close()
            raise NoConnectionError(fault)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def subscribe(self, *filters: str) -> None:
        """Subscribe to topics.

        Raises:
            RefusedError: when the broker does not allow one of them.
            NoAnswerError: when it does not answer.
        """
        wanted = [mqtt5.Subscription(topic_filter=one, qos=mqtt5.QoS.AT_LEAST_ONCE) for one in filters]
        packet = mqtt5.SubscribePacket(subscriptions=wanted)
        answer = self._wait(self._client.subscribe(packet), f'the subscription to {filters[0]}')
        if any(code >= _FIRST_REFUSAL for code in answer.reason_codes):
            raise RefusedError(f'the broker refused the subscription to {" or ".join(filters)}')

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message with QoS 1, and wait until the broker has taken it.

        Raises:
            RefusedError: when the broker does not allow it, whether it says so or hangs up.
            NoAnswerError: when it does not answer.
        """
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
        known = len(self._disconnects)
        try:
            answer = self._wait(self._client.publish(packet), f'a message on {topic}').puback
        except NoAnswerError:
            if len(self._disconnects) > known:
                raise RefusedError(
                    f'the broker hung up at a message on {topic}: {self._disconnects[-1]}'
                ) from None
            raise
        if answer.reason_code >= _FIRST_REFUSAL:
            raise RefusedError(f'the broker refused a message on {topic}')

    def receive(self, wanted: Callable[[Message], bool], deadline_s: float = ANSWER_DEADLINE_S) -> Message:
        """Return the next message that is wanted; others are dropped.

        Raises:
            NoAnswerError: when none comes in time.
        """
        end_s = time.monotonic() + deadline_s
        while (left_s := end_s - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                message = self._messages.get(timeout=left_s)
                if wanted(message):
                    return message
        raise NoAnswerError(f'no answer came within {deadline_s:g} s')

    def _wait(self, future: Any, what: str) -> Any:
        try:
            return future.result(ANSWER_DEADLINE_S)
        except TimeoutError:
            raise NoAnswerError(f'{what} was not answered within {ANSWER_DEADLINE_S:g} s') from None
        except exceptions.AwsCrtError as error:
            raise NoAnswerError(f'{what} got no answer: {error.name}') from None

    def _build(self) -> Any:
        settings = self._settings
        socket_options = io.SocketOptions()
        socket_options.connect_timeout_ms = 5000
        try:
            return mqtt5_client_builder.mtls_from_path(
                str(settings.certificate),
                str(settings.private_key),
                endpoint=settings.endpoint,
                port=settings.port,
                ca_filepath=str(settings.ca),
                client_id=self._client_id,
                socket_options=socket_options,
                keep_alive_interval_sec=30,
                ping_timeout_ms=5000,
                ack_timeout_sec=int(ANSWER_DEADLINE_S),
                offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
                enable_metrics_collection=False,
                on_publish_received=self._on_publish,
                on_lifecycle_connection_success=lambda _: self._ended.put(None),
                on_lifecycle_connection_failure=self._on_failure,
                on_lifecycle_disconnection=self._on_disconnect,
                on_lifecycle_stopped=lambda _: self._stopped.set(),
            )
        except (exceptions.AwsCrtError, RuntimeError) as error:
            raise NoConnectionError(
                ConnectionFault(FaultKind.CERTIFICATE, f'{settings.certificate} cannot be used: {error}')
            ) from None

    def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.stop(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION))
            self._stopped.wait(STOP_DEADLINE_S)

    def _on_failure(self, data: Any) -> None:
        connack = data.connack_packet
        code = int(connack.reason_code) if connack and connack.reason_code else None
        self._ended.put(explain_failure(_name_of(data.exception), self._settings, code))

    def _on_disconnect(self, data: Any) -> None:
        packet = data.disconnect_packet
        code = int(packet.reason_code) if packet and packet.reason_code else None
        name = _name_of(data.exception)
        if name != 'AWS_ERROR_MQTT5_USER_REQUESTED_STOP':
            self._disconnects.append(explain_disconnect(name, self._settings, code))

    def _on_publish(self, received: Any) -> None:
        packet = received.publish_packet
        # A flood is not what is waited for: what does not fit is dropped.
        with contextlib.suppress(queue.Full):
            self._messages.put_nowait(Message(packet.topic, bytes(packet.payload or b'')))


def find_fault(settings: MqttSettings, now: dt.datetime) -> ConnectionFault | None:
    """Return what is wrong with the files or the way to the broker; None when TLS comes about."""
    try:
        check_identity(settings, now)
    except IdentityFileError as error:
        return ConnectionFault(FaultKind.CERTIFICATE, str(error))
    return probe_tls(settings)


def _name_of(error: BaseException) -> str:
    return getattr(error, 'name', None) or type(error).__name__
