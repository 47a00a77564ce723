"""Keep what a camera's background looks like: learnt slowly, and over a restart in a file."""

import os
import zipfile
import zlib
from pathlib import Path
from typing import Self

import numpy as np

from parking_monitor.counting.view_picture import HEIGHT, WIDTH, Floats, spectrum

_VERSION = 1
_SETTLED_S = 8.0
_SETTLED_LOOKS = 5
# About a day: a car that stays for hours, a shadow and a night are each a small part of it.
_MEMORY_S = 86_400.0
_PARTS_DOWN, _PARTS_ACROSS = 5, 6
_LARGEST_FILE_BYTES = 1_000_000


class ReferenceFileError(ValueError):
    """Say that a file holds no reference of a view."""


class Reference:
    """Hold the mean of a view's edges over about a day, and how much detail it has.

    A mean, so that what comes and goes fades and what stays remains.

    Args:
        field: edges as of `view_picture.edges`, of the first picture or as saved.
        detail: share of the picture that is detail, 0 to 1.
        learnt_s: for how long it was learnt, as saved.
        looks: from how many pictures, as saved.
        places: names what was last drawn for this view; empty when nothing was while it was watched.
    """

    def __init__(
        self, field: Floats, detail: float, *, learnt_s: float = 0.0, looks: int = 1, places: str = ''
    ) -> None:
        self._field = field
        self.detail = detail
        self.learnt_s = learnt_s
        self.looks = looks
        self.places = places
        self._note()

    @classmethod
    def of_one_look(cls, field: Floats, detail: float) -> Self:
        """Return a settled reference of the one picture that a person says is right."""
        return cls(field, detail, learnt_s=_SETTLED_S, looks=_SETTLED_LOOKS)

    @property
    def field(self) -> Floats:
        """Return the mean of the edges, (HEIGHT, WIDTH, 2)."""
        return self._field

    @property
    def is_settled(self) -> bool:
        """Return whether it rests on more than a moment."""
        return self.learnt_s >= _SETTLED_S and self.looks >= _SETTLED_LOOKS

    def learn(self, field: Floats, detail: float, interval_s: float) -> None:
        """Take in one more picture, for the time since the one before."""
        self.looks += 1
        self.learnt_s += interval_s
        share = max(1 / self.looks, min(interval_s / _MEMORY_S, 1.0))
        self._field += share * (field - self._field)
        self.detail += share * (detail - self.detail)
        self._note()

    def _note(self) -> None:
        strong = np.hypot(self._field[..., 0], self._field[..., 1]) > 0.2
        parts = strong.reshape(_PARTS_DOWN, HEIGHT // _PARTS_DOWN, _PARTS_ACROSS, WIDTH // _PARTS_ACROSS)
        # A view with edges in one corner only cannot be told from another.
        self.is_structured = bool((parts.mean((1, 3)) > 0.02).mean() >= 1 / 3)
        self.spectrum = spectrum(self._field)


def save(path: Path, reference: Reference) -> None:
    """Write a reference to a file, which is at any time the old one or the new one.

    Raises:
        OSError: when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + '.partial')
    with partial.open('wb') as file:
        np.savez_compressed(
            file,
            version=_VERSION,
            field=reference.field.astype(np.float16),
            detail=reference.detail,
            learnt_s=reference.learnt_s,
            looks=reference.looks,
            places=reference.places,
        )
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load(path: Path) -> Reference | None:
    """Read a reference from a file; None where there is none.

    Raises:
        ReferenceFileError: when the file holds something else.
        OSError: when it cannot be read.
    """
    if not path.exists():
        return None
    if path.stat().st_size > _LARGEST_FILE_BYTES:
        raise ReferenceFileError(f'{path}: larger than {_LARGEST_FILE_BYTES} bytes')
    try:
        with np.load(path, allow_pickle=False) as stored:
            version, field = int(stored['version']), stored['field'].astype(np.float32)
            detail, learnt_s, looks = (
                float(stored['detail']),
                float(stored['learnt_s']),
                int(stored['looks']),
            )
            places = str(stored['places']) if 'places' in stored.files else ''
    except (
        ValueError,
        TypeError,
        KeyError,
        EOFError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ReferenceFileError(f'{path}: not a reference of a view: {error}') from error
    if version != _VERSION:
        raise ReferenceFileError(f'{path}: of version {version}; {_VERSION} is understood')
    numbers = np.array([detail, learnt_s, looks])
    if field.shape != (HEIGHT, WIDTH, 2) or not (np.isfinite(field).all() and np.isfinite(numbers).all()):
        raise ReferenceFileError(f'{path}: holds no {WIDTH}x{HEIGHT} field of finite numbers')
    return Reference(np.ascontiguousarray(field), detail, learnt_s=learnt_s, looks=looks, places=places)


def set_aside(path: Path) -> Path:
    """Rename a file that cannot be used, for a person to look at, and return its new name.

    Raises:
        OSError: when it cannot be renamed.
    """
    return path.replace(path.with_name(path.name + '.corrupt'))
