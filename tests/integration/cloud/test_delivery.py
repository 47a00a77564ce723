"""What was counted arrives though the broker stands still, the disk is full, or the clock jumps."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from demo.broker import LocalBroker
from parking_monitor.cloud.delivery import DeliverySettings
from parking_monitor.cloud.messages import Origin
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.outbox import Outbox, OutboxSettings
from parking_monitor.cloud.outbox_store import FILE_NAME
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.cloud.topics import count_topic, history_topic
from parking_monitor.values import Count, CountState
from tests.integration.cloud.builders import QUICK, Ear, frozen, settings_for
from tests.integration.cloud.link import Link
from tests.integration.cloud.receiver import Receiver
from tests.support.patience import PATIENCE_S

THING = 'garage'
OWN, HISTORY = count_topic(THING), history_topic(THING)
YEAR_NS = 365 * 86_400 * 10**9


class Clock:
    """The clock on the wall, as the test sets it."""

    ahead_ns = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead_ns


class Device:
    """A publisher whose counts are given one by one, each of which becomes a message."""

    def __init__(
        self,
        broker: LocalBroker,
        folder: Path,
        *,
        port: int | None = None,
        fresh_s: float = 30.0,
        clock: Clock | None = None,
        synced: bool = True,
    ) -> None:
        timing = replace(QUICK, keep_alive_s=2, ping_timeout_s=0.5, ack_timeout_s=1)
        mqtt = settings_for(broker, THING, port=port or broker.port, timing=timing)
        self._clock = clock or Clock()
        self.ear = Ear()
        session = MqttSession(mqtt, uuid='u')
        session.add_listener(self.ear)
        outbox_settings = OutboxSettings(history_topic=HISTORY, fresh_s=fresh_s, retry_s=0.2)
        self.publisher = CountPublisher(
            session,
            {'lane': Origin(uuid='u', camera='lane')},
            PublisherSettings(topics=(OWN,), min_spacing_s=0.0, delivery=DeliverySettings(retry_min_s=0.05)),
            Outbox(folder, outbox_settings, wall_ns=self._clock),
            wall_ns=self._clock,
            is_clock_synced=lambda: synced,
        )

    def count(self, cars: int) -> None:
        """Give a count and wait until the outbox has it."""
        before = self.publisher.statistics.counts
        self.publisher.observe('lane', Count(stamp_ns=self._clock(), state=CountState.OK, cars=cars))
        self.wait_for(lambda: self.publisher.statistics.counts > before)

    def wait_for(self, happened: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline_s, self.publisher.statistics
            time.sleep(0.005)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def started(stack: ExitStack, device: Device) -> Device:
    device.publisher.start()
    stack.callback(device.publisher.stop)
    return device


def cars(receiver: Receiver, topic: str) -> list[int]:
    return [receiver.stored['u', seq] for seq in receiver.numbers[topic]]


def test_after_an_outage_the_present_comes_first_and_the_rest_as_history(
    own_broker: LocalBroker, tmp_path: Path, stack: ExitStack
) -> None:
    link = stack.enter_context(Link(own_broker.port))
    receiver = stack.enter_context(Receiver(own_broker, (OWN, HISTORY)))
    device = started(stack, Device(own_broker, tmp_path / 'outbox', port=link.port, fresh_s=2.0))
    device.ear.wait_for_connection()
    link.cut()
    device.ear.wait_for_reason()
    for number in range(1, 11):
        device.count(number)
    time.sleep(2.1)  # that they wait longer than they are fresh is what this is about
    device.count(11)
    device.count(12)
    link.restore()
    receiver.wait_until(lambda: len(receiver.stored) == 12, PATIENCE_S)

    assert cars(receiver, OWN) == [12]
    assert cars(receiver, HISTORY) == list(range(1, 12))
    assert receiver.arrived_s[OWN][0] < receiver.arrived_s[HISTORY][0]


def test_a_broker_that_stands_still_delays_but_loses_nothing(
    own_broker: LocalBroker, tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(Receiver(own_broker, (OWN, HISTORY)))
    device = started(stack, Device(own_broker, tmp_path / 'outbox'))
    device.ear.wait_for_connection()
    with frozen(own_broker):
        for number in range(1, 6):
            device.count(number)  # and waits until it is stored, though the broker takes nothing
        device.wait_for(lambda: device.publisher.statistics.failed > 0)
    receiver.wait_until(lambda: len(receiver.stored) == 5, PATIENCE_S)
    device.wait_for(lambda: device.publisher.statistics.waiting == 0)

    assert cars(receiver, OWN) == [1, 2, 3, 4, 5]
    assert cars(receiver, HISTORY) == []


def test_a_clock_set_back_by_a_year_repeats_no_number_and_keeps_the_order(
    own_broker: LocalBroker, tmp_path: Path, stack: ExitStack
) -> None:
    receiver = stack.enter_context(Receiver(own_broker, (OWN, HISTORY)))
    clock = Clock()
    device = Device(own_broker, tmp_path / 'outbox', clock=clock)
    device.publisher.start()
    device.count(1)
    clock.ahead_ns = -YEAR_NS
    device.count(2)
    assert device.publisher.stop(PATIENCE_S)
    after = started(stack, Device(own_broker, tmp_path / 'outbox', clock=clock, synced=False))
    after.count(3)
    receiver.wait_until(lambda: len(receiver.stored) == 3, PATIENCE_S)

    assert cars(receiver, OWN) == [1, 2, 3]
    assert receiver.numbers[OWN] == sorted(receiver.numbers[OWN])
    assert cars(receiver, HISTORY) == []
    last = json.loads(receiver.last_payload)
    this_year, last_year = (time.gmtime(time.time() - years * 365 * 86_400).tm_year for years in (0, 1))
    assert last['observed_at'].startswith(str(last_year)) or this_year == last_year
    assert last['clock_synced'] is False


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of one megabyte."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    mounted = subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f'a small file system cannot be mounted here: {mounted.stderr.strip()}')
    try:
        yield folder
    finally:
        subprocess.run(['umount', '-l', folder], check=True)


def test_on_a_full_disk_counting_goes_on_and_is_told(
    own_broker: LocalBroker, small_disk: Path, stack: ExitStack
) -> None:
    link = stack.enter_context(Link(own_broker.port))
    receiver = stack.enter_context(Receiver(own_broker, (OWN, HISTORY)))
    device = started(stack, Device(own_broker, small_disk / 'outbox', port=link.port))
    device.ear.wait_for_connection()
    link.cut()
    device.ear.wait_for_reason()
    device.count(1)
    fill(small_disk / 'filler')
    number = 1
    while not device.publisher.statistics.storage_fault:
        number += 1
        assert number < 2000, 'the disk does not get full'
        device.count(number)
    assert 'is full; free some space' in device.publisher.statistics.storage_fault
    for cars_now in range(5001, 5006):
        device.count(cars_now)
    link.restore()
    receiver.wait_until(lambda: 5005 in receiver.stored.values(), PATIENCE_S)
    (small_disk / 'filler').unlink()
    device.wait_for(lambda: device.publisher.statistics.storage_fault == '')
    device.count(6000)
    receiver.wait_until(lambda: 6000 in receiver.stored.values(), PATIENCE_S)

    arrived = set(receiver.stored.values())
    # What was on the disk before it was full arrives; of what came after, the newest.
    assert set(range(1, number)) <= arrived
    assert 5001 not in arrived
    assert device.publisher.statistics.dropped >= 4
    assert (small_disk / 'outbox' / FILE_NAME).exists()
    assert receiver.numbers[OWN] == sorted(receiver.numbers[OWN])


def fill(path: Path) -> None:
    """Write until the disk has no room left."""
    with path.open('wb', buffering=0) as file:
        for size in (65_536, 4096):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue
