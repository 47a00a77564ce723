"""Play an hour's outage at one count a second, and see how it is made good."""

import itertools
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from demo.broker import LocalBroker
from parking_monitor.cloud.delivery import Delivery
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings, MqttTiming
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.running_time import RunningTime
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC, count_topic, history_topic, live_topics
from tests.integration.cloud.link import Link
from tests.integration.cloud.receiver import Receiver

THING = 'garage'
WARM_UP = 300
BACKLOG = 3600
DEADLINE_S = 120.0
MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Hold how an outage was made good.

    Attributes:
        backlog: counts that waited.
        lost: counts that the receiver never got.
        stored_twice: counts that it stored under two numbers.
        out_of_order: messages that came after a later one of their topic, repeats left out.
        drain_s: from the connection to the last acknowledgement.
        present_s: from the first message that came to the newest count on the live topic.
        most_in_a_second: messages that came in any second.
        rss_before_mb: resident memory of the device's process before the outage, warm.
        rss_with_backlog_mb: the same at the end of the outage.
        rss_after_mb: the same when all is delivered.
    """

    backlog: int
    lost: int
    stored_twice: int
    out_of_order: int
    drain_s: float
    present_s: float
    most_in_a_second: int
    rss_before_mb: float
    rss_with_backlog_mb: float
    rss_after_mb: float


def measure(broker: LocalBroker, folder: Path) -> Outage:
    """Run the device in a process of its own, take its link away for an hour of its time, give it back."""
    own, history = count_topic(THING), history_topic(THING)
    context = multiprocessing.get_context('spawn')
    here, there = context.Pipe()
    with (
        Link(broker.port) as link,
        Receiver(broker, (DEFAULT_SHARED_TOPIC, own, history)) as receiver,
    ):
        device = context.Process(target=_run_device, args=(there, _settings(broker, link.port), folder))
        device.start()
        try:
            rss_before_mb = _hear(here)
            before = receiver.messages
            link.cut()
            here.send('cut')
            rss_with_backlog_mb = _hear(here)
            link.restore()
            drain_s, rss_after_mb = _hear(here), _hear(here)
            receiver.wait_until(lambda: len(receiver.stored) >= WARM_UP + BACKLOG, DEADLINE_S)
        finally:
            here.close()
            device.join(DEADLINE_S)
            device.kill()
    arrived_s = sorted(each for times_s in receiver.arrived_s.values() for each in times_s)[before:]
    newest = next(key[1] for key, cars in receiver.stored.items() if cars == WARM_UP + BACKLOG)
    position = receiver.numbers[own].index(newest)
    counts = list(receiver.stored.values())
    return Outage(
        backlog=len(counts) - WARM_UP,
        lost=WARM_UP + BACKLOG - len(set(counts)),
        stored_twice=len(counts) - len(set(counts)),
        out_of_order=sum(_out_of_order(numbers) for numbers in receiver.numbers.values()),
        drain_s=drain_s,
        present_s=receiver.arrived_s[own][position] - arrived_s[0],
        most_in_a_second=max(_within_a_second(arrived_s, begin) for begin in range(len(arrived_s))),
        rss_before_mb=rss_before_mb,
        rss_with_backlog_mb=rss_with_backlog_mb,
        rss_after_mb=rss_after_mb,
    )


def _hear(connection: Connection) -> float:
    if not connection.poll(DEADLINE_S):
        raise TimeoutError('the device said nothing')
    number: float = connection.recv()
    return number


def _out_of_order(numbers: list[int]) -> int:
    return sum(later < earlier for earlier, later in itertools.pairwise(numbers))


def _within_a_second(arrived_s: list[float], begin: int) -> int:
    return sum(1 for each in arrived_s[begin : begin + 500] if each < arrived_s[begin] + 1.0)


def _settings(broker: LocalBroker, port: int) -> MqttSettings:
    identity = broker.identity(THING)
    return MqttSettings(
        endpoint=broker.host,
        port=port,
        thing=THING,
        certificate=identity.certificate,
        private_key=identity.private_key,
        ca=identity.ca,
        timing=MqttTiming(reconnect_max_s=1.0),
    )


class _PlayedTime(RunningTime):
    """Running time that goes on by itself, and an hour further in a few seconds."""

    ahead_s = 0.0

    def now_s(self) -> float:
        return self.ahead_s + time.monotonic()


class _CountASecond:
    """Give out counts: a burst first, then one for each second of an hour, as fast as they are taken."""

    def __init__(self, running_time: _PlayedTime) -> None:
        self._time = running_time
        self._number = 0
        self.until = WARM_UP

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        del now_s
        if is_last or self._number >= self.until:
            return []
        self._number += 1
        if self._number > WARM_UP:
            self._time.ahead_s += 1.0
        content = {'uuid': 'benchmark', 'cars': self._number, 'filling': 'x' * 400}
        return [
            Draft(
                'lane', live_topics(THING), lambda seq, _dropped: json.dumps({**content, 'seq': seq}).encode()
            )
        ]

    def next_due_s(self) -> float:
        return 0.0 if self._number < self.until else float('inf')


def _run_device(connection: Connection, settings: MqttSettings, folder: Path) -> None:
    running_time = _PlayedTime('played')
    outbox = Outbox(folder, OutboxSettings(history_topic=history_topic(THING)), running_time=running_time)
    source = _CountASecond(running_time)
    delivery = Delivery(MqttSession(settings, uuid='benchmark'), outbox, source)
    delivery.start()
    _wait_for(lambda: delivery.statistics.counts == WARM_UP and delivery.statistics.waiting == 0)
    connection.send(_rss_mb())
    connection.recv()
    _wait_for(lambda: delivery.statistics.connected_since_ns is None)
    source.until += BACKLOG
    delivery.wake()
    _wait_for(lambda: delivery.statistics.counts == WARM_UP + BACKLOG)
    connection.send(_rss_mb())
    _wait_for(lambda: delivery.statistics.connected_since_ns is not None)
    begin_s = time.monotonic()
    _wait_for(lambda: delivery.statistics.waiting == 0)
    connection.send(time.monotonic() - begin_s)
    connection.send(_rss_mb())
    delivery.stop()


def _wait_for(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not happened():
        if time.monotonic() > deadline_s:
            raise TimeoutError('the delivery did not come so far')
        time.sleep(0.01)


def _rss_mb() -> float:
    resident: int = psutil.Process().memory_info().rss
    return resident / MB
