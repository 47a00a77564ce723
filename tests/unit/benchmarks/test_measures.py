import pytest

from benchmarks.accuracy_parts.measures import (
    KNOWN_AFTER_S,
    Score,
    count_phantoms,
    crossing_errors,
    exact_frames,
    false_bay_changes,
    intervals_with_grace,
    score,
)
from benchmarks.accuracy_parts.rows import Result, rows_of
from benchmarks.accuracy_parts.source import Answer, Interval, TrueCrossing
from parking_monitor.values import Direction
from tests.unit.benchmarks.builders import answers, bay_answers, source

RATE_HZ = 10.0


def test_within_the_grace_the_counts_before_and_after_a_change_are_right() -> None:
    truth = source([0] * 30 + [2] * 30)
    allowed = intervals_with_grace(truth.facts, 1.0)

    assert allowed[19] == Interval(0, 0)
    assert allowed[20] == allowed[30] == allowed[39] == Interval(0, 2)
    assert allowed[41] == Interval(2, 2)


def test_without_grace_only_the_truth_of_the_frame_is_right() -> None:
    truth = source([0, 0, 1, 1])

    assert exact_frames(truth, answers([0, 1, 0, 1]), 0.0) == [True, False, False, True]


def test_the_start_of_a_stream_counts_as_a_change() -> None:
    truth = source([3] * 30)

    right = exact_frames(truth, answers([0] * 30), 1.0)
    assert right == [True] * 10 + [False] * 20


def test_a_count_that_nobody_could_give_is_wrong_within_the_grace_too() -> None:
    truth = source([0] * 15 + [1] * 15)

    assert exact_frames(truth, answers([2] * 30), 1.0).count(True) == 0


def test_any_count_of_an_interval_is_right() -> None:
    truth = source([(1, 3)] * 4)

    assert exact_frames(truth, answers([0, 1, 3, 4]), 0.0) == [False, True, True, False]


def test_slow_cameras_get_a_grace_of_two_frames() -> None:
    assert source([0], rate_hz=0.5).grace_s == 4.0
    assert source([0], rate_hz=10).grace_s == 1.0


def test_frames_without_a_car_can_be_left_out() -> None:
    truth = source([0] * 40 + [1] * 20, only_with_car=True)

    assert score(truth, answers([7] * 40 + [1] * 20)).exact_share == 1.0


def test_the_mean_error_is_the_distance_from_the_interval() -> None:
    assert score(source([(1, 2)] * 4), answers([0, 1, 2, 5])).mean_error == 1.0


def crossing(time_s: float, direction: Direction = Direction.IN, *, is_certain: bool = True) -> TrueCrossing:
    return TrueCrossing(time_s, 'gate', direction, is_certain)


@pytest.mark.parametrize(
    ('told', 'errors'), [((2, 1), 0), ((3, 1), 1), ((1, 1), 1), ((0, 0), 3), ((1, 2), 2)]
)
def test_crossing_errors_add_up_over_directions(told: tuple[int, int], errors: int) -> None:
    truth = source([0] * 200, crossings=[crossing(5), crossing(9), crossing(12, Direction.OUT)])

    assert crossing_errors(truth, {'gate': told}) == errors


def test_crossings_that_could_not_be_seen_may_be_counted_and_need_not() -> None:
    truth = source([0] * 200, crossings=[crossing(5), crossing(9, is_certain=False), crossing(19.5)])

    assert [crossing_errors(truth, {'gate': (total, 0)}) for total in range(5)] == [1, 0, 0, 0, 1]


def test_errors_are_told_per_hundred_crossings() -> None:
    truth = source([0] * 400, crossings=[crossing(float(second)) for second in range(5, 30)])
    told = [Answer(0, gates={'gate': (24, 0)})] * 400

    assert score(truth, told).errors_per_100_crossings == 4.0


def test_a_contender_without_gates_has_no_crossing_errors() -> None:
    truth = source([0] * 100, crossings=[crossing(5)])

    assert score(truth, answers([0] * 100)).errors_per_100_crossings is None


def test_bays_get_five_seconds_and_unknown_is_neither_right_nor_wrong() -> None:
    truth = source([0] * 20, rate_hz=1.0, bays={'A': [False] * 10 + [True] * 10})
    late = bay_answers([None] * 2 + [False] * 12 + [True] * 6)
    too_late = bay_answers([False] * 18 + [True] * 2)

    assert score(truth, late).bay_accuracy == 1.0
    assert score(truth, late).bays_unknown == pytest.approx(0.1)
    assert score(truth, too_late).bay_accuracy == pytest.approx(17 / 20)


def test_bays_of_which_nobody_knows_are_not_scored() -> None:
    truth = source([0] * 4, rate_hz=1.0, bays={'A': [None, None, True, True]})

    scored = score(truth, bay_answers([False, False, True, True]))
    assert (scored.bays_claimed, scored.bays_right) == (2, 2)


def test_a_change_to_a_wrong_state_is_false_and_the_way_back_is_not() -> None:
    truth = source([0] * 60, rate_hz=1.0, bays={'A': [False] * 60})
    flicker = bay_answers([False] * 20 + [True] * 3 + [None] * 2 + [False] * 35)

    assert false_bay_changes(truth, flicker) == 1


def test_a_bay_that_comes_back_from_unknown_as_it_was_has_not_changed() -> None:
    truth = source([0] * 60, rate_hz=1.0, bays={'A': [True] * 60})

    assert false_bay_changes(truth, bay_answers([True] * 20 + [None] * 20 + [True] * 20)) == 0


def still(counts: list[int]) -> int:
    truth = source([5] * len(counts), rate_hz=1.0, is_still=True)
    return count_phantoms(truth, answers(counts))


def test_rises_of_the_count_in_a_still_lot_are_phantoms_car_by_car() -> None:
    known = int(KNOWN_AFTER_S)
    assert still([0] * 10 + [5] * 100) == 0
    assert still([5] * known + [5, 3, 5, 5, 4, 5] + [5] * 10) == 3


def test_bays_that_become_occupied_in_a_still_lot_are_phantoms() -> None:
    frames = int(KNOWN_AFTER_S) + 20
    truth = source([0] * frames, rate_hz=1.0, bays={'A': [False] * frames}, is_still=True)

    assert count_phantoms(truth, bay_answers([False] * (frames - 5) + [True] * 5)) == 1


def test_a_row_is_ahead_when_no_contender_that_answers_is_better() -> None:
    scores = {
        'ours': Score(exact_share=0.9, mean_error=0.2),
        'one': Score(exact_share=0.9, mean_error=0.1),
        'other': Score(),
    }
    rows = {row.measure: row for row in rows_of([Result('part', 'source', scores)])}

    assert rows['exact share'].is_ahead
    assert not rows['mean error, cars'].is_ahead
    assert rows['exact share'].values == {'ours': 0.9, 'one': 0.9, 'other': None}
