"""Receive the fleet's messages over MQTT 5 with mutual TLS.

The client is the AWS one, which speaks to any MQTT 5 broker. It lets us send each PUBACK ourselves;
until then a message stays in the broker's session, also when this process dies.
"""

import logging
import threading
import time
from concurrent.futures import Future
from typing import Any

from awscrt import exceptions, mqtt5
from awsiot import mqtt5_client_builder

from parking_fleet.errors import FleetError
from parking_fleet.ingest.sorting import Delivery
from parking_fleet.ingest.topics import topic_filters
from parking_fleet.ingest.worker import Worker
from parking_fleet.settings import Broker
from parking_fleet.shadow.link import Hearer, LinkError

LOG = logging.getLogger(__name__)

KEEP_ALIVE_S = 30
PING_TIMEOUT_MS = 5_000
RECONNECT_MIN_MS = 500
RECONNECT_MAX_MS = 30_000
STOP_TIMEOUT_S = 5.0
_FIRST_REFUSAL_CODE = 128
_HINTS = {
    'AWS_IO_DNS': 'its name is not known; check broker.host',
    'AWS_IO_SOCKET_CONNECTION_REFUSED': 'nothing listens there; check broker.port',
    'AWS_IO_SOCKET': 'there is no way to it; check the network',
    'AWS_IO_TLS': 'the TLS connection failed; check ca, certificate and private_key, and their dates',
    'AWS_ERROR_MQTT_UNEXPECTED_HANGUP': 'it hung up; check that the certificate is active and may connect',
    'AWS_ERROR_MQTT5_CONNACK_CONNECTION_REFUSED': 'it refuses this client; check what the certificate may do',
    'AWS_ERROR_MQTT5_CONNACK_TIMEOUT': 'it does not answer an MQTT 5 CONNECT',
}


class MqttSource:
    """Own the connection of one worker to the broker.

    Args:
        settings: where to connect and as whom.
        worker: takes the messages.
        takes_in: whether counts, crossings and presence are received; else it is for the hearers alone.

    Attributes:
        hearers: of other topics; complete before `start()`.

    Raises:
        FleetError: from `start()`, when a file of the identity is missing or unfit.
    """

    def __init__(self, settings: Broker, worker: Worker, *, takes_in: bool = True) -> None:
        self.hearers: list[Hearer] = []
        self._settings = settings
        self._worker = worker
        self._takes_in = takes_in
        self._statistics = worker.statistics
        self._client: Any = None
        self._stopped = threading.Event()
        self._unanswered: set[str] = set()

    def start(self) -> None:
        """Begin to connect, and go on until stopped; returns at once."""
        try:
            self._client = self._build_client()
        except (exceptions.AwsCrtError, RuntimeError, OSError, ValueError) as error:
            raise FleetError(
                'broker: the certificate, key or CA cannot be used '
                f'({error}); check broker.certificate, broker.private_key and broker.ca'
            ) from None
        self._client.start()

    def stop(self) -> None:
        """End the connection; the broker keeps the session, and what comes for it."""
        if self._client is not None:
            self._client.stop()
            self._stopped.wait(STOP_TIMEOUT_S)

    def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> 'Future[Any]':
        """Send a message with QoS 1; the future is done at its PUBACK.

        Raises:
            LinkError: when there is no connection.
        """
        if self._client is None or not self._statistics.is_connected:
            raise LinkError(
                f'there is no connection to the broker {self._settings.host}:{self._settings.port} now; '
                'it is tried again and again'
            )
        packet = mqtt5.PublishPacket(
            topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=is_retained
        )
        try:
            sent: Future[Any] = self._client.publish(packet)
        except (exceptions.AwsCrtError, RuntimeError) as error:
            raise LinkError(f'the message could not be sent: {error}') from None
        return sent

    def _build_client(self) -> Any:
        settings = self._settings
        options: dict[str, Any] = {}
        if settings.ca is not None:
            options['ca_filepath'] = str(settings.ca)
        return mqtt5_client_builder.mtls_from_path(
            str(settings.certificate),
            str(settings.private_key),
            endpoint=settings.host,
            port=settings.port,
            client_id=settings.client_id,
            enable_metrics_collection=False,
            keep_alive_interval_sec=KEEP_ALIVE_S,
            ping_timeout_ms=PING_TIMEOUT_MS,
            min_reconnect_delay_ms=RECONNECT_MIN_MS,
            max_reconnect_delay_ms=RECONNECT_MAX_MS,
            retry_jitter_mode=mqtt5.ExponentialBackoffJitterMode.FULL,
            session_behavior=mqtt5.ClientSessionBehaviorType.REJOIN_ALWAYS,
            session_expiry_interval_sec=settings.session_expiry_s,
            receive_maximum=settings.receive_maximum,
            extended_validation_and_flow_control_options=mqtt5.ExtendedValidationAndFlowControlOptions.NONE,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
            on_lifecycle_connection_failure=self._on_failed,
            on_lifecycle_disconnection=self._on_disconnected,
            on_lifecycle_stopped=lambda _: self._stopped.set(),
            **options,
        )

    def _on_publish(self, received: Any) -> None:
        packet = received.publish_packet
        hearer = next((each for each in self.hearers if each.takes(packet.topic)), None)
        if hearer is not None:
            hearer.received(packet.topic, bytes(packet.payload or b''))
            return
        take_control = received.acquire_publish_acknowledgement_control
        handle = take_control() if take_control is not None else None

        def acknowledge() -> None:
            if handle is not None:
                try:
                    self._client.invoke_publish_acknowledgement(handle)
                except (exceptions.AwsCrtError, RuntimeError) as error:
                    # The connection it came on has ended: it comes again, and is known then.
                    LOG.debug('not acknowledged: %s', error)

        self._worker.take(
            Delivery(packet.topic, bytes(packet.payload or b''), time.time_ns() // 1_000_000, acknowledge)
        )

    def _on_connected(self, _: Any) -> None:
        self._statistics.add('connections')
        self._statistics.set_connected(True)
        self._statistics.set_trouble('broker', '')
        LOG.info('connected to %s:%d', self._settings.host, self._settings.port)
        wanted = topic_filters(self._settings.group, self._settings.topics) if self._takes_in else ()
        self._unanswered = set(wanted)
        for topic_filter in wanted:
            done = self._subscribe(topic_filter)
            done.add_done_callback(lambda future, name=topic_filter: self._on_subscribed(name, future))
        for hearer in self.hearers:
            for topic_filter in hearer.topic_filters:
                done = self._subscribe(topic_filter)
                done.add_done_callback(
                    lambda future, hearer=hearer, name=topic_filter: _tell(hearer, name, future)
                )

    def _subscribe(self, topic_filter: str) -> Any:
        subscription = mqtt5.Subscription(
            topic_filter=topic_filter,
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain_handling_type=mqtt5.RetainHandlingType.SEND_ON_SUBSCRIBE_IF_NEW,
        )
        return self._client.subscribe(mqtt5.SubscribePacket(subscriptions=[subscription]))

    def _on_subscribed(self, topic_filter: str, future: Any) -> None:
        error = future.exception()
        if error is not None:
            # The connection has ended; the next one subscribes again.
            return
        if trouble := _refusal(topic_filter, future):
            LOG.error('%s', trouble)
            self._statistics.set_trouble('broker', trouble)
            return
        self._unanswered.discard(topic_filter)
        if not self._unanswered:
            LOG.info('subscribed to everything')

    def _on_failed(self, data: Any) -> None:
        self._tell_trouble('cannot be reached', data.exception)

    def _on_disconnected(self, data: Any) -> None:
        self._statistics.set_connected(False)
        self._tell_trouble('is gone', data.exception)

    def _tell_trouble(self, what: str, error: Any) -> None:
        name = str(getattr(error, 'name', type(error).__name__))
        hint = next((text for start, text in _HINTS.items() if name.startswith(start)), name)
        trouble = f'the broker {self._settings.host}:{self._settings.port} {what}: {hint}'
        self._statistics.set_trouble('broker', trouble)
        LOG.warning('%s', trouble)


def _refusal(topic_filter: str, future: Any) -> str:
    """Return how the broker refused a subscription; '' when it did not."""
    codes = [int(code) for code in future.result().reason_codes]
    if all(code < _FIRST_REFUSAL_CODE for code in codes):
        return ''
    return (
        f"the broker refuses the subscription to '{topic_filter}' with reason code {codes[0]}; allow "
        'this client to subscribe to it and to receive it'
    )


def _tell(hearer: Hearer, topic_filter: str, future: Any) -> None:
    if future.exception() is None:
        hearer.subscribed(topic_filter, _refusal(topic_filter, future))


def refusal_code(published: Any) -> int:
    """Return the reason code with which a broker refused a message; 0 when it took it."""
    code = int(published.puback.reason_code)
    return code if code >= _FIRST_REFUSAL_CODE else 0
