"""Sit on the local broker as AWS IoT Core does: device shadows, and a place for more.

mosquitto passes messages on and knows nothing of them.
"""

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from demo.broker import LocalBroker
from tests.support.patience import PATIENCE_S, patiently
from tests.support.shadow_service import Message, ShadowService

NAME = 'aws-itself'

ACCESS_RULES = f"""
user {NAME}
topic readwrite #
topic readwrite $aws/#
"""
"""What the services may do, in mosquitto's words."""


class AwsOnBroker:
    """Answer requests on the broker, and remember what was asked.

    Attributes:
        shadows: the shadows of all things.
        messages: topic and payload of all requests.
        keep_back: how many answers to keep back, by the topic of the request.
    """

    def __init__(self, broker: LocalBroker, topics: tuple[str, ...] = ()) -> None:
        self.shadows = ShadowService()
        self.messages: list[tuple[str, bytes]] = []
        self.keep_back: dict[str, int] = {}
        self._topics = ('$aws/things/+/shadow/get', '$aws/things/+/shadow/update', *topics)
        self._changed = threading.Condition()
        self._ready, self._stopped = threading.Event(), threading.Event()
        identity = broker.identity(NAME)
        self._client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=NAME,
            enable_metrics_collection=False,
            min_reconnect_delay_ms=50,
            max_reconnect_delay_ms=200,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
            on_lifecycle_stopped=lambda _: self._stopped.set(),
        )

    def __enter__(self) -> Self:
        self._client.start()
        assert self._ready.wait(PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop()
        self._stopped.wait(PATIENCE_S)

    @property
    def asked(self) -> list[str]:
        """Return the topics of all requests."""
        with self._changed:
            return [topic for topic, _ in self.messages]

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        """Return what is published when somebody asks; called on the client's thread."""
        return self.shadows.answer(topic, payload)

    def desire(self, thing: str, desired: dict[str, Any]) -> int:
        """Write to a shadow as an operator does; returns the version that it has then."""
        with self._changed:
            messages = self.shadows.desire(thing, desired)
            version = self.shadows.versions[thing]
        for topic, content in messages:
            self.publish(topic, json.dumps(content).encode())
        return version

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish a message in the name of the services."""
        self._client.publish(
            mqtt5.PublishPacket(topic=topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE)
        ).result(PATIENCE_S)

    def requests(self, thing: str, request: str) -> list[bytes]:
        """Return the payloads of the requests to a thing's shadow so far."""
        topic = f'$aws/things/{thing}/shadow/{request}'
        with self._changed:
            return [payload for asked, payload in self.messages if asked == topic]

    def wait_for_report(self, thing: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what a thing reports, once it is as wanted."""

        def is_there() -> bool:
            reported = self.shadows.reported(thing)
            return reported is not None and wanted(reported)

        with self._changed:
            came = patiently(partial(self._changed.wait_for, is_there))
            assert came, f'reported: {self.shadows.reported(thing)}'
            reported: dict[str, Any] = self.shadows.reported(thing)
            return reported

    def wait_for_requests(self, thing: str, request: str, number: int) -> None:
        """Wait until so many requests to a thing's shadow have come."""
        topic = f'$aws/things/{thing}/shadow/{request}'
        with self._changed:

            def have_come() -> bool:
                return sum(asked == topic for asked, _ in self.messages) >= number

            assert patiently(partial(self._changed.wait_for, have_come)), self.messages

    def _on_connected(self, _: Any) -> None:
        wanted = [
            mqtt5.Subscription(topic_filter=topic, qos=mqtt5.QoS.AT_LEAST_ONCE) for topic in self._topics
        ]
        done = self._client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted))
        done.add_done_callback(lambda _: self._ready.set())

    def _on_publish(self, received: Any) -> None:
        topic, payload = received.publish_packet.topic, bytes(received.publish_packet.payload or b'')
        with self._changed:
            self.messages.append((topic, payload))
            messages = self.answer(topic, payload)
            is_kept_back = self.keep_back.get(topic, 0) > 0
            self.keep_back[topic] = self.keep_back.get(topic, 0) - is_kept_back
            self._changed.notify_all()
        for answer, content in () if is_kept_back else messages:
            self._client.publish(
                mqtt5.PublishPacket(topic=answer, payload=json.dumps(content), qos=mqtt5.QoS.AT_LEAST_ONCE)
            )
