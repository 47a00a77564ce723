"""Read a model's answer to one picture."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.values import Box

_FOMO_CELL = 8
"""Pixels of the model's input that one cell of FOMO's output spans: it is cut where MobileNetV2 is at 1/8."""

_LARGEST = float(np.finfo(np.float32).max)
"""Of a number that a detection can carry."""


@dataclass(frozen=True, slots=True)
class Found:
    """Hold one object of an answer; the box is in pixels of the model's input."""

    label: str
    score: float
    box: Box


def found_objects(answer: Mapping[str, Any]) -> tuple[Found, ...]:
    """Return the objects of an answer, none if it has no boxes.

    Raises:
        ModelAnswerError: naming what is wrong with the answer.
    """
    result = _result(answer)
    listed = result.get('bounding_boxes', result.get('object_tracking', []))
    if not isinstance(listed, list):
        raise ModelAnswerError(f'bounding_boxes is {listed!r:.80}, which is not a list')
    return tuple(_found(entry) for entry in listed)


def label_scores(answer: Mapping[str, Any]) -> dict[str, float]:
    """Return the score of each label, empty if it is no classification.

    Raises:
        ModelAnswerError: naming what is wrong with the answer.
    """
    scores = _result(answer).get('classification', {})
    if not isinstance(scores, Mapping):
        raise ModelAnswerError(f'classification is {scores!r:.80}, which is not an object')
    return {str(label): _number(score, f'score of {label!r}') for label, score in scores.items()}


def fomo_cell(found: tuple[Found, ...]) -> int:
    """Return the side of a FOMO cell in pixels of the model's input: 8, or less where the boxes show it."""
    sides = [int(side) for entry in found for side in (entry.box.width, entry.box.height)]
    return math.gcd(_FOMO_CELL, *sides)


def _result(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    result = answer.get('result')
    if not isinstance(result, Mapping):
        raise ModelAnswerError(f'result is {result!r:.80}, which is not an object')
    return result


def _found(entry: Any) -> Found:
    if not isinstance(entry, Mapping) or not isinstance(entry.get('label'), str):
        raise ModelAnswerError(f'an object of the answer is {entry!r:.80}, which has no label')
    x, y, width, height = (_number(entry.get(field), field) for field in ('x', 'y', 'width', 'height'))
    return Found(entry['label'], _number(entry.get('value'), 'value'), Box(x, y, width, height))


def _number(value: Any, field: str) -> float:
    # Compared, not converted: a whole number of JSON may be too large for any float; NaN compares as false.
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ModelAnswerError(f'{field} is {value!r:.80}, which is not a number within float32')
    return float(value)
