import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.latest_outbox import LatestOutbox
from parking_monitor.cloud.outbox import Outbox, OutboxItem


def taken(outbox: Outbox) -> OutboxItem:
    item = outbox.next()
    assert item is not None
    return item


def test_a_message_waits_until_it_is_acknowledged() -> None:
    outbox = LatestOutbox()
    outbox.put('t', b'1', key='lane')
    item = taken(outbox)

    assert outbox.next() is None
    assert outbox.waiting == 1
    outbox.acknowledge(item.id)
    assert outbox.waiting == 0


def test_the_newest_count_of_a_camera_takes_the_place_of_the_one_that_waits() -> None:
    outbox = LatestOutbox()
    outbox.put('t', b'old', key='lane')
    outbox.put('t', b'other', key='gate')
    outbox.put('t', b'new', key='lane')

    assert [taken(outbox).payload, taken(outbox).payload] == [b'new', b'other']
    assert outbox.next() is None
    assert outbox.overwritten == 1


def test_the_same_camera_waits_once_on_each_topic() -> None:
    outbox = LatestOutbox()
    outbox.put('shared', b'1', key='lane')
    outbox.put('own', b'1', key='lane')

    assert (outbox.waiting, outbox.overwritten) == (2, 0)


def test_a_message_that_failed_is_sent_again() -> None:
    outbox = LatestOutbox()
    outbox.put('t', b'1', key='lane')
    first = taken(outbox)
    outbox.release(first.id)

    assert taken(outbox) == first


def test_a_message_that_failed_gives_way_to_a_newer_one_that_waits() -> None:
    outbox = LatestOutbox()
    outbox.put('t', b'old', key='lane')
    old = taken(outbox)
    outbox.put('t', b'new', key='lane')
    outbox.release(old.id)

    assert taken(outbox).payload == b'new'
    assert outbox.next() is None
    assert outbox.overwritten == 1


def test_an_old_count_does_not_follow_a_newer_one_that_has_arrived() -> None:
    outbox = LatestOutbox()
    outbox.put('t', b'old', key='lane')
    old = taken(outbox)
    outbox.put('t', b'new', key='lane')
    outbox.acknowledge(taken(outbox).id)
    outbox.release(old.id)

    assert outbox.next() is None
    assert outbox.waiting == 0


def test_a_paused_topic_does_not_hold_up_the_others() -> None:
    outbox = LatestOutbox()
    outbox.put('refused', b'1', key='lane')
    outbox.put('open', b'2', key='lane')

    item = outbox.next({'refused'})
    assert item is not None
    assert item.topic == 'open'
    assert outbox.next({'refused'}) is None


def test_there_is_room_for_so_many_cameras_and_no_more() -> None:
    outbox = LatestOutbox(max_keys=2)
    outbox.put('t', b'1', key='a')
    outbox.put('t', b'1', key='b')
    outbox.put('t', b'2', key='a')

    with pytest.raises(ValueError, match='takes 2 pairs'):
        outbox.put('t', b'1', key='c')


steps = st.lists(st.tuples(st.sampled_from(['put', 'next', 'ack', 'fail']), st.integers(0, 2)), max_size=80)


@given(steps)
def test_the_newest_of_each_camera_arrives_last_whatever_fails(script: list[tuple[str, int]]) -> None:
    outbox = LatestOutbox()
    sends = itertools.count()
    on_the_way: list[tuple[int, OutboxItem]] = []
    put: dict[str, bytes] = {}
    # What the broker's receivers show of a camera: of the messages that arrived, the one sent last.
    arrived: dict[str, tuple[int, bytes]] = {}
    puts = 0

    def send() -> None:
        if (item := outbox.next()) is not None:
            on_the_way.append((next(sends), item))

    def settle(position: int, *, acknowledge: bool) -> None:
        if on_the_way:
            sent, item = on_the_way.pop(position % len(on_the_way))
            (outbox.acknowledge if acknowledge else outbox.release)(item.id)
            if acknowledge:
                key = item.payload.split()[0].decode()
                arrived[key] = max(arrived.get(key, (-1, b'')), (sent, item.payload))

    for step, number in script:
        if step == 'put':
            puts += 1
            put[str(number)] = f'{number} {puts:04d}'.encode()
            outbox.put('t', put[str(number)], key=str(number))
        elif step == 'next':
            send()
        else:
            settle(number, acknowledge=step == 'ack')
    while outbox.waiting:
        send()
        settle(0, acknowledge=True)

    assert {key: payload for key, (_, payload) in arrived.items()} == put
