"""Judge from what was heard of a graph whether it does its work.

Unhealthy means that a restart may help: a node that should run says nothing, or a count that calls
itself fresh is old. A device that waits for what it cannot make itself (a camera, a model, a
certificate, a mended configuration) is healthy and says what it waits for, since no restart brings it
a camera.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from parking_monitor.device.status import CameraTopic, Status

# A picture takes a while from the camera to the count, on a Raspberry Pi 3 more than a second.
_MARGIN_S = 5.0
_FRESH = 'OK'


@dataclass(frozen=True, slots=True)
class HeardCount:
    """Hold what a camera's count said: its state, its cars, and how old its picture is."""

    state: str
    cars: int
    age_s: float


@dataclass(frozen=True, slots=True)
class HeardNode:
    """Hold what a node said of itself on /diagnostics."""

    is_well: bool
    message: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Hold what was heard of a graph: of nodes by full name, of counts by camera."""

    nodes: Mapping[str, HeardNode]
    counts: Mapping[str, HeardCount]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold whether a device is healthy, and why in one line."""

    healthy: bool
    reason: str


def all_said(status: Status, heard: Heard) -> bool:
    """Return whether there is nothing more to listen for."""
    return not _silent(status.nodes, heard.nodes) and all(
        camera.name in heard.counts and not _is_old(camera, heard.counts[camera.name])
        for camera in status.cameras
    )


def judge(status: Status, heard: Heard) -> Verdict:
    """Return how a device is whose graph was listened to for long enough."""
    if status.runs != 'graph':
        return Verdict(True, f'waits: {status.waits}' if status.waits else f'runs {status.runs}')
    if silent := _silent(status.nodes, heard.nodes):
        return Verdict(False, f'nothing is heard of {", ".join(silent)}')
    uncounted = [camera.name for camera in status.cameras if camera.name not in heard.counts]
    if uncounted:
        return Verdict(False, f'no count of {", ".join(uncounted)}')
    old = [camera.name for camera in status.cameras if _is_old(camera, heard.counts[camera.name])]
    if old:
        ages = ', '.join(f'{name} {heard.counts[name].age_s:.0f} s' for name in old)
        return Verdict(False, f'counts that call themselves fresh are old: {ages}')
    return Verdict(True, '; '.join(_as_words(status, heard)))


def _silent(expected: Sequence[str], heard: Collection[str]) -> list[str]:
    return [name for name in expected if name not in heard]


def _is_old(camera: CameraTopic, count: HeardCount) -> bool:
    """Return whether a count calls itself fresh and is not; a clock set back makes its age negative."""
    return count.state == _FRESH and abs(count.age_s) > camera.stale_after_s + _MARGIN_S


def _as_words(status: Status, heard: Heard) -> list[str]:
    words = []
    for camera in status.cameras:
        count = heard.counts[camera.name]
        seen = f'{count.cars} cars' if count.state == _FRESH else f'waits, {count.state}'
        words.append(f'{camera.name}: {seen}')
    words += [
        f'{name.rpartition("/")[2]}: {node.message}'
        for name, node in heard.nodes.items()
        if name in status.nodes and not node.is_well
    ]
    return words or ['all nodes run']
