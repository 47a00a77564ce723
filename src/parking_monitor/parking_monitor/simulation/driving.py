"""Drive a car along a path: accelerate, brake for stops, and keep away from the cars ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parking_monitor.simulation.layout import STEP_M, Path
from parking_monitor.simulation.projection import Floats

TICK_S = 0.2
_ACCELERATION = 1.8
_BRAKING = 2.5
_REVERSE_SPEED = 1.4
_TURN_SPEED = 2.6
_SPACING_M = 6.0
_BESIDE_M = 1.7
_LONGEST_S = 1200.0
# Farther than the way that is looked ahead; no need to search it for such a car.
_FAR_M = 21.0


@dataclass(frozen=True, eq=False)
class Drive:
    """Hold a movement, sampled every TICK_S from start_s on: x, y, heading (degrees), speed (m/s)."""

    start_s: float
    samples: Floats

    @cached_property
    def rows(self) -> list[list[float]]:
        """Return the samples as plain numbers, which are quicker to read one by one."""
        rows: list[list[float]] = self.samples.tolist()
        return rows

    @cached_property
    def end_s(self) -> float:
        """Return when it ends."""
        return self.start_s + (len(self.samples) - 1) * TICK_S

    def at(self, time_s: float) -> tuple[float, float, float, float]:
        """Return x, y, heading and speed at a time, linear between the samples."""
        place = min(max((time_s - self.start_s) / TICK_S, 0.0), len(self.samples) - 1.001)
        index = int(place)
        share = place - index
        low, high = self.rows[index], self.rows[index + 1]
        x, y, heading, speed = (a + (b - a) * share for a, b in zip(low, high, strict=True))
        return x, y, heading, speed

    def is_braking(self, time_s: float) -> bool:
        """Say whether the car slows down or stands, with its brake lights on."""
        index = min(int((time_s - self.start_s) / TICK_S), len(self.samples) - 2)
        before, after = self.rows[index][3], self.rows[index + 1][3]
        return after < before - 0.05 or after < 0.1


@dataclass(frozen=True)
class Stop:
    """Hold a stop: at an index of a path's points, for a time."""

    index: int
    for_s: float


def drive(
    legs: Sequence[Path], start_s: float, speed: float, stops: Sequence[Stop], others: Sequence[Drive], *,
    ends_at_rest: bool,
) -> Drive:  # fmt: skip
    """Return the drive along paths, one after the other, with a halt between two.

    Args:
        legs: paths; a reverse one is driven slowly.
        start_s: when it begins.
        speed: what the car drives where nothing hinders it.
        stops: along the last leg.
        others: drives to keep away from; they were planned before and do not give way.
        ends_at_rest: whether it stands at the end, as in a bay, or drives out of the scene.
    """
    rows: list[tuple[float, float, float, float]] = []
    time_s = start_s
    rolling = 0.0 if legs[0].reverse else speed
    for number, leg in enumerate(legs):
        last = number == len(legs) - 1
        driver = _Driver(leg, speed, list(stops) if last else [], others, halts=ends_at_rest or not last)
        part = driver.run(time_s, rolling)
        rows += part
        time_s += len(part) * TICK_S
        rolling = 0.0
        rows += [(*part[-1][:3], 0.0)] * (0 if last else 4)
        time_s += 0 if last else 4 * TICK_S
    if len(rows) < 2:
        rows = rows * 2
    return Drive(start_s, np.array(rows))


class _Driver:
    """Drive one leg."""

    def __init__(
        self, leg: Path, speed: float, stops: list[Stop], others: Sequence[Drive], *, halts: bool
    ) -> None:
        self._leg = leg
        self._poses: list[list[float]] = np.column_stack([leg.points, leg.headings]).tolist()
        self._cruise = _REVERSE_SPEED if leg.reverse else speed
        self._stops = sorted(stops, key=lambda stop: stop.index)
        self._others = others
        self._halts = halts
        self._bends = _bend_limits(leg)
        self._length = (len(leg.points) - 1) * STEP_M

    def run(self, start_s: float, rolling: float) -> list[tuple[float, float, float, float]]:
        """Return the samples from a start time and speed on."""
        rows = []
        place, speed, time_s = 0.0, min(rolling, self._cruise), start_s
        while place < self._length - 0.02 and time_s - start_s < _LONGEST_S:
            rows.append((*self._pose(place), speed))
            if speed < 0.15 and self._stops and self._stops[0].index * STEP_M - place < 0.6:
                stop = self._stops.pop(0)
                rows += [(*self._pose(place), 0.0)] * round(stop.for_s / TICK_S)
                time_s += round(stop.for_s / TICK_S) * TICK_S
                place += 0.02
            allowed = self._allowed(place, time_s)
            speed = min(speed + _ACCELERATION * TICK_S, max(allowed, speed - 3 * _BRAKING * TICK_S))
            place = min(place + speed * TICK_S, self._length)
            time_s += TICK_S
        rows.append((*self._pose(self._length), 0.0 if self._halts else speed))
        return rows

    def _pose(self, place: float) -> tuple[float, float, float]:
        index = min(place / STEP_M, len(self._poses) - 1.001)
        whole, share = int(index), index - int(index)
        low, high = self._poses[whole], self._poses[whole + 1]
        x, y, heading = (a + (b - a) * share for a, b in zip(low, high, strict=True))
        return x, y, heading

    def _allowed(self, place: float, time_s: float) -> float:
        index = int(place / STEP_M)
        limit = min(self._cruise, float(self._bends[min(index, len(self._bends) - 1)]))
        if self._halts:
            limit = min(limit, max(_braking_speed(self._length - place), 0.25))
        if self._stops:
            limit = min(limit, _braking_speed(self._stops[0].index * STEP_M - place - 0.2))
        gap = self._gap(index, place, time_s)
        return min(limit, _braking_speed(gap)) if gap is not None else limit

    def _gap(self, index: int, place: float, time_s: float) -> float | None:
        """Return the free metres to the nearest car on the way, None if there is none."""
        ahead = self._leg.points[index + 2 : index + 72]
        if not len(ahead):
            return None
        here_x, here_y, _ = self._poses[index]
        nearest: float | None = None
        for other in self._others:
            if not other.start_s <= time_s <= other.end_s:
                continue
            x, y, _, _ = other.rows[min(int((time_s - other.start_s) / TICK_S), len(other.rows) - 1)]
            if (x - here_x) ** 2 + (y - here_y) ** 2 > _FAR_M**2:
                continue
            beside = (ahead[:, 0] - x) ** 2 + (ahead[:, 1] - y) ** 2 < _BESIDE_M**2
            if beside.any():
                gap = (index + 2 + int(np.argmax(beside))) * STEP_M + 1.4 - place - _SPACING_M
                nearest = gap if nearest is None else min(nearest, gap)
        return nearest


def _braking_speed(distance_m: float) -> float:
    return math.sqrt(2 * _BRAKING * 0.6 * distance_m) if distance_m > 0 else 0.0


def _bend_limits(leg: Path) -> Floats:
    """Return the speed limit at each point: slow within and shortly before bends."""
    turn = np.abs(np.gradient(leg.headings)) / STEP_M
    limits = np.where(turn > 4.0, _TURN_SPEED, 50.0)
    for _ in range(24):
        limits[:-1] = np.minimum(limits[:-1], np.sqrt(limits[1:] ** 2 + 2 * 1.5 * STEP_M))
    return limits


def collides(planned: Drive, others: Sequence[Drive], reach_m: float = 3.4) -> bool:
    """Say whether a drive comes too near to another at any time."""
    for other in others:
        start, end = max(planned.start_s, other.start_s), min(planned.end_s, other.end_s)
        if end - start < TICK_S:
            continue
        times = np.arange(start, end, TICK_S)
        mine = planned.samples[((times - planned.start_s) / TICK_S).astype(int)]
        theirs = other.samples[((times - other.start_s) / TICK_S).astype(int)]
        if np.any(np.sum((mine[:, :2] - theirs[:, :2]) ** 2, axis=1) < reach_m**2):
            return True
    return False
