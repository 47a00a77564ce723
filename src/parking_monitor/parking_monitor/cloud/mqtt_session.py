"""Hold one MQTT 5 connection to AWS IoT Core, or to a broker that behaves like it.

No method but `stop` waits for the network. The session's messages are not queued while
it is offline: the outbox is the queue, and a publish without a connection fails at once.
"""

import contextlib
import datetime as dt
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from awscrt import exceptions, io, mqtt5
from awsiot import mqtt5_client_builder

from parking_monitor.cloud.clock_sync import clock_is_synchronised
from parking_monitor.cloud.connection_faults import (
    SESSION_TAKEN_OVER,
    ConnectionFault,
    FaultKind,
    explain_disconnect,
    is_hang_up,
    shared_identity,
)
from parking_monitor.cloud.connection_watch import ConnectionWatch, utc_now
from parking_monitor.cloud.errors import (
    CertificateExpiredError,
    IdentityFileError,
    MessageTooLargeError,
    PublishError,
    PublishRefusedError,
)
from parking_monitor.cloud.identity_files import check_identity
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES, PresenceStatus, encode, presence_message
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.send_limit import SendLimit
from parking_monitor.cloud.session import SessionListener, SessionStatistics
from parking_monitor.cloud.subscriptions import Subscriber, Subscriptions
from parking_monitor.cloud.takeover_watch import TakeoverWatch
from parking_monitor.cloud.topics import check_topic, shadow_topic, status_topic

# MQTT 5: reason codes from 128 on are refusals; 16 says that nobody subscribes, which is no failure.
FIRST_REFUSAL_CODE = 128
_NO_FLOW_CONTROL = mqtt5.ExtendedValidationAndFlowControlOptions.NONE


class MqttSession:
    """Keep a thing connected, with a retained presence and a last will.

    The broker is told `online` at each connection, `offline` at a clean stop, and says
    `offline` itself when the device is lost. All messages go with QoS 1.

    Args:
        settings: where to connect and with which files.
        uuid: the device's id in the presence messages.
        now: gives the present time, with its zone.
        is_clock_synced: tells whether that is kept by a time server; if not, it does not decide
            whether a certificate has expired.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        uuid: str,
        now: Callable[[], dt.datetime] = utc_now,
        is_clock_synced: Callable[[], bool] = clock_is_synchronised,
    ) -> None:
        self._now = now
        self._is_clock_synced = is_clock_synced
        self._settings = settings
        self._uuid = uuid
        self._status_topic = status_topic(settings.thing)
        self._shadow_topics = {shadow_topic(settings.thing, request) for request in ('get', 'update')}
        self._listeners: list[SessionListener] = []
        self._subscriptions = Subscriptions()
        self._send_limit = SendLimit(settings.max_messages_per_s)
        self._lock = threading.Lock()
        self._statistics = SessionStatistics()
        self._counters: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._started = False
        self._client: Any = None
        self._watch = ConnectionWatch(settings, self._attempt_explained, now)
        self._takeovers = TakeoverWatch()

    @property
    def connection(self) -> int:
        """Return the number of the present connection, from 1 on; 0 while there is none.

        What was on its way in an earlier one has its answer by then.
        """
        with self._lock:
            return self._counters['connections'] if self._statistics.connected else 0

    @property
    def is_connected(self) -> bool:
        """Return whether messages can be published now."""
        with self._lock:
            return self._statistics.connected

    @property
    def statistics(self) -> SessionStatistics:
        """Return what the session has been through so far."""
        with self._lock:
            counters: dict[str, Any] = dict(self._counters)
            return replace(
                self._statistics,
                identity_is_shared=self._takeovers.is_suspected,
                **counters,
            )

    def add_listener(self, listener: SessionListener) -> None:
        """Tell a listener of connections from now on; call it before `start`."""
        self._listeners.append(listener)

    def subscribe(self, topics: Sequence[str], subscriber: Subscriber) -> None:
        """Subscribe to topics at every connection from now on; call it before `start`."""
        self._subscriptions.add(topics, subscriber)

    def renew_subscriptions(self) -> None:
        """Ask again for what the broker refused, once its policy may have changed; returns at once."""
        client = self._client
        if client is not None and self.is_connected:
            self._subscriptions.renew(client)

    def start(self) -> None:
        """Begin to connect, and go on until stopped; returns at once.

        Raises:
            IdentityFileError: when a file is missing, unfit or expired; may be called again later.
            RuntimeError: when the session was started before.
        """
        if self._started:
            raise RuntimeError('the MQTT session was started before; make a new one')
        try:
            self._check_identity()
            self._client = self._build_client()
        except IdentityFileError as error:
            self._attempt_explained(ConnectionFault(FaultKind.CERTIFICATE, str(error)))
            raise
        self._started = True
        self._client.start()

    def send_room(self) -> tuple[int, float]:
        """Return how many messages may be sent now, and in how many seconds there is room for one more."""
        return self._send_limit.room()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[None]:
        """Send a message with QoS 1; returns at once.

        Args:
            topic: where it goes; the thing's own shadow requests are allowed too.
            payload: at most 128 KB.
            retain: whether the broker keeps it for later subscribers.

        Returns:
            A future that is done at the PUBACK. Its exception is PublishRefusedError when the
            broker refused, PublishError when no answer came or there is no connection.

        Raises:
            InvalidNameError: when the topic is not allowed.
            MessageTooLargeError: when the payload is over 128 KB.
        """
        if topic not in self._shadow_topics:
            check_topic(topic)
        if len(payload) > MAX_MESSAGE_BYTES:
            raise MessageTooLargeError(
                f"message of {len(payload)} bytes on topic '{topic}' is over the limit of {MAX_MESSAGE_BYTES}"
            )
        if self.is_connected:
            return self._send(topic, payload, retain=retain)
        return self._failed(PublishError(f'not connected to {self._settings.address}'))

    def stop(self, timeout_s: float = 1.5) -> bool:
        """Say `offline`, disconnect, and wait for both, `timeout_s` at most in all.

        Without a connection it returns at once.

        Returns:
            Whether the connection was closed within the time; the session ends either way.
        """
        deadline_s = time.monotonic() + timeout_s
        client = self._client
        if client is None:
            return True
        was_connected = self.is_connected
        if was_connected:
            # A broker that does not answer gets half the time: the other half is for the goodbye.
            with contextlib.suppress(PublishError, TimeoutError):
                self._say('offline').result(timeout_s / 2)
        client.stop(mqtt5.DisconnectPacket(reason_code=mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION))
        # An attempt to connect may take up to 30 s to end; there is nobody to say goodbye to.
        in_time = not was_connected or self._stopped.wait(max(0.0, deadline_s - time.monotonic()))
        self._watch.attempts_ended()
        self._note(connected=False, connected_since_ns=None)
        # The client holds our callbacks and we hold it: let go, or neither is ever freed.
        self._client = None
        return in_time

    def _check_identity(self) -> None:
        try:
            check_identity(self._settings, self._now())
        except CertificateExpiredError:
            # A clock that nobody keeps may be years off: then the broker's decides.
            if self._is_clock_synced():
                raise

    def _build_client(self) -> Any:
        settings, timing = self._settings, self._settings.timing
        shortest_s = timing.reconnect_min_s * random.uniform(1.0, 2.0)
        longest_s = max(shortest_s, timing.reconnect_max_s * random.uniform(0.5, 1.0))
        socket_options = io.SocketOptions()
        socket_options.connect_timeout_ms = _ms(timing.connect_timeout_s)
        options = {
            'endpoint': settings.endpoint,
            'port': settings.port,
            'ca_filepath': str(settings.ca),
            'client_id': settings.thing,
            'socket_options': socket_options,
            'keep_alive_interval_sec': timing.keep_alive_s,
            'ping_timeout_ms': _ms(timing.ping_timeout_s),
            'connack_timeout_ms': _ms(timing.connect_timeout_s),
            'ack_timeout_sec': timing.ack_timeout_s,
            # The client's own jitter draws delays below the shortest, so we draw, once a session.
            'min_reconnect_delay_ms': _ms(shortest_s),
            'max_reconnect_delay_ms': _ms(longest_s),
            'retry_jitter_mode': mqtt5.ExponentialBackoffJitterMode.NONE,
            # The client's own limit would hold messages back where nobody sees them; `send_room` is ours.
            'extended_validation_and_flow_control_options': _NO_FLOW_CONTROL,
            'session_behavior': mqtt5.ClientSessionBehaviorType.REJOIN_ALWAYS,
            'session_expiry_interval_sec': timing.session_expiry_s,
            'offline_queue_behavior': mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
            'will': mqtt5.PublishPacket(
                topic=self._status_topic,
                payload=encode(presence_message(self._uuid, 'offline', None)),
                qos=mqtt5.QoS.AT_LEAST_ONCE,
                retain=True,
            ),
            # The SDK's name and version in the user name: of no use to the operator.
            'enable_metrics_collection': False,
            'on_publish_received': self._subscriptions.pass_on,
            'on_lifecycle_attempting_connect': self._on_attempt,
            'on_lifecycle_connection_success': self._on_connected,
            'on_lifecycle_connection_failure': self._on_failed,
            'on_lifecycle_disconnection': self._on_disconnected,
            'on_lifecycle_stopped': self._on_stopped,
        }
        try:
            return mqtt5_client_builder.mtls_from_path(
                str(settings.certificate), str(settings.private_key), **options
            )
        except (exceptions.AwsCrtError, RuntimeError) as error:
            raise IdentityFileError(
                'certificate',
                settings.certificate,
                f'cannot be used for TLS ({error}); make a new pair',
            ) from error

    def _say(self, status: PresenceStatus) -> Future[None]:
        message = presence_message(self._uuid, status, time.time_ns())
        return self._send(self._status_topic, encode(message), retain=True)

    def _send(self, topic: str, payload: bytes, *, retain: bool) -> Future[None]:
        client = self._client
        if client is None:
            return self._failed(PublishError('the MQTT session was stopped'))
        packet = mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=retain)
        self._send_limit.take()
        try:
            sent = client.publish(packet)
        except (exceptions.AwsCrtError, RuntimeError) as error:
            return self._failed(PublishError(f"no message was sent on topic '{topic}': {error}"))
        answer: Future[None] = Future()
        sent.add_done_callback(lambda done: self._settle(answer, _outcome(topic, done)))
        return answer

    def _failed(self, error: PublishError) -> Future[None]:
        answer: Future[None] = Future()
        self._settle(answer, error)
        return answer

    def _note(self, **changes: Any) -> None:
        with self._lock:
            self._statistics = replace(self._statistics, **changes)

    def _count(self, field: str) -> None:
        with self._lock:
            self._counters[field] += 1

    def _settle(self, answer: Future[None], error: PublishError | None) -> None:
        if error is None:
            self._count('acknowledged')
            answer.set_result(None)
            return
        self._count('refused' if isinstance(error, PublishRefusedError) else 'failed')
        answer.set_exception(error)

    def _on_attempt(self, _: Any) -> None:
        self._watch.attempt_began()

    def _on_connected(self, _: Any) -> None:
        self._watch.attempts_ended()
        self._takeovers.connected()
        # Before anybody else can publish: presence is the first message of a connection.
        self._say('online')
        self._count('connections')
        self._note(connected=True, connected_since_ns=time.time_ns(), last_fault='')
        for listener in self._listeners:
            listener.connected()
        self.renew_subscriptions()

    def _on_failed(self, data: Any) -> None:
        self._count('failed_attempts')
        connack = data.connack_packet
        refusal = int(connack.reason_code) if connack and connack.reason_code else None
        self._watch.attempt_failed(_name_of(data.exception), refusal)

    def _attempt_explained(self, fault: ConnectionFault) -> None:
        self._note(last_fault=fault.text)
        for listener in self._listeners:
            listener.connection_failed(fault)

    def _on_disconnected(self, data: Any) -> None:
        name = _name_of(data.exception)
        packet = data.disconnect_packet
        code = int(packet.reason_code) if packet and packet.reason_code else None
        wanted = name == 'AWS_ERROR_MQTT5_USER_REQUESTED_STOP'
        self._takeovers.ended(
            hung_up=is_hang_up(name) and code is None, taken_over=code == SESSION_TAKEN_OVER
        )
        if wanted:
            reason = 'stopped'
        elif code is None and self._takeovers.is_suspected:
            reason = shared_identity(self._settings)
        else:
            reason = explain_disconnect(name, self._settings, code)
        self._note(connected=False, connected_since_ns=None, last_fault='' if wanted else reason)
        for listener in self._listeners:
            listener.disconnected(reason)

    def _on_stopped(self, _: Any) -> None:
        self._watch.attempts_ended()
        self._stopped.set()


def _outcome(topic: str, done: Any) -> PublishError | None:
    """Return why a publish failed; None when the broker took the message."""
    error = done.exception()
    if error is not None:
        return PublishError(f"no acknowledgement for a message on topic '{topic}': {_name_of(error)}")
    code = done.result().puback.reason_code
    if code is None:
        return PublishError(f"the broker answered a message on topic '{topic}' with an unknown reason code")
    if code >= FIRST_REFUSAL_CODE:
        return PublishRefusedError(topic, int(code), code.name.replace('_', ' ').lower())
    return None


def _name_of(error: BaseException) -> str:
    return getattr(error, 'name', None) or type(error).__name__


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
