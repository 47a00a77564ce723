"""Keep collected pictures as plain files, within a bound, through kill -9 and power cuts.

training/lane-20261122T134807Z-5f2c....jpg     the picture
training/lane-20261122T134807Z-5f2c....json    what is known of it; a picture without one is not there
training/bounding_boxes.labels                 suggested labels, in a folder that an operator fetches
testing/...
refused/...                                    what Edge Impulse did not take, the newest few
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from parking_monitor.cloud.errors import StoreFullError, StoreUnavailableError
from parking_monitor.cloud.sample import Category, Sample, labels_document
from parking_monitor.durable_file import write_durably

LABELS_FILE = 'bounding_boxes.labels'
REFUSED_FOLDER = 'refused'
KEPT_REFUSED = 20
_ENOSPC = frozenset({28, 122})  # also a quota that is used up


@dataclass(frozen=True, slots=True)
class StoredSample:
    """Hold one picture that is kept.

    Attributes:
        size: of the picture and what is known of it, bytes.
    """

    sample: Sample
    path: Path
    size: int

    def read(self) -> bytes:
        """Return the picture.

        Raises:
            OSError: when it is not there any more.
        """
        return self.path.read_bytes()


class SampleStore:
    """Own the folder of one device's pictures. Any thread may call.

    Args:
        folder: made when it is not there. What a kill left half written is removed.
        limit_bytes: what is over goes: what is worth least first, and of that the oldest.
        keeps_labels: whether there is a file of labels beside the pictures.

    Raises:
        StoreError: when the folder cannot be used.
    """

    def __init__(self, folder: Path, limit_bytes: int, *, keeps_labels: bool = False) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._keeps_labels = keeps_labels
        self._lock = threading.RLock()
        self._kept: dict[str, StoredSample] = {}
        self._dropped = 0
        self._damaged = 0
        with _explained(folder):
            for category in Category:
                (folder / category).mkdir(mode=0o700, parents=True, exist_ok=True)
                self._find(category)
            self._make_room()
            self._write_labels()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        with self._lock:
            return sum(stored.size for stored in self._kept.values())

    @property
    def dropped(self) -> int:
        """Return how many pictures had to go for others since this began."""
        return self._dropped

    @property
    def damaged(self) -> int:
        """Return how many pictures could not be used when this began."""
        return self._damaged

    def put(self, sample: Sample, jpeg: bytes) -> bool:
        """Keep a picture, safe on the disk once this returns; False when it is there already, or no room.

        Raises:
            StoreError: when it cannot be written.
        """
        with self._lock, _explained(self._folder):
            if sample.name in self._kept:
                return False
            path = self._folder / sample.category / sample.name
            text = sample.to_json()
            self._forget_missing()
            # The second file says that the first one is whole.
            write_durably(path, jpeg)
            write_durably(path.with_suffix('.json'), text)
            self._kept[sample.name] = StoredSample(sample, path, len(jpeg) + len(text.encode()))
            self._make_room()
            self._write_labels()
            return sample.name in self._kept

    def next(self) -> StoredSample | None:
        """Return what is worth most, the oldest of it; None when there is nothing."""
        with self._lock:
            kept = self._kept.values()
            return min(kept, key=lambda one: (one.sample.reason.rank, one.sample.stamp_ns), default=None)

    def remove(self, stored: StoredSample) -> None:
        """Forget a picture and delete it.

        Raises:
            StoreError: when it cannot be deleted.
        """
        with self._lock, _explained(self._folder):
            self._remove(stored)

    def set_aside(self, stored: StoredSample) -> None:
        """Put a picture where it is not taken from again; only the newest few of those are kept.

        Raises:
            StoreError: when it cannot be moved.
        """
        with self._lock, _explained(self._folder):
            folder = self._folder / REFUSED_FOLDER
            folder.mkdir(mode=0o700, exist_ok=True)
            with suppress(FileNotFoundError):
                stored.path.replace(folder / stored.path.name)
            self._remove(stored)
            refused = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            for path in refused[:-KEPT_REFUSED]:
                path.unlink(missing_ok=True)

    def _find(self, category: Category) -> None:
        """Find the pictures of a category, and remove what a kill left half written."""
        folder = self._folder / category
        for path in folder.glob('*.new'):
            path.unlink(missing_ok=True)
        for path in sorted(folder.glob('*.jpg')):
            beside = path.with_suffix('.json')
            try:
                text = beside.read_text(encoding='utf-8')
                sample = Sample.from_json(text, path.name, category)
            except FileNotFoundError:
                path.unlink(missing_ok=True)
            except ValueError:
                self._damaged += 1
                beside.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            else:
                size = path.stat().st_size + len(text.encode())
                self._kept[path.name] = StoredSample(sample, path, size)
        for beside in folder.glob('*.json'):
            if beside.with_suffix('.jpg').name not in self._kept:
                beside.unlink(missing_ok=True)

    def _forget_missing(self) -> None:
        """Forget pictures that an operator took away; only who fetches them does so."""
        if self._keeps_labels:
            for stored in [one for one in self._kept.values() if not one.path.exists()]:
                self._remove(stored)

    def _make_room(self) -> None:
        size = self.size
        if size <= self._limit_bytes:
            return
        for stored in sorted(self._kept.values(), key=_worth):
            if size <= self._limit_bytes:
                return
            self._remove(stored)
            self._dropped += 1
            size -= stored.size

    def _remove(self, stored: StoredSample) -> None:
        # In this order: a picture without the other file is not there.
        stored.path.with_suffix('.json').unlink(missing_ok=True)
        stored.path.unlink(missing_ok=True)
        self._kept.pop(stored.sample.name, None)

    def _write_labels(self) -> None:
        if not self._keeps_labels:
            return
        for category in Category:
            boxes = {
                name: stored.sample.boxes
                for name, stored in sorted(self._kept.items())
                if stored.sample.category is category and stored.sample.boxes is not None
            }
            write_durably(self._folder / category / LABELS_FILE, labels_document(boxes))


def _worth(stored: StoredSample) -> tuple[int, int]:
    return -stored.sample.reason.rank, stored.sample.stamp_ns


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ENOSPC:
            raise StoreFullError(f'the disk with {folder} is full; free some space') from error
        raise StoreUnavailableError(f'{folder}: {error.strerror}; check the disk and who owns it') from error
