import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parking_fleet.health.devices import device_health
from parking_fleet.live.events import (
    KEPT_EVENTS,
    CameraChanged,
    CrossingSeen,
    DeviceChanged,
    Event,
    LiveFeed,
    MissedEvents,
)
from parking_fleet.live.fleet import LONG_EVERY_MS, PARTS, Fleet
from parking_fleet.live.touched import TouchedFacilities
from parking_fleet.messages.values import Presence, PresenceReport
from parking_fleet.places.facilities import Facilities, place_id
from parking_fleet.store.batch import Batch, PresenceEntry
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Reader
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import NOON_MS, count_entry, crossing_entry
from tests.support.patience import PATIENCE_S

MINUTE_MS = 60_000


class Bench:
    """Hold a store, a writer and a fleet whose clock the test sets."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f'sqlite:///{folder}/fleet.sqlite3')
        self.database.migrate()
        self.writer = Writer(self.database, lambda _, time_ms: time_ms // 86_400_000 * 86_400)
        self.now_ms = NOON_MS
        self.fleet = self.new_fleet()

    def new_fleet(self) -> Fleet:
        return Fleet(Reader(self.database), Facilities(), clock_ms=lambda: self.now_ms)

    def own_fleet(self) -> Fleet:
        """Return a fleet of the process that writes."""
        return Fleet(
            Reader(self.database),
            Facilities(),
            clock_ms=lambda: self.now_ms,
            own_writer=self.writer.number,
        )

    def presence(self, status: Presence) -> Batch:
        report = PresenceReport(uuid='device-1', status=status, at_ms=None)
        return Batch(presences=[PresenceEntry(report, 'thing-1', self.now_ms)])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


async def events_of(feed: LiveFeed, number: int, act: threading.Thread) -> list[Event]:
    async with feed.listen() as listener:
        act.start()
        return [await asyncio.wait_for(anext(listener), PATIENCE_S) for _ in range(number)]


def test_what_the_ingest_stores_is_seen_and_told_at_once(bench: Bench) -> None:
    batch = Batch(counts=[count_entry(cars=4)], crossings=[crossing_entry()])
    act = threading.Thread(target=lambda: bench.fleet.apply(bench.writer.write(batch)))
    events = asyncio.run(events_of(bench.fleet.feed, 3, act))
    assert [type(event) for event in events] == [DeviceChanged, CameraChanged, CrossingSeen]
    facility = bench.fleet.facility(place_id('Riverside'))
    assert facility is not None
    assert (facility.cars, facility.devices_up) == (4, 1)


def test_what_another_worker_stores_is_seen_at_the_next_look(bench: Bench) -> None:
    bench.fleet.refresh()
    bench.writer.write(Batch(counts=[count_entry(cars=4)]))
    act = threading.Thread(target=bench.fleet.refresh)
    events = asyncio.run(events_of(bench.fleet.feed, 2, act))
    assert [type(event) for event in events] == [DeviceChanged, CameraChanged]


def test_what_the_own_ingest_told_is_not_read_again(bench: Bench) -> None:
    fleet, other = bench.own_fleet(), bench.new_fleet()
    for each in (fleet, other):
        each.refresh()
    bench.writer.write(Batch(counts=[count_entry(cars=4)]))
    for each in (fleet, other):
        each.refresh()
    # It was not told here, so that it could be seen whether it is read.
    assert (fleet.facilities(), other.facilities()[0].cars) == ([], 4)
    for _ in range(PARTS):
        bench.now_ms += LONG_EVERY_MS
        fleet.refresh()
    assert fleet.facilities()[0].cars == 4


def test_what_a_shadow_says_of_a_device_is_known_and_told(bench: Bench) -> None:
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry()])))
    facts: dict[str, dict[str, Any]] = {
        'thing-1': {'interval_s': 30.0, 'model': 'lot 3'},
        'unheard-of': {'model': 'lot 1'},
    }
    act = threading.Thread(target=lambda: bench.fleet.tell(facts))
    (event,) = asyncio.run(events_of(bench.fleet.feed, 1, act))
    assert isinstance(event, DeviceChanged)
    (device,) = bench.fleet.devices()
    assert (device.record.model, device.interval_s) == ('lot 3', 30.0)


def test_a_thing_is_found_by_its_device_and_the_other_way_round(bench: Bench) -> None:
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry(thing='old')])))
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry(seq=2, thing='new')])))
    assert (bench.fleet.uuid_of('new'), bench.fleet.uuid_of('old')) == ('device-1', '')
    assert bench.fleet.thing_of('device-1') == 'new'


def test_the_clock_of_a_device_is_known_at_once(bench: Bench) -> None:
    entry = count_entry(received_ms=NOON_MS + 10 * MINUTE_MS)
    bench.fleet.apply(bench.writer.write(Batch(counts=[entry])))
    (device,) = bench.fleet.devices()
    assert device.record.clock_offset_ms == 10 * MINUTE_MS


def test_it_is_told_once_where_other_bays_are_seen_than_before(bench: Bench) -> None:
    def tell(seq: int, *names: str, floor: str = 'P1') -> None:
        bays = [{'name': name, 'state': 'FREE', 'last': 'FREE', 'confidence': 0.9} for name in names]
        entry = count_entry(seq=seq, floor=floor, bays=bays, capacity=len(bays), free=len(bays))
        bench.fleet.apply(bench.writer.write(Batch(counts=[entry])))

    def floors() -> list[list[int]]:
        return [[len(each.bays) for each in cameras] for cameras in bench.fleet.take_new_bays()]

    tell(1)
    assert floors() == []
    tell(2, 'A1', 'A2')
    assert floors() == [[2]]
    tell(3, 'A1', 'A2')
    assert floors() == []
    tell(4, 'A1', floor='P2')
    assert floors() == [[], [1]]


def test_any_number_of_changes_is_held_as_the_names_of_facilities(bench: Bench) -> None:
    async def listen() -> None:
        async with TouchedFacilities(bench.fleet) as touched:
            for seq in range(5):
                entries = [
                    count_entry(seq=seq, uuid=name, thing=name, facility=name)
                    for name in ('Riverside', 'Station')
                ]
                bench.fleet.apply(bench.writer.write(Batch(counts=entries)))
            await touched.wait(PATIENCE_S)
            assert touched.take() == {'Riverside', 'Station'}
            assert touched.take() == set()
            bench.fleet.apply(bench.writer.write(bench.presence('offline')))
            bench.fleet.tell({'Station': {'model': 'lot 3'}})
            await touched.wait(PATIENCE_S)
            assert touched.take() == {'Station'}
        assert bench.fleet.feed.listeners == 0

    asyncio.run(listen())


def test_a_late_count_does_not_change_what_is_seen(bench: Bench) -> None:
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry(seq=5, cars=4)])))
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry(seq=3, cars=9)])))
    bench.fleet.refresh()
    (facility,) = bench.fleet.facilities()
    assert facility.cars == 4


def test_both_ways_show_the_same(bench: Bench) -> None:
    bays = [{'name': 'A1', 'state': 'UNKNOWN', 'last': 'FREE', 'confidence': 0.5}]
    zones = [{'name': 'row', 'cars': 1, 'capacity': 1}]
    gates = [{'name': 'in', 'entered': 2, 'left': 1}]
    entry = count_entry(bays=bays, zones=zones, gates=gates, capacity=1, unknown=1)
    bench.fleet.apply(bench.writer.write(Batch(counts=[entry])))
    other = bench.new_fleet()
    other.refresh()
    assert other.facilities() == bench.fleet.facilities()


def test_a_device_that_falls_silent_is_told_and_its_places_are_unknown(bench: Bench) -> None:
    entry = count_entry(capacity=10, free=7, occupied=3)
    bench.fleet.apply(bench.writer.write(Batch(counts=[entry])))
    bench.fleet.refresh()
    bench.now_ms = NOON_MS + 6 * MINUTE_MS
    events = asyncio.run(events_of(bench.fleet.feed, 1, threading.Thread(target=bench.fleet.refresh)))
    assert isinstance(events[0], DeviceChanged)
    (facility,) = bench.fleet.facilities()
    assert (facility.devices_up, facility.places.unknown, facility.places.free_most) == (0, 10, 10)
    (device,) = bench.fleet.devices()
    assert device.standing == 'silent'
    later = count_entry(seq=2, at_ms=bench.now_ms, capacity=10, free=7, occupied=3)
    act = threading.Thread(target=lambda: bench.fleet.apply(bench.writer.write(Batch(counts=[later]))))
    events = asyncio.run(events_of(bench.fleet.feed, 2, act))
    assert [type(event) for event in events] == [DeviceChanged, CameraChanged]


def test_a_device_that_the_broker_lost_is_offline_until_it_is_heard(bench: Bench) -> None:
    bench.fleet.apply(bench.writer.write(Batch(counts=[count_entry(capacity=2, free=2)])))
    bench.now_ms += MINUTE_MS
    bench.fleet.apply(bench.writer.write(bench.presence('offline')))
    (device,) = bench.fleet.devices()
    (facility,) = bench.fleet.facilities()
    assert (device.standing, facility.places.unknown) == ('offline', 2)
    bench.now_ms += MINUTE_MS
    bench.fleet.apply(bench.writer.write(bench.presence('online')))
    (device,) = bench.fleet.devices()
    assert device.standing == 'up'


def test_clock_and_losses_of_a_device_are_told(bench: Bench) -> None:
    entry = count_entry(clock_synced=False, dropped=3, received_ms=NOON_MS + 10 * MINUTE_MS, state='MOVED')
    bench.writer.write(Batch(counts=[entry]))
    (record,) = Reader(bench.database).devices()
    health = device_health(record, Reader(bench.database).cameras(), 120.0, NOON_MS + 10 * MINUTE_MS)
    assert health.problems == (
        'camera north looks elsewhere',
        'its clock is not kept by a time server',
        'its clock is 600 s behind',
        '3 messages were given up, its outbox being full',
    )


def test_a_listener_that_is_too_slow_is_told_what_it_missed() -> None:
    async def listen() -> list[Event]:
        feed = LiveFeed()
        bench_event = CrossingSeen(None)  # type: ignore[arg-type]  # only its number matters here
        async with feed.listen() as listener:
            feed.publish([bench_event] * KEPT_EVENTS)
            feed.publish([bench_event])
            feed.publish([bench_event])
            return [await anext(listener), await anext(listener)]

    missed, following = asyncio.run(listen())
    assert missed == MissedEvents(KEPT_EVENTS + 1)
    assert isinstance(following, CrossingSeen)


def test_nobody_listens_after_the_end() -> None:
    feed = LiveFeed()

    async def listen() -> int:
        async with feed.listen():
            return feed.listeners

    assert asyncio.run(listen()) == 1
    assert feed.listeners == 0
