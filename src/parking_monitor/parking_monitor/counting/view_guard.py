"""Watch a camera's view from its JPEGs, and keep what it should look like in a file."""

import threading
import time
from pathlib import Path

from parking_monitor import jpeg
from parking_monitor.counting import view_reference
from parking_monitor.counting.view import Sight, ViewWatch
from parking_monitor.counting.view_picture import HEIGHT, WIDTH
from parking_monitor.counting.view_reference import Reference, ReferenceFileError
from parking_monitor.values import Frame, View

_SAVE_EVERY_S = 3600.0  # what is learnt in an hour is little; flash memory wears out


class ViewGuard:
    """Decode as small a picture as will do, at most twice a second, and watch the view.

    Any method may be called from any thread.

    Args:
        path: file of the reference, so that a camera moved while the device was off is
            noticed; None keeps it in memory. A file that cannot be used is set aside.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._problem = ''
        reference = self._load(path) if path else None
        self._watch = ViewWatch(reference)
        self._places = reference.places if reference else ''
        self._new_places = ''
        self._save_at_s = time.monotonic() + (_SAVE_EVERY_S if reference else 0.0)
        self._lock = threading.Lock()

    @property
    def view(self) -> View:
        """Return the present verdict."""
        return self._watch.view

    @property
    def sight(self) -> Sight:
        """Return what the latest look measured."""
        return self._watch.sight

    @property
    def problem(self) -> str:
        """Return what is wrong with the file of the reference; empty when nothing is."""
        return self._problem

    def look(self, frame: Frame) -> View:
        """Look at a frame where one is due, and return the verdict.

        Raises:
            JpegError: when it cannot be decoded.
        """
        with self._lock:
            if not self._watch.is_due(frame.stamp_ns):
                return self._watch.view
            image = frame.image
            if image is None:
                image = jpeg.decode(frame.jpeg or b'', (WIDTH, HEIGHT))
            view = self._watch.look(image, frame.stamp_ns)
            if self._new_places and self._watch.accept():
                self._places, self._new_places = self._new_places, ''
                self._save()
                return self._watch.view
            if time.monotonic() >= self._save_at_s:
                self._save()
            return view

    def accept(self) -> bool:
        """Take the present view for the right one; False where too little is seen for that."""
        with self._lock:
            if not self._watch.accept():
                return False
            self._save()
            return True

    def is_drawn_for(self, places: str) -> bool:
        """Take what is seen now for the right view, where other places than before were drawn on it.

        As soon as enough is seen for that. Places told again, as after a restart, change nothing: a camera
        that was moved since they were drawn stays so.

        Args:
            places: names what was drawn; the same name for the same places.

        Returns:
            Whether they are other places.
        """
        with self._lock:
            self._new_places = places if places != self._places else ''
            return bool(self._new_places)

    def _load(self, path: Path) -> Reference | None:
        try:
            return view_reference.load(path)
        except ReferenceFileError as error:
            self._tell(f'{error}; it is set aside, and the view is learnt anew', path)
            self._set_aside(path)
        except OSError as error:
            self._tell(f'{error}; the view is learnt anew', path)
        return None

    def _set_aside(self, path: Path) -> None:
        try:
            view_reference.set_aside(path)
        except OSError as error:
            self._tell(f'cannot be set aside: {error}', path)

    def _save(self) -> None:
        reference = self._watch.reference
        if self._path is None or reference is None:
            return
        self._save_at_s = time.monotonic() + _SAVE_EVERY_S
        reference.places = self._places
        try:
            view_reference.save(self._path, reference)
        except OSError as error:
            self._tell(f'{error}; a camera that is moved while the device is off goes unnoticed', self._path)
        else:
            self._problem = ''

    def _tell(self, problem: str, path: Path) -> None:
        self._problem = f'view reference {path.name}: {problem}'
