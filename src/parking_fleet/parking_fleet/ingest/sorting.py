"""Make batches for the store of what came from the broker."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from parking_fleet.errors import InvalidMessageError
from parking_fleet.ingest.placing import place
from parking_fleet.ingest.topics import route
from parking_fleet.messages.reading import read_message
from parking_fleet.messages.values import BareCount, CountReport, CrossingReport
from parking_fleet.places.facilities import Facilities
from parking_fleet.store.batch import (
    Batch,
    Clock,
    CountEntry,
    CrossingEntry,
    PresenceEntry,
    RejectedEntry,
)

BARE_SEQ = -(2**62)
"""Bare counts have no number; they get their second of arrival above this, below all real numbers."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Hold a message as the broker gave it.

    Attributes:
        topic: where it was published.
        payload: its bytes.
        received_ms: when it came in, Unix milliseconds.
        acknowledge: tells the broker that it is stored; does nothing on a connection that has ended.
    """

    topic: str
    payload: bytes
    received_ms: int
    acknowledge: Callable[[], None]


class Sorter:
    """Read deliveries; whatever is in them, the outcome is a batch.

    Args:
        shared_topics: topics with counts beside those of single things.
        config: says where devices are that tell a number of cars and nothing else.
    """

    def __init__(self, shared_topics: Sequence[str], config: Facilities) -> None:
        self._shared_topics = tuple(shared_topics)
        self._config = config

    def sort(self, deliveries: Iterable[Delivery]) -> Batch:
        """Return what the deliveries say."""
        batch = Batch()
        for delivery in deliveries:
            try:
                self._add(batch, delivery)
            except InvalidMessageError as error:
                batch.rejected.append(rejected(delivery, str(error)))
        return batch

    def _add(self, batch: Batch, delivery: Delivery) -> None:
        found = route(delivery.topic, self._shared_topics)
        if found is None:
            raise InvalidMessageError('not a topic of the fleet')
        report = read_message(found.kind, delivery.payload)
        received_ms = delivery.received_ms
        if isinstance(report, CountReport):
            placed_ms, clock = place(
                report.observed_ms, received_ms, clock_synced=report.clock_synced, is_live=found.is_live
            )
            batch.counts.append(CountEntry(report, found.thing, received_ms, placed_ms, clock, found.is_live))
        elif isinstance(report, CrossingReport):
            placed_ms, clock = place(
                report.observed_ms, received_ms, clock_synced=report.clock_synced, is_live=False
            )
            batch.crossings.append(CrossingEntry(report, found.thing, received_ms, placed_ms, clock))
        elif isinstance(report, BareCount):
            full = self._filled_in(report, received_ms)
            batch.counts.append(CountEntry(full, found.thing, received_ms, received_ms, Clock.ARRIVAL, False))
        else:
            batch.presences.append(PresenceEntry(report, found.thing, received_ms))

    def _filled_in(self, bare: BareCount, received_ms: int) -> CountReport:
        place_of_it = self._config.devices.get(bare.uuid)
        return CountReport(
            uuid=bare.uuid,
            seq=BARE_SEQ + received_ms // 1000,
            observed_ms=received_ms,
            camera='',
            facility=place_of_it.facility if place_of_it else '',
            floor=place_of_it.floor if place_of_it else '',
            state='OK',
            cars=bare.cars,
            entered=0,
            left=0,
            net=0,
            capacity=0,
            occupied=0,
            free=0,
            unknown=0,
            entered_today=0,
            left_today=0,
            clock_synced=True,
            dropped=0,
            zones=(),
            bays=(),
            gates=(),
        )


def rejected(delivery: Delivery, reason: str) -> RejectedEntry:
    """Return a delivery as it goes to the quarantine."""
    return RejectedEntry(delivery.topic, reason, delivery.payload, delivery.received_ms)
