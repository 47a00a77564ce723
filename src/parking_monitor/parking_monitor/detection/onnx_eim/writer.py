"""Write an executable file that is an `.eim` and holds an ONNX model."""

import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.detection.onnx_eim.classes import choose_classes, labels_of_metadata
from parking_monitor.detection.onnx_eim.errors import ConversionError
from parking_monitor.detection.onnx_eim.inspection import Family, Inspected, Pixels, inspect
from parking_monitor.detection.onnx_eim.runtime.main import SETTINGS, WEIGHTS
from parking_monitor.detection.onnx_eim.runtime.model import ONNX_ERRORS, Model, open_session
from parking_monitor.detection.onnx_eim.runtime.settings import Settings

_RUNTIME = Path(__file__).with_name('runtime')
_MAIN = """\
import sys
from runtime.main import main
sys.exit(main(sys.argv[1:], __loader__.get_data))
"""
_PREFIX = """\
#!/bin/sh
# An ONNX model that speaks the .eim protocol: a zip archive behind this script.
# It runs with the first of these Pythons that is there.
for python in "$PARKING_MONITOR_PYTHON" '{python}' python3; do
  if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1; then
    exec "$python" "$0" "$@"
  fi
done
echo "$0: no Python is found; set PARKING_MONITOR_PYTHON to one with numpy and onnxruntime" >&2
exit 127
"""
_ENGINE_OTHER = 255
"""Edge Impulse's number for an engine that is none of its own."""
_CAMERA = 3
_THRESHOLD_ID = 3


@dataclass(frozen=True, kw_only=True)
class Options:
    """Hold what a user may say of a model; what is left out comes from the model, or is usual for its family.

    Attributes:
        labels: see `choose_classes`.
        classes: the label of each class id, instead of labels.
        confidence: the least score that the model answers by itself, 0 to 1.
        size: (width, height) of the input, for a model that takes any.
        pixels: channel order, mean and std of a float input.
        boxes: for SSD, 'xyxy', 'xyxy-fraction' or 'yxyx-fraction'.
        overlap: boxes of one label that overlap more are one object, 0 to 1.
        threads: of one inference.
        python: the interpreter to run with, where the environment names none.
    """

    labels: Sequence[str] = ()
    classes: Mapping[int, str] | None = None
    family: Family = Family.AUTO
    confidence: float = 0.3
    resize: ResizeMode | None = None
    name: str = ''
    version: str = ''
    size: tuple[int, int] | None = None
    pixels: Pixels | None = None
    boxes: str = ''
    overlap: float = 0.5
    threads: int = 1
    python: str = sys.executable

    def __post_init__(self) -> None:
        for name, value in (('confidence', self.confidence), ('overlap', self.overlap)):
            if not 0.0 <= value <= 1.0:
                raise ConversionError(f'{name} is {value}; 0 to 1 is allowed')
        if self.threads < 1:
            raise ConversionError(f'threads is {self.threads}; 1 and more is allowed')
        if self.boxes not in {'', 'xyxy', 'xyxy-fraction', 'yxyx-fraction'}:
            raise ConversionError(f'boxes is {self.boxes!r}; xyxy, xyxy-fraction or yxyx-fraction is allowed')
        if "'" in self.python:
            raise ConversionError(f'a Python at {self.python!r} cannot be named in a script')


def write_eim(model: Path, output: Path, options: Options | None = None) -> Settings:
    """Write an `.eim` of an ONNX model, after one inference that shows that it works.

    Returns:
        what was found out about the model.

    Raises:
        ConversionError: when it cannot be made, naming the option that would help.
    """
    options = options or Options()
    try:
        weights = model.read_bytes()
    except OSError as error:
        raise ConversionError(f'{model} cannot be read: {error.strerror}') from error
    settings = _settings(_inspect(model, weights, options), model, options)
    _try_out(settings, weights, model)
    _write(output, settings, weights, options.python)
    return settings


def _inspect(model: Path, weights: bytes, options: Options) -> Inspected:
    try:
        session = open_session(weights, 1)
    except ONNX_ERRORS as error:
        raise ConversionError(f'{model} is not an ONNX model that can be run: {error}') from error
    return inspect(session, model, options.family, options.size)


def _settings(found: Inspected, model: Path, options: Options) -> Settings:
    classes = options.classes
    if classes is None:
        classes = choose_classes(found.class_count, options.labels, labels_of_metadata(found.metadata))
    return Settings(
        hello=_hello(found, tuple(dict.fromkeys(classes.values())), model, options),
        family=str(found.family),
        input=found.input(options.pixels),
        classes=dict(classes),
        overlap=options.overlap,
        boxes=options.boxes or found.boxes,
        threads=options.threads,
    )


def _hello(found: Inspected, labels: Sequence[str], model: Path, options: Options) -> dict[str, Any]:
    """Return a hello answer with all the keys of a recorded one."""
    count = found.width * found.height
    version = options.version or found.metadata.get('version', '1')
    return {
        'inferencing_engine': {'engine_type': _ENGINE_OTHER, 'properties': []},
        'model_parameters': {
            'axis_count': 1,
            'frequency': 0,
            'has_anomaly': 0,
            'has_object_tracking': False,
            'has_performance_calibration': False,
            'image_channel_count': found.channels,
            'image_input_frames': 1,
            'image_input_height': found.height,
            'image_input_width': found.width,
            'image_resize_mode': _resize_mode(found, options),
            'inferencing_engine': _ENGINE_OTHER,
            'input_features_count': count,
            'interval_ms': 1,
            'label_count': len(labels),
            'labels': list(labels),
            'model_type': 'object_detection',
            'sensor': _CAMERA,
            'slice_size': count // 4,
            'thresholds': [
                {'id': _THRESHOLD_ID, 'min_score': options.confidence, 'type': 'object_detection'}
            ],
            'use_continuous_mode': False,
        },
        'project': {
            'deploy_version': int(version) if version.isdecimal() else version,
            'id': 0,
            'impulse_id': 1,
            'impulse_name': str(found.family),
            'name': options.name or found.metadata.get('name', model.stem),
            'owner': 'onnx_eim',
        },
    }


def _resize_mode(found: Inspected, options: Options) -> ResizeMode:
    if options.resize is not None:
        return options.resize
    usual = ResizeMode.SQUASH if found.family is Family.SSD else ResizeMode.FIT_LONGEST
    said = found.metadata.get('resize_mode', usual)
    if said not in set(ResizeMode):
        raise ConversionError(f'the model says resize_mode = {said!r}; {", ".join(ResizeMode)} are known')
    return ResizeMode(said)


def _try_out(settings: Settings, weights: bytes, model: Path) -> None:
    width, height = settings.size
    try:
        Model(settings, weights).objects(np.zeros(width * height, np.float32), 0.0)
    except (*ONNX_ERRORS, ValueError, IndexError, KeyError) as error:
        text = f'{model} does not run as {settings.family} at {width}x{height}: {error}'
        raise ConversionError(text) from error


def _write(output: Path, settings: Settings, weights: bytes, python: str) -> None:
    """Write the file beside its place and move it there, so that nobody runs half a model.

    The same input gives the same bytes: members carry no time of their own.
    """
    try:
        # Under a name of its own: another process may write the same file at the same time.
        descriptor, name = tempfile.mkstemp('.part', f'.{output.name}.', output.parent)
    except OSError as error:
        raise ConversionError(f'{output} cannot be written: {error.strerror}') from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(_PREFIX.format(python=python).encode())
            with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(_member('__main__.py'), _MAIN)
                for source in sorted(_RUNTIME.glob('*.py')):
                    archive.writestr(_member(f'runtime/{source.name}'), source.read_bytes())
                archive.writestr(_member(SETTINGS), settings.to_json())
                archive.writestr(_member(WEIGHTS, zipfile.ZIP_STORED), weights)
        part.chmod(0o755)
        part.replace(output)
    except OSError as error:
        raise ConversionError(f'{output} cannot be written: {error.strerror}') from error
    finally:
        part.unlink(missing_ok=True)


def _member(name: str, compression: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.compress_type = compression
    return member
