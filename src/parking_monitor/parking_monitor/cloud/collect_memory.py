"""Remember what was collected and uploaded, so that a restart repeats nothing and forgets no limit."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parking_monitor.cloud.errors import StoreUnavailableError
from parking_monitor.durable_file import write_durably

FORMAT = 'parking.collected/1'
FILE_NAME = 'collected.json'
MOST_SCENES = 256
MOST_CONTENTS = 1000
_CONTENT_CHARACTERS = 16
_MAX_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Camera:
    """Hold what is remembered of one camera: the hashes of its scenes, and its largest car."""

    scenes: list[int] = field(default_factory=list)
    car_px: float | None = None


class CollectMemory:
    """Own the file of what was collected. Any thread may call.

    Args:
        path: of the file; one that is not there or cannot be used begins anew.
        today: the date at the device.
    """

    def __init__(self, path: Path, today: Callable[[], dt.date]) -> None:
        self._path = path
        self._today = today
        self._lock = threading.RLock()
        self._day = today()
        self._uploaded = 0
        self._contents: dict[str, None] = {}
        self._cameras: dict[str, _Camera] = {}
        self._problem = ''
        self._load()

    @property
    def problem(self) -> str:
        """Return what was wrong with the file; empty when nothing was."""
        return self._problem

    @property
    def uploaded_today(self) -> int:
        """Return how many pictures were uploaded on this day."""
        with self._lock:
            self._begin_day()
            return self._uploaded

    def count_upload(self) -> None:
        """Note that a picture was uploaded.

        Raises:
            StoreError: when it cannot be written.
        """
        with self._lock:
            self._begin_day()
            self._uploaded += 1
            self._save()

    def is_known(self, content: str) -> bool:
        """Return whether a picture of this content was collected before."""
        return content[:_CONTENT_CHARACTERS] in self._contents

    def scenes(self, camera: str) -> list[int]:
        """Return the hashes of the scenes that were collected of a camera."""
        with self._lock:
            return list(self._of(camera).scenes)

    def car_px(self, camera: str) -> float | None:
        """Return the short side of the largest car that a camera has seen, pixels; None when it saw none."""
        return self._of(camera).car_px

    def note_car(self, camera: str, car_px: float) -> None:
        """Remember how large a car is in the pictures of a camera, if it is the largest; saved later."""
        with self._lock:
            known = self._of(camera)
            known.car_px = max(car_px, known.car_px or 0.0)

    def remember(self, camera: str, content: str, scene: int) -> None:
        """Note that a picture was collected.

        Raises:
            StoreError: when it cannot be written.
        """
        with self._lock:
            self._contents[content[:_CONTENT_CHARACTERS]] = None
            while len(self._contents) > MOST_CONTENTS:
                self._contents.pop(next(iter(self._contents)))
            scenes = self._of(camera).scenes
            scenes.append(scene)
            del scenes[:-MOST_SCENES]
            self._save()

    def _of(self, camera: str) -> _Camera:
        return self._cameras.setdefault(camera, _Camera())

    def _begin_day(self) -> None:
        # A clock that is behind, as before its first time server, gives no second day.
        if (today := self._today()) > self._day:
            self._day, self._uploaded = today, 0

    def _save(self) -> None:
        content = {
            'format': FORMAT,
            'day': self._day.isoformat(),
            'uploaded': self._uploaded,
            'contents': list(self._contents),
            'cameras': {
                name: {'scenes': [f'{scene:016x}' for scene in one.scenes], 'car_px': one.car_px}
                for name, one in self._cameras.items()
            },
        }
        try:
            write_durably(self._path, json.dumps(content))
        except OSError as error:
            raise StoreUnavailableError(
                f'{self._path} cannot be written: {error.strerror}; make room on the disk'
            ) from error

    def _load(self) -> None:
        try:
            with self._path.open('rb') as file:
                self._parse(json.loads(file.read(_MAX_BYTES + 1)))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self._problem = f'{self._path} cannot be used; what was uploaded today is counted anew'
            self._contents, self._cameras, self._uploaded = {}, {}, 0

    def _parse(self, content: Any) -> None:
        if content['format'] != FORMAT:
            raise ValueError('another format')
        self._contents = {str(one): None for one in content['contents']}
        self._cameras = {
            str(name): _Camera(
                [int(scene, 16) for scene in one['scenes']],
                None if one['car_px'] is None else float(one['car_px']),
            )
            for name, one in content['cameras'].items()
        }
        self._uploaded = int(content['uploaded'])
        self._day = dt.date.fromisoformat(content['day'])
        self._begin_day()
