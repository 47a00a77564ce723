"""Move a network's scores so that 0.5 is the threshold at which it does best."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.model_scoring import Found, Wanted, joined, judge
from models.training.network import CentreNetwork, Detector
from models.training.sample import Sample
from parking_monitor.detection.onnx_eim.runtime.centre import is_peak

MOST = 100
LEAST_SCORE = 0.05
OVERLAP = 0.5


def best_threshold(network: CentreNetwork, samples: Sequence[Sample]) -> float:
    """Return the threshold with the highest F1 on samples in the model's frame."""
    detector = Detector(network).eval()
    verdicts = []
    with torch.no_grad():
        for sample in samples:
            image = np.ascontiguousarray(sample.image[..., ::-1].transpose(2, 0, 1)[None]).astype(np.float32)
            heat, sides = detector(torch.from_numpy(image))
            found = decode(heat[0, 0].numpy(), sides[0].numpy())
            boxes = np.concatenate([sample.cars, sample.ignored]).astype(float)
            asked = np.arange(len(boxes)) < len(sample.cars)
            verdicts.append(judge(found, Wanted(boxes, asked)))
    return joined(verdicts).best_threshold()


def with_threshold_at_half(network: CentreNetwork, threshold: float) -> CentreNetwork:
    """Return the network with its logits moved by what lies between the threshold and 0.5."""
    with torch.no_grad():
        network.heat.bias -= float(np.log(threshold / (1 - threshold)))
    return network


def decode(heat: NDArray[np.float32], sides: NDArray[np.float32]) -> Found:
    """Return the peaks of a map (rows, columns) with their boxes, overlapping ones once."""
    stride = 4
    row, column = np.nonzero(is_peak(heat[None])[0] & (heat >= LEAST_SCORE))
    order = np.argsort(-heat[row, column])[:MOST]
    row, column = row[order], column[order]
    centre = (np.stack([column, row], 1) + 0.5) * stride
    boxes = np.concatenate([centre - sides[:2, row, column].T, centre + sides[2:, row, column].T], 1)
    return Found(boxes.astype(float), heat[row, column].astype(float))
