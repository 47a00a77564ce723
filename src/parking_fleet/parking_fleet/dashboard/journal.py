"""Say what happened to a device: states that changed, silences, cars through gates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from parking_fleet.dashboard.words import how_many, length_text
from parking_fleet.health.devices import SILENT_AFTER_INTERVALS
from parking_fleet.messages.values import State
from parking_fleet.store.values import CountRecord, CrossingRecord

STATE_WORDS: dict[State, str] = {
    'UNKNOWN': 'has seen nothing yet',
    'OK': 'sees',
    'STALE': 'sees nothing fresh',
    'FROZEN': 'shows the same picture again and again',
    'COVERED': 'is covered',
    'MOVED': 'looks elsewhere',
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one thing that happened, in words."""

    time_ms: int
    text: str
    is_trouble: bool = False


def state_changes(counts: Iterable[CountRecord], interval_s: float) -> list[Entry]:
    """Return how the cameras' states changed, and when nothing came from them; the newest first.

    Args:
        counts: in any order.
        interval_s: how often a camera reports at least.
    """
    by_camera: dict[str, list[CountRecord]] = {}
    for count in sorted(counts, key=lambda each: (each.observed_ms, each.seq)):
        by_camera.setdefault(count.camera, []).append(count)
    entries = [
        entry for camera, course in by_camera.items() for entry in _of_camera(camera, course, interval_s)
    ]
    return sorted(entries, key=lambda entry: entry.time_ms, reverse=True)


def crossing_entries(crossings: Iterable[CrossingRecord]) -> list[Entry]:
    """Return cars through gates in words, in their order."""
    words = {'IN': 'A car came in', 'OUT': 'A car went out'}
    return [
        Entry(crossing.observed_ms, f'{words[crossing.direction]} at {crossing.gate or "a gate"}')
        for crossing in crossings
    ]


def _of_camera(camera: str, course: Sequence[CountRecord], interval_s: float) -> list[Entry]:
    name = f'Camera {camera}' if camera else 'The camera'
    entries = [_state(name, course[0])]
    for before, count in pairwise(course):
        gap_s = (count.observed_ms - before.observed_ms) / 1000
        is_gap = gap_s > SILENT_AFTER_INTERVALS * interval_s
        if is_gap:
            entries.append(
                Entry(before.observed_ms, f'{name}: no count for {length_text(gap_s)} from then on', True)
            )
        if count.state != before.state or is_gap:
            entries.append(_state(name, count))
    return entries


def _state(name: str, count: CountRecord) -> Entry:
    cars = how_many(count.cars, 'car', 'cars')
    seen = f', {cars}' if count.state == 'OK' else ''
    return Entry(count.observed_ms, f'{name} {STATE_WORDS[count.state]}{seen}', count.state != 'OK')
