"""The demo says a count in words."""

import pytest

pytest.importorskip('rclpy', reason='no ROS here; run `make build` and use scripts/in-workspace.sh')

from demo.observer import describe
from parking_monitor.values import BayCount, BayState, Count, CountState, Occupancy, ZoneCount


def a_count(state: CountState = CountState.OK, **more: object) -> Count:
    return Count(stamp_ns=1, state=state, cars=1, **more)  # type: ignore[arg-type] # what the test names


def bays(*states: BayState) -> tuple[BayCount, ...]:
    return tuple(BayCount(name=f'A{number}', state=state) for number, state in enumerate(states, 1))


def test_cars_zones_places_and_the_state_are_said() -> None:
    count = a_count(
        CountState.STALE,
        zones=(ZoneCount('front', 1, Occupancy(1, 3)), ZoneCount('aisle', 2)),
        places=Occupancy(1, 3, 2),
    )
    assert describe(count, None) == '1 car, front 1/4, aisle 2, 3 of 6 places free (2 unknown) [STALE]'


def test_what_changed_since_is_said() -> None:
    before = a_count(entered=3, left=1, bays=bays(BayState.FREE, BayState.FREE, BayState.UNKNOWN))
    count = a_count(entered=5, left=2, bays=bays(BayState.OCCUPIED, BayState.FREE, BayState.FREE))
    assert describe(count, before) == '1 car, +2 in, +1 out, A1 occupied'


def test_many_changes_are_not_listed() -> None:
    before, count = (a_count(bays=bays(*[state] * 9)) for state in (BayState.FREE, BayState.OCCUPIED))
    assert describe(count, before) == '1 car, 9 bays changed'
