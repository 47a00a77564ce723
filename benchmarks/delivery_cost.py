"""Compare what a message costs: through the outbox, and with the bare SDK, in turns on one broker."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awscrt import mqtt5
from awsiot import mqtt5_client_builder

from demo.broker import LocalBroker
from demo.identity import Identity
from parking_monitor.cloud.delivery import Delivery, DeliverySettings
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.topics import count_topic, history_topic

ROUNDS = 5
MESSAGES = 5000
WINDOW = 90
PACED_MESSAGES = 300
PACE_S = 0.01
# So many the source keeps ready, as a burst of counts would.
MOST_WAITING = 400
BATCH = 400
DEADLINE_S = 60.0

# A count of a camera with four zones is about as long.
_FILLING = b'"zones":[' + b','.join([b'{"name":"a zone of the car park","cars":12,"capacity":20}'] * 4) + b']'


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Hold what a message costs.

    Attributes:
        messages_per_s: acknowledged in a second, without a limit.
        cpu_us: CPU of the whole process a message, microseconds.
        ack_ms_p50: from the message's making to its PUBACK, at 100 messages/s.
        ack_ms_p99: the same.
    """

    messages_per_s: float
    cpu_us: float
    ack_ms_p50: float
    ack_ms_p99: float


def measure(broker: LocalBroker, folder: Path) -> tuple[Cost, Cost]:
    """Return the cost with the bare SDK and through the outbox, medians over rounds in turns."""
    bare_rounds: list[tuple[float, float]] = []
    outbox_rounds: list[tuple[float, float]] = []
    with _bare_client(broker.identity('bare'), broker) as client, _through_outbox(broker, folder) as source:
        bare, outbox = _BareSender(client), _OutboxSender(source)
        for sender in (bare, outbox):
            sender.send(MESSAGES // 5)  # once, so that nothing is measured cold
        for _ in range(ROUNDS):
            bare_rounds.append(_timed(bare.send))
            outbox_rounds.append(_timed(outbox.send))
        return _cost(bare_rounds, bare.paced()), _cost(outbox_rounds, outbox.paced())


def _payload(seq: int) -> bytes:
    return b'{"uuid":"49418b480e408ef9c632fc6cb25ebfdc","cars":3,"seq":%d,%s}' % (seq, _FILLING)


def _timed(send: Callable[[int], None]) -> tuple[float, float]:
    """Return seconds and CPU seconds of a round."""
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    send(MESSAGES)
    return time.perf_counter() - begin_s, time.process_time() - begin_cpu_s


def _cost(rounds: list[tuple[float, float]], acks_s: list[float]) -> Cost:
    shares = statistics.quantiles(acks_s, n=100)
    return Cost(
        messages_per_s=MESSAGES / statistics.median(wall_s for wall_s, _ in rounds),
        cpu_us=statistics.median(cpu_s for _, cpu_s in rounds) / MESSAGES * 1e6,
        ack_ms_p50=shares[49] * 1000,
        ack_ms_p99=shares[98] * 1000,
    )


class _BareSender:
    """Publish with the SDK as it comes, and keep nothing."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._room = threading.Semaphore(WINDOW)
        self._seq = 0

    def send(self, number: int) -> None:
        for _ in range(number):
            self._room.acquire()
            self._publish().add_done_callback(self._on_ack)
        for _ in range(WINDOW):
            self._room.acquire()
        for _ in range(WINDOW):
            self._room.release()

    def paced(self) -> list[float]:
        acks_s = []
        for _ in range(PACED_MESSAGES):
            begin_s = time.perf_counter()
            self._publish().result(DEADLINE_S)
            acks_s.append(time.perf_counter() - begin_s)
            time.sleep(PACE_S)
        return acks_s

    def _publish(self) -> Any:
        self._seq += 1
        packet = mqtt5.PublishPacket(
            topic=count_topic('bare'), payload=_payload(self._seq), qos=mqtt5.QoS.AT_LEAST_ONCE
        )
        return self._client.publish(packet)

    def _on_ack(self, done: Any) -> None:
        # Whoever sends has to look whether the broker took it.
        assert int(done.result().puback.reason_code) < 128  # noqa: S101 - a benchmark
        self._room.release()


class _Burst:
    """Give out as many drafts as are wanted, a batch at a time."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.delivery: Delivery | None = None
        self._topics = (count_topic('boxed'),)
        self._wanted = 0

    def want(self, number: int) -> None:
        self._wanted += number
        if self.delivery is not None:
            self.delivery.wake()

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        del now_s, is_last
        if self.outbox.waiting > MOST_WAITING:
            return []
        number = min(self._wanted, BATCH)
        self._wanted -= number
        return [Draft('lane', self._topics, lambda seq, _dropped: _payload(seq))] * number

    def next_due_s(self) -> float:
        return float('inf')


class _OutboxSender:
    """Publish through the outbox, on the disk before it is sent."""

    def __init__(self, source: _Burst) -> None:
        self._source = source
        assert source.delivery is not None  # noqa: S101 - a benchmark
        self._delivery = source.delivery

    def send(self, number: int) -> None:
        until = self._delivery.statistics.acknowledged + number
        self._source.want(number)
        deadline_s = time.monotonic() + DEADLINE_S
        while self._delivery.statistics.acknowledged < until:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f'not all was delivered: {self._delivery.statistics}')
            time.sleep(0.005)

    def paced(self) -> list[float]:
        acks_s = []
        for _ in range(PACED_MESSAGES):
            until = self._delivery.statistics.acknowledged + 1
            begin_s = time.perf_counter()
            self._source.want(1)
            while self._delivery.statistics.acknowledged < until:
                time.sleep(0.0001)
            acks_s.append(time.perf_counter() - begin_s)
            time.sleep(PACE_S)
        return acks_s


@contextmanager
def _bare_client(identity: Identity, broker: LocalBroker) -> Iterator[Any]:
    connected, stopped = threading.Event(), threading.Event()
    client = mqtt5_client_builder.mtls_from_path(
        str(identity.certificate),
        str(identity.private_key),
        endpoint=broker.host,
        port=broker.port,
        ca_filepath=str(identity.ca),
        client_id=identity.name,
        keep_alive_interval_sec=30,
        ping_timeout_ms=5000,
        enable_metrics_collection=False,
        extended_validation_and_flow_control_options=mqtt5.ExtendedValidationAndFlowControlOptions.NONE,
        on_lifecycle_connection_success=lambda _: connected.set(),
        on_lifecycle_stopped=lambda _: stopped.set(),
    )
    client.start()
    try:
        if not connected.wait(DEADLINE_S):
            raise TimeoutError('the bare client did not connect')
        yield client
    finally:
        client.stop()
        stopped.wait(DEADLINE_S)


@contextmanager
def _through_outbox(broker: LocalBroker, folder: Path) -> Iterator[_Burst]:
    identity = broker.identity('boxed')
    settings = MqttSettings(
        endpoint=broker.host,
        port=broker.port,
        thing=identity.name,
        certificate=identity.certificate,
        private_key=identity.private_key,
        ca=identity.ca,
        max_messages_per_s=0,
    )
    source = _Burst(Outbox(folder / 'outbox', OutboxSettings(history_topic=history_topic(identity.name))))
    session = MqttSession(settings, uuid='benchmark')
    source.delivery = Delivery(session, source.outbox, source, DeliverySettings(window=WINDOW))
    source.delivery.start()
    try:
        yield source
    finally:
        source.delivery.stop()
