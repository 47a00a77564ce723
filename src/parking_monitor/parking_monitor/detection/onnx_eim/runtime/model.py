"""Run the ONNX model on features."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnx_errors

from . import centre, nanodet, ssd, yolox
from .candidates import Candidates, Floats, objects
from .settings import Settings

Decode = Callable[[Mapping[str, Floats], Settings, float], Candidates]

FAMILIES: dict[str, Decode] = {
    'nanodet': nanodet.decode,
    'yolox': yolox.decode,
    'ssd': ssd.decode,
    'centre': centre.decode,
}
ONNX_ERRORS = (
    onnx_errors.Fail,
    onnx_errors.InvalidArgument,
    onnx_errors.InvalidGraph,
    onnx_errors.InvalidProtobuf,
    onnx_errors.NotImplemented,
    onnx_errors.RuntimeException,
)
"""What ONNX Runtime raises for a model that it cannot load or run."""
_ERRORS_ONLY = 3
"""Of ONNX Runtime's log levels; its warnings are for those who export models."""


def open_session(onnx: bytes, threads: int) -> Any:
    """Load an ONNX model for the CPU."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    return onnxruntime.InferenceSession(onnx, options, providers=['CPUExecutionProvider'])


class Model:
    """Run one ONNX model; its input tensor is made once and filled again."""

    def __init__(self, settings: Settings, onnx: bytes) -> None:
        self._settings = settings
        self._session = open_session(onnx, settings.threads)
        self._names = [output.name for output in self._session.get_outputs()]
        self._decode = FAMILIES[settings.family]
        width, height = settings.size
        shapes = {
            'nchw': (1, settings.channels, height, width),
            'chw': (settings.channels, height, width),
            'nhwc': (1, height, width, settings.channels),
        }
        layout = settings.input.layout
        self._tensor = np.zeros(shapes[layout], settings.input.dtype)
        planes = self._tensor.reshape(self._tensor.shape[-3:])
        self._planes = np.moveaxis(planes, -1, 0) if layout == 'nhwc' else planes

    def objects(self, features: NDArray[np.float32], min_score: float) -> list[dict[str, Any]]:
        """Return the objects in a picture given as features, in the form of the protocol."""
        self._fill(features)
        answers = self._session.run(self._names, {self._settings.input.name: self._tensor})
        outputs = dict(zip(self._names, answers, strict=True))
        candidates = self._decode(outputs, self._settings, min_score)
        return objects(candidates, self._settings.classes, self._settings.size, self._settings.overlap)

    def _fill(self, features: NDArray[np.float32]) -> None:
        given, (width, height) = self._settings.input, self._settings.size
        channels = features.astype('<i4').view(np.uint8).reshape(height, width, 4)  # blue, green, red, 0
        for index, plane in enumerate(self._planes):
            channel = channels[..., 2 - index if given.order == 'rgb' else index]
            if given.dtype == 'uint8':
                plane[:] = channel
            else:
                np.subtract(channel, np.float32(given.mean[index]), out=plane)
                np.multiply(plane, np.float32(1 / given.std[index]), out=plane)
