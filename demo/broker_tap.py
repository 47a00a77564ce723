"""Listen at the local broker: a copy of every message that it passes on."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from demo.broker import OPERATOR, LocalBroker

CONNECT_DEADLINE_S = 60.0
STOP_DEADLINE_S = 5.0
MAX_KEPT = 10_000
QUOTED_TOPICS = 5


@dataclass(frozen=True, slots=True)
class Message:
    """Hold one message as the broker passed it on.

    Attributes:
        topic: where it was published.
        payload: what was sent.
        retained: whether the broker had kept it from before the tap subscribed.
        received_ns: Unix nanoseconds at which it came.
    """

    topic: str
    payload: bytes
    retained: bool
    received_ns: int


class BrokerTap:
    """Subscribe to every topic with the operator's certificate.

    Comes back by itself after the broker was restarted. The newest 10,000 messages are kept.

    Args:
        broker: a started broker.
        on_message: called with each message on the client's thread; must not block.
        operator: common name of the tap's certificate; two taps at once need two names.
    """

    def __init__(
        self,
        broker: LocalBroker,
        on_message: Callable[[Message], None] | None = None,
        *,
        operator: str = OPERATOR,
    ) -> None:
        self._on_message = on_message
        self._arrived = threading.Condition()
        self._messages: deque[Message] = deque(maxlen=MAX_KEPT)
        self._count = 0
        self._subscribed = threading.Event()
        self._stopped = threading.Event()
        self._client = self._build_client(broker, operator)

    @property
    def messages(self) -> tuple[Message, ...]:
        """Return the messages kept, oldest first."""
        with self._arrived:
            return tuple(self._messages)

    @property
    def count(self) -> int:
        """Return how many messages have come in all."""
        with self._arrived:
            return self._count

    def start(self) -> None:
        """Connect and subscribe; returns when the broker has confirmed the subscription.

        Raises:
            TimeoutError: when that takes more than 60 s.
        """
        self._client.start()
        if not self._subscribed.wait(CONNECT_DEADLINE_S):
            self.stop()
            raise TimeoutError(
                f'the tap did not subscribe within {CONNECT_DEADLINE_S:g} s; see the broker log'
            )

    def wait_for(self, wanted: Callable[[Message], bool], timeout_s: float) -> Message:
        """Return the first message that is wanted, among those that came and those to come.

        Raises:
            TimeoutError: when none has come in time; it names the last topics that did.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._arrived:
            while True:
                found = next((message for message in self._messages if wanted(message)), None)
                if found is not None:
                    return found
                if not self._arrived.wait(deadline_s - time.monotonic()):
                    last = [message.topic for message in list(self._messages)[-QUOTED_TOPICS:]]
                    raise TimeoutError(f'no such message within {timeout_s:g} s; the last came on {last}')

    def stop(self) -> None:
        """Disconnect, within 5 s."""
        self._client.stop()
        self._stopped.wait(STOP_DEADLINE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _build_client(self, broker: LocalBroker, operator: str) -> Any:
        identity = broker.identity(operator)
        return mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=operator,
            keep_alive_interval_sec=30,
            ping_timeout_ms=5000,
            min_reconnect_delay_ms=100,
            max_reconnect_delay_ms=500,
            enable_metrics_collection=False,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
            on_lifecycle_stopped=lambda _: self._stopped.set(),
        )

    def _on_connected(self, _: Any) -> None:
        everything = mqtt5.Subscription(topic_filter='#', qos=mqtt5.QoS.AT_LEAST_ONCE)
        confirmed = self._client.subscribe(mqtt5.SubscribePacket(subscriptions=[everything]))
        confirmed.add_done_callback(self._on_subscribed)

    def _on_subscribed(self, confirmed: Any) -> None:
        # A lost connection fails the subscription; it is made anew at the next one.
        if confirmed.exception() is None:
            self._subscribed.set()

    def _on_publish(self, received: Any) -> None:
        packet = received.publish_packet
        message = Message(packet.topic, bytes(packet.payload or b''), bool(packet.retain), time.time_ns())
        with self._arrived:
            self._messages.append(message)
            self._count += 1
            self._arrived.notify_all()
        if self._on_message is not None:
            self._on_message(message)
