import pytest

from parking_monitor.detection.onnx_eim.classes import COCO, choose_classes, labels_of_metadata, parse_classes
from parking_monitor.detection.onnx_eim.errors import ConversionError

VEHICLES = {2: 'car', 5: 'car', 7: 'car'}


def test_the_classes_of_coco_are_where_detectors_have_them() -> None:
    assert len(COCO) == 80
    assert (COCO[0], COCO[2], COCO[5], COCO[7], COCO[79]) == ('person', 'car', 'bus', 'truck', 'toothbrush')


@pytest.mark.parametrize(
    ('count', 'labels', 'own', 'chosen'),
    [
        (80, (), (), VEHICLES),
        (None, (), (), {3: 'car', 6: 'car', 8: 'car'}),
        (1, (), (), {0: 'car'}),
        (2, (), ('car', 'van'), {0: 'car', 1: 'van'}),
        (2, ('car', 'van'), (), {0: 'car', 1: 'van'}),
        (80, ('car', 'bus'), (), {2: 'car', 5: 'bus'}),
        (3, ('van',), ('car', 'van', 'bike'), {1: 'van'}),
        (2, ('van', 'car'), ('car', 'van'), {0: 'car', 1: 'van'}),
        (None, ('background', 'car'), (), {0: 'background', 1: 'car'}),
    ],
)
def test_labels_find_their_classes(
    count: int | None, labels: tuple[str, ...], own: tuple[str, ...], chosen: dict[int, str]
) -> None:
    assert choose_classes(count, labels, own) == chosen


@pytest.mark.parametrize(
    ('count', 'labels', 'own', 'reason'),
    [
        (3, (), (), '3 classes without names; give --labels'),
        (80, ('car', 'spaceship'), (), 'spaceship, which the model has not'),
        (3, ('car',), (), 'it has 3 classes without names'),
        (3, (), ('car',), 'names 1 labels and has 3 classes'),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    count: int, labels: tuple[str, ...], own: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(ConversionError, match=reason):
        choose_classes(count, labels, own)


def test_classes_are_read() -> None:
    assert parse_classes('2=car, 5=car,7=truck') == {2: 'car', 5: 'car', 7: 'truck'}


@pytest.mark.parametrize('text', ['2', 'car=2', '2=', '2=car,', '-1=car'])
def test_classes_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ConversionError, match='such as 2=car'):
        parse_classes(text)


def test_labels_of_the_model_are_read() -> None:
    assert labels_of_metadata({'labels': '["car", "van"]'}) == ('car', 'van')
    assert labels_of_metadata({}) == ()


@pytest.mark.parametrize('text', ['car', '{}', '[1]'])
def test_labels_of_the_model_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ConversionError, match='not a JSON list of texts'):
        labels_of_metadata({'labels': text})
