"""Write files so that a power cut leaves the old content or the new, never half of it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.errors import FolderError

LOCK_DEADLINE_S = 600.0
_LOCK_POLL_S = 0.1


def make_private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter; parents that are missing too.

    Raises:
        FolderError: when that is not possible.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise FolderError(
            f'{folder}: cannot be made: {error.strerror}; choose another with --certs'
        ) from None


def write_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file in one step, with its mode from the first byte on, and wait until it is on disk.

    Raises:
        FolderError: when it cannot be written.
    """
    part = path.with_name(f'.{path.name}.part')
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, 'wb') as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise FolderError(f'{path}: cannot be written: {error.strerror}; free space or rights?') from None


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path, deadline_s: float = LOCK_DEADLINE_S) -> Iterator[None]:
    """Hold a folder for this process alone; a second one waits. A killed process lets go.

    Raises:
        FolderError: when another process holds it for longer than the deadline.
    """
    make_private_folder(folder)
    descriptor = os.open(folder / '.lock', os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder, time.monotonic() + deadline_s)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, deadline_s: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise FolderError(
                    f'{folder}: another parking-provision has been at work here for too long; end it first'
                ) from None
            time.sleep(_LOCK_POLL_S)
        else:
            return
