"""Publish to a broker as a device's outbox does."""

import json
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from demo.broker import LocalBroker
from tests.support.patience import PATIENCE_S

SENDER = 'sender'
"""The thing that sends; devices behind it are told apart by their uuid."""


class Sender:
    """Publish as a device's outbox does: each message again and again until the broker has it."""

    def __init__(self, broker: LocalBroker) -> None:
        identity = broker.identity(SENDER)
        self._ready = threading.Event()
        self._client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=SENDER,
            enable_metrics_collection=False,
            min_reconnect_delay_ms=50,
            max_reconnect_delay_ms=200,
            session_behavior=mqtt5.ClientSessionBehaviorType.CLEAN,
            offline_queue_behavior=mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT,
            extended_validation_and_flow_control_options=mqtt5.ExtendedValidationAndFlowControlOptions.NONE,
            on_lifecycle_connection_success=lambda _: self._ready.set(),
            on_lifecycle_disconnection=lambda _: self._ready.clear(),
        )

    def __enter__(self) -> Self:
        self._client.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.stop()

    def send(self, messages: list[tuple[str, dict[str, Any]]], window: int = 50) -> None:
        """Return once the broker has taken all."""
        waiting = list(messages)
        while waiting:
            assert self._ready.wait(PATIENCE_S)
            part, waiting = waiting[:window], waiting[window:]
            futures = [self._publish(topic, content) for topic, content in part]
            waiting += [
                message for message, future in zip(part, futures, strict=True) if not _was_taken(future)
            ]

    def _publish(self, topic: str, content: dict[str, Any]) -> Future[Any]:
        packet = mqtt5.PublishPacket(topic=topic, payload=json.dumps(content), qos=mqtt5.QoS.AT_LEAST_ONCE)
        published: Future[Any] = self._client.publish(packet)
        return published


def _was_taken(future: Future[Any]) -> bool:
    error = future.exception(PATIENCE_S)
    return error is None and int(future.result().puback.reason_code) < 128
