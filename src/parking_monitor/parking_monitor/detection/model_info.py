"""Read what a model says of itself in its hello answer."""

import enum
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.values import ModelType

_Choice = TypeVar('_Choice', bound=enum.StrEnum)

_LARGEST_INPUT = 4096
"""Pixels a side: a bound against nonsense, four times what any deployed model takes."""


class ResizeMode(enum.StrEnum):
    """Name how a picture is fitted into a model's input, in the words of the .eim protocol.

    FIT_SHORTEST crops the middle, FIT_LONGEST adds black bars, SQUASH stretches.
    """

    FIT_SHORTEST = 'fit-shortest'
    FIT_LONGEST = 'fit-longest'
    SQUASH = 'squash'


@dataclass(frozen=True, slots=True)
class Threshold:
    """Hold one threshold of a model; `min_score` is None for kinds that have none."""

    id: int
    type: str
    min_score: float | None = None


@dataclass(frozen=True, slots=True)
class SharedFeatures:
    """Hold the shared memory segment that a model takes features from: its name and float32 count."""

    name: str
    elements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Hold a model's validated hello answer.

    Attributes:
        width: of the model's input, pixels.
        height: of the model's input, pixels.
        channels: 1 for grey, 3 for RGB.
        features_shm: None for older models, which take features as JSON.
    """

    name: str
    owner: str
    version: str
    width: int
    height: int
    channels: int
    resize_mode: ResizeMode
    model_type: ModelType
    labels: tuple[str, ...]
    thresholds: tuple[Threshold, ...] = ()
    has_object_tracking: bool = False
    features_shm: SharedFeatures | None = None

    @property
    def feature_count(self) -> int:
        """Return the number of features of one picture: one a pixel."""
        return self.width * self.height

    @property
    def score_threshold(self) -> Threshold | None:
        """Return the threshold that decides which objects or classes are answered, if there is one."""
        for threshold in self.thresholds:
            if threshold.type in {'object_detection', 'classification'}:
                return threshold
        return None

    @classmethod
    def from_hello(cls, hello: Mapping[str, Any]) -> Self:
        """Read a hello answer.

        Raises:
            ModelAnswerError: naming the field that is missing or out of range.
        """
        model = _object(hello, 'model_parameters')
        project = _object(hello, 'project')
        channels = _whole(model, 'image_channel_count', 0, 4)
        if channels not in {1, 3}:
            raise ModelAnswerError(
                f'model_parameters.image_channel_count is {channels}; image models have 1 or 3'
            )
        frames = _whole(model, 'image_input_frames', 0, 1000) if 'image_input_frames' in model else 1
        if frames != 1:
            raise ModelAnswerError(f'model_parameters.image_input_frames is {frames}; only 1 is supported')
        info = cls(
            name=_text(project, 'name'),
            owner=_text(project, 'owner'),
            version=str(project.get('deploy_version', '')),
            width=_whole(model, 'image_input_width', 1, _LARGEST_INPUT),
            height=_whole(model, 'image_input_height', 1, _LARGEST_INPUT),
            channels=channels,
            resize_mode=_choice(model, 'image_resize_mode', ResizeMode, ResizeMode.SQUASH),
            model_type=_choice(model, 'model_type', ModelType, None),
            labels=_labels(model),
            thresholds=_thresholds(model),
            has_object_tracking=bool(model.get('has_object_tracking', False)),
            features_shm=_features_shm(hello),
        )
        shm = info.features_shm
        if shm is not None and shm.elements != info.feature_count:
            raise ModelAnswerError(
                f'features_shm.elements is {shm.elements}; an input of {info.width}x{info.height} '
                f'needs {info.feature_count}'
            )
        return info


def _object(answer: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = answer.get(field)
    if not isinstance(value, Mapping):
        raise ModelAnswerError(f'{field} is {value!r}; an object is what a hello answer has there')
    return value


def _text(section: Mapping[str, Any], field: str) -> str:
    value = section.get(field, '')
    if not isinstance(value, str):
        raise ModelAnswerError(f'project.{field} is {value!r}, which is not a text')
    return value


def _whole(section: Mapping[str, Any], field: str, least: int, most: int) -> int:
    value = section.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ModelAnswerError(f'{field} is {value!r}; a whole number from {least} to {most} is allowed')
    return value


def _choice(
    section: Mapping[str, Any], field: str, choices: type[_Choice], absent: _Choice | None
) -> _Choice:
    value = section.get(field, absent)
    try:
        return choices(value)
    except ValueError:
        allowed = ', '.join(choices)
        raise ModelAnswerError(f'model_parameters.{field} is {value!r}; supported are {allowed}') from None


def _labels(model: Mapping[str, Any]) -> tuple[str, ...]:
    labels = model.get('labels')
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ModelAnswerError(
            f'model_parameters.labels is {labels!r}; a list of texts is what belongs there'
        )
    return tuple(labels)


def _thresholds(model: Mapping[str, Any]) -> tuple[Threshold, ...]:
    listed = model.get('thresholds', [])
    if not isinstance(listed, list):
        raise ModelAnswerError(f'model_parameters.thresholds is {listed!r}, which is not a list')
    return tuple(_threshold(entry) for entry in listed)


def _threshold(entry: Any) -> Threshold:
    if not isinstance(entry, Mapping) or not isinstance(entry.get('id'), int):
        raise ModelAnswerError(f'model_parameters.thresholds has {entry!r}, which has no whole number as id')
    score = entry.get('min_score')
    if score is not None and not (isinstance(score, int | float) and abs(score) <= sys.float_info.max):
        raise ModelAnswerError(
            f'the min_score of threshold {entry["id"]} is {score!r}, which is not a number'
        )
    return Threshold(id=entry['id'], type=str(entry.get('type', '')), min_score=score)


def _features_shm(hello: Mapping[str, Any]) -> SharedFeatures | None:
    if 'features_shm' not in hello:
        return None
    segment = _object(hello, 'features_shm')
    if segment.get('type') != 'float32':
        raise ModelAnswerError(f'features_shm.type is {segment.get("type")!r}; float32 is supported')
    name = segment.get('name')
    if not isinstance(name, str):
        raise ModelAnswerError(f'features_shm.name is {name!r}, which is not a text')
    return SharedFeatures(name=name, elements=_whole(segment, 'elements', 1, _LARGEST_INPUT**2))
