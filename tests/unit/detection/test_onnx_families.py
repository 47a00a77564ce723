from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from parking_monitor.detection.onnx_eim.runtime import centre, nanodet, ssd, yolox
from parking_monitor.detection.onnx_eim.runtime.candidates import Candidates, objects
from parking_monitor.detection.onnx_eim.runtime.settings import Input, Settings
from parking_monitor.values import Box

Floats = NDArray[np.float32]
SIZE = (64, 32)


def settings_for(classes: Mapping[int, str], size: tuple[int, int] = SIZE, boxes: str = '') -> Settings:
    return Settings(
        hello={
            'model_parameters': {
                'image_input_width': size[0],
                'image_input_height': size[1],
                'image_channel_count': 3,
            }
        },
        family='',
        input=Input('image', 'nchw', 'float32', 'rgb', (0, 0, 0), (1, 1, 1)),
        classes=dict(classes),
        overlap=0.5,
        boxes=boxes,
    )


def proposals(*rows: tuple[float, float, float, float, float, int]) -> Candidates:
    return Candidates(
        np.array([row[:4] for row in rows], np.float32).reshape(-1, 4),
        np.array([row[4] for row in rows], np.float32),
        np.array([row[5] for row in rows], np.int64),
    )


def found_in(candidates: Candidates) -> list[tuple[list[float], float, int]]:
    return [
        (box.tolist(), float(score), int(number))
        for box, score, number in zip(candidates.boxes, candidates.scores, candidates.classes, strict=True)
    ]


def test_boxes_of_one_label_that_overlap_are_one_object_even_of_two_classes() -> None:
    candidates = proposals((0, 0, 20, 20, 0.6, 7), (1, 1, 21, 21, 0.9, 2))
    (found,) = objects(candidates, {2: 'car', 7: 'car'}, SIZE, 0.5)
    assert found == {
        'label': 'car',
        'value': pytest.approx(0.9),
        'x': 1,
        'y': 1,
        'width': 20,
        'height': 20,
    }


def test_boxes_of_two_labels_that_overlap_are_two_objects() -> None:
    candidates = proposals((0, 0, 20, 20, 0.6, 7), (1, 1, 21, 21, 0.9, 2))
    found = objects(candidates, {2: 'car', 7: 'truck'}, SIZE, 0.5)
    assert [one['label'] for one in found] == ['car', 'truck']


def test_boxes_side_by_side_are_two_objects_best_first() -> None:
    candidates = proposals((0, 0, 20, 20, 0.6, 0), (12, 0, 32, 20, 0.9, 0))
    assert [one['x'] for one in objects(candidates, {0: 'car'}, SIZE, 0.5)] == [12, 0]


def test_a_dropped_box_does_not_drop_others() -> None:
    chain = proposals((0, 0, 20, 20, 0.9, 0), (6, 0, 26, 20, 0.8, 0), (12, 0, 32, 20, 0.7, 0))
    assert [one['x'] for one in objects(chain, {0: 'car'}, SIZE, 0.5)] == [0, 12]


def test_boxes_are_whole_pixels_within_the_input_and_none_without_area() -> None:
    candidates = proposals((-5, -5, 10.6, 10.4, 0.9, 0), (60, 20, 99, 99, 0.8, 0), (70, 0, 90, 9, 0.7, 0))
    found = objects(candidates, {0: 'car'}, SIZE, 0.5)
    assert [(one['x'], one['y'], one['width'], one['height']) for one in found] == [
        (0, 0, 11, 10),
        (60, 20, 4, 12),
    ]
    assert all(isinstance(one[key], int) for one in found for key in ('x', 'y', 'width', 'height'))


boxes = st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(1, 60), st.integers(1, 60))


@given(st.lists(st.tuples(boxes, st.integers(1, 99)), max_size=25))
def test_what_is_kept_does_not_overlap_and_what_is_dropped_overlaps_something_better(
    given_boxes: list[tuple[tuple[int, int, int, int], int]],
) -> None:
    rows = [(x, y, x + w, y + h, score / 100, 0) for (x, y, w, h), score in given_boxes]
    found = objects(proposals(*rows), {0: 'car'}, (1000, 1000), 0.5)
    kept = [
        (Box(one['x'], one['y'], one['width'], one['height']), round(one['value'] * 100)) for one in found
    ]
    for index, (box, _) in enumerate(kept):
        assert all(box.overlap(better) <= 0.5 for better, _ in kept[:index])
    for corners, score in given_boxes:
        box = Box(*corners)
        assert (box, score) in kept or any(
            box.overlap(better) > 0.5 and better_score >= score for better, better_score in kept
        )


def test_nanodet_measures_from_the_middle_of_a_cell() -> None:
    cells = {8: 8 * 4, 16: 4 * 2, 32: 2 * 1}
    outputs: dict[str, Floats] = {}
    for stride, count in cells.items():
        outputs[f'cls_pred_stride_{stride}'] = np.zeros((1, count, 80), np.float32)
        outputs[f'dis_pred_stride_{stride}'] = np.zeros((1, count, 32), np.float32)
    row, column = 1, 2
    outputs['cls_pred_stride_16'][0, row * 4 + column, 7] = 0.75
    distances = outputs['dis_pred_stride_16'][0, row * 4 + column].reshape(4, 8)
    for side, bin_ in enumerate((1, 0, 2, 0)):
        distances[side, bin_] = 60.0
    candidates = nanodet.decode(outputs, settings_for({2: 'car', 7: 'car'}), 0.3)
    (found,) = found_in(candidates)
    x, y = (column + 0.5) * 16 - 0.5, (row + 0.5) * 16 - 0.5
    assert found[0] == pytest.approx([x - 16, y, x + 32, y])
    assert found[1:] == (0.75, 7)


def test_a_distance_of_nanodet_is_the_expectation_over_its_bins() -> None:
    outputs = {
        'cls_pred_stride_32': np.array([[[0.5], [0.0]]], np.float32),
        'dis_pred_stride_32': np.zeros((1, 2, 32), np.float32),
    }
    candidates = nanodet.decode(outputs, settings_for({0: 'car'}), 0.3)
    assert candidates.boxes[0].tolist() == [15.5 - 112, 15.5 - 112, 15.5 + 112, 15.5 + 112]  # 3.5 bins of 32


def test_a_class_that_is_not_wanted_does_not_hide_one_that_is() -> None:
    outputs = {
        'cls_pred_stride_32': np.array([[[0.9, 0.4], [0.9, 0.1]]], np.float32),
        'dis_pred_stride_32': np.zeros((1, 2, 32), np.float32),
    }
    candidates = nanodet.decode(outputs, settings_for({1: 'car'}), 0.3)
    assert candidates.scores.tolist() == pytest.approx([0.4])


def test_yolox_offsets_and_sizes_are_in_strides() -> None:
    rows = np.zeros((1, yolox.cell_count(SIZE), 5 + 80), np.float32)
    index = 8 * 4 + (1 * 4 + 3)  # after all of stride 8: stride 16, row 1, column 3
    rows[0, index, :5] = [0.5, 0.25, 0.0, np.log(0.5), 0.8]
    rows[0, index, 5 + 2] = 0.5
    (found,) = found_in(yolox.decode({'output': rows}, settings_for({2: 'car'}), 0.3))
    assert found[0] == pytest.approx([56 - 8, 20 - 4, 56 + 8, 20 + 4])
    assert found[1] == pytest.approx(0.4)
    assert found[2] == 2


@pytest.mark.parametrize(
    ('form', 'box', 'batch'),
    [
        ('xyxy', [8, 4, 24, 12], False),
        ('xyxy-fraction', [8 / 64, 4 / 32, 24 / 64, 12 / 32], True),
        ('yxyx-fraction', [4 / 32, 8 / 64, 12 / 32, 24 / 64], True),
    ],
)
def test_ssd_boxes_are_read_in_each_form(form: str, box: list[float], batch: bool) -> None:
    outputs = {
        'boxes': np.array([box, box], np.float32),
        'scores': np.array([0.9, 0.2], np.float32),
        'labels': np.array([3, 3]),
    }
    if batch:
        outputs = {name: value[None] for name, value in outputs.items()}
    candidates = ssd.decode(outputs, settings_for({3: 'car'}, boxes=form), 0.3)
    (found,) = found_in(candidates)
    assert found[0] == pytest.approx([8, 4, 24, 12])
    assert found[1] == pytest.approx(0.9)
    assert found[2] == 3


@pytest.mark.parametrize(
    ('names', 'parts'),
    [
        (['boxes', 'scores', 'labels'], ('boxes', 'scores', 'labels')),
        (
            ['num_detections', 'detection_boxes', 'detection_scores', 'detection_classes'],
            ('detection_boxes', 'detection_scores', 'detection_classes'),
        ),
        (['bboxes', 'labels', 'scores'], ('bboxes', 'scores', 'labels')),
        (['output'], None),
        (['boxes', 'raw_boxes', 'scores', 'labels'], None),
    ],
)
def test_ssd_outputs_are_told_by_their_names(names: list[str], parts: tuple[str, ...] | None) -> None:
    assert ssd.part_names(names) == parts


def centre_outputs(classes: int = 1, size: tuple[int, int] = SIZE, stride: int = 4) -> dict[str, Floats]:
    rows, columns = size[1] // stride, size[0] // stride
    return {
        'heat': np.zeros((1, classes, rows, columns), np.float32),
        'box': np.ones((1, 4, rows, columns), np.float32),
    }


@pytest.mark.parametrize('stride', [4, 8])
def test_a_peak_of_the_centre_head_measures_from_the_middle_of_its_cell(stride: int) -> None:
    outputs = centre_outputs(stride=stride)
    outputs['heat'][0, 0, 2, 3] = 0.75
    outputs['box'][0, :, 2, 3] = [1, 2, 3, 4]
    (found,) = found_in(centre.decode(outputs, settings_for({0: 'car'}), 0.3))
    x, y = 3.5 * stride, 2.5 * stride
    assert found == ([x - 1, y - 2, x + 3, y + 4], 0.75, 0)


def test_only_the_highest_of_neighbours_is_a_peak() -> None:
    outputs = centre_outputs()
    outputs['heat'][0, 0, 2, 2:6] = [0.5, 0.8, 0.6, 0.7]
    scores = centre.decode(outputs, settings_for({0: 'car'}), 0.3).scores
    assert scores.tolist() == pytest.approx([0.8, 0.7])


def test_a_map_whose_peaks_were_kept_in_the_graph_decodes_the_same() -> None:
    raw, kept = centre_outputs(), centre_outputs()
    raw['heat'][:] = np.random.default_rng(1).random(raw['heat'].shape, np.float32)
    kept['heat'][0] = np.where(centre.is_peak(raw['heat'][0]), raw['heat'][0], 0)
    first, second = (centre.decode(outputs, settings_for({0: 'car'}), 0.3) for outputs in (raw, kept))
    assert found_in(first) == found_in(second)


def test_peaks_of_classes_do_not_hide_one_another_and_unwanted_ones_do_not_count() -> None:
    outputs = centre_outputs(classes=3)
    outputs['heat'][0, :, 2, 2] = [0.9, 0.5, 0.4]
    candidates = centre.decode(outputs, settings_for({1: 'car', 2: 'van'}), 0.3)
    assert sorted(candidates.classes.tolist()) == [1, 2]


def test_the_centre_head_answers_the_best_hundred_peaks() -> None:
    size = (512, 512)
    outputs = centre_outputs(size=size)
    outputs['heat'][0, 0, ::2, ::2] = np.random.default_rng(1).random((64, 64), np.float32)
    scores = centre.decode(outputs, settings_for({0: 'car'}, size), 0.0).scores
    assert len(scores) == 100
    assert scores.min() == np.sort(outputs['heat'].reshape(-1))[-100]


@pytest.mark.parametrize('family', ['nanodet', 'yolox', 'ssd', 'centre'])
def test_an_empty_picture_has_no_objects(family: str) -> None:
    empty: dict[str, Floats] = {
        'nanodet': {
            'cls_pred_stride_32': np.zeros((1, 2, 1), np.float32),
            'dis_pred_stride_32': np.zeros((1, 2, 32), np.float32),
        },
        'yolox': {'output': np.zeros((1, yolox.cell_count(SIZE), 6), np.float32)},
        'ssd': {
            'boxes': np.zeros((0, 4), np.float32),
            'scores': np.zeros(0, np.float32),
            'labels': np.zeros(0, np.float32),
        },
        'centre': centre_outputs(),
    }[family]
    decode = {
        'nanodet': nanodet.decode,
        'yolox': yolox.decode,
        'ssd': ssd.decode,
        'centre': centre.decode,
    }[family]
    candidates = decode(empty, settings_for({0: 'car'}, boxes='xyxy'), 0.3)
    assert objects(candidates, {0: 'car'}, SIZE, 0.5) == []
