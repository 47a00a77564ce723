"""Turn the `model` of fleet.yaml into an .eim to run: an ONNX model is wrapped once and kept."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import parking_monitor
from parking_monitor.detection.errors import ModelFileError, ModelStartError

DEFAULT_MODEL = 'default'
"""The `model` that stands for the one which ships with the package."""

_ONNX_SUFFIX = '.onnx'
_DEADLINE_S = 60.0
_MOST_KEPT = 8
_POLL_S = 0.05


def as_eim(model: Path, cache: Path | None = None, stopped: threading.Event | None = None) -> Path:
    """Return the .eim to run for a model file.

    An .eim is returned as it is, whether or not it is there: who runs it says
    what is wrong with it. An ONNX model is made an .eim the first time, in a
    process of its own, since ONNX Runtime would cost this one its memory; it is
    kept in the cache folder under a name that changes with its content.

    Args:
        model: path of an .eim or .onnx file.
        cache: folder for what is made; by default below XDG_CACHE_HOME.
        stopped: ends the making when it is set, from another thread.

    Raises:
        ModelFileError: when an ONNX model cannot be read or wrapped.
        ModelStartError: when it was stopped meanwhile.
    """
    if model.suffix.lower() != _ONNX_SUFFIX:
        return model
    cache = cache or default_cache()
    try:
        content = model.read_bytes()
    except OSError as error:
        raise ModelFileError(f'model {model} cannot be read: {error.strerror}') from error
    # The file names its interpreter, so it is made again for another one.
    digest = hashlib.sha256(content + sys.executable.encode()).hexdigest()[:12]
    eim = cache / f'{model.stem}-{digest}.eim'
    try:
        cache.mkdir(parents=True, exist_ok=True)
        if not eim.exists():
            _wrap(model, eim, stopped or threading.Event())
            _forget_oldest(cache)
    except OSError as error:
        raise ModelFileError(f'model {model} cannot be made {eim}: {error.strerror}') from error
    return eim


def default_cache() -> Path:
    """Return the folder for things that can be made again."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'parking_monitor'


def _wrap(model: Path, eim: Path, stopped: threading.Event) -> None:
    command = [
        sys.executable,
        '-m',
        'parking_monitor.detection.onnx_eim',
        '--model',
        str(model),
        '-o',
        str(eim),
    ]
    deadline = time.monotonic() + _DEADLINE_S
    # This package may be on our path alone, not on that of a new Python.
    paths = [str(Path(parking_monitor.__file__).parents[1]), os.environ.get('PYTHONPATH', '')]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, paths))},
    ) as process:
        try:
            output = _output_of(process, deadline, stopped)
        finally:
            process.kill()
    if stopped.is_set():
        raise ModelStartError(f'model {model.name} was stopped before it started')
    if output is None:
        raise ModelFileError(f'model {model} could not be made an .eim within {_DEADLINE_S:g} s')
    if process.returncode != 0:
        raise ModelFileError(f'model {model} cannot be made an .eim: {output.strip()}')


def _output_of(process: subprocess.Popen[str], deadline: float, stopped: threading.Event) -> str | None:
    """Wait for the end of a process and return what it wrote; None when stopped or late."""
    while not stopped.is_set() and time.monotonic() < deadline:
        try:
            return process.communicate(timeout=_POLL_S)[0]
        except subprocess.TimeoutExpired:
            continue
    return None


def _forget_oldest(cache: Path) -> None:
    kept = sorted(cache.glob('*.eim'), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in kept[_MOST_KEPT:]:
        old.unlink(missing_ok=True)
    for part in cache.glob('.*.part'):  # of a writer that was killed, unless it may still write
        if time.time() - part.stat().st_mtime > _DEADLINE_S:
            part.unlink(missing_ok=True)
