"""Scores of models are counted as their definitions say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.model_scoring import Found, Wanted, joined, judge, occupied_spaces, overlap


def found(*rows: tuple[float, float, float, float, float]) -> Found:
    table = np.array(rows, float).reshape(-1, 5)
    return Found(table[:, :4], table[:, 4])


def wanted(*rows: tuple[float, float, float, float], asked: tuple[bool, ...] | None = None) -> Wanted:
    boxes = np.array(rows, float).reshape(-1, 4)
    return Wanted(boxes, np.array(asked if asked is not None else [True] * len(boxes), bool))


def test_a_box_on_a_car_is_right_and_the_second_on_it_is_wrong() -> None:
    verdicts = judge(found((0, 0, 10, 10, 0.9), (1, 0, 10, 10, 0.8)), wanted((0, 0, 10, 10)))
    assert verdicts.right.tolist() == [True, False]
    assert verdicts.at(0.5) == (1.0, 0.5)


def test_a_car_that_is_hardly_seen_is_neither_asked_for_nor_wrong_to_find() -> None:
    verdicts = judge(found((0, 0, 10, 10, 0.9)), wanted((0, 0, 10, 10), asked=(False,)))
    assert verdicts.asked == 0
    assert len(verdicts.scores) == 0


def test_a_missed_car_lowers_recall_and_not_precision() -> None:
    verdicts = judge(found((0, 0, 10, 10, 0.9)), wanted((0, 0, 10, 10), (50, 50, 60, 60)))
    assert verdicts.at(0.5) == (0.5, 1.0)


def test_an_empty_picture_without_detections_is_perfect() -> None:
    verdicts = judge(found(), wanted())
    assert verdicts.at(0.5) == (1.0, 1.0)


def test_pictures_add_up() -> None:
    one = judge(found((0, 0, 10, 10, 0.9)), wanted((0, 0, 10, 10)))
    other = judge(found((0, 0, 10, 10, 0.7)), wanted((40, 40, 50, 50)))
    assert joined([one, other]).at(0.5) == (0.5, 0.5)
    assert joined([one, other]).at(0.8) == (0.5, 1.0)


def test_a_car_takes_the_space_that_it_covers_most_and_only_that() -> None:
    spaces = [
        np.array([[0, 0], [20, 0], [20, 10], [0, 10]], float),
        np.array([[0, 10], [20, 10], [20, 20], [0, 20]], float),
    ]
    scores = occupied_spaces(found((0, -3, 20, 11, 0.8)), spaces)
    assert scores.tolist() == [0.8, 0.0]


def test_a_car_beside_the_spaces_takes_none() -> None:
    spaces = [np.array([[0, 0], [20, 0], [20, 10], [0, 10]], float)]
    assert occupied_spaces(found((40, 0, 60, 10, 0.8)), spaces).tolist() == [0.0]


@given(
    st.lists(
        st.tuples(*[st.floats(0, 50), st.floats(0, 50), st.floats(1, 50), st.floats(1, 50)]),
        min_size=1,
        max_size=6,
    )
)
def test_overlap_is_symmetric_and_one_with_itself(rows: list[tuple[float, float, float, float]]) -> None:
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in rows])
    table = overlap(boxes, boxes)
    assert np.allclose(table, table.T)
    assert np.allclose(np.diag(table), 1)
    assert table.min() >= 0
