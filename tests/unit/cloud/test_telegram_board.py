"""What is known of each camera, and since when."""

import datetime as dt

from parking_monitor.cloud.telegram_board import Board
from parking_monitor.values import CountState, GateCount, Occupancy, ZoneCount
from tests.unit.cloud.builders import a_count

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def later(minutes: float) -> dt.datetime:
    return NOON + dt.timedelta(minutes=minutes)


def test_a_status_says_what_a_camera_sees_and_since_when() -> None:
    board = Board(['lane'], 'North')
    zones = (
        ZoneCount('front', 3, Occupancy(2, 1, 1)),
        ZoneCount('way', 1),
    )
    places = Occupancy(2, 1, 1)
    board.see('lane', a_count(1, zones=zones, places=places), 0.0, NOON)
    board.see('lane', a_count(3, zones=zones, places=places), 60.0, later(1))
    gates = (GateCount('in', 5, 2),)
    newest = a_count(3, zones=zones, places=places, gates=gates, entered_today=5, left_today=2)
    board.see('lane', newest, 120.0, later(2))
    assert board.status('lane', later(3)) == (
        'North, lane: 3 cars\n'
        'OK since 12:00, this number since 12:01\n'
        '1 of 4 free (1 unknown); today 5 in, 2 out\n'
        'front: 3 cars, 1 of 4 free (1 unknown)\n'
        'way: 1 car'
    )


def test_a_day_later_the_date_is_said() -> None:
    board = Board(['lane'])
    board.see('lane', a_count(1), 0.0, NOON)
    assert 'OK since 2026-03-01 12:00' in board.status('lane', later(24 * 60))


def test_a_counter_that_falls_silent_is_stale() -> None:
    board = Board(['lane'], silence_after_s=30.0)
    board.see('lane', a_count(2), 0.0, NOON)
    assert board.look(30.0, later(0.5))['lane'] == a_count(2)
    lost = board.look(31.0, later(1))['lane']
    assert lost is not None
    assert (lost.state, lost.cars) == (CountState.STALE, 2)
    assert board.status('lane', later(9)).startswith('lane: 2 cars (STALE)\nSTALE since 12:01,')


def test_a_camera_that_said_why_it_sees_nothing_keeps_its_reason() -> None:
    board = Board(['lane'], silence_after_s=30.0)
    board.see('lane', a_count(2, state=CountState.COVERED), 0.0, NOON)
    count = board.look(1000.0, later(20))['lane']
    assert count is not None
    assert count.state is CountState.COVERED


def test_a_camera_without_a_count_has_none() -> None:
    board = Board(['lane', 'gate'])
    board.see('gate', a_count(0, state=CountState.UNKNOWN, stamp_ns=0), 0.0, NOON)
    assert board.look(1.0, NOON)['lane'] is None
    assert board.status('lane', NOON) == 'lane: no count yet; its counter is silent'
    assert board.status('gate', NOON) == 'gate: no count yet\nUNKNOWN since 12:00'
