"""Bring a model from Studio to the disk: whole, bounded, and going on after a cut."""

import errno
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from parking_monitor.detection.studio.api import Opened
from parking_monitor.detection.studio.errors import (
    DiskFullError,
    StoppedError,
    StoreError,
    StudioError,
    StudioUnreachableError,
    UnfitModelError,
)

OpenAt = Callable[[int, str], Opened]
"""Opens a file at an offset, if its tag is still the same; see `StudioApi.open_newest`."""

Progress = Callable[[int, int | None], None]
"""Hears how many bytes are there, and of how many; None where that is not known."""

_MB = 1024 * 1024
_LOOK_AT_DISK_BYTES = 8 * _MB


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """Hold what a download may take.

    Attributes:
        most_bytes: of a model.
        reserve_bytes: that stay free on the disk, for the counts.
        deadline_s: for all of it, pauses included.
        attempts: cuts in a row, with nothing gained between them.
        pause_s: after the first cut; doubled each time.
    """

    most_bytes: int = 512 * _MB
    reserve_bytes: int = 64 * _MB
    deadline_s: float = 3600.0
    attempts: int = 4
    pause_s: float = 1.0


def download(
    open_at: OpenAt,
    part: Path,
    *,
    progress: Progress,
    stopped: threading.Event,
    limits: DownloadLimits | None = None,
) -> bool:
    """Fill a file with what is opened; what a former try has left in it is gone on with.

    That is done where Studio tells contents apart by a tag and can begin in the middle; else all
    of it is fetched again.

    Args:
        open_at: opens what to fetch.
        part: the file to fill; it stays when this fails, unless the disk is full.
        progress: called after each piece.
        stopped: ends it when it is set.
        limits: what it may take.

    Returns:
        Whether something that a former try has left is part of it.

    Raises:
        StudioError: naming what is wrong, and what to do.
    """
    return _Download(open_at, part, progress, stopped, limits or DownloadLimits()).run()


class _Download:
    def __init__(
        self,
        open_at: OpenAt,
        part: Path,
        progress: Progress,
        stopped: threading.Event,
        limits: DownloadLimits,
    ) -> None:
        self._open_at = open_at
        self._part = part
        self._progress = progress
        self._stopped = stopped
        self._limits = limits
        self._tag_file = part.with_name(f'{part.name}.tag')
        self._tag, self._size = self._left()
        self._total: int | None = None
        self._has_old = self._size > 0
        self._until_s = time.monotonic() + limits.deadline_s

    def run(self) -> bool:
        try:
            self._run()
        except OSError as error:
            raise self._named(error) from error
        return self._has_old

    def _run(self) -> None:
        cuts = 0
        while True:
            before = self._size
            try:
                with self._open_at(self._size, self._tag) as opened:
                    self._take(opened)
            except StudioUnreachableError:
                cuts = 1 if self._size > before else cuts + 1
                if cuts >= self._limits.attempts:
                    raise
                self._pause(cuts)
            else:
                self._tag_file.unlink(missing_ok=True)
                return

    def _left(self) -> tuple[str, int]:
        """Return what a former try has left: the tag of the content and how much there is of it."""
        try:
            tag, size = self._tag_file.read_text(encoding='ascii'), self._part.stat().st_size
        except (OSError, ValueError):
            return '', 0
        return (tag, size) if tag else ('', 0)

    def _take(self, opened: Opened) -> None:
        total = opened.total
        if opened.offset not in {0, self._size} or (opened.offset and self._total not in {None, total}):
            self._size = 0
            raise StudioUnreachableError('Edge Impulse Studio sent another part than was asked for')
        self._total = total
        if total is not None and total > self._limits.most_bytes:
            raise self._too_large()
        self._size = opened.offset
        self._has_old = self._has_old and self._size > 0
        self._keep_tag(opened.tag)
        with self._part.open('r+b' if self._size else 'wb') as file:
            file.truncate(self._size)
            file.seek(self._size)
            self._check_disk(0 if total is None else total - self._size)
            self._write(opened, file, total)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and self._size != total:
            raise StudioUnreachableError(f'the download ended after {self._size} of {total} bytes')

    def _write(self, opened: Opened, file: IO[bytes], total: int | None) -> None:
        looked_at = self._size
        for chunk in opened.chunks():
            self._check_time()
            if self._size + len(chunk) > self._limits.most_bytes:
                raise self._too_large()
            file.write(chunk)
            self._size += len(chunk)
            if self._size - looked_at >= _LOOK_AT_DISK_BYTES:
                looked_at = self._size
                self._check_disk(0)
            self._progress(self._size, total)

    def _too_large(self) -> UnfitModelError:
        self._discard()
        return UnfitModelError(f'it has more than {_size(self._limits.most_bytes)}')

    def _discard(self) -> None:
        self._part.unlink(missing_ok=True)
        self._tag_file.unlink(missing_ok=True)

    def _keep_tag(self, tag: str) -> None:
        if tag != self._tag or not self._size:
            self._tag = tag
            self._tag_file.write_text(tag, encoding='ascii', errors='replace')

    def _check_time(self) -> None:
        if self._stopped.is_set():
            raise StoppedError('the download was stopped')
        if time.monotonic() >= self._until_s:
            raise StudioUnreachableError(
                f'the download took longer than {self._limits.deadline_s:g} s; it is tried again'
            )

    def _check_disk(self, needed: int) -> None:
        needed += self._limits.reserve_bytes
        free = shutil.disk_usage(self._part.parent).free
        if free < needed:
            raise self._full(f'{_size(needed)} are needed and {_size(free)} free')

    def _pause(self, cuts: int) -> None:
        self._stopped.wait(self._limits.pause_s * 2 ** (cuts - 1) * random.uniform(0.5, 1.0))
        self._check_time()

    def _named(self, error: OSError) -> StudioError:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return self._full('there is no room left')
        return StoreError(f'{self._part.parent} cannot be written: {error.strerror}')

    def _full(self, what: str) -> StudioError:
        self._discard()  # the room is for counts
        return DiskFullError(f'the disk is too full for a model: {what} at {self._part.parent}; make room')


class ProgressTeller:
    """Tell people how a download goes: when it begins, and every ten seconds.

    Args:
        what: is downloaded.
        say: takes a line.
        spacing_s: between two lines.
    """

    def __init__(self, what: str, say: Callable[[str], None], spacing_s: float = 10.0) -> None:
        self._what = what
        self._say = say
        self._spacing_s = spacing_s
        self._next_s = -1.0
        self.text = 'begins'

    def tell(self, done: int, total: int | None, now_s: float) -> None:
        """Hear how far it is."""
        of_all = f' of {_size(total)}, {100 * done // total} %' if total else ''
        self.text = f'{_size(done)}{of_all}'
        if now_s >= self._next_s:
            self._next_s = now_s + self._spacing_s
            self._say(f'downloading {self._what}: {self.text}')


def _size(size: int) -> str:
    return f'{size / _MB:.1f} MB' if size >= _MB else f'{size / 1024:.0f} kB'
