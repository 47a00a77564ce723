"""Decode SSD models that were exported with their own decoding and suppression.

Three outputs: boxes (N, 4), scores (N,) and class ids (N,), each with or
without a leading 1; names tell which is which. A box is written as

- 'xyxy': pixels of the input (torchvision),
- 'xyxy-fraction': fractions of the input (ONNX model zoo),
- 'yxyx-fraction': the same with y first (TensorFlow's detection_boxes).
"""

from collections.abc import Iterable, Mapping

import numpy as np

from .candidates import Candidates, Floats
from .settings import Settings


def part_names(names: Iterable[str]) -> tuple[str, str, str] | None:
    """Return the names of the outputs with boxes, scores and class ids; None where they do not tell."""
    boxes = [name for name in names if 'box' in name.lower()]
    scores = [name for name in names if 'score' in name.lower()]
    classes = [name for name in names if 'class' in name.lower() or 'label' in name.lower()]
    if len(boxes) != 1 or len(scores) != 1 or len(classes) != 1:
        return None
    return boxes[0], scores[0], classes[0]


def decode(outputs: Mapping[str, Floats], settings: Settings, min_score: float) -> Candidates:
    """Return the objects that reach a score."""
    names = part_names(outputs)
    if names is None:
        raise ValueError(f'outputs {", ".join(outputs)} name no boxes, scores and classes')
    boxes = outputs[names[0]].reshape(-1, 4).astype(np.float32)
    scores = outputs[names[1]].reshape(-1).astype(np.float32)
    classes = outputs[names[2]].reshape(-1).astype(np.int64)
    chosen = np.flatnonzero((scores >= min_score) & np.isin(classes, list(settings.classes)))
    boxes = boxes[chosen]
    if settings.boxes == 'yxyx-fraction':
        boxes = boxes[:, [1, 0, 3, 2]]
    if settings.boxes.endswith('fraction'):
        width, height = settings.size
        boxes = boxes * np.array([width, height, width, height], np.float32)
    return Candidates(boxes, scores[chosen], classes[chosen])
