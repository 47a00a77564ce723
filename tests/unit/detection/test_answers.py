from typing import Any

import pytest

from parking_monitor.detection.answers import Found, fomo_cell, found_objects, label_scores
from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.values import Box


def recorded_box(**changes: Any) -> dict[str, Any]:
    box = {'height': 8, 'label': 'car', 'value': 0.9609375, 'width': 16, 'x': 32, 'y': 32}
    return {**box, **changes}


def answer_with(**result: Any) -> dict[str, Any]:
    return {'result': result, 'timing': {}}


def test_the_recorded_box_is_read() -> None:
    found = found_objects(answer_with(bounding_boxes=[recorded_box()]))
    assert found == (Found('car', 0.9609375, Box(32, 32, 16, 8)),)


def test_tracked_objects_are_read_where_there_are_no_boxes() -> None:
    found = found_objects(answer_with(object_tracking=[recorded_box(object_id=0)]))
    assert found == (Found('car', 0.9609375, Box(32, 32, 16, 8)),)


def test_a_classification_has_scores_and_no_boxes() -> None:
    answer = answer_with(classification={'car': 0.75, 'empty': 0.25})
    assert found_objects(answer) == ()
    assert label_scores(answer) == {'car': 0.75, 'empty': 0.25}


@pytest.mark.parametrize(
    ('answer', 'named'),
    [
        ({}, 'result is None'),
        ({'result': []}, r'result is \[\]'),
        (answer_with(bounding_boxes={}), 'bounding_boxes is {}'),
        (answer_with(bounding_boxes=[7]), 'is 7, which has no label'),
        (answer_with(bounding_boxes=[recorded_box(label=None)]), 'has no label'),
        (answer_with(bounding_boxes=[recorded_box(x=None)]), 'x is None'),
        (answer_with(bounding_boxes=[recorded_box(value='high')]), "value is 'high'"),
        (answer_with(bounding_boxes=[recorded_box(width=float('nan'))]), 'width is nan'),
        (answer_with(bounding_boxes=[recorded_box(width=10**400)]), 'width is 1000'),
        (answer_with(bounding_boxes=[recorded_box(x=-1e39)]), 'x is -1e[+]39'),
    ],
)
def test_what_is_wrong_with_the_boxes_is_named(answer: dict[str, Any], named: str) -> None:
    with pytest.raises(ModelAnswerError, match=named):
        found_objects(answer)


def test_what_is_wrong_with_a_score_is_named() -> None:
    with pytest.raises(ModelAnswerError, match="score of 'car' is None"):
        label_scores(answer_with(classification={'car': None}))


@pytest.mark.parametrize(
    ('sides', 'cell'), [((), 8), ((8, 8), 8), ((16, 8), 8), ((16, 24), 8), ((4, 8), 4), ((2, 4), 2)]
)
def test_a_fomo_cell_is_8_pixels_unless_the_boxes_are_finer(sides: tuple[int, ...], cell: int) -> None:
    found = tuple(Found('car', 1.0, Box(0, 0, side, side)) for side in sides)
    assert fomo_cell(found) == cell
