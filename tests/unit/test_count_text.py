"""A count in words."""

from parking_monitor.count_text import details, headline
from parking_monitor.values import Count, CountState, GateCount, Occupancy


def a_count(state: CountState = CountState.OK, **more: object) -> Count:
    return Count(stamp_ns=1, state=state, cars=3, **more)  # type: ignore[arg-type] # what the test names


def test_cars_state_free_places_and_todays_totals_are_said() -> None:
    count = a_count(
        state=CountState.MOVED,
        places=Occupancy(1, 2, 3),
        gates=(GateCount('in', 9, 9),),
        entered_today=4,
        left_today=5,
    )
    assert headline(count, 'lane') == 'lane: 3 cars (MOVED)'
    assert details(count) == '2 of 6 free (3 unknown); today 4 in, 5 out'


def test_no_more_is_said_than_there_is() -> None:
    assert headline(None, 'lane') == 'lane: no count yet'
    assert details(None) == ''
    assert details(a_count()) == ''
