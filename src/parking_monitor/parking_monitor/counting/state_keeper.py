"""Save a counter's state while it counts, without letting a slow disk hold it up."""

import threading
import time
from pathlib import Path

from parking_monitor.counting.state_file import State, StateFileError, save

SPACING_S = 1.0
RETRY_S = 5.0


class StateKeeper:
    """Write the newest state to its file from a thread: at once, but at most once in `SPACING_S`.

    What a power cut can take is the last second. A disk that is full or slow costs no count:
    the newest state waits, and is tried again every `RETRY_S`.

    Args:
        path: of the state's file.
        camera: whose state it is.
        saved: what the file holds already.
    """

    def __init__(self, path: Path, camera: str, saved: State) -> None:
        self._path = path
        self._camera = camera
        self._saved = saved
        self._newest = saved
        self._problem = ''
        self._is_closing = False
        self._writing_since_s: float | None = None
        # Guards all of the above; never held while the disk is written to.
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='state-keeper', daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str:
        """Return why the newest state is not on the disk; empty while all is well."""
        with self._changed:
            if self._writing_since_s is not None:
                waited_s = time.monotonic() - self._writing_since_s
                if waited_s > RETRY_S:
                    return f'{self._path}: the disk has not answered for {waited_s:.0f} s'
            return self._problem

    def keep(self, state: State) -> None:
        """Take note of a state; returns at once."""
        with self._changed:
            if state != self._newest:
                self._newest = state
                self._changed.notify_all()

    def close(self, timeout_s: float = 1.0) -> bool:
        """Write what is not yet written, and end; return whether all is on the disk."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        with self._changed:
            return self._saved == self._newest

    def _run(self) -> None:
        is_last = False
        while not is_last:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing or self._newest != self._saved)
                # Whatever comes of it, what is written while closing is the last.
                state, is_last = self._newest, self._is_closing
                if state == self._saved:
                    continue
                self._writing_since_s = time.monotonic()
            problem = self._write(state)
            with self._changed:
                self._writing_since_s = None
                self._problem = problem
                self._saved = self._saved if problem else state
                self._changed.wait_for(lambda: self._is_closing, RETRY_S if problem else SPACING_S)

    def _write(self, state: State) -> str:
        """Save a state and return what went wrong; empty when nothing did."""
        try:
            save(self._path, self._camera, state)
        except StateFileError as error:
            return str(error)
        return ''
