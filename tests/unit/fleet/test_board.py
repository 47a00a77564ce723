import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking_fleet.dashboard.board import Board, Change
from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.places.facilities import Facilities
from parking_fleet.store.batch import Batch
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Reader
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import count_entry
from tests.support.patience import PATIENCE_S


class Bench:
    """Hold a store, a fleet and its board."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f'sqlite:///{folder}/fleet.sqlite3')
        self.database.migrate()
        self._writer = Writer(self.database, lambda _, time_ms: time_ms // 86_400_000 * 86_400)
        self.fleet = Fleet(Reader(self.database), Facilities())
        self._seq = 0

    def count(self, **changes: Any) -> None:
        """Let a camera tell a count of now."""
        self._seq += 1
        entry = count_entry(**{'seq': self._seq, 'at_ms': now_ms(), 'capacity': 10, **changes})
        self.fleet.apply(self._writer.write(Batch(counts=[entry])))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


async def until(changes: 'asyncio.Queue[Change]', title: str, number: str) -> Change:
    """Return the change in which a card has that number; others may come before."""
    while True:
        change = await asyncio.wait_for(changes.get(), PATIENCE_S)
        if any((card.title, card.number) == (title, number) for card in change.cards):
            return change


def test_only_the_card_that_changed_is_told(bench: Bench) -> None:
    async def watch() -> None:
        bench.count(facility='Riverside', free=10)
        bench.count(uuid='device-2', facility='Station', free=10)
        board = Board(bench.fleet)
        present = await board.present()
        assert {card.title for card in present.cards} == {'Riverside', 'Station'}
        changes: asyncio.Queue[Change] = asyncio.Queue()
        stop = board.watch(changes.put_nowait)
        await asyncio.to_thread(bench.count, facility='Riverside', free=7, occupied=3)
        change = await until(changes, 'Riverside', '7')
        assert [card.title for card in change.cards] == ['Riverside']
        while change.tiles[0].value != '17':
            change = await asyncio.wait_for(changes.get(), PATIENCE_S)
        stop()

    asyncio.run(watch())


def test_a_facility_that_is_new_gets_a_card(bench: Bench) -> None:
    async def watch() -> None:
        board = Board(bench.fleet)
        assert (await board.present()).cards == ()
        changes: asyncio.Queue[Change] = asyncio.Queue()
        board.watch(changes.put_nowait)
        await asyncio.to_thread(bench.count, facility='Riverside', free=4, occupied=6)
        await until(changes, 'Riverside', '4')

    asyncio.run(watch())


def test_nothing_listens_once_nobody_watches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('parking_fleet.dashboard.board.LOOK_EVERY_S', 0.05)

    async def watch() -> None:
        board = Board(bench.fleet)
        await board.present()
        stop = board.watch(lambda _: None)
        task = board._task
        assert task is not None
        assert bench.fleet.feed.listeners == 1
        stop()
        await asyncio.wait_for(task, PATIENCE_S)
        assert bench.fleet.feed.listeners == 0
        assert (await board.present()).cards == ()

    asyncio.run(watch())


def test_the_trend_of_the_last_hours_comes_from_the_store(bench: Bench) -> None:
    async def watch() -> None:
        for hours, occupied in ((3, 2), (2, 5), (1, 8), (0, 5)):
            bench.count(at_ms=now_ms() - hours * 3_600_000, free=10 - occupied, occupied=occupied)
        board = Board(bench.fleet)
        changes: asyncio.Queue[Change] = asyncio.Queue()
        board.watch(changes.put_nowait)
        while True:
            change = await asyncio.wait_for(changes.get(), PATIENCE_S)
            if any(card.trend_text for card in change.cards):
                break
        assert change.cards[0].trend_text == 'Occupied in the last 12 hours: 20 % to 80 %'

    asyncio.run(watch())
