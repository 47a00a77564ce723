"""Count on and on, and deliver each count through the outbox, until killed.

The numbers from FIRST to LAST are the counts; each hundredth goes where crossings go. Each is told on
standard output once the outbox has it on the disk: a number that was told has to arrive.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

from parking_monitor.cloud.delivery import Delivery, DeliverySettings
from parking_monitor.cloud.messages import Origin, count_message, encode
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.topics import crossing_topic, history_topic, live_topics
from parking_monitor.values import Count, CountState
from tests.integration.cloud.builders import QUICK

AT_ONCE = 50
MOST_WAITING = 400
FRESH_S = 0.5
CROSSING_EACH = 100


class Numbers:
    """Give out the numbers that are counted, a batch at a time."""

    def __init__(self, first: int, last: int, thing: str, outbox: Outbox) -> None:
        self._next = first
        self._last = last
        self._outbox = outbox
        self._topics = live_topics(thing)
        self._crossing_topic = crossing_topic(thing)
        self._origin = Origin(uuid=f'uuid-of-{thing}', camera='lane')

    def due(self, now_s: float, *, is_last: bool) -> list[Draft]:
        del now_s, is_last
        # What was given the last time has been saved since.
        print(self._next - 1, flush=True)
        if self._outbox.waiting >= MOST_WAITING:
            return []
        numbers = range(self._next, min(self._next + AT_ONCE, self._last + 1))
        self._next = numbers.stop
        return [self._draft(number) for number in numbers]

    def next_due_s(self) -> float:
        return time.monotonic() + 0.02 if self._next <= self._last else float('inf')

    def _draft(self, number: int) -> Draft:
        count = Count(stamp_ns=time.time_ns(), state=CountState.OK, cars=number)

        def encoded(seq: int, dropped: int) -> bytes:
            return encode(
                count_message(count, self._origin, seq=seq, now_ns=0, dropped=dropped, clock_synced=True)
            )

        if number % CROSSING_EACH == 0:
            return Draft('lane crossing', (self._crossing_topic,), encoded)
        return Draft('lane', self._topics, encoded)


def main(arguments: list[str]) -> None:
    endpoint, port, thing, certificate, private_key, ca, folder, first, last = arguments
    settings = MqttSettings(
        endpoint=endpoint,
        port=int(port),
        thing=thing,
        certificate=Path(certificate),
        private_key=Path(private_key),
        ca=Path(ca),
        max_messages_per_s=0,
        timing=replace(QUICK, keep_alive_s=2, ping_timeout_s=0.5, ack_timeout_s=1),
    )
    keeping = OutboxSettings(
        history_topic=history_topic(thing),
        event_topics=frozenset({crossing_topic(thing)}),
        fresh_s=FRESH_S,
    )
    outbox = Outbox(Path(folder), keeping)
    session = MqttSession(settings, uuid=f'uuid-of-{thing}')
    numbers = Numbers(int(first), int(last), thing, outbox)
    delivery = Delivery(session, outbox, numbers, DeliverySettings(retry_min_s=0.05))
    delivery.start()
    sys.stdin.read()


if __name__ == '__main__':
    main(sys.argv[1:])
