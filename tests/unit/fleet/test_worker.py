import threading
from collections.abc import Callable
from typing import cast

import pytest

from parking_fleet.ingest.sorting import Delivery, Sorter
from parking_fleet.ingest.worker import Worker
from parking_fleet.places.facilities import Facilities
from parking_fleet.store.batch import Batch, Written
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import NOON_MS
from tests.support.patience import PATIENCE_S


class TroubledWriter:
    """Fail as told, then write; `acknowledged` must still be empty each time."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.written: list[Batch] = []

    def write(self, batch: Batch) -> Written:
        if self.troubles:
            raise self.troubles.pop(0)
        self.written.append(batch)
        return Written(counts=batch.counts, crossings=[], presences=[], duplicates=0)


def worker_of(writer: TroubledWriter, on_written: Callable[[Written], None] = lambda _: None) -> Worker:
    return Worker(Sorter((), Facilities()), cast('Writer', writer), on_written)


def test_a_message_is_acknowledged_once_it_is_written_however_often_the_database_goes_away() -> None:
    writer = TroubledWriter(ConnectionResetError(104, 'reset'), BrokenPipeError(32, 'broken pipe'))
    worker, acknowledged = worker_of(writer), threading.Event()
    worker.start()
    written_first = []

    def acknowledge() -> None:
        written_first.append(len(writer.written))
        acknowledged.set()

    worker.take(Delivery('parking/a/count', b'{"uuid":"a","cars":1}', NOON_MS, acknowledge))
    assert acknowledged.wait(PATIENCE_S)
    worker.stop()
    assert written_first == [1]
    assert (worker.state.counters['failures'], worker.state.trouble) == (2, '')


def test_a_writer_that_ends_for_a_reason_nobody_expected_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, 'excepthook', lambda _: None)
    acknowledged = threading.Event()
    worker = worker_of(TroubledWriter(ZeroDivisionError()))
    worker.start()
    worker.take(Delivery('parking/a/count', b'{"uuid":"a","cars":1}', NOON_MS, acknowledged.set))
    assert worker.ended.wait(PATIENCE_S)
    assert 'the writer has ended' in worker.state.trouble
    assert not acknowledged.is_set()
