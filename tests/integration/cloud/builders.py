"""Make sessions with a local broker, quick to reconnect, and hear what they tell."""

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from demo.broker import LocalBroker
from demo.broker_tap import Message
from demo.identity import Identity
from parking_monitor.cloud.connection_faults import ConnectionFault, FaultKind
from parking_monitor.cloud.mqtt_settings import MqttSettings, MqttTiming
from tests.support.patience import PATIENCE_S

QUICK = MqttTiming(reconnect_min_s=0.05, reconnect_max_s=0.2, look_after_s=1.0)


def settings_for(broker: LocalBroker, identity: Identity | str, **changes: Any) -> MqttSettings:
    if isinstance(identity, str):
        identity = broker.identity(identity)
    settings = MqttSettings(
        endpoint=broker.host,
        port=broker.port,
        thing=identity.name,
        certificate=identity.certificate,
        private_key=identity.private_key,
        ca=identity.ca,
        timing=QUICK,
    )
    return replace(settings, **changes)


@contextmanager
def frozen(broker: LocalBroker) -> Iterator[None]:
    """Stop the broker as a machine that hangs does, for as long as the block lasts."""
    os.kill(broker.process_id, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.process_id, signal.SIGCONT)


class Ear:
    """Listen to a session and wait for what it tells."""

    def __init__(self) -> None:
        self.connections = 0
        self.reasons: list[str] = []
        self.faults: list[ConnectionFault] = []
        self._changed = threading.Condition()

    def connected(self) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def disconnected(self, reason: str) -> None:
        with self._changed:
            self.reasons.append(reason)
            self._changed.notify_all()

    def connection_failed(self, fault: ConnectionFault) -> None:
        with self._changed:
            self.faults.append(fault)
            self._changed.notify_all()

    def wait_for_connection(self, number: int = 1) -> None:
        self._wait(lambda: self.connections >= number)

    def wait_for_reason(self, number: int = 1) -> str:
        self._wait(lambda: len(self.reasons) >= number)
        return self.reasons[number - 1]

    def wait_for_fault(self, kind: FaultKind | None = None) -> ConnectionFault:
        """Return the first fault, of a kind if one is given."""
        self._wait(lambda: any(kind in (None, fault.kind) for fault in self.faults))
        return next(fault for fault in self.faults if kind in (None, fault.kind))

    def _wait(self, happened: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(happened, PATIENCE_S), (
                f'connections {self.connections}, reasons {self.reasons}, faults {self.faults}'
            )


def says(topic: str, **wanted: Any) -> Callable[[Message], bool]:
    """Return whether a message is on the topic and its JSON has the values wanted."""

    def is_wanted(message: Message) -> bool:
        if message.topic != topic:
            return False
        content = json.loads(message.payload)
        return all(content[key] == value for key, value in wanted.items())

    return is_wanted
