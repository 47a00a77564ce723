import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.publish_policy import PublishPolicy
from parking_monitor.values import BayCount, BayState, Count, CountState, GateCount, Occupancy, ZoneCount
from tests.unit.cloud.builders import a_count

INTERVAL_S = 10.0
SPACING_S = 0.5


def a_policy() -> PublishPolicy:
    return PublishPolicy(INTERVAL_S, SPACING_S)


def sent_by(
    policy: PublishPolicy, seen: list[tuple[float, Count]], end_s: float
) -> list[tuple[float, Count]]:
    """Feed counts at their times and take what is due when it is due, as the publisher's thread does."""
    sent = []

    def take_until(limit_s: float) -> None:
        while policy.due_s is not None and policy.due_s <= limit_s:
            now_s = policy.due_s
            count = policy.take(now_s)
            assert count is not None
            sent.append((now_s, count))

    for at_s, count in seen:
        take_until(at_s)
        policy.see(count, at_s)
        if (due := policy.take(at_s)) is not None:
            sent.append((at_s, due))
    take_until(end_s)
    return sent


def test_nothing_is_due_before_something_was_seen() -> None:
    policy = a_policy()

    assert policy.due_s is None
    assert policy.take(100.0) is None


def test_the_first_count_is_due_at_once_though_it_is_zero() -> None:
    policy = a_policy()
    policy.see(a_count(0), 3.0)

    assert policy.take(3.0) == a_count(0)


@pytest.mark.parametrize(
    'other',
    [
        a_count(3),
        a_count(2, state=CountState.STALE),
        a_count(2, zones=(ZoneCount('a', 2),)),
        a_count(2, entered=1),
        a_count(2, left=1),
        a_count(2, state=CountState.COVERED),
        a_count(2, zones=(ZoneCount('a', 1, Occupancy(free=1)),)),
        a_count(2, bays=(BayCount(name='A1', state=BayState.FREE),)),
        a_count(2, bays=(BayCount(name='A1', last=BayState.FREE),)),
        a_count(2, gates=(GateCount('in', 1, 1),)),
        a_count(2, places=Occupancy(unknown=1)),
        a_count(2, entered_today=1),
        a_count(2, left_today=1),
        a_count(2, inside_at_start=1),
        a_count(2, set_by_hand=True),
    ],
)
def test_whatever_a_receiver_sees_is_sent_when_it_changes(other: Count) -> None:
    sent = sent_by(a_policy(), [(0.0, a_count(2)), (1.0, other)], 2.0)

    assert sent == [(0.0, a_count(2)), (1.0, other)]


def test_how_sure_a_bay_is_is_no_news() -> None:
    sure, surer = (a_count(bays=(BayCount(name='A1', confidence=share),)) for share in (0.5, 0.6))

    assert len(sent_by(a_policy(), [(0.0, sure), (1.0, surer)], 2.0)) == 1


def test_that_a_person_set_a_total_is_told_once_though_newer_counts_follow_within_the_spacing() -> None:
    seen = [(0.0, a_count()), (0.1, a_count(set_by_hand=True)), (0.2, a_count())]

    sent = sent_by(a_policy(), seen, INTERVAL_S + SPACING_S)

    assert [count.set_by_hand for _, count in sent] == [False, True, False]
    assert [at_s for at_s, _ in sent] == [0.0, SPACING_S, SPACING_S + INTERVAL_S]


def test_what_a_person_set_is_not_told_again_while_no_newer_count_comes() -> None:
    sent = sent_by(a_policy(), [(0.0, a_count(set_by_hand=True))], INTERVAL_S)

    assert [count.set_by_hand for _, count in sent] == [True, False]


def test_a_new_picture_of_the_same_count_is_no_news() -> None:
    sent = sent_by(a_policy(), [(0.0, a_count(stamp_ns=1)), (1.0, a_count(stamp_ns=2))], 2.0)

    assert len(sent) == 1


def test_without_news_the_newest_picture_is_sent_when_the_interval_ends() -> None:
    sent = sent_by(a_policy(), [(0.0, a_count(stamp_ns=1)), (9.0, a_count(stamp_ns=2))], 10.0)

    assert sent == [(0.0, a_count(stamp_ns=1)), (10.0, a_count(stamp_ns=2))]


def test_the_last_count_within_the_spacing_is_sent_when_it_ends() -> None:
    seen = [(0.0, a_count(1)), (0.1, a_count(2)), (0.2, a_count(3))]

    assert sent_by(a_policy(), seen, 1.0) == [(0.0, a_count(1)), (0.5, a_count(3))]


def test_a_flicker_that_is_over_within_the_spacing_is_not_sent() -> None:
    seen = [(0.0, a_count(1)), (0.1, a_count(2)), (0.2, a_count(1))]

    assert sent_by(a_policy(), seen, 5.0) == [(0.0, a_count(1))]


def test_at_the_end_a_change_is_taken_though_the_spacing_runs() -> None:
    policy = a_policy()
    policy.see(a_count(1), 0.0)
    policy.take(0.0)
    policy.see(a_count(2), 0.1)

    assert policy.take(0.1) is None
    assert policy.take_change(0.1) == a_count(2)
    assert policy.take_change(0.1) is None


def test_a_shorter_interval_holds_for_the_count_that_is_waited_for() -> None:
    policy = a_policy()
    policy.see(a_count(), 0.0)
    policy.take(0.0)
    policy.set_interval(4.0)

    assert policy.due_s == 4.0


@pytest.mark.parametrize(('interval_s', 'spacing_s'), [(0, 0), (-1, 0), (float('nan'), 0), (1, 2), (1, -0.1)])
def test_times_out_of_range_are_refused(interval_s: float, spacing_s: float) -> None:
    with pytest.raises(ValueError, match='is not allowed'):
        PublishPolicy(interval_s, spacing_s)


seen_counts = st.lists(
    st.tuples(st.floats(0, 30, allow_nan=False), st.integers(0, 3)), min_size=1, max_size=60
).map(lambda steps: [(at_s, a_count(cars)) for at_s, cars in sorted(steps, key=lambda step: step[0])])


@given(seen_counts, st.floats(0, 40))
def test_the_last_sent_is_the_last_seen_once_the_spacing_has_passed(
    seen: list[tuple[float, Count]], more_s: float
) -> None:
    end_s = seen[-1][0] + SPACING_S + more_s

    sent = sent_by(a_policy(), seen, end_s)

    assert sent[-1][1] == seen[-1][1]


@given(seen_counts, st.floats(0, 40))
def test_messages_are_neither_too_close_nor_too_far_apart(
    seen: list[tuple[float, Count]], more_s: float
) -> None:
    end_s = seen[-1][0] + more_s
    times = [at_s for at_s, _ in sent_by(a_policy(), seen, end_s)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]

    assert times[0] == seen[0][0]
    assert all(gap >= SPACING_S - 1e-9 for gap in gaps)
    assert all(gap <= INTERVAL_S + 1e-9 for gap in [*gaps, end_s - times[-1]])
