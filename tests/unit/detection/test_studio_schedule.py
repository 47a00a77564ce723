import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.detection.studio.schedule import LookSchedule


def first_looks(seed: str, number: int = 3, *, is_urgent: bool = False) -> list[float]:
    """Return when the first looks of a device are, each of which takes no time."""
    schedule = LookSchedule(3600, seed, 0, is_urgent=is_urgent)
    due = []
    for _ in range(number):
        due.append(schedule.due_s)
        schedule.succeeded(schedule.due_s)
    return due


def test_a_device_without_a_model_looks_at_once() -> None:
    assert first_looks('u', is_urgent=True)[0] == 0


def test_a_device_looks_at_its_own_times_again_and_again() -> None:
    assert first_looks('u') == first_looks('u')


def test_devices_that_start_together_spread_over_the_interval() -> None:
    seconds = sorted(first_looks(f'device {number}')[1] for number in range(200))
    gaps = [later - earlier for earlier, later in itertools.pairwise(seconds)]
    assert seconds[0] < 180
    assert seconds[-1] > 3420
    assert max(gaps) < 180


def test_looks_are_an_interval_apart_give_or_take_a_tenth() -> None:
    due = first_looks('u', 20)
    gaps = [later - earlier for earlier, later in itertools.pairwise(due[1:])]
    assert 3240 <= min(gaps) <= max(gaps) <= 3960


@given(st.text(), st.floats(1, 604_800), st.lists(st.booleans(), max_size=40))
def test_looks_are_never_a_fast_loop(seed: str, interval_s: float, outcomes: list[bool]) -> None:
    schedule = LookSchedule(interval_s, seed, 0, is_urgent=True)
    for is_good in outcomes:
        now_s = schedule.due_s
        if is_good:
            schedule.succeeded(now_s)
        else:
            schedule.failed(now_s)
        schedule.ask(now_s)  # a person asks at once, too
        assert now_s + 1 <= schedule.due_s <= now_s + 1.1 * interval_s + 1


def test_after_failures_it_waits_longer_each_time_up_to_the_interval() -> None:
    schedule = LookSchedule(3600, 'u', 0, is_urgent=True)
    waits = []
    for _ in range(12):
        schedule.failed(0)
        waits.append(schedule.due_s)
    longest = [min(30.0 * 2**number, 3600.0) for number in range(12)]
    assert all(half / 2 <= wait <= half for wait, half in zip(waits, longest, strict=True))
    schedule.succeeded(0)
    schedule.failed(0)
    assert schedule.due_s <= 30


def test_studio_may_want_more_time_than_that() -> None:
    schedule = LookSchedule(3600, 'u', 0, is_urgent=True)
    schedule.failed(10, retry_after_s=7200)
    assert schedule.due_s == 7210


def test_a_person_who_asks_has_a_look_soon() -> None:
    schedule = LookSchedule(3600, 'u', 0, is_urgent=True)
    schedule.succeeded(0)
    schedule.ask(1000)
    assert schedule.due_s == pytest.approx(1000)
