"""Tell the health check what a device runs: a small file that is forgotten with each start."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from parking_monitor.durable_file import write_durably


class NoStatusError(Exception):
    """Say why nothing is known of what a device runs."""


@dataclass(frozen=True, slots=True)
class CameraTopic:
    """Hold where the count of a camera is published, and how old it may get."""

    name: str
    topic: str
    stale_after_s: float


@dataclass(frozen=True, slots=True)
class Status:
    """Hold what a device runs.

    Attributes:
        runs: 'graph', 'studio' or 'nothing'.
        waits: what it waits for; empty when for nothing.
        nodes: full names of the nodes that run.
        cameras: those that are counted.
    """

    runs: str
    waits: str = ''
    nodes: Sequence[str] = ()
    cameras: Sequence[CameraTopic] = ()


def write_status(path: Path, status: Status) -> None:
    """Put it in the place of what the file said before.

    Raises:
        OSError: when that is not possible.
    """
    write_durably(path, json.dumps(asdict(status)))


def read_status(path: Path) -> Status:
    """Return what the device runs.

    Raises:
        NoStatusError: when the file is not there, or is not one of `write_status`.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        cameras = [CameraTopic(**camera) for camera in content.pop('cameras')]
        return Status(**content, cameras=cameras)
    except OSError as error:
        raise NoStatusError(f'{path} cannot be read: {error.strerror}; is the device switched on?') from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoStatusError(f'{path} is damaged') from None
