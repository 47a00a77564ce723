"""20,000 counts, and everything between the counter and its receiver breaks thirty times."""

import itertools
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from demo.broker import LocalBroker
from parking_monitor.cloud.outbox_store import FILE_NAME
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC, count_topic, crossing_topic, history_topic
from tests.integration.cloud.counting_device import CROSSING_EACH
from tests.integration.cloud.link import Link
from tests.integration.cloud.receiver import Receiver, UnboundedBroker
from tests.support.patience import PATIENCE_S

COUNTS = 20_000
CROSSINGS = COUNTS // CROSSING_EACH
TIMES_EACH = 10
THING = 'garage'


class CountingDevice:
    """Own the process that counts, and begin it anew where the one before was killed."""

    def __init__(self, broker: LocalBroker, port: int, folder: Path) -> None:
        identity = broker.identity(THING)
        self._arguments = [broker.host, port, THING, identity.certificate, identity.private_key, identity.ca]
        self._folder = folder
        self._told = 0
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None

    def start(self) -> None:
        arguments = [*self._arguments, self._folder, self._durable_to() + 1, COUNTS]
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'tests.integration.cloud.counting_device', *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    def kill(self) -> None:
        """End it with SIGKILL, and hear its last words."""
        if self._process is not None and self._listener is not None:
            self._process.kill()
            self._process.wait()
            self._listener.join(PATIENCE_S)
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()

    def check_alive(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, 'the device died by itself'

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith('\n'):
                self._told = max(self._told, int(line))

    def _durable_to(self) -> int:
        """Return the last number that the outbox took: told, or on the disk and not told any more."""
        file = self._folder / FILE_NAME
        if not file.exists():
            return self._told
        connection = sqlite3.connect(file)
        try:
            payloads = [payload for (payload,) in connection.execute('SELECT payload FROM messages')]
        finally:
            connection.close()
        stored: list[int] = [json.loads(payload)['cars'] for payload in payloads]
        return max([self._told, *stored])


class Harm:
    """Break the device, the broker and the link between them, and mend them."""

    def __init__(self, device: CountingDevice, broker: LocalBroker, link: Link, receiver: Receiver) -> None:
        self._device = device
        self._broker = broker
        self._link = link
        self._receiver = receiver
        self._cuts = itertools.cycle(
            [
                self._close,
                link.swallow_from_device,
                self._hold_up_and_close,
                link.swallow_from_broker,
                link.half_close,
            ]
        )

    def kill_the_device(self) -> None:
        self._device.kill()
        self._device.start()

    def kill_the_broker(self) -> None:
        # The device must not be acknowledged before the receiver has subscribed again.
        self._link.refuse()
        subscriptions = self._receiver.subscriptions
        self._broker.kill()
        self._broker.start()
        self._receiver.wait_until(lambda: self._receiver.subscriptions > subscriptions, PATIENCE_S)
        self._link.restore()

    def cut_the_link(self) -> None:
        next(self._cuts)()

    def _close(self) -> None:
        self._link.cut()
        self._link.restore()

    def _hold_up_and_close(self) -> None:
        self._link.stall()
        time.sleep(0.3)  # so long it takes; there is nothing to wait for
        self._close()


def test_every_count_arrives_once_and_in_order_whatever_is_killed_and_cut(tmp_path: Path) -> None:
    own, history, crossing = count_topic(THING), history_topic(THING), crossing_topic(THING)
    topics = (DEFAULT_SHARED_TOPIC, own, history, crossing)
    with (
        UnboundedBroker(tmp_path / 'broker') as broker,
        Link(broker.port) as link,
        Receiver(broker, topics) as receiver,
    ):
        device = CountingDevice(broker, link.port, tmp_path / 'outbox')
        harm = Harm(device, broker, link, receiver)
        faults: list[Callable[[], None]] = TIMES_EACH * [
            harm.kill_the_device,
            harm.kill_the_broker,
            harm.cut_the_link,
        ]
        random.Random(5).shuffle(faults)
        device.start()
        try:
            for number, fault in enumerate(faults, 1):
                reached = number * COUNTS // (len(faults) + 1)
                receiver.wait_until(lambda reached=reached: len(receiver.stored) >= reached, PATIENCE_S)  # type: ignore[misc] # bound
                device.check_alive()
                fault()
            receiver.wait_until(lambda: has_all(receiver), PATIENCE_S)
        finally:
            device.kill()

    # Each count was stored, and once, under a number of its own.
    assert sorted(receiver.stored.values()) == list(range(1, COUNTS + 1))
    # Who reads either live topic has them all with the history, and all crossings come on their own.
    late = set(receiver.numbers[history])
    for topic in (DEFAULT_SHARED_TOPIC, own):
        assert len(late | set(receiver.numbers[topic])) == COUNTS - CROSSINGS
    assert len(receiver.numbers[crossing]) == CROSSINGS
    for numbers in receiver.numbers.values():
        assert numbers == sorted(numbers)
    # The faults did what they are for.
    assert receiver.messages > 2 * COUNTS - CROSSINGS - len(late)
    assert late


def has_all(receiver: Receiver) -> bool:
    if len(receiver.stored) < COUNTS:
        return False
    late = set(receiver.numbers[history_topic(THING)])
    return all(
        len(late | set(receiver.numbers[topic])) >= COUNTS - CROSSINGS
        for topic in (DEFAULT_SHARED_TOPIC, count_topic(THING))
    )
