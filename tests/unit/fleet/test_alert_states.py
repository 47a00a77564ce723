"""When an alert begins, is told again, and ends: on paper, the time is passed in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_fleet.alerts.states import Timing, Verdict, Watch, acknowledge, judge, opened, snooze, step
from parking_fleet.alerts.values import Alert, Change, Said

SAID = Said('Riverside', 'Riverside is nearly full: 2 of 120 free', 'open the overflow floor', '/facility/r')
BLANK = Alert(
    rule='nearly-full', kind='nearly_full', subject='Riverside', facility='Riverside', place='', text='',
    latest='', advice='', link='', time_zone='UTC', opened_ms=0,
)  # fmt: skip
MINUTE = Timing(for_ms=60_000, clear_for_ms=120_000, repeat_ms=3_600_000)


def run(
    verdicts: list[tuple[int, Verdict]], timing: Timing = MINUTE, watch: Watch | None = None
) -> list[Change]:
    """Return what changes when these verdicts come at these seconds."""
    return follow(verdicts, timing, watch)[1]


def follow(
    verdicts: list[tuple[int, Verdict]], timing: Timing = MINUTE, watch: Watch | None = None
) -> tuple[Watch, list[Change]]:
    watch, changes = watch or Watch(), []
    for at_s, verdict in verdicts:
        now_ms = 1_000_000 + at_s * 1000
        watch, change = step(watch, verdict, now_ms, timing)
        if change == 'opened':
            watch = opened(watch, BLANK, SAID, now_ms)
        if change is not None:
            changes.append(change)
        if change == 'cleared':
            watch = Watch()
    return watch, changes


def test_it_must_hold_before_there_is_an_alert() -> None:
    assert run([(0, 'bad'), (59, 'bad')]) == []
    assert run([(0, 'bad'), (60, 'bad')]) == ['opened']
    assert run([(0, 'bad'), (30, 'good'), (31, 'bad'), (89, 'bad')]) == []


def test_what_is_unclear_neither_raises_nor_ends_an_alert() -> None:
    assert run([(0, 'bad'), (60, 'unclear'), (600, 'between')]) == []
    assert run([(0, 'bad'), (60, 'bad'), (61, 'unclear'), (900, 'unclear')]) == ['opened']


def test_it_must_be_over_for_a_while_before_it_ends() -> None:
    begun: list[tuple[int, Verdict]] = [(0, 'bad'), (60, 'bad')]
    assert run([*begun, (70, 'good'), (189, 'good')]) == ['opened']
    assert run([*begun, (70, 'good'), (190, 'good')]) == ['opened', 'cleared']
    assert run([*begun, (70, 'good'), (100, 'between'), (190, 'good')]) == ['opened']


def test_it_is_told_again_while_nobody_cares() -> None:
    hours: list[tuple[int, Verdict]] = [(60 + 3_600 * hour, 'bad') for hour in range(4)]
    assert run([(0, 'bad'), *hours]) == ['opened', 'reminder', 'reminder', 'reminder']


def test_who_takes_care_is_not_reminded() -> None:
    watch, _ = follow([(0, 'bad'), (60, 'bad')])
    assert watch.alert is not None
    watch = replace(watch, alert=acknowledge(watch.alert, 'Ada', 1_060_000))
    assert run([(100_000, 'bad')], watch=watch) == []
    assert watch.alert is not None
    assert acknowledge(watch.alert, 'Bob', 2_000_000).acknowledged_by == 'Ada'
    assert run([(100_000, 'good'), (100_200, 'good')], watch=watch) == ['cleared']


def test_what_was_put_off_comes_back_once_if_it_has_not_ended() -> None:
    watch, _ = follow([(0, 'bad'), (60, 'bad')])
    assert watch.alert is not None
    watch = replace(watch, alert=snooze(watch.alert, 'Ada', 1_000_000 + 900_000))
    assert run([(899, 'bad'), (900, 'bad'), (901, 'bad')], watch=watch) == ['reminder']
    assert run([(300, 'good'), (420, 'good'), (900, 'good')], watch=watch) == ['cleared']


def test_outside_of_the_opening_hours_nothing_begins_but_what_is_open_may_end() -> None:
    watch, change = step(Watch(bad_since_ms=1), 'bad', 10**9, MINUTE, may_open=False)
    assert (watch, change) == (Watch(), None)
    watch, _ = follow([(0, 'bad'), (60, 'bad')])
    watch, _ = step(watch, 'good', 2_000_000, MINUTE, may_open=False)
    assert step(watch, 'good', 3_000_000, MINUTE, may_open=False)[1] == 'cleared'


@pytest.mark.parametrize(
    ('least', 'most', 'verdict'),
    [(96, 96, 'bad'), (95, 100, 'bad'), (93, 93, 'between'), (80, 91, 'good'), (0, 100, 'unclear')],
)
def test_high_values_are_judged_with_what_nobody_sees(least: float, most: float, verdict: Verdict) -> None:
    assert judge(least, most, 95, 92, low_is_bad=False) == verdict


@pytest.mark.parametrize(
    ('least', 'most', 'verdict'), [(0, 0, 'bad'), (1, 1, 'between'), (2, 5, 'good'), (0, 9, 'unclear')]
)
def test_low_values_are_judged_with_what_nobody_sees(least: float, most: float, verdict: Verdict) -> None:
    assert judge(least, most, 0, 1, low_is_bad=True) == verdict


@given(
    noise=st.lists(st.floats(-2.9, 2.9), min_size=50, max_size=200),
    for_s=st.integers(0, 30),
    clear_for_s=st.integers(0, 30),
)
def test_a_value_that_is_noisy_around_the_threshold_gives_one_alert(
    noise: list[float], for_s: int, clear_for_s: int
) -> None:
    """The noise stays above the lower threshold, so the alert that begins never ends."""
    timing = Timing(for_s * 1000, clear_for_s * 1000)
    verdicts: list[tuple[int, Verdict]] = [
        (second, judge(95 + value, 95 + value, 95, 92, low_is_bad=False))
        for second, value in enumerate([*noise, *[0.5] * 31])
    ]
    assert run(verdicts, timing) == ['opened']


@given(values=st.lists(st.floats(80, 100), min_size=1, max_size=300), clear_for_s=st.integers(1, 60))
def test_whatever_comes_an_alert_begins_before_it_ends_and_ends_before_the_next(
    values: list[float], clear_for_s: int
) -> None:
    verdicts: list[tuple[int, Verdict]] = [
        (second, judge(value, value, 95, 92, low_is_bad=False)) for second, value in enumerate(values)
    ]
    changes = run(verdicts, Timing(0, clear_for_s * 1000))
    assert changes == [('opened', 'cleared')[number % 2] for number in range(len(changes))]
    # Two alerts are at least as far apart as it must be over for one to end.
    assert changes.count('opened') <= 1 + len(values) / (clear_for_s + 1)
