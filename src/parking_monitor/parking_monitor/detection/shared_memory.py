"""Attach and remove POSIX shared memory that a model made, by its name in /dev/shm.

`multiprocessing.shared_memory` would start a tracker process of its own and let
it remove segments that belong to the model; shm_overview(7) documents the file.
"""

import mmap
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parking_monitor.detection.errors import ModelAnswerError

_FOLDER = Path('/dev/shm')  # noqa: S108  (where Linux keeps POSIX shared memory)
_NAME = re.compile(r'/?[A-Za-z0-9_-][A-Za-z0-9._-]*')


def attach(name: str, elements: int) -> NDArray[np.float32]:
    """Map a segment as a writable float32 array; it stays mapped while the array lives.

    Raises:
        ModelAnswerError: when the name is not one, or the segment is absent or too small.
    """
    path = _path(name)
    try:
        with path.open('r+b') as segment:
            memory = mmap.mmap(segment.fileno(), elements * 4)
    except (OSError, ValueError, OverflowError) as error:
        raise ModelAnswerError(
            f'shared memory {name!r} of {elements} float32 cannot be mapped: {error}'
        ) from error
    return np.frombuffer(memory, np.float32, elements)


def remove(name: str) -> bool:
    """Remove a segment that its owner left behind; return whether there was one."""
    try:
        _path(name).unlink()
    except (OSError, ModelAnswerError):
        return False
    return True


def announced(hello: object) -> tuple[str, ...]:
    """Return the usable names of all segments that a hello answer announces, be it valid or not."""
    if not isinstance(hello, dict):
        return ()
    outputs = hello.get('freeform_output_shm')
    segments = [hello.get('features_shm'), *(outputs if isinstance(outputs, list) else [])]
    names = [segment.get('name') for segment in segments if isinstance(segment, dict)]
    return tuple(name for name in names if isinstance(name, str) and _NAME.fullmatch(name))


def _path(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ModelAnswerError(f'shared memory name {name!r} is not a plain name')
    return _FOLDER / name.lstrip('/')
