"""Totals go on over days, clocks and hands."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.counting.totals import Totals
from parking_monitor.values import Direction

IN, OUT = Direction.IN, Direction.OUT
BERLIN = ZoneInfo('Europe/Berlin')
ways = st.lists(st.tuples(st.sampled_from(['north', 'south']), st.sampled_from(list(Direction))), max_size=30)
small = st.integers(0, 1000)


def at(text: str, zone: dt.tzinfo = dt.UTC) -> int:
    """Return the stamp of a local time."""
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1e9)


def after(*crossed: tuple[str, Direction], day: str = '2026-05-01') -> Totals:
    totals = Totals(day=day)
    for gate, direction in crossed:
        totals = totals.with_crossing(gate, direction)
    return totals


@settings(max_examples=40)
@given(ways)
def test_every_crossing_is_in_the_sums_of_the_day_and_of_its_gate(
    crossed: list[tuple[str, Direction]],
) -> None:
    totals = after(*crossed)
    entered = sum(direction is IN for _, direction in crossed)
    assert (totals.entered, totals.left) == (entered, len(crossed) - entered)
    assert (totals.entered_today, totals.left_today) == (totals.entered, totals.left)
    assert totals.net == totals.entered - totals.left
    gates = totals.by_gate(['north', 'south'])
    assert (sum(gate.entered for gate in gates), sum(gate.left for gate in gates)) == (
        totals.entered,
        totals.left,
    )


def test_a_gate_without_crossings_has_none() -> None:
    (gate,) = Totals().by_gate(['north'])
    assert (gate.name, gate.entered, gate.left) == ('north', 0, 0)


def test_the_first_frame_says_what_day_it_is() -> None:
    assert Totals().on(at('2026-05-01T12:00'), dt.UTC).day == '2026-05-01'


def test_at_midnight_only_the_sums_of_the_day_begin_anew() -> None:
    totals = after(('north', IN), ('north', IN), ('north', OUT))
    assert totals.on(at('2026-05-01T23:59:59'), dt.UTC) == totals
    next_day = totals.on(at('2026-05-02T00:00'), dt.UTC)
    assert (next_day.entered_today, next_day.left_today) == (0, 0)
    assert (next_day.entered, next_day.left, next_day.net, next_day.gates) == (2, 1, 1, totals.gates)


@pytest.mark.parametrize('day', ['2026-01-15', '2026-07-15', '2026-03-29', '2026-10-25'])
def test_midnight_is_that_of_the_cameras_time_zone(day: str) -> None:
    """In winter and summer, and on the days of 23 and of 25 hours."""
    totals = after(('north', IN), day=day)
    next_day = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    assert totals.on(at(f'{day}T23:59:59', BERLIN), BERLIN).entered_today == 1
    assert totals.on(at(f'{next_day}T00:00:01', BERLIN), BERLIN).entered_today == 0


def test_a_clock_that_is_set_back_over_midnight_begins_no_day() -> None:
    totals = after(('north', IN), day='2026-05-02')
    assert totals.on(at('2026-05-01T23:50'), dt.UTC) == totals
    assert totals.on(at('2026-05-02T00:10'), dt.UTC) == totals


def test_a_clock_that_was_far_ahead_is_followed_back() -> None:
    totals = after(('north', IN), day='2031-01-01').on(at('2026-05-01T12:00'), dt.UTC)
    assert (totals.day, totals.entered, totals.entered_today) == ('2026-05-01', 1, 0)


@pytest.mark.parametrize('name', ['entered', 'left', 'entered_today', 'left_today', 'net'])
def test_a_person_sets_one_total_and_leaves_the_other_numbers_alone(name: str) -> None:
    before = after(('north', IN), ('north', IN), ('north', OUT))
    totals = before.set_by_hand(**{name: 40})
    assert getattr(totals, name) == 40
    for other in {'entered', 'left', 'entered_today', 'left_today'} - {name}:
        assert getattr(totals, other) == getattr(before, other)
    assert totals.gates == before.gates


@settings(max_examples=40)
@given(ways, small, small, small)
def test_net_set_together_with_the_totals_is_what_was_set(
    crossed: list[tuple[str, Direction]], entered: int, left: int, net: int
) -> None:
    totals = after(*crossed).set_by_hand(entered=entered, left=left, net=net)
    assert (totals.entered, totals.left, totals.net) == (entered, left, net)


@settings(max_examples=40)
@given(ways, small)
def test_crossings_go_on_from_a_net_set_by_hand(crossed: list[tuple[str, Direction]], net: int) -> None:
    totals = Totals().with_crossing('north', OUT).set_by_hand(net=net)
    for gate, direction in crossed:
        totals = totals.with_crossing(gate, direction)
    inwards = sum(1 if direction is IN else -1 for _, direction in crossed)
    assert totals.net == net + inwards


def test_setting_entered_moves_the_net_as_crossings_would() -> None:
    assert after(('north', IN)).set_by_hand(net=10).set_by_hand(entered=3).net == 12
