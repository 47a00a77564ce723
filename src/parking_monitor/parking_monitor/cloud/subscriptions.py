"""Keep what a session subscribes to, through every connection, and pass on what arrives."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from awscrt import exceptions, mqtt5

# MQTT 5: reason codes from 128 on are refusals.
_FIRST_REFUSAL_CODE = 128


class Subscriber(Protocol):
    """Hear of topics; called on the client's threads, must not block."""

    def subscribed(self) -> None:
        """Hear that messages on the topics arrive from now on; once a connection."""

    def subscription_failed(self, reason: str) -> None:
        """Hear why they do not; they are asked for again at the next connection, or by `renew`."""

    def received(self, topic: str, payload: bytes) -> None:
        """Take a message."""


class Subscriptions:
    """Hold who subscribes to which topics; topics are whole names, without wildcards."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: list[tuple[tuple[str, ...], Subscriber]] = []

    def add(self, topics: Sequence[str], subscriber: Subscriber) -> None:
        """Take note of topics, for all connections to come."""
        with self._lock:
            self._subscribers.append((tuple(topics), subscriber))

    def renew(self, client: Any) -> None:
        """Ask the broker for all topics; returns at once."""
        with self._lock:
            subscribers = list(self._subscribers)
        for topics, subscriber in subscribers:
            wanted = [mqtt5.Subscription(topic_filter=topic, qos=mqtt5.QoS.AT_LEAST_ONCE) for topic in topics]
            try:
                asked = client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted))
            except (exceptions.AwsCrtError, RuntimeError) as error:
                subscriber.subscription_failed(f'the topics could not be subscribed to: {error}')
            else:
                asked.add_done_callback(partial(_answered, topics, subscriber))

    def pass_on(self, received: Any) -> None:
        """Give a message to who subscribed to its topic."""
        packet = received.publish_packet
        with self._lock:
            hearing = [subscriber for topics, subscriber in self._subscribers if packet.topic in topics]
        for subscriber in hearing:
            subscriber.received(packet.topic, bytes(packet.payload or b''))


def _answered(topics: tuple[str, ...], subscriber: Subscriber, done: Any) -> None:
    error = done.exception()
    if error is not None:
        name = getattr(error, 'name', None) or type(error).__name__
        subscriber.subscription_failed(f'no answer to the subscription of {topics[0]}: {name}')
        return
    codes = zip(topics, done.result().reason_codes, strict=False)
    refused = [topic for topic, code in codes if code is None or code >= _FIRST_REFUSAL_CODE]
    if refused:
        subscriber.subscription_failed(
            f'the broker refused the subscription of {", ".join(refused)}; '
            'check that the policy lets this thing subscribe there'
        )
    else:
        subscriber.subscribed()
