"""Remove what Fast DDS leaves in /dev/shm when a process dies without goodbye.

A living owner holds a lock on the file `<segment>_el`. Whatever nobody holds is
left over, as `fastdds shm clean` sees it too; here only what appeared since a
given moment goes, so that other graphs' files stay theirs.
"""

import fcntl
from pathlib import Path

_FOLDER = Path('/dev/shm')  # noqa: S108 - where POSIX shared memory lies, shm_overview(7)
_PREFIX = 'fastrtps_'
_LOCK_SUFFIX = '_el'


def segments(folder: Path = _FOLDER) -> frozenset[str]:
    """Name the Fast DDS segments and ports that are there now."""
    if not folder.is_dir():
        return frozenset()
    return frozenset(
        entry.name.removesuffix(_LOCK_SUFFIX) for entry in folder.iterdir() if entry.name.startswith(_PREFIX)
    )


def remove_orphans(known: frozenset[str], folder: Path = _FOLDER) -> list[str]:
    """Remove segments that are not among the known ones and that nobody holds; return their names."""
    found = orphans(known, folder)
    for name in found:
        for entry in (name, f'{name}{_LOCK_SUFFIX}', f'sem.{name}_mutex'):
            (folder / entry).unlink(missing_ok=True)
    return found


def orphans(known: frozenset[str], folder: Path = _FOLDER) -> list[str]:
    """Name the segments that are not among the known ones and that nobody holds."""
    return [
        name for name in sorted(segments(folder) - known) if not _is_held(folder / f'{name}{_LOCK_SUFFIX}')
    ]


def _is_held(lock: Path) -> bool:
    try:
        with lock.open('rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False
