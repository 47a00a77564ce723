"""Decode NanoDet: for each stride a score of each class, and a distribution of the distance to each edge.

Outputs `cls_pred_stride_S` (1, cells, classes) and `dis_pred_stride_S`
(1, cells, 4 * bins), cells row by row. A distance is the expectation of the
softmax over its bins, times the stride, from (i + 0.5) * S - 0.5; in the
order left, top, right, bottom.
"""

from collections.abc import Mapping

import numpy as np

from .candidates import Candidates, Floats, best_class
from .settings import Settings

SCORES = 'cls_pred_stride_'
DISTANCES = 'dis_pred_stride_'


def decode(outputs: Mapping[str, Floats], settings: Settings, min_score: float) -> Candidates:
    """Return the proposals that reach a score."""
    strides = sorted(int(name.removeprefix(SCORES)) for name in outputs if name.startswith(SCORES))
    parts = [_decode_stride(outputs, settings, stride, min_score) for stride in strides]
    return Candidates(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.classes for part in parts]),
    )


def _decode_stride(
    outputs: Mapping[str, Floats], settings: Settings, stride: int, min_score: float
) -> Candidates:
    scores = outputs[f'{SCORES}{stride}'][0]
    found, values = best_class(scores, tuple(settings.classes), min_score)
    cells = found[:, 0]
    columns = -(-settings.size[0] // stride)
    centres = np.stack([cells % columns, cells // columns], axis=1)
    centres = ((centres + 0.5) * stride - 0.5).astype(np.float32)
    logits = outputs[f'{DISTANCES}{stride}'][0][cells]
    logits = logits.reshape(len(cells), 4, logits.shape[1] // 4)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    bins = np.arange(logits.shape[2], dtype=np.float32)
    distances = (weights @ bins) / weights.sum(axis=2) * stride
    boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)
    return Candidates(boxes.astype(np.float32), values, found[:, 1])
