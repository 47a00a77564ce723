"""Write what came from the broker in batches, and acknowledge it once it is committed."""

import logging
import queue
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError

from parking_fleet.ingest.sorting import Delivery, Sorter, rejected
from parking_fleet.ingest.statistics import IngestState, IngestStatistics
from parking_fleet.store.batch import Batch, Written
from parking_fleet.store.database import STORE_TROUBLES, first_line
from parking_fleet.store.writer import Writer

LOG = logging.getLogger(__name__)

BATCH_MESSAGES = 1_000
"""So many messages are written in one transaction at most."""

ENOUGH_MESSAGES = 200
LINGER_S = 0.02
LINGERS = 3
"""A batch of fewer waits so long for more, and again so many times as long as more come: a transaction
costs about the same for one message as for a hundred."""

FULL_MESSAGES = 50_000
FULL_WAIT_S = 0.1
"""From so many on each message waits a little at the door, which slows the connection down.

A bound on memory for brokers that exceed the receive maximum, as mosquitto 2.0.11 does: each PUBACK
lets out as many messages again. It is far off, for acknowledgements wait at the door too.
"""

ACKNOWLEDGED_AT_ONCE = 100
ACKNOWLEDGE_PAUSE_S = 0.001
"""Pause so long after so many acknowledgements.

awscrt 0.36 goes through all PUBACKs that are not sent yet to put one more behind them, so that
thousands at once cost more than everything else.
"""

RETRY_MIN_S = 0.2
RETRY_MAX_S = 10.0

# Of PostgreSQL: the class of its code says that values are at fault, and not the server.
_FAULTS_OF_VALUES = ('22', '23')


class Worker:
    """Own the thread that writes.

    While the store cannot be written, messages stay where they are: here up to the broker's receive
    maximum, and in the broker.

    Args:
        sorter: reads messages.
        writer: of the store.
        on_written: is told what was new, after each commit, on the worker's thread.
        statistics: what is counted.

    Attributes:
        ended: is set once nothing is written any more.
    """

    def __init__(
        self,
        sorter: Sorter,
        writer: Writer,
        on_written: Callable[[Written], None],
        statistics: IngestStatistics | None = None,
    ) -> None:
        self.statistics = statistics or IngestStatistics()
        self._sorter = sorter
        self._writer = writer
        self._on_written = on_written
        self._waiting: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self.ended = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='ingest', daemon=True)

    @property
    def state(self) -> IngestState:
        """Return what it has done and how it is."""
        return self.statistics.state(self._waiting.qsize())

    def take(self, delivery: Delivery) -> None:
        """Take a message in, from any thread; returns at once unless far too many wait."""
        self.statistics.add('received')
        if self._waiting.qsize() > FULL_MESSAGES and not self._stopping.is_set():
            self._stopping.wait(FULL_WAIT_S)
        self._waiting.put(delivery)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Write what is there and end; what cannot be written in that time comes again from the broker."""
        self._stopping.set()
        self._waiting.put(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while deliveries := self._next_batch():
                self._store(deliveries)
        finally:
            # Whatever it was that nobody expected: it must not look as if all were well.
            self.ended.set()
            if not self._stopping.is_set():
                self.statistics.set_trouble('store', 'the writer has ended; restart parking-fleet')

    def _next_batch(self) -> list[Delivery]:
        """Return what is there, at least one; nothing at the end."""
        first = self._waiting.get()
        if first is None:
            return []
        deliveries = [first]
        for _ in range(LINGERS):
            known = len(deliveries)
            if known >= ENOUGH_MESSAGES or self._stopping.wait(LINGER_S):
                break
            self._add_waiting(deliveries)
            if len(deliveries) == known:
                break
        self._add_waiting(deliveries)
        return deliveries

    def _add_waiting(self, deliveries: list[Delivery]) -> None:
        """Add what is there already."""
        while len(deliveries) < BATCH_MESSAGES:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return
            if following is None:
                # Once more for the next round, which ends then.
                self._waiting.put(None)
                return
            deliveries.append(following)

    def _store(self, deliveries: list[Delivery]) -> None:
        batch = self._sorter.sort(deliveries)
        written = self._write(batch, deliveries)
        if written is None:
            return
        for begin in range(0, len(deliveries), ACKNOWLEDGED_AT_ONCE):
            for delivery in deliveries[begin : begin + ACKNOWLEDGED_AT_ONCE]:
                delivery.acknowledge()
            self._stopping.wait(ACKNOWLEDGE_PAUSE_S)
        self.statistics.add('batches')
        self.statistics.add('stored', len(written.counts) + len(written.crossings) + len(written.presences))
        self.statistics.add('duplicates', written.duplicates)
        self._on_written(written)

    def _write(self, batch: Batch, deliveries: list[Delivery]) -> Written | None:
        """Write until it succeeds; None when we are to end before."""
        retry_s = RETRY_MIN_S
        while True:
            try:
                written = self._writer.write(batch)
            except STORE_TROUBLES as error:
                self.statistics.add('failures')
                if is_fault_of_values(error):
                    return self._write_singly(deliveries, error)
                self._tell_trouble(error)
                if self._stopping.wait(retry_s):
                    return None
                retry_s = min(retry_s * 2, RETRY_MAX_S)
            else:
                self.statistics.set_trouble('store', '')
                self.statistics.add('rejected', len(batch.rejected))
                return written

    def _write_singly(self, deliveries: list[Delivery], error: Exception) -> Written | None:
        """Find the message that the database does not take, and put it aside; the others are written."""
        if len(deliveries) == 1:
            reason = f'the database refuses it: {first_line(error)}'
            LOG.warning('a message on %s was put aside: %s', deliveries[0].topic, reason)
            return self._write(Batch(rejected=[rejected(deliveries[0], reason)]), deliveries)
        together = Written(counts=[], crossings=[], presences=[], duplicates=0)
        for delivery in deliveries:
            written = self._write(self._sorter.sort([delivery]), [delivery])
            if written is None:
                return None
            together = Written(
                counts=together.counts + written.counts,
                crossings=together.crossings + written.crossings,
                presences=together.presences + written.presences,
                duplicates=together.duplicates + written.duplicates,
            )
        return together

    def _tell_trouble(self, error: Exception) -> None:
        trouble = f'the store cannot be written: {first_line(error)}'
        self.statistics.set_trouble('store', trouble)
        LOG.warning('%s; trying again', trouble)


def is_fault_of_values(error: Exception) -> bool:
    """Return whether a database refused what it was given, rather than being unable to write."""
    if not isinstance(error, DBAPIError):
        # A statement that SQLAlchemy itself cannot make of these values; else no connection to be had.
        return isinstance(error, StatementError)
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return False
    details = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(details, dict):
        # pg8000 gives every error of the server as one kind, with PostgreSQL's code.
        return str(details.get('C', ''))[:2] in _FAULTS_OF_VALUES
    return True
