"""Keep the models of Studio on the disk, and which of them counts.

`studio.json` in the folder says it; it is replaced as a whole, so that whoever reads it sees one state
or the other, also after a power cut. The models that follow it read it again when it changes. Several
processes may change it: they take turns by a lock beside it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parking_monitor.detection.studio.errors import StoreError
from parking_monitor.durable_file import write_durably

FOLDER = 'studio'
"""Name of the store's folder in the folder of models."""

_STATE = 'studio.json'
_LOCK = '.lock'
_MOST_ASKED = 2
_MOST_REFUSED = 8
_MOST_REASON = 300


class StudioModel(BaseModel):
    """Hold a model of Studio that is on the disk.

    Attributes:
        project: its number in Studio.
        name: of the project, as it can be in a file's name.
        version: of the deployment.
    """

    model_config = ConfigDict(frozen=True, extra='ignore')

    project: int
    name: str = Field(pattern=r'^[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}$')
    version: int = Field(ge=0)

    @property
    def file_name(self) -> str:
        """Return the name of its file."""
        return f'{self.name}-v{self.version}.eim'

    def __str__(self) -> str:
        return f'{self.name} {self.version}'


class Refusal(BaseModel):
    """Hold why a version is not taken again."""

    model_config = ConfigDict(frozen=True, extra='ignore')

    project: int
    version: int
    reason: str


class StudioState(BaseModel):
    """Hold which models of Studio there are.

    Attributes:
        current: counts, where a camera's model is `default`.
        previous: counted before, and counts again when the current one fails.
        asked: were asked for by name and version, the newest last.
        refused: did not run here, the newest last.
    """

    model_config = ConfigDict(frozen=True, extra='ignore')

    current: StudioModel | None = None
    previous: StudioModel | None = None
    asked: tuple[StudioModel, ...] = ()
    refused: tuple[Refusal, ...] = ()

    def why_refused(self, project: int, version: int) -> str:
        """Return why a version is not taken; empty when it may be."""
        return next(
            (one.reason for one in self.refused if (one.project, one.version) == (project, version)), ''
        )


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int, int]
    state: StudioState


class StudioStore:
    """Keep the models in a folder of their own; nothing is made before there is a model.

    Args:
        folder: `studio` in the folder of models.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._state_file = folder / _STATE
        self._read: _Read | None = None

    @property
    def state(self) -> StudioState:
        """Return what is on the disk now; nothing, where that cannot be read."""
        try:
            found = self._state_file.stat()
            stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
            if self._read is None or self._read.stamp != stamp:
                state = StudioState.model_validate_json(self._state_file.read_bytes())
                self._read = _Read(stamp, state)
        except (OSError, ValidationError):
            return StudioState()
        return self._read.state

    @property
    def best(self) -> StudioModel | None:
        """Return the model that counts: the current one, or the one before where its file is gone."""
        state = self.state
        models = (state.current, state.previous)
        return next((model for model in models if model and self.path_of(model).is_file()), None)

    def path_of(self, model: StudioModel) -> Path:
        """Return where a model's file is."""
        return self.folder / model.file_name

    def path_for(self, name: str, version: str) -> Path:
        """Return where the file of a name and version is, or would be."""
        return self.folder / f'{name}-v{version}.eim'

    def holds(self, path: Path) -> bool:
        """Return whether a file is one of this folder's."""
        return path.parent == self.folder

    def part_of(self, model: StudioModel) -> Path:
        """Return the file to fill while a model is fetched; parts of other models are removed.

        Raises:
            StoreError: when the folder cannot be written.
        """
        part = self.folder / f'{model.file_name}.part'
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for other in self.folder.glob('*.part*'):
                if not other.name.startswith(part.name):
                    other.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f'{self.folder} cannot be written: {error.strerror}') from error
        return part

    def make_current(self, model: StudioModel, part: Path | None = None) -> None:
        """Let a model that was checked count from now on, and keep the one before it.

        Args:
            model: to count.
            part: its file, if it is not in its place yet; already safe on the disk.

        Raises:
            StoreError: when that cannot be written; then all is as before.
        """
        with self._changing() as state:
            self._place(model, part)
            before = state.current if state.current != model else state.previous
            changed = _with(state, current=model, previous=before)
            self._write(changed)
            self._remove_others(changed)

    def keep(self, model: StudioModel, part: Path | None = None) -> None:
        """Keep a model that somebody asked for; the last two are kept.

        Raises:
            StoreError: when that cannot be written.
        """
        with self._changing() as state:
            self._place(model, part)
            others = tuple(one for one in state.asked if one != model)
            asked = (*others, model)[-_MOST_ASKED:]
            if asked != state.asked:
                changed = _with(state, asked=asked)
                self._write(changed)
                self._remove_others(changed)

    def refuse(self, project: int, version: int, reason: str) -> None:
        """Take a version no more; if it counts, the one before it does from now on.

        Its file stays until another model is stored: who runs it may not have changed yet.

        Raises:
            StoreError: when that cannot be written.
        """
        with self._changing() as state:
            if state.why_refused(project, version):
                return
            refusal = Refusal(project=project, version=version, reason=reason[:_MOST_REASON])

            def is_meant(model: StudioModel | None) -> bool:
                return model is not None and (model.project, model.version) == (project, version)

            left = [one for one in (state.current, state.previous) if one and not is_meant(one)]
            self._write(
                _with(
                    state,
                    current=left[0] if left else None,
                    previous=left[1] if len(left) > 1 else None,
                    refused=(*state.refused, refusal)[-_MOST_REFUSED:],
                )
            )

    def forgive(self) -> None:
        """Let refused versions be tried again.

        Raises:
            StoreError: when that cannot be written.
        """
        if self.state.refused:
            with self._changing() as state:
                self._write(_with(state, refused=()))

    @contextmanager
    def _changing(self) -> Iterator[StudioState]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / _LOCK).open('w') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._read = None
                yield self.state
        except OSError as error:
            raise StoreError(f'{self.folder} cannot be written: {error.strerror}; make room') from error

    def _place(self, model: StudioModel, part: Path | None) -> None:
        if part is not None:
            part.replace(self.path_of(model))
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _write(self, state: StudioState) -> None:
        write_durably(self._state_file, state.model_dump_json(indent=1) + '\n')

    def _remove_others(self, state: StudioState) -> None:
        kept = {one.file_name for one in (state.current, state.previous, *state.asked) if one}
        for file in self.folder.glob('*.eim'):
            if file.name not in kept:
                file.unlink(missing_ok=True)


def _with(state: StudioState, **changes: Any) -> StudioState:
    return state.model_copy(update=changes)
