import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.cloud.errors import StoreFullError, StoreUnavailableError
from parking_monitor.cloud.live_lane import Parcel
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.outbox_store import FILE_NAME, OutboxStore
from parking_monitor.cloud.running_time import RunningTime

OWN, SHARED, HISTORY = 'parking/garage/count', 'EI_TOPIC', 'parking/garage/history'
CROSSING = 'parking/garage/crossing'
NOW_S = 1000.0


class SetTime(RunningTime):
    """Running time that the test sets."""

    def __init__(self, at_s: float = 0.0) -> None:
        super().__init__('boot')
        self.at_s = at_s

    def now_s(self) -> float:
        return self.at_s


@contextmanager
def opened(folder: Path, running_time: RunningTime | None = None, **changes: Any) -> Iterator[Outbox]:
    outbox = Outbox(
        folder,
        OutboxSettings(history_topic=HISTORY, **changes),
        wall_ns=lambda: 0,
        running_time=running_time or SetTime(),
    )
    outbox.open(NOW_S)
    try:
        yield outbox
    finally:
        outbox.close(NOW_S)


def put(outbox: Outbox, *texts: str, key: str = 'lane', topics: tuple[str, ...] = (OWN,)) -> None:
    for text in texts:
        outbox.put(Draft(key, topics, lambda _seq, _dropped, text=text: text.encode()))  # type: ignore[misc] # bound
    outbox.save(NOW_S)


def take(outbox: Outbox, limit: int = 1000) -> list[Parcel]:
    return outbox.take(limit, NOW_S)


def sent(parcels: list[Parcel]) -> list[tuple[str, str]]:
    return [(parcel.topic, parcel.payload.decode()) for parcel in parcels]


def test_a_message_waits_until_it_is_acknowledged(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a')
        (parcel,) = take(outbox)
        assert take(outbox) == []
        assert outbox.waiting == 1
        outbox.acknowledge(parcel, NOW_S)
        assert (outbox.waiting, outbox.waiting_live) == (0, 0)


def test_a_message_goes_to_each_of_its_topics_and_stays_until_all_have_it(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', topics=(SHARED, OWN))
        first, second = take(outbox)
        assert sent([first, second]) == [(SHARED, 'a'), (OWN, 'a')]
        outbox.acknowledge(first, NOW_S)
        assert outbox.waiting == 1
        outbox.acknowledge(second, NOW_S)
        assert outbox.waiting == 0


def test_nothing_is_handed_out_before_it_is_on_the_disk(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        outbox.put(Draft('lane', (OWN,), lambda *_: b'a'))
        assert take(outbox) == []
        outbox.save(NOW_S)
        assert len(take(outbox)) == 1


def test_messages_bear_rising_numbers_and_how_many_were_given_up(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def encode(seq: int, dropped: int) -> bytes:
        told.append((seq, dropped))
        return b'{}'

    with opened(tmp_path, SetTime(), max_rows=2, max_live=1) as outbox:
        for _ in range(5):
            outbox.put(Draft('lane', (OWN,), encode))
            outbox.save(NOW_S)

    assert told == [(1, 0), (2, 0), (3, 0), (4, 1), (5, 2)]


def test_what_waited_too_long_goes_to_the_history_in_its_order(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time) as outbox:
        put(outbox, 'a', 'b', topics=(SHARED, OWN))
        time.at_s = 31.0
        put(outbox, 'c', topics=(SHARED, OWN))

        assert sent(take(outbox)) == [(SHARED, 'c'), (OWN, 'c'), (HISTORY, 'a'), (HISTORY, 'b')]


def test_what_waited_not_longer_than_that_is_still_live(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time) as outbox:
        put(outbox, 'a')
        time.at_s = 30.0

        assert sent(take(outbox)) == [(OWN, 'a')]


def test_after_an_outage_the_newest_of_each_camera_goes_first_and_all_else_follows(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time) as outbox:
        for second in range(60):
            time.at_s = float(second)
            put(outbox, f'lane {second}')
            put(outbox, f'gate {second}', key='gate')
        outbox.connection_made(NOW_S)
        parcels = sent(take(outbox))

    assert parcels[:2] == [(OWN, 'lane 59'), (OWN, 'gate 59')]
    assert {topic for topic, _ in parcels[2:]} == {HISTORY}
    history = [text for _, text in parcels[2:]]
    assert history == [f'{camera} {second}' for second in range(59) for camera in ('lane', 'gate')]


def test_what_was_left_to_the_history_stays_there_after_a_restart(tmp_path: Path) -> None:
    time = SetTime()
    killed = Outbox(tmp_path, OutboxSettings(history_topic=HISTORY), wall_ns=lambda: 0, running_time=time)
    killed.open(NOW_S)
    put(killed, 'old')
    time.at_s = 40.0
    put(killed, 'older', 'newest')
    killed.connection_made(NOW_S)
    assert sent(take(killed, 1)) == [(OWN, 'newest')]
    assert killed._store is not None
    killed._store.close()
    with opened(tmp_path, SetTime(41.0)) as outbox:
        put(outbox, 'next')

        live = [(OWN, 'newest'), (OWN, 'next')]
        assert sent(take(outbox)) == [*live, (HISTORY, 'old'), (HISTORY, 'older')]


def test_a_file_that_was_damaged_while_the_disk_was_away_is_begun_with_what_is_in_memory(
    tmp_path: Path,
) -> None:
    outbox = Outbox(
        tmp_path, OutboxSettings(history_topic=HISTORY), wall_ns=lambda: 10**12, running_time=SetTime()
    )
    outbox.open(NOW_S)
    put(outbox, 'a')
    assert outbox._store is not None
    outbox._fail(StoreUnavailableError('the disk is away'), NOW_S)
    (tmp_path / FILE_NAME).write_bytes(b'nonsense' * 1000)
    outbox.save(NOW_S + 5.0)

    assert outbox.fault == ''
    assert 'set aside' in outbox.damage
    assert rows_in(outbox) == 1
    assert sent(take(outbox)) == [(OWN, 'a')]
    outbox.close(NOW_S)


def test_after_a_short_break_all_is_live(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', 'b')
        outbox.connection_made(NOW_S)

        assert sent(take(outbox)) == [(OWN, 'a'), (OWN, 'b')]


def test_what_failed_is_sent_again_in_its_order(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', 'b', 'c')
        for parcel in reversed(take(outbox)):
            outbox.release(parcel)

        assert sent(take(outbox)) == [(OWN, 'a'), (OWN, 'b'), (OWN, 'c')]


def test_what_a_later_one_has_overtaken_goes_to_the_history(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', 'b', topics=(SHARED, OWN))
        shared_a, own_a, shared_b, own_b = take(outbox)
        outbox.acknowledge(shared_b, NOW_S)
        outbox.release(shared_a)
        assert take(outbox) == []
        outbox.acknowledge(own_a, NOW_S)
        outbox.acknowledge(own_b, NOW_S)

        assert sent(take(outbox)) == [(HISTORY, 'a')]


def test_a_topic_that_rests_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', 'b', topics=(SHARED, OWN))

        assert sent(outbox.take(10, NOW_S, {SHARED})) == [(OWN, 'a'), (OWN, 'b')]


def test_what_a_refused_topic_holds_goes_to_the_history_after_its_time(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time) as outbox:
        put(outbox, 'a', topics=(SHARED, OWN))
        (own,) = outbox.take(10, NOW_S, {SHARED})
        outbox.acknowledge(own, NOW_S)
        time.at_s = 31.0

        (late,) = outbox.take(10, NOW_S, {SHARED})
        assert sent([late]) == [(HISTORY, 'a')]
        outbox.acknowledge(late, NOW_S)
        assert outbox.waiting == 0


def test_no_more_is_handed_out_than_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path) as outbox:
        put(outbox, 'a', 'b', topics=(SHARED, OWN))

        assert sent(take(outbox, 3)) == [(SHARED, 'a'), (OWN, 'a'), (SHARED, 'b')]
        assert sent(take(outbox, 3)) == [(OWN, 'b')]


def test_a_restart_sends_again_what_was_not_acknowledged_the_fresh_live_the_rest_late(tmp_path: Path) -> None:
    with opened(tmp_path, SetTime(0.0)) as outbox:
        put(outbox, 'old')
    with opened(tmp_path, SetTime(50.0)) as outbox:
        put(outbox, 'done', 'fresh')
        done = take(outbox)[0]
        assert done.payload == b'done'
        outbox.acknowledge(done, NOW_S)
    with opened(tmp_path, SetTime(60.0)) as outbox:
        put(outbox, 'new')

        assert sent(take(outbox)) == [(OWN, 'fresh'), (OWN, 'new'), (HISTORY, 'old')]


def test_beyond_its_rows_the_oldest_are_given_up_and_counted(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, max_rows=10, max_live=3) as outbox:
        put(outbox, *map(str, range(25)))

        assert (outbox.waiting, outbox.waiting_live, outbox.dropped) == (10, 3, 15)
        expected = [
            (OWN, '22'),
            (OWN, '23'),
            (OWN, '24'),
            *[(HISTORY, str(number)) for number in range(15, 22)],
        ]
        assert sent(take(outbox)) == expected


def test_what_is_too_old_is_given_up_and_counted(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, max_age_s=3600.0) as outbox:
        put(outbox, 'a')
        time.at_s = 4000.0
        outbox.put(Draft('lane', (OWN,), lambda *_: b'b'))
        outbox.save(NOW_S + 61)

        assert outbox.dropped == 1
        assert sent(take(outbox)) == [(OWN, 'b')]


def test_the_oldest_are_given_up_while_offline_though_they_were_read_ahead(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, max_rows=4, max_live=1) as outbox:
        put(outbox, 'a', 'b', 'c', 'd')
        parcels = take(outbox)
        for parcel in parcels:
            outbox.release(parcel)
        outbox.connection_lost()
        put(outbox, 'e')

        assert [text for _, text in sent(take(outbox))] == ['e', 'b', 'c', 'd']


def test_memory_does_not_grow_with_what_waits(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, max_live=50) as outbox:
        for second in range(40):
            time.at_s = float(second)
            put(outbox, *(f'{second}' for _ in range(50)))
        assert outbox.waiting == 2000
        assert outbox.waiting_live == 50
        take(outbox)
        assert len(outbox._page) <= 200


def test_acknowledged_messages_are_deleted_together_and_soon(tmp_path: Path) -> None:
    with opened(tmp_path, delete_every_s=2.0) as outbox:
        put(outbox, 'a', 'b')
        for parcel in take(outbox):
            outbox.acknowledge(parcel, NOW_S)
        outbox.save(NOW_S + 1.9)
        assert rows_in(outbox) == 2
        assert outbox.save_due_s() == NOW_S + 2.0
        outbox.save(NOW_S + 2.0)
        assert rows_in(outbox) == 0
        assert outbox.save_due_s() == float('inf')


EVENTS = frozenset({CROSSING})


def put_crossings(outbox: Outbox, *texts: str) -> None:
    put(outbox, *texts, key='lane crossing', topics=(CROSSING,))


def test_a_crossing_that_waited_long_keeps_its_topic_and_its_turn(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, event_topics=EVENTS) as outbox:
        put(outbox, 'a')
        put_crossings(outbox, 'in')
        put(outbox, 'b')
        time.at_s = 31.0
        assert sent(take(outbox)) == [(HISTORY, 'a'), (CROSSING, 'in'), (HISTORY, 'b')]


def test_after_an_outage_the_count_goes_first_and_crossings_follow_in_their_order(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, event_topics=EVENTS) as outbox:
        put_crossings(outbox, '1', '2')
        time.at_s = 31.0
        put_crossings(outbox, '3')
        put(outbox, 'now')
        outbox.connection_made(NOW_S)
        first = take(outbox)
        put_crossings(outbox, '4')
        assert sent(first) == [(OWN, 'now'), (CROSSING, '1'), (CROSSING, '2'), (CROSSING, '3')]
        assert take(outbox) == []
        for parcel in first:
            outbox.acknowledge(parcel, NOW_S)
        assert sent(take(outbox)) == [(CROSSING, '4')]


def test_a_crossing_goes_out_at_once_where_nothing_is_late(tmp_path: Path) -> None:
    with opened(tmp_path, event_topics=EVENTS) as outbox:
        put_crossings(outbox, 'in', 'out')
        put(outbox, 'a')
        assert sent(take(outbox)) == [(CROSSING, 'in'), (CROSSING, 'out'), (OWN, 'a')]


def test_crossings_wait_for_their_topic_without_holding_up_the_history(tmp_path: Path) -> None:
    time = SetTime()
    with opened(tmp_path, time, event_topics=EVENTS) as outbox:
        put(outbox, 'a')
        put_crossings(outbox, 'in')
        time.at_s = 31.0
        assert sent(outbox.take(10, NOW_S, {CROSSING})) == [(HISTORY, 'a')]
        assert sent(outbox.take(10, NOW_S, {HISTORY})) == [(CROSSING, 'in')]


def test_on_a_full_disk_no_crossing_stands_for_another_but_memory_is_bounded(
    tmp_path: Path, full_disk: list[bool]
) -> None:
    with opened(tmp_path, event_topics=EVENTS) as outbox:
        full_disk.append(True)
        put_crossings(outbox, *map(str, range(150)))
        put(outbox, 'a', 'b')
        assert sent(take(outbox)) == [*((CROSSING, str(number)) for number in range(50, 150)), (OWN, 'b')]
        assert outbox.dropped == 51


def rows_in(outbox: Outbox) -> int:
    assert outbox._store is not None
    return outbox._store.rows


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Give a switch: while its list is not empty, the disk is full."""
    switch: list[bool] = []
    write = OutboxStore.write

    def write_unless_full(self: OutboxStore, *arguments: Any, **options: Any) -> None:
        if switch:
            raise StoreFullError('the disk is full')
        write(self, *arguments, **options)

    monkeypatch.setattr(OutboxStore, 'write', write_unless_full)
    return switch


def test_on_a_full_disk_the_newest_of_each_camera_goes_on_from_memory(
    tmp_path: Path, full_disk: list[bool]
) -> None:
    with opened(tmp_path) as outbox:
        full_disk.append(True)
        put(outbox, 'a', 'b', 'c')
        put(outbox, 'gate', key='gate')
        assert 'the disk is full' in outbox.fault
        assert outbox.waiting == 2
        assert outbox.dropped == 2

        assert sent(take(outbox)) == [(OWN, 'c'), (OWN, 'gate')]


def test_when_the_disk_has_room_again_messages_are_kept_there_again(
    tmp_path: Path, full_disk: list[bool]
) -> None:
    with opened(tmp_path) as outbox:
        full_disk.append(True)
        put(outbox, 'a', 'b')
        full_disk.clear()
        assert outbox.save_due_s() == NOW_S + 5.0
        outbox.save(NOW_S + 5.0)
        assert outbox.fault == ''
        assert rows_in(outbox) == 1
    with opened(tmp_path) as outbox:
        assert outbox.dropped == 1
        assert sent(take(outbox)) == [(OWN, 'b')]


def test_a_number_used_while_the_disk_was_full_is_not_used_again(
    tmp_path: Path, full_disk: list[bool]
) -> None:
    outbox = Outbox(tmp_path, OutboxSettings(history_topic=HISTORY))
    outbox.open(NOW_S)
    full_disk.append(True)
    put(outbox, *map(str, range(20)))
    used = max(parcel.seq for parcel in take(outbox))
    outbox._store.close()  # type: ignore[union-attr] # as kill -9 would
    full_disk.clear()
    after = Outbox(tmp_path, OutboxSettings(history_topic=HISTORY), wall_ns=lambda: (used + 1) * 10**6)
    after.open(NOW_S)
    put(after, 'x')

    assert take(after)[0].seq > used
    after.close(NOW_S)


def test_without_a_folder_counting_goes_on_and_the_file_is_begun_when_it_can_be(tmp_path: Path) -> None:
    (tmp_path / 'place').touch()
    with opened(tmp_path / 'place' / 'outbox') as outbox:
        put(outbox, 'a')
        assert 'Not a directory' in outbox.fault
        assert sent(take(outbox)) == [(OWN, 'a')]
        (tmp_path / 'place').unlink()
        outbox.put(Draft('lane', (OWN,), lambda *_: b'b'))
        outbox.save(NOW_S + 5.0)
        assert outbox.fault == ''
        assert sent(take(outbox)) == [(OWN, 'b')]


def test_a_file_that_breaks_while_in_use_is_replaced_by_one_with_what_is_in_memory(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, OutboxSettings(history_topic=HISTORY), running_time=SetTime())
    outbox.open(NOW_S)
    put(outbox, 'a')
    ruin(outbox)
    put(outbox, 'b')
    put(outbox, 'c')

    assert 'set aside' in outbox.damage
    assert outbox.fault == ''
    assert sent(take(outbox)) == [(OWN, 'a'), (OWN, 'b'), (OWN, 'c')]
    outbox.close(NOW_S)
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        assert file.execute('SELECT count(*) FROM messages').fetchone() == (3,)
    file.close()


def ruin(outbox: Outbox) -> None:
    """Let the database take itself for damaged, as after a bad sector."""
    assert outbox._store is not None
    connection = outbox._store._connection
    connection.execute('PRAGMA writable_schema = ON')
    connection.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'messages'")
    connection.execute('PRAGMA writable_schema = RESET')


def test_a_live_lane_larger_than_the_file_is_refused() -> None:
    with pytest.raises(ValueError, match='max_live 10 is not allowed with max_rows 5'):
        OutboxSettings(history_topic=HISTORY, max_rows=5, max_live=10)


steps = st.lists(
    st.tuples(
        st.sampled_from(['put', 'take', 'ack', 'fail', 'cut', 'kill', 'wait', 'save']), st.integers(0, 5)
    ),
    max_size=60,
)


class Receiver:
    """Take what a broker has passed on, whose connection is TCP: in order, and nothing after a gap."""

    def __init__(self) -> None:
        self.first: dict[str, list[int]] = {OWN: [], SHARED: [], HISTORY: [], CROSSING: []}

    def receive(self, parcel: Parcel) -> None:
        if parcel.seq not in self.first[parcel.topic]:
            self.first[parcel.topic].append(parcel.seq)


class Device:
    """Drive an outbox as a delivery would, with a broker that answers as the script says."""

    def __init__(self, folder: Path, max_live: int) -> None:
        self._folder = folder
        self._settings = OutboxSettings(
            history_topic=HISTORY,
            event_topics=frozenset({CROSSING}),
            fresh_s=3.0,
            max_live=max_live,
            delete_every_s=1.0,
        )
        self.time = SetTime()
        self.receiver = Receiver()
        self.on_the_way: list[Parcel] = []
        self.saved: set[int] = set()
        self.events: set[int] = set()
        self._put: list[int] = []
        self._open()

    def _open(self) -> None:
        self.outbox = Outbox(self._folder, self._settings, wall_ns=lambda: 0, running_time=self.time)
        self.outbox.open(self.time.at_s)

    def put(self, camera: int) -> None:
        """Put a count of a camera in; of the last two cameras a crossing."""
        is_event = camera > 3

        def encode(seq: int, _dropped: int) -> bytes:
            self._put.append(seq)
            self.events |= {seq} if is_event else set()
            return b'{}'

        topics = (CROSSING,) if is_event else (OWN, SHARED) if camera else (OWN,)
        self.outbox.put(Draft(f'camera {camera % 2}', topics, encode))

    def save(self, _: int = 0) -> None:
        self.outbox.save(self.time.at_s)
        self.saved |= set(self._put)
        self._put.clear()

    def take(self, number: int) -> None:
        self.save()
        self.on_the_way += self.outbox.take(number, self.time.at_s)

    def ack(self, number: int) -> None:
        for parcel in self.on_the_way[:number]:
            self.receiver.receive(parcel)
            self.outbox.acknowledge(parcel, self.time.at_s)
        del self.on_the_way[:number]

    def fail(self, number: int) -> None:
        """Let one message stay without an answer, though it arrived."""
        if self.on_the_way:
            lost = self.on_the_way.pop(number % len(self.on_the_way))
            self.outbox.release(lost)

    def cut(self, arrived: int) -> None:
        """Let some arrive whose acknowledgement is lost, and the connection end."""
        for parcel in self.on_the_way[:arrived]:
            self.receiver.receive(parcel)
        for parcel in self.on_the_way:
            self.outbox.release(parcel)
        self.on_the_way.clear()
        self.outbox.connection_lost()
        self.outbox.connection_made(self.time.at_s)

    def kill(self, arrived: int) -> None:
        for parcel in self.on_the_way[:arrived]:
            self.receiver.receive(parcel)
        self.on_the_way.clear()
        # What was not saved never was; its number may be given out again.
        self.events -= set(self._put)
        self._put.clear()
        assert self.outbox._store is not None
        self.outbox._store.close()
        self._open()
        self.outbox.connection_made(self.time.at_s)

    def wait(self, number: int) -> None:
        self.time.at_s += number

    def drain(self) -> None:
        self.save()
        while self.outbox.waiting:
            self.take(10)
            if not self.on_the_way:
                # A crossing waits for what failed before it to be late.
                self.time.at_s += 1.0
            self.ack(len(self.on_the_way))
        self.outbox.close(self.time.at_s)


def run(script: list[tuple[str, int]], max_live: int) -> Device:
    # In memory where that can be: hundreds of files, and not a word about the disk here.
    with TemporaryDirectory(dir='/dev/shm' if Path('/dev/shm').is_dir() else None) as folder:
        device = Device(Path(folder), max_live)
        for step, number in script:
            getattr(device, step)(number)
        device.drain()
    return device


@settings(max_examples=100)
@given(steps, st.integers(1, 6))
def test_whatever_fails_every_message_arrives_and_the_live_topics_keep_their_order(
    script: list[tuple[str, int]], max_live: int
) -> None:
    device = run(script, max_live)
    first = device.receiver.first

    assert device.saved - device.events <= set(first[OWN]) | set(first[HISTORY])
    assert device.saved & device.events <= set(first[CROSSING]) - set(first[HISTORY])
    assert first[OWN] == sorted(first[OWN])
    assert first[SHARED] == sorted(first[SHARED])


@settings(max_examples=100)
@given(steps.map(lambda script: [step for step in script if step[0] != 'fail']), st.integers(1, 6))
def test_whatever_is_cut_and_killed_each_topic_keeps_its_order(
    script: list[tuple[str, int]], max_live: int
) -> None:
    for numbers in run(script, max_live).receiver.first.values():
        assert numbers == sorted(numbers)
