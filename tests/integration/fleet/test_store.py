import random
import threading
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from parking_fleet.errors import StoreError
from parking_fleet.messages.values import PresenceReport
from parking_fleet.places.shares import bay_shares
from parking_fleet.store.batch import Batch, CountEntry, CrossingEntry, PresenceEntry, RejectedEntry
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Part, Place, Reader, Span
from parking_fleet.store.shadows import ShadowStore
from parking_fleet.store.shares import write_shares
from parking_fleet.store.summaries import local_day_s
from parking_fleet.store.tables import (
    CAMERAS,
    COUNTS,
    CROSSINGS,
    DAYS,
    FLOW_DAYS,
    FLOW_QUARTERS,
    METADATA,
    MINUTES,
    QUARTERS,
)
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import NOON_MS, count_entry, crossing_entry
from tests.support.patience import PATIENCE_S

BERLIN = ZoneInfo('Europe/Berlin')
MINUTE_MS, DAY_MS = 60_000, 86_400_000
ALWAYS = Span(since_ms=0, until_ms=NOON_MS + 400 * DAY_MS)
RIVERSIDE = Place(facility='Riverside')


def writer_of(database: Database, **changes: Any) -> Writer:
    return Writer(database, lambda _, time_ms: local_day_s(BERLIN, time_ms), **changes)


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that must not depend on the order in which messages came."""
    names = {row.id: row.name for row in _rows(database, CAMERAS)}

    def named(table: Any) -> list[tuple[Any, ...]]:
        columns = [column for column in table.c if column.name not in ('camera_id', 'device_id', 'id')]
        with database.reading() as connection:
            found = connection.execute(select(table.c.camera_id, *columns)).all()
        return sorted((names[row[0]], *row[1:]) for row in found)

    tables = (COUNTS, CROSSINGS, MINUTES, QUARTERS, DAYS, FLOW_QUARTERS, FLOW_DAYS)
    newest = sorted((row.name, row.seq, row.observed_ms, row.cars) for row in _rows(database, CAMERAS))
    return {'newest': newest, **{table.name: named(table) for table in tables}}


def _rows(database: Database, table: Any) -> Sequence[Any]:
    with database.reading() as connection:
        return connection.execute(select(table)).all()


def some_messages(seed: int, number: int) -> list[CountEntry | CrossingEntry]:
    """Return messages of two cameras over two days, as a device numbers them."""
    chance = random.Random(seed)
    messages: list[CountEntry | CrossingEntry] = []
    for seq in range(number):
        at_ms = NOON_MS + seq * DAY_MS * 2 // number
        camera = chance.choice(['north', 'south'])
        if chance.random() < 0.3:
            direction = chance.choice(['IN', 'OUT'])
            messages.append(crossing_entry(seq=seq, camera=camera, at_ms=at_ms, direction=direction))
        else:
            state = chance.choice(['OK', 'OK', 'OK', 'COVERED'])
            cars = chance.randrange(50)
            messages.append(
                count_entry(
                    seq=seq, camera=camera, at_ms=at_ms, state=state, cars=cars, capacity=50, occupied=cars
                )
            )
    return messages


def batches(messages: list[CountEntry | CrossingEntry], size: int) -> list[Batch]:
    parts = [messages[begin : begin + size] for begin in range(0, len(messages), size)]
    return [
        Batch(
            counts=[each for each in part if isinstance(each, CountEntry)],
            crossings=[each for each in part if isinstance(each, CrossingEntry)],
        )
        for part in parts
    ]


@pytest.mark.parametrize('seed', range(3))
def test_any_order_and_any_duplicates_give_the_same_store(
    database_url: str, database: Database, seed: int, request: pytest.FixtureRequest
) -> None:
    messages = some_messages(seed, 120)
    writer = writer_of(database)
    for batch in batches(messages, 120):
        writer.write(batch)
    expected = contents(database)
    chance = random.Random(seed)
    shuffled = messages + chance.choices(messages, k=60)
    chance.shuffle(shuffled)
    if database_url.startswith('sqlite'):
        other = Database(f'{database_url}.other')
    else:
        other = Database(request.getfixturevalue('postgres').new_database())
    other.migrate()
    writer = writer_of(other)
    for batch in batches(shuffled, 17):
        writer.write(batch)
    assert contents(other) == expected
    other.close()


def test_a_count_is_stored_once(database: Database) -> None:
    writer = writer_of(database)
    first = writer.write(Batch(counts=[count_entry(), count_entry()]))
    second = writer.write(Batch(counts=[count_entry()]))
    assert (len(first.counts), first.duplicates) == (1, 1)
    assert (len(second.counts), second.duplicates) == (0, 1)
    assert len(_rows(database, COUNTS)) == 1


def test_two_writers_store_the_same_messages_once(database_url: str, database: Database) -> None:
    messages = some_messages(5, 300)
    new = []

    def write(seed: int) -> None:
        own = Database(database_url)
        order = batches(messages, 25)
        random.Random(seed).shuffle(order)
        writer = writer_of(own)
        for batch in order:
            written = writer.write(batch)
            new.append(len(written.counts) + len(written.crossings))
        own.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert sum(new) == len(messages)
    assert len(_rows(database, COUNTS)) + len(_rows(database, CROSSINGS)) == len(messages)
    assert sum(row.samples for row in _rows(database, DAYS)) == len(_rows(database, COUNTS))


def test_a_late_count_corrects_its_buckets_and_not_the_present(database: Database) -> None:
    writer, reader = writer_of(database), Reader(database)
    writer.write(Batch(counts=[count_entry(seq=2, cars=8, at_ms=NOON_MS + MINUTE_MS)]))
    late = count_entry(seq=1, cars=40, at_ms=NOON_MS, received_ms=NOON_MS + DAY_MS)
    writer.write(Batch(counts=[late]))
    (camera,) = reader.cameras()
    assert (camera.seq, camera.cars) == (2, 8)
    (quarter,) = reader.history(RIVERSIDE, 'quarter', ALWAYS)
    assert (quarter.cars, quarter.cars_mean, quarter.cars_least, quarter.cars_most) == (8, 24.0, 8, 40)


def test_a_day_begins_at_midnight_of_the_car_park(database: Database) -> None:
    writer = writer_of(database)
    before_ms = NOON_MS + 10 * 3_600_000 + 59 * MINUTE_MS
    writer.write(
        Batch(
            counts=[
                count_entry(seq=1, at_ms=before_ms),
                count_entry(seq=2, at_ms=before_ms + 2 * MINUTE_MS),
            ]
        )
    )
    starts = [point.start_s for point in Reader(database).history(RIVERSIDE, 'day', ALWAYS)]
    assert starts == [NOON_MS // DAY_MS * 86_400, (NOON_MS // DAY_MS + 1) * 86_400]


def test_what_a_blind_camera_tells_is_in_no_mean(database: Database) -> None:
    writer = writer_of(database)
    blind = count_entry(seq=2, cars=40, state='COVERED')
    writer.write(Batch(counts=[count_entry(seq=1, cars=2), blind]))
    (point,) = Reader(database).history(RIVERSIDE, 'day', ALWAYS)
    assert (point.cars_mean, point.cars_most, point.known) == (2.0, 2, 1)
    only_blind = Place(facility='Dark')
    writer.write(Batch(counts=[count_entry(seq=3, state='COVERED', facility='Dark')]))
    (point,) = Reader(database).history(only_blind, 'day', ALWAYS)
    assert (point.cars_mean, point.cars_most, point.known) == (None, None, 0)


def test_a_facility_is_the_sum_of_its_cameras(database: Database) -> None:
    counts = [
        count_entry(seq=1, camera='north', cars=3, capacity=5, occupied=3, free=2),
        count_entry(seq=2, camera='south', cars=4, capacity=6, occupied=4, free=1, unknown=1, floor='P2'),
    ]
    writer_of(database).write(Batch(counts=counts))
    reader = Reader(database)
    (point,) = reader.history(RIVERSIDE, 'quarter', ALWAYS)
    assert (point.cars, point.capacity, point.occupied, point.free, point.unknown) == (7, 11, 7, 3, 1)
    (upstairs,) = reader.history(Place(facility='Riverside', floor='P2'), 'quarter', ALWAYS)
    assert upstairs.cars == 4
    assert reader.history(Place(facility='Elsewhere'), 'quarter', ALWAYS) == []


def test_a_bay_that_two_cameras_see_is_one_place_in_the_history(database: Database) -> None:
    def count(seq: int, camera: str, bays: str) -> CountEntry:
        told = [{'name': name, 'state': 'FREE', 'last': 'FREE', 'confidence': 0.9} for name in bays.split()]
        return count_entry(seq=seq, camera=camera, bays=told, capacity=len(told), free=len(told))

    writer_of(database).write(Batch(counts=[count(1, 'north', 'A1 A2 A3 A4'), count(2, 'south', 'A3 A4 A5')]))
    reader = Reader(database)
    shares = bay_shares(reader.cameras())
    write_shares(database, [(camera, shares[camera.key]) for camera in reader.cameras()])
    for step in ('minute', 'quarter', 'day'):
        whole = reader.history(RIVERSIDE, step, ALWAYS)[0]
        assert (whole.free, whole.occupied, whole.unknown, whole.capacity) == (5, 0, 0, 5)
        (alone, *_) = reader.history(Place(facility='Riverside', camera='north'), step, ALWAYS)
        assert (alone.free, alone.capacity) == (4, 4)
    (trend,) = reader.facilities_history(ALWAYS)
    assert trend.free == 5


def test_by_the_minute_a_count_stands_until_the_next_one(database: Database) -> None:
    counts = [
        count_entry(seq=1, camera='north', cars=3, at_ms=NOON_MS),
        count_entry(seq=2, camera='south', cars=10, at_ms=NOON_MS + MINUTE_MS),
        count_entry(seq=3, camera='north', cars=5, at_ms=NOON_MS + 2 * MINUTE_MS),
    ]
    writer_of(database).write(Batch(counts=counts))
    points = Reader(database, hold_s=180).history(RIVERSIDE, 'minute', ALWAYS)
    assert [point.cars for point in points] == [3, 13, 15, 15, 5]


def test_a_camera_that_was_moved_is_where_it_is_now(database: Database) -> None:
    writer, reader = writer_of(database), Reader(database)
    writer.write(Batch(counts=[count_entry(seq=1, floor='P1'), count_entry(seq=2, floor='P2')]))
    (camera,) = reader.cameras()
    assert camera.floor == 'P2'
    assert len(reader.history(Place(floor='P1'), 'day', ALWAYS)) == 1


def test_zones_bays_and_gates_are_kept(database: Database) -> None:
    entry = count_entry(
        zones=[{'name': 'row', 'cars': 1, 'capacity': 2, 'occupied': 1, 'free': 1}],
        bays=[{'name': 'A1', 'state': 'UNKNOWN', 'last': 'FREE', 'confidence': 0.4}],
        gates=[{'name': 'in', 'entered': 3, 'left': 1}],
    )
    writer_of(database).write(Batch(counts=[entry]))
    (camera,) = Reader(database).cameras()
    assert (camera.zones[0].name, camera.zones[0].free) == ('row', 1)
    assert (camera.bays[0].last, camera.bays[0].confidence) == ('FREE', 0.4)
    assert camera.gates[0].entered == 3


def test_crossings_are_summed_by_gate(database: Database) -> None:
    crossings = [
        crossing_entry(seq=1),
        crossing_entry(seq=2, direction='OUT'),
        crossing_entry(seq=3, gate='back'),
    ]
    writer_of(database).write(Batch(crossings=crossings))
    reader = Reader(database)
    flow = [(point.gate, point.entered, point.left) for point in reader.flow(RIVERSIDE, 'quarter', ALWAYS)]
    assert flow == [('back', 1, 0), ('entrance', 1, 1)]
    assert [crossing.seq for crossing in reader.crossings(RIVERSIDE, ALWAYS, limit=2)] == [3, 2]


def test_presence_is_what_came_last(database: Database) -> None:
    writer = writer_of(database)

    def presence(status: Any, received_ms: int) -> PresenceEntry:
        return PresenceEntry(PresenceReport(uuid='a', status=status, at_ms=None), 'thing-1', received_ms)

    writer.write(Batch(presences=[presence('online', 10), presence('offline', 20)]))
    writer.write(Batch(presences=[presence('online', 15)]))
    (device,) = Reader(database).devices()
    assert (device.presence, device.presence_ms, device.thing, device.last_ms) == (
        'offline',
        20,
        'thing-1',
        0,
    )


def test_a_reader_may_leave_out_what_its_own_process_wrote(database: Database) -> None:
    own, other = writer_of(database), writer_of(database)
    own.write(Batch(counts=[count_entry(uuid='mine', seq=1)]))
    other.write(Batch(counts=[count_entry(uuid='theirs', seq=1)]))
    reader = Reader(database)

    def seen() -> tuple[list[str], list[str]]:
        cameras = reader.newer_cameras({}, but_by=own.number)
        devices = reader.devices(came_since_ms=NOON_MS, but_by=own.number)
        return [each.uuid for each in cameras], [each.uuid for each in devices]

    assert seen() == (['theirs'], ['theirs'])
    # Whoever wrote last is the one who knows what is newest.
    other.write(Batch(counts=[count_entry(uuid='mine', seq=2)]))
    own.write(Batch(counts=[count_entry(uuid='theirs', seq=2)]))
    assert seen() == (['mine'], ['mine'])


def test_in_parts_everything_is_read_whoever_wrote_it(database: Database) -> None:
    own = writer_of(database)
    names = [f'device-{number}' for number in range(7)]
    own.write(Batch(counts=[count_entry(uuid=name) for name in names]))
    reader, later_ms = Reader(database), 2 * NOON_MS

    def seen(part: Part | None) -> tuple[list[str], list[str]]:
        cameras = reader.newer_cameras({}, later_ms, but_by=own.number, part=part)
        devices = reader.devices(
            heard_since_ms=later_ms, came_since_ms=later_ms, but_by=own.number, part=part
        )
        return [each.uuid for each in cameras], [each.uuid for each in devices]

    assert seen(None) == ([], [])
    parts = [seen(Part(index, 3)) for index in range(3)]
    for one in (0, 1):
        assert sorted(name for part in parts for name in part[one]) == names


def test_that_a_device_left_is_read_whoever_wrote_of_it(database: Database) -> None:
    own, other = writer_of(database), writer_of(database)
    left = PresenceReport(uuid='a', status='offline', at_ms=None)
    other.write(Batch(presences=[PresenceEntry(left, 'thing-1', NOON_MS)]))
    own.write(Batch(counts=[count_entry(uuid='a', seq=1)]))
    found = Reader(database).devices(heard_since_ms=NOON_MS, came_since_ms=NOON_MS, but_by=own.number)
    assert [device.presence for device in found] == ['offline']


def test_what_shadows_say_of_devices_is_kept_until_they_say_otherwise(database: Database) -> None:
    writer_of(database).write(Batch(counts=[count_entry(uuid='a', thing='garage')]))
    told = {'certificate_until_ms': 253_402_300_799_000, 'temperature_c': -5, 'waiting': 10**9}
    shadows, reader = ShadowStore(database), Reader(database)
    for facts in (told, {**told, 'temperature_c': None}):
        shadows.tell_devices({'garage': facts, 'unheard-of': facts})
        (device,) = reader.devices()
        assert {name: getattr(device, name) for name in facts} == facts


def test_the_quarantine_keeps_the_newest(database: Database) -> None:
    writer = writer_of(database, quarantine_rows=5)
    for number in range(12):
        entry = RejectedEntry('parking/a/count', f'reason \0{number}', b'\xff\0' * 10_000, NOON_MS)
        writer.write(Batch(rejected=[entry]))
    kept = Reader(database).quarantine()
    assert [message.reason for message in kept] == [f'reason {number}' for number in (11, 10, 9, 8, 7)]
    assert kept[0].payload.startswith(b'\xff\0')
    assert (len(kept[0].payload), kept[0].size_bytes) == (4096, 20_000)


def test_the_tables_are_what_the_code_says(database: Database) -> None:
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_store_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match='newer parking-fleet'):
        database.migrate()


def test_workers_that_start_together_make_the_tables_once(database_url: str) -> None:
    errors: list[Exception] = []

    def start() -> None:
        own = Database(database_url)
        try:
            own.migrate()
        except StoreError as error:
            errors.append(error)
        own.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert errors == []
    opened = Database(database_url)
    assert opened.revision()[0] == opened.revision()[1]
    opened.close()
