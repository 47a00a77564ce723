"""Say which file a camera's model is, and when the one it follows is given up."""

from collections.abc import Callable
from pathlib import Path

from parking_monitor.detection.endurance import Endurance
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.detection.studio.store import StudioModel, StudioStore

_RETRY_S = 3.0
_MOST_RETRY_S = 300.0
_MOST_REFUSALS = 2


class ModelChoice:
    """Hold what a camera's model is called, and which file that is.

    The name `default` follows the newest model of Studio: its file changes when a newer one
    counts, or when this one is given up. Times are monotonic seconds.

    Args:
        name: `default`, or the path of a file.
        shipped: the model that ships, for where there is none of Studio.
        store: of the models of Studio; None for none.
        say: takes a line when a model is given up.
    """

    def __init__(
        self, name: str, shipped: Path, store: StudioStore | None, say: Callable[[str], None]
    ) -> None:
        self.name = name
        self._shipped = shipped
        self._store = store
        self._say = say
        self.in_use = self.path_of(name)
        self._endurance = Endurance()
        self._seen = 0
        self._refused: Path | None = None
        self._refusals = 0
        self._again_s = 0.0

    def origin_of(self, path: Path) -> str:
        """Return where a model comes from: `studio`, `default` or `file`."""
        if path == self._shipped:
            return 'default'
        return 'studio' if self._store and self._store.holds(path) else 'file'

    def path_of(self, name: str) -> Path:
        """Return the file that a name stands for now."""
        if name != DEFAULT_MODEL:
            return Path(name)
        best = self._store.best if self._store else None
        return self._store.path_of(best) if self._store and best else self._shipped

    def is_used(self, name: str, path: Path) -> None:
        """Hear that a model runs, and what it was called."""
        self.name, self.in_use = name, path
        self._endurance.begin()
        self._refused, self._refusals = None, 0

    def wanted(self, failures: int, last_error: str, now_s: float) -> Path | None:
        """Return the file to change to; None while the one in use is right.

        Args:
            failures: how often a model has died, hung or not started so far, whichever it was.
            last_error: why.
            now_s: the time.

        Raises:
            StoreError: when a model has to be given up and that cannot be written.
        """
        new, self._seen = failures - self._seen, failures
        for _ in range(new):
            self._endurance.fail(now_s)
        if self.name != DEFAULT_MODEL:
            return None
        if self._endurance.is_over(now_s):
            self._give_up(self.in_use, f'it failed again and again: {last_error}')
        path = self.path_of(self.name)
        if path == self.in_use or (path == self._refused and now_s < self._again_s):
            return None
        return path

    def is_refused(self, path: Path, reason: str, now_s: float) -> None:
        """Hear that a model to change to did not run; after the second time it is given up.

        Raises:
            StoreError: when that cannot be written.
        """
        self._refusals = self._refusals + 1 if path == self._refused else 1
        self._refused = path
        self._again_s = now_s + min(_RETRY_S * 2.0 ** (self._refusals - 1), _MOST_RETRY_S)
        if self._refusals >= _MOST_REFUSALS:
            self._give_up(path, reason)

    def _give_up(self, path: Path, reason: str) -> None:
        model = self._model_at(path)
        if self._store is None or model is None:
            return
        self._store.refuse(model.project, model.version, reason)
        best = self._store.best
        self._say(f'model {model} is given up, {best or "the default model"} is taken instead: {reason}')

    def _model_at(self, path: Path) -> StudioModel | None:
        if self._store is None:
            return None
        models = (self._store.state.current, self._store.state.previous)
        return next((one for one in models if one and self._store.path_of(one) == path), None)
