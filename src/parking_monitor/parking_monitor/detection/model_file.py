"""Turn the `model` of fleet.yaml into an .eim to run: an ONNX model is wrapped once and kept."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from parking_monitor.detection.errors import ModelFileError

DEFAULT_MODEL = 'default'
"""The `model` that stands for the one which ships with the package."""

_ONNX_SUFFIX = '.onnx'
_DEADLINE_S = 60.0
_MOST_KEPT = 8


def as_eim(model: Path, cache: Path | None = None) -> Path:
    """Return the .eim to run for a model file.

    An .eim is returned as it is, whether or not it is there: who runs it says
    what is wrong with it. An ONNX model is made an .eim the first time, in a
    process of its own, since ONNX Runtime would cost this one its memory; it is
    kept in the cache folder under a name that changes with its content.

    Args:
        model: path of an .eim or .onnx file.
        cache: folder for what is made; by default below XDG_CACHE_HOME.

    Raises:
        ModelFileError: when an ONNX model cannot be read or wrapped.
    """
    if model.suffix.lower() != _ONNX_SUFFIX:
        return model
    cache = cache or default_cache()
    try:
        content = model.read_bytes()
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelFileError(f'model {model}: {error.strerror}') from error
    # The file names its interpreter, so it is made again for another one.
    digest = hashlib.sha256(content + sys.executable.encode()).hexdigest()[:12]
    eim = cache / f'{model.stem}-{digest}.eim'
    if not eim.exists():
        _wrap(model, eim)
        _forget_oldest(cache)
    return eim


def default_cache() -> Path:
    """Return the folder for things that can be made again."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'parking_monitor'


def _wrap(model: Path, eim: Path) -> None:
    command = [
        sys.executable,
        '-m',
        'parking_monitor.detection.onnx_eim',
        '--model',
        str(model),
        '-o',
        str(eim),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelFileError(f'model {model} could not be made an .eim within {_DEADLINE_S:g} s') from None
    if done.returncode != 0:
        raise ModelFileError(
            f'model {model} cannot be made an .eim: {done.stderr.strip() or done.stdout.strip()}'
        )


def _forget_oldest(cache: Path) -> None:
    kept = sorted(cache.glob('*.eim'), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[_MOST_KEPT:]:
        old.unlink(missing_ok=True)
