from typing import Any

import pytest

from parking_monitor.detection.errors import ModelAnswerError
from parking_monitor.detection.model_info import ModelInfo, ResizeMode, SharedFeatures, Threshold
from parking_monitor.values import ModelType
from tests.support.models import hello_answer

RECORDED: dict[str, Any] = {
    'features_shm': {'elements': 9216, 'name': '/shm-50b7a9877b0d', 'size_bytes': 36864, 'type': 'float32'},
    'inferencing_engine': {'engine_type': 2, 'properties': []},
    'model_parameters': {
        'axis_count': 1,
        'frequency': 0,
        'has_anomaly': 0,
        'has_object_tracking': False,
        'has_performance_calibration': False,
        'image_channel_count': 1,
        'image_input_frames': 1,
        'image_input_height': 96,
        'image_input_width': 96,
        'image_resize_mode': 'fit-shortest',
        'inferencing_engine': 2,
        'input_features_count': 9216,
        'interval_ms': 1,
        'label_count': 1,
        'labels': ['car'],
        'model_type': 'constrained_object_detection',
        'sensor': 3,
        'slice_size': 2304,
        'thresholds': [{'id': 3, 'min_score': 0.5, 'type': 'object_detection'}],
        'use_continuous_mode': False,
    },
    'project': {
        'deploy_version': 1,
        'id': 763965,
        'impulse_id': 1,
        'impulse_name': 'Impulse #1',
        'name': 'Cars',
        'owner': 'Somebody',
    },
}


def test_the_recorded_hello_is_read() -> None:
    assert ModelInfo.from_hello(RECORDED) == ModelInfo(
        name='Cars',
        owner='Somebody',
        version='1',
        width=96,
        height=96,
        channels=1,
        resize_mode=ResizeMode.FIT_SHORTEST,
        model_type=ModelType.FOMO,
        labels=('car',),
        thresholds=(Threshold(3, 'object_detection', 0.5),),
        has_object_tracking=False,
        features_shm=SharedFeatures('/shm-50b7a9877b0d', 9216),
    )


def test_a_model_that_reports_no_resize_mode_squashes() -> None:
    assert ModelInfo.from_hello(hello_answer(resize_mode=None)).resize_mode is ResizeMode.SQUASH


def test_an_older_model_has_no_shared_memory() -> None:
    assert ModelInfo.from_hello(hello_answer()).features_shm is None


def test_the_threshold_of_a_tracking_model_is_that_for_objects() -> None:
    hello = hello_answer()
    tracking = {
        'id': 4,
        'type': 'object_tracking',
        'keep_grace': 5,
        'max_observations': 5,
        'threshold': 0.5,
    }
    hello['model_parameters']['thresholds'].insert(0, tracking)
    hello['model_parameters']['has_object_tracking'] = True
    info = ModelInfo.from_hello(hello)
    assert info.has_object_tracking
    assert info.score_threshold == Threshold(3, 'object_detection', 0.5)


def test_a_model_may_have_no_threshold() -> None:
    assert ModelInfo.from_hello(hello_answer(threshold=None)).score_threshold is None


@pytest.mark.parametrize(
    ('section', 'field', 'value', 'named'),
    [
        ('model_parameters', 'image_channel_count', 0, 'image_channel_count is 0'),
        ('model_parameters', 'image_channel_count', 4, 'image_channel_count is 4'),
        ('model_parameters', 'image_input_width', 0, 'image_input_width is 0'),
        ('model_parameters', 'image_input_height', '96', "image_input_height is '96'"),
        ('model_parameters', 'image_input_height', True, 'image_input_height is True'),
        ('model_parameters', 'image_input_width', 10**9, 'from 1 to 4096'),
        ('model_parameters', 'image_input_frames', 4, 'image_input_frames is 4'),
        ('model_parameters', 'image_resize_mode', 'stretch', 'fit-shortest, fit-longest, squash'),
        ('model_parameters', 'model_type', 'freeform', "model_type is 'freeform'; supported are"),
        ('model_parameters', 'model_type', None, 'model_type is None'),
        ('model_parameters', 'labels', 'car', "labels is 'car'"),
        ('model_parameters', 'labels', [1], r'labels is \[1\]'),
        ('model_parameters', 'thresholds', {}, 'thresholds is {}'),
        ('model_parameters', 'thresholds', [{'min_score': 1}], 'no whole number as id'),
        ('model_parameters', 'thresholds', [{'id': 3, 'min_score': 'x'}], 'min_score of threshold 3'),
        ('project', 'name', 7, r'project.name is 7'),
        ('features_shm', 'type', 'int8', "features_shm.type is 'int8'"),
        ('features_shm', 'elements', 9215, 'elements is 9215; an input of 96x96 needs 9216'),
        ('features_shm', 'name', None, 'features_shm.name is None'),
    ],
)
def test_a_wrong_field_is_named(section: str, field: str, value: object, named: str) -> None:
    hello = {**RECORDED, section: {**RECORDED[section], field: value}}
    with pytest.raises(ModelAnswerError, match=named):
        ModelInfo.from_hello(hello)


@pytest.mark.parametrize('section', ['model_parameters', 'project'])
def test_a_missing_section_is_named(section: str) -> None:
    hello = {key: value for key, value in RECORDED.items() if key != section}
    with pytest.raises(ModelAnswerError, match=f'{section} is None'):
        ModelInfo.from_hello(hello)
