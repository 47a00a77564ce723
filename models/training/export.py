"""Write a trained network as the ONNX file that ships, as float32 or int8."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.training.network import CentreNetwork, Detector
from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, Sample

OPSET = 17
NAME = 'parking-monitor-default'


def export(network: CentreNetwork, path: Path, version: str) -> None:
    """Write the network as float32 ONNX with the metadata of the centre-point family."""
    detector = Detector(network).eval().to(memory_format=torch.contiguous_format)
    image = torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    torch.onnx.export(
        detector,
        (image,),
        path,
        input_names=['image'],
        output_names=['heat', 'box'],
        opset_version=OPSET,
        dynamo=False,
    )
    _describe(path, version)


def quantise(path: Path, quantised: Path, samples: Sequence[Sample], version: str) -> None:
    """Write an int8 version: 8-bit weights by channel and activations, calibrated on samples.

    The last layer of each head and what follows it stay float: they cost nothing and
    carry the fine steps of scores and sides.
    """
    with TemporaryDirectory() as folder:
        prepared = Path(folder) / 'prepared.onnx'
        quant_pre_process(path, prepared)
        quantize_static(
            prepared,
            quantised,
            _Calibration(samples),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=['Conv', 'Add', 'Resize', 'Relu'],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_head_nodes(prepared),
            calibrate_method=CalibrationMethod.MinMax,
        )
    _describe(quantised, version)


def input_of(sample: Sample) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a sample's picture as the model takes it: (1, 3, h, w) float32 RGB 0..255."""
    return np.ascontiguousarray(sample.image[..., ::-1].transpose(2, 0, 1)[None]).astype(np.float32)


class _Calibration(CalibrationDataReader):
    def __init__(self, samples: Sequence[Sample]) -> None:
        self._inputs: Iterator[Sample] = iter(samples)

    def get_next(self) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] | None:
        sample = next(self._inputs, None)
        return None if sample is None else {'image': input_of(sample)}


def _head_nodes(path: Path) -> list[str]:
    """Return the names of the last convolutions, found by what the outputs are computed from."""
    graph = onnx.load(path).graph
    maker = {output: node for node in graph.node for output in node.output}
    found = []
    for output in graph.output:
        node = maker[output.name]
        while node.op_type != 'Conv':
            node = next(maker[name] for name in node.input if name in maker)
        found.append(node.name)
    return found


def _describe(path: Path, version: str) -> None:
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.helper.set_model_props(
        model,
        {
            'family': 'centre',
            'labels': '["car"]',
            'name': NAME,
            'version': version,
            'resize_mode': 'fit-longest',
        },
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
