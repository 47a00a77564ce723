"""Build `.eim` files that speak the recorded protocol and misbehave on demand."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import ModelType

_SERVER = Path(__file__).with_name('fake_model.py')
_PACKAGES = Path(np.__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Script:
    """Say what a fake model answers, and how it misbehaves.

    Attributes:
        answers: results of one classify after another, the last one for ever: a
            list of (label, score, x, y, width, height) in pixels of the model's
            input, or a mapping of label to score for classification.
        blobs: answer boxes (for FOMO: cells) where the features that really
            arrived are bright, instead of `answers`.
        blob_score: what a blob is answered with.
        slow_s: how long each classify takes, by sleeping.
        output: a line to write to stderr at the start.
        exit_at_start: exit status to leave with before the socket is there.
        hang_at_start: never open the socket.
        hang_in_hello: never answer a hello.
        die_on_classify: number of the classify (1 is the first) to die on, by SIGKILL.
        hang_on_classify: number of the classify to hang on, deaf to SIGINT and SIGTERM.
        garbage_on_classify: number of the classify to answer with something that is no JSON.
        flood_on_classify: number of the classify to answer with bytes without an end, slowly.
        shared_memory: whether features travel in shared memory.
        threshold: the model's own min_score; None for a model without one.
        drop_below_threshold: whether answers below it are kept back.
    """

    answers: Sequence[Sequence[tuple[str, float, int, int, int, int]] | Mapping[str, float]] = ((),)
    blobs: bool = False
    blob_score: float = 0.9
    slow_s: float = 0.0
    output: str = ''
    exit_at_start: int | None = None
    hang_at_start: bool = False
    hang_in_hello: bool = False
    die_on_classify: int = 0
    hang_on_classify: int = 0
    garbage_on_classify: int = 0
    flood_on_classify: int = 0
    shared_memory: bool = True
    threshold: float | None = 0.5
    drop_below_threshold: bool = True


def hello_answer(
    *,
    width: int = 96,
    height: int = 96,
    channels: int = 1,
    model_type: ModelType = ModelType.FOMO,
    resize_mode: ResizeMode | None = ResizeMode.FIT_SHORTEST,
    labels: Sequence[str] = ('car',),
    threshold: float | None = 0.5,
    name: str = 'fake',
    version: int = 1,
) -> dict[str, Any]:
    """Return a hello answer like the recorded one, without the shared memory and the id."""
    count = width * height
    parameters: dict[str, Any] = {
        'axis_count': 1,
        'frequency': 0,
        'has_anomaly': 0,
        'has_object_tracking': False,
        'has_performance_calibration': False,
        'image_channel_count': channels,
        'image_input_frames': 1,
        'image_input_height': height,
        'image_input_width': width,
        'image_resize_mode': resize_mode,
        'inferencing_engine': 2,
        'input_features_count': count,
        'interval_ms': 1,
        'label_count': len(labels),
        'labels': list(labels),
        'model_type': model_type,
        'sensor': 3,
        'slice_size': count // 4,
        'thresholds': [],
        'use_continuous_mode': False,
    }
    if resize_mode is None:
        del parameters['image_resize_mode']
    if threshold is not None:
        kind = 'classification' if model_type is ModelType.CLASSIFICATION else 'object_detection'
        parameters['thresholds'] = [{'id': 3, 'min_score': threshold, 'type': kind}]
    return {
        'inferencing_engine': {'engine_type': 2, 'properties': []},
        'model_parameters': parameters,
        'project': {
            'deploy_version': version,
            'id': 1,
            'impulse_id': 1,
            'impulse_name': 'Impulse #1',
            'name': name,
            'owner': 'tests',
        },
        'success': True,
    }


def write_fake_eim(
    path: Path,
    *,
    width: int = 96,
    height: int = 96,
    channels: int = 1,
    model_type: ModelType = ModelType.FOMO,
    resize_mode: ResizeMode | None = ResizeMode.FIT_SHORTEST,
    labels: Sequence[str] = ('car',),
    name: str = 'fake',
    version: int = 1,
    script: Script | None = None,
) -> Path:
    """Write an executable that behaves as the script says; return its path.

    It starts in about 20 ms, or 100 ms where it has to look for blobs. In the
    supervised detector the check after a start is the first classify.
    """
    script = script or Script()
    hello = hello_answer(
        width=width,
        height=height,
        channels=channels,
        model_type=model_type,
        resize_mode=resize_mode,
        labels=labels,
        threshold=script.threshold,
        name=name,
        version=version,
    )
    settings = json.dumps({'hello': hello, 'packages': str(_PACKAGES), **asdict(script)})
    path.write_text(
        # Without `site`, which costs more than all the rest of the start.
        f'#!{sys.executable} -S\n'
        'import json, runpy\n'
        f'SETTINGS = json.loads({settings!r})\n'
        f"runpy.run_path({str(_SERVER)!r})['main'](SETTINGS)\n"
    )
    path.chmod(0o755)
    return path
