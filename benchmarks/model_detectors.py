"""Run ONNX detectors as an `.eim` would: the same resizing and decoding, without the process around it."""

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.model_scoring import Found
from parking_monitor.detection.features import FeaturePacker
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.detection.onnx_eim.runtime.model import Model
from parking_monitor.detection.onnx_eim.writer import Options, write_eim
from parking_monitor.values import Box, Image

LEAST_SCORE = 0.05


class Detector:
    """Find cars with one ONNX model on one core.

    Args:
        name: as shown in tables.
        onnx: the model's file, of a family that `onnx_eim` knows.
    """

    def __init__(self, name: str, onnx: Path) -> None:
        self.name = name
        self.megabytes = onnx.stat().st_size / 1e6
        with tempfile.TemporaryDirectory() as folder:
            settings = write_eim(onnx, Path(folder) / 'model.eim', Options(threads=1))
        self._model = Model(settings, onnx.read_bytes())
        width, height = settings.size
        mode = ResizeMode(settings.hello['model_parameters']['image_resize_mode'])
        self._packer = FeaturePacker(width, height, settings.channels, mode)
        self._features = np.zeros(width * height, np.float32)

    def find(self, image: Image) -> Found:
        """Return the cars in a BGR picture, in its pixels, with scores from 0.05."""
        fitted = self._packer.pack(image, self._features)
        objects = self._model.objects(self._features, LEAST_SCORE)
        placed = [fitted.to_source(Box(o['x'], o['y'], o['width'], o['height'])) for o in objects]
        boxes = np.array([[box.x, box.y, box.right, box.bottom] for box in placed], float).reshape(-1, 4)
        return Found(boxes, np.array([o['value'] for o in objects], float))

    def milliseconds(self, image: Image) -> float:
        """Return how long the model takes for one picture that is already packed: inference and decoding."""
        self._packer.pack(image, self._features)
        begun = time.perf_counter()
        self._model.objects(self._features, 0.3)
        return (time.perf_counter() - begun) * 1e3


def median_times(detectors: list[Detector], image: Image, rounds: int = 60) -> dict[str, float]:
    """Return the median milliseconds of each detector; they take turns, so that load hits all alike."""
    times: dict[str, list[float]] = {detector.name: [] for detector in detectors}
    for _ in range(rounds):
        for detector in detectors:
            times[detector.name].append(detector.milliseconds(image))
    return {name: float(np.median(listed[5:])) for name, listed in times.items()}
