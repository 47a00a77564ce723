"""Find out which label each class of a model has."""

import json
from collections.abc import Mapping, Sequence

from parking_monitor.detection.onnx_eim.errors import ConversionError

# fmt: off
COCO = (
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train', 'truck', 'boat', 'traffic light',
    'fire hydrant', 'stop sign', 'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow',
    'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella', 'handbag', 'tie', 'suitcase', 'frisbee',
    'skis', 'snowboard', 'sports ball', 'kite', 'baseball bat', 'baseball glove', 'skateboard', 'surfboard',
    'tennis racket', 'bottle', 'wine glass', 'cup', 'fork', 'knife', 'spoon', 'bowl', 'banana', 'apple',
    'sandwich', 'orange', 'broccoli', 'carrot', 'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch',
    'potted plant', 'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote', 'keyboard',
    'cell phone', 'microwave', 'oven', 'toaster', 'sink', 'refrigerator', 'book', 'clock', 'vase', 'scissors',
    'teddy bear', 'hair drier', 'toothbrush',
)
# fmt: on
"""The 80 classes of COCO as detectors number them, without the gaps of its annotations."""

_COCO_CARS = {2: 'car', 5: 'car', 7: 'car'}
"""Car, bus and truck: all take up a space."""
_COCO_CARS_WITH_GAPS = {3: 'car', 6: 'car', 8: 'car'}
"""The same as SSD models number them: from 1, with the gaps of COCO's annotations."""


def parse_classes(text: str) -> dict[int, str]:
    """Read `2=car,5=car` as the label of each class id.

    Raises:
        ConversionError: when it is not of that form.
    """
    labels: dict[int, str] = {}
    for part in text.split(','):
        number, equals, label = part.partition('=')
        if not equals or not number.strip().isdecimal() or not label.strip():
            raise ConversionError(
                f'--classes has {part!r}; a class id and its label are needed, such as 2=car'
            )
        labels[int(number)] = label.strip()
    return labels


def labels_of_metadata(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Read the labels that an ONNX model brings as a JSON list in its metadata, none if it has none.

    Raises:
        ConversionError: when they are not such a list.
    """
    try:
        labels = json.loads(metadata.get('labels', '[]'))
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ConversionError(
            f'the model says labels = {metadata["labels"]!r}, which is not a JSON list of texts'
        )
    return tuple(labels)


def choose_classes(count: int | None, labels: Sequence[str], own_labels: Sequence[str]) -> dict[int, str]:
    """Return the label of each wanted class id.

    Args:
        count: how many classes the model has; None where its outputs do not say.
        labels: what the user asks for: a label for each class in their order,
            or some of COCO's names for a model of 80 classes; none for all that
            the model names itself, and for a COCO model every vehicle as "car".
        own_labels: what the model brings.

    Raises:
        ConversionError: when the labels do not fit the classes.
    """
    if labels:
        return _asked_for(count, labels, own_labels)
    if own_labels:
        if count not in {None, len(own_labels)}:
            raise ConversionError(f'the model names {len(own_labels)} labels and has {count} classes')
        return dict(enumerate(own_labels))
    if count is None:
        return _COCO_CARS_WITH_GAPS
    if count == len(COCO):
        return _COCO_CARS
    if count == 1:
        return {0: 'car'}
    raise ConversionError(f'the model has {count} classes without names; give --labels, or --classes 0=car')


def _asked_for(count: int | None, labels: Sequence[str], own_labels: Sequence[str]) -> dict[int, str]:
    names = tuple(own_labels) or (COCO if count == len(COCO) else ())
    if count in {None, len(labels)} and not set(labels) <= set(names):
        return dict(enumerate(labels))
    unknown = [label for label in labels if label not in names]
    if unknown:
        known = ', '.join(names) if names else f'{count} classes without names'
        raise ConversionError(f'--labels has {", ".join(unknown)}, which the model has not; it has {known}')
    return {number: name for number, name in enumerate(names) if name in labels}
