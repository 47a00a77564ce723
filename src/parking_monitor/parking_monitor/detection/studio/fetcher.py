"""Find the project, take its newest model or a named version, check it, and only then let it count."""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.studio.api import Opened, Project, StudioApi, target_of
from parking_monitor.detection.studio.download import DownloadLimits, OpenAt, ProgressTeller, download
from parking_monitor.detection.studio.errors import NoBuildError, NoProjectError, UnfitModelError
from parking_monitor.detection.studio.store import StudioModel, StudioStore

_MOST_LISTED = 8


class Check(Protocol):
    """Something that runs a model once, see `ModelCheck`."""

    def run(self, file: Path) -> ModelInfo:
        """Return what a model says of itself, once it has answered."""


@dataclass(frozen=True, slots=True)
class Look:
    """Hold what a look has found.

    Attributes:
        newest: what Studio has.
        is_taken: whether it was fetched just now, and counts.
        refused: why it is not taken; empty when it counts.
    """

    newest: StudioModel
    is_taken: bool = False
    refused: str = ''


class StudioFetcher:
    """Bring models of Studio into a store. For one thread at a time; it may take long.

    Args:
        api: Studio.
        store: where models go.
        machine: the processor, as `uname -m` names it.
        check: tries a model out.
        say: takes a line for people.
        stopped: ends a download.
        project: name or number of the project; empty for the only one that the key opens.
        limits: what a download may take.
    """

    def __init__(
        self,
        api: StudioApi,
        store: StudioStore,
        machine: str,
        check: Check,
        *,
        say: Callable[[str], None],
        stopped: threading.Event,
        project: str = '',
        limits: DownloadLimits | None = None,
    ) -> None:
        self._api = api
        self._store = store
        self._machine = machine
        self._check = check
        self._say = say
        self._stopped = stopped
        self._project = project
        self._limits = limits
        self._teller: ProgressTeller | None = None

    @property
    def progress(self) -> str:
        """Return how far a download is; empty while there is none."""
        teller = self._teller
        return teller.text if teller else ''

    def look(self) -> Look:
        """Take the newest model, unless it counts already or did not run here before.

        Raises:
            StudioError: when it cannot be had; what counted before does.
        """
        target = target_of(self._machine)
        project = choose(self._api.projects(), self._project)
        version = self._api.newest(project, target)
        model = _model_of(project, version)
        state = self._store.state
        if reason := state.why_refused(project.id, version):
            return Look(model, refused=reason)
        path = self._store.path_of(model)
        if state.current == model and path.is_file():
            return Look(model)
        if model in (state.previous, *state.asked) and path.is_file():
            self._store.make_current(model)
            return Look(model, is_taken=True)

        def open_at(offset: int, tag: str) -> Opened:
            return self._api.open_newest(project, target, offset, tag)

        self._store.make_current(model, self._fetch(model, open_at))
        self._say(f'stored model {model} in {path}')
        return Look(model, is_taken=True)

    def fetch(self, name: str, version: str) -> Path:
        """Return the file of a model by name and version, fetched if it is not there.

        Raises:
            StudioError: when it cannot be had.
        """
        path = self._store.path_for(name, version)
        state = self._store.state
        for known in (state.current, state.previous, *state.asked):
            if known and self._store.path_of(known) == path and path.is_file():
                self._store.keep(known)
                return path
        target = target_of(self._machine)
        project = _named(self._api.projects(), name)
        versions = self._api.versions(project, target)
        if not version.isdigit() or int(version) not in versions:
            raise NoBuildError(
                f'project {project} has no version {version} for this processor, '
                f"'{target.title}'; {_listed('versions', [str(one) for one in versions])}"
            )
        model = _model_of(project, int(version))
        if reason := state.why_refused(model.project, model.version):
            raise UnfitModelError(f'model {model} did not run here: {reason}')

        def open_at(offset: int, tag: str) -> Opened:
            return self._api.open_version(project, model.version, offset, tag)

        self._store.keep(model, self._fetch(model, open_at))
        self._say(f'stored model {model} in {path}')
        return path

    def _fetch(self, model: StudioModel, open_at: OpenAt) -> Path:
        part = self._store.part_of(model)
        self._teller = teller = ProgressTeller(f'model {model} for {self._machine}', self._say)
        try:
            while not self._is_whole(model, open_at, part, teller):
                part.unlink()
        except UnfitModelError as error:
            part.unlink(missing_ok=True)
            self._store.refuse(model.project, model.version, str(error))
            raise UnfitModelError(f'model {model} is not taken: {error}; build a newer one') from error
        finally:
            self._teller = None
        return part

    def _is_whole(self, model: StudioModel, open_at: OpenAt, part: Path, teller: ProgressTeller) -> bool:
        """Fetch and check a model; return False where a part from before may be what is wrong with it."""
        is_patched = download(
            open_at,
            part,
            progress=lambda done, total: teller.tell(done, total, time.monotonic()),
            stopped=self._stopped,
            limits=self._limits,
        )
        self._say(f'downloaded model {model}, {teller.text}; trying it out')
        try:
            self._check.run(part)
        except UnfitModelError:
            if not is_patched:
                raise
            self._say(f'model {model} did not run; it was fetched in parts, so it is fetched again')
            return False
        return True


def choose(projects: Sequence[Project], wanted: str) -> Project:
    """Return the project to take models from.

    Args:
        projects: that the key opens.
        wanted: its name or number; empty for the only one.

    Raises:
        NoProjectError: when that is none, or more than one.
    """
    if not projects:
        raise NoProjectError(
            'the key opens no project; make a project in Edge Impulse Studio, and a key under its '
            'Dashboard > Keys'
        )
    if not wanted and len(projects) > 1:
        raise NoProjectError(
            f'the key opens {len(projects)} projects; name one as studio.project in fleet.yaml: '
            f'{_listed("they", [str(one) for one in projects])}'
        )
    if not wanted:
        return projects[0]
    return _named(projects, wanted)


def file_name_of(name: str) -> str:
    """Return a project's name as it can be in the name of a file."""
    kept = re.sub(r'[^A-Za-z0-9 ._-]+', '-', name).strip(' ._-')
    return kept[:100].strip(' ._-') or 'model'


def _named(projects: Sequence[Project], wanted: str) -> Project:
    found = [one for one in projects if wanted in {str(one.id), one.name}] or [
        one for one in projects if file_name_of(one.name) == wanted
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoProjectError(
            f'{len(found)} projects are called {wanted}; name one by its number: '
            f'{_listed("they", [str(one) for one in found])}'
        )
    raise NoProjectError(
        f'the key opens no project {wanted}; {_listed("projects", [str(one) for one in projects])}'
    )


def _model_of(project: Project, version: int) -> StudioModel:
    return StudioModel(project=project.id, name=file_name_of(project.name), version=version)


def _listed(what: str, names: Sequence[str]) -> str:
    if not names:
        return 'there is none'
    more = f' and {len(names) - _MOST_LISTED} more' if len(names) > _MOST_LISTED else ''
    return f'{what} are {", ".join(names[:_MOST_LISTED])}{more}'
