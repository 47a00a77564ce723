"""Damage the truth as real detectors damage it.

Detectors miss cars, at random and for seconds at a time; their boxes jitter; they see cars
where there are none, briefly; they take two neighbours for one car; FOMO models give one car
as several cells; and frames are lost on the way. All of it is drawn from seeds, so that the
same stream comes out every time.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy_parts.source import stamp_ns
from parking_monitor.simulation.truth import CarTruth, FrameTruth
from parking_monitor.values import Box, Detection, Detections, ModelType

RUN_MEAN_S = 2.0
RUN_LONGEST_S = 10.0
"""Misses that last: their time falls off exponentially, and none is longer than this."""
HARDLY_SEEN, WELL_SEEN = 0.25, 0.5
"""A car is found as often as the damage lets it from the second share on, never below the first."""
FALSE_LONGEST_S, MERGED_LONGEST_S = 0.3, 0.4
FOMO_GRID = 40
"""Cells a side: a FOMO model of 320x320 pixels with cells of 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Hold how much of what is wrong.

    Attributes:
        miss: share of a car's frames in which it is not found: half of them at random, half in runs.
        jitter: standard deviation of a box's place and size, as a share of its size.
        false_share: share of the frames in which a false box begins; it lasts up to 0.3 seconds.
        merged_share: share of the frames in which two boxes that overlap become one, for up to 0.4 seconds.
        dropped: share of the frames that never arrive.
        is_fomo: whether the answer is cells instead of boxes.
        seed: of the dice.
    """

    miss: float = 0.2
    jitter: float = 0.03
    false_share: float = 0.02
    merged_share: float = 0.02
    dropped: float = 0.05
    is_fomo: bool = False
    seed: int = 5_003


class MissRuns:
    """Tell when a car is missed for a while: a chain of stretches, found and missed in turn.

    Args:
        share: of the time that is missed, 0 to below 1.
        random: the dice.
        start_s: when the car begins to be watched.
    """

    def __init__(self, share: float, random: np.random.Generator, start_s: float) -> None:
        self._random = random
        mean_s = RUN_MEAN_S * (1 - math.exp(-RUN_LONGEST_S / RUN_MEAN_S))
        self._found_mean_s = mean_s * (1 - share) / share if share > 0 else math.inf
        self._missed = bool(random.random() < share)
        self._until_s = start_s + self._draw()

    def is_missed(self, time_s: float) -> bool:
        """Tell whether a time lies in a run of misses; times only go forward."""
        while time_s >= self._until_s:
            self._missed = not self._missed
            self._until_s += self._draw()
        return self._missed

    def _draw(self) -> float:
        if self._missed:
            return min(float(self._random.exponential(RUN_MEAN_S)), RUN_LONGEST_S)
        if math.isinf(self._found_mean_s):
            return math.inf
        return float(self._random.exponential(self._found_mean_s))


class Damager:
    """Turn the truth of frames into what a detector would say, frame by frame."""

    def __init__(self, damage: Damage) -> None:
        self._damage = damage
        self._random = np.random.default_rng([damage.seed, 1])
        self._runs: dict[int, MissRuns] = {}
        self._merged_until_s: dict[tuple[int, int], float] = {}
        self._false: list[tuple[Box, float]] = []
        self.found: set[int] = set()
        # Half of the misses come in runs; a frame outside of the runs is missed so often beside them.
        self._in_runs = damage.miss / 2
        self._at_random = (damage.miss - self._in_runs) / (1 - self._in_runs)

    def detect(self, frame: FrameTruth) -> Detections | None:
        """Return what is found in the next frame; None when it never arrives.

        `found` holds the identities of all cars of which a box has arrived.
        """
        found = [(car.car_id, self._jittered(car.box)) for car in frame.cars if self._is_found(car, frame)]
        boxes = [box for _, box in self._merge(found, frame.time_s)] + self._false_boxes(frame)
        if self._random.random() < self._damage.dropped:
            return None
        self.found.update(car_id for car_id, _ in found)
        items = [Detection('car', round(float(self._random.uniform(0.5, 0.95)), 3), box) for box in boxes]
        empty = Detections(
            stamp_ns=stamp_ns(frame.time_s),
            image_width=frame.width,
            image_height=frame.height,
            items=tuple(items),
        )
        return self._as_cells(empty) if self._damage.is_fomo else empty

    def _is_found(self, car: CarTruth, frame: FrameTruth) -> bool:
        runs = self._runs.get(car.car_id)
        if runs is None:
            random = np.random.default_rng([self._damage.seed, 2, car.car_id])
            runs = self._runs[car.car_id] = MissRuns(self._in_runs, random, frame.time_s)
        is_in_run = runs.is_missed(frame.time_s)
        chance = (1 - self._at_random) * _clamped(
            (car.visibility - HARDLY_SEEN) / (WELL_SEEN - HARDLY_SEEN), 0.0, 1.0
        )
        return bool(self._random.random() < chance) and not is_in_run and car.box.area > 0

    def _jittered(self, box: Box) -> Box:
        x, y, width, height = self._random.normal(0.0, self._damage.jitter, 4)
        wide, high = box.width * (1 + float(width)), box.height * (1 + float(height))
        middle_x, middle_y = box.centre
        middle_x += float(x) * box.width
        middle_y += float(y) * box.height
        return Box(middle_x - wide / 2, middle_y - high / 2, wide, high)

    def _merge(self, found: Sequence[tuple[int, Box]], time_s: float) -> list[tuple[int, Box]]:
        """Let one pair of neighbours become one box now and then."""
        pairs = [
            (one, other)
            for index, one in enumerate(found)
            for other in found[index + 1 :]
            if one[1].intersection(other[1]) > 0.1 * min(one[1].area, other[1].area)
        ]
        if pairs and self._random.random() < self._damage.merged_share:
            one, other = pairs[int(self._random.integers(len(pairs)))]
            self._merged_until_s[one[0], other[0]] = time_s + float(self._random.uniform(0, MERGED_LONGEST_S))
        left = list(found)
        for one, other in pairs:
            is_merged = self._merged_until_s.get((one[0], other[0]), -1.0) >= time_s
            if is_merged and one in left and other in left:
                left = [item for item in left if item not in (one, other)]
                left.append((one[0], _around(one[1], other[1])))
        return left

    def _false_boxes(self, frame: FrameTruth) -> list[Box]:
        self._false = [(box, until_s) for box, until_s in self._false if until_s >= frame.time_s]
        if self._random.random() < self._damage.false_share:
            sizes = [car.full_box for car in frame.cars if car.full_box.area > 0]
            like = (
                sizes[int(self._random.integers(len(sizes)))]
                if sizes
                else Box(0.0, 0.0, 0.12 * frame.width, 0.1 * frame.height)
            )
            width, height = min(like.width, 0.5 * frame.width), min(like.height, 0.5 * frame.height)
            x = float(self._random.uniform(0, frame.width - width))
            y = float(self._random.uniform(0.2 * frame.height, frame.height - height))
            until_s = frame.time_s + float(self._random.uniform(0, FALSE_LONGEST_S))
            self._false.append((Box(x, y, width, height), until_s))
        return [self._jittered(box) for box, _ in self._false]

    def _as_cells(self, found: Detections) -> Detections:
        cell_w, cell_h = found.image_width / FOMO_GRID, found.image_height / FOMO_GRID
        cells: dict[tuple[int, int], float] = {}
        for item in found.items:
            for cell in self._cells_of(item.box, cell_w, cell_h):
                if 0 <= cell[0] < FOMO_GRID and 0 <= cell[1] < FOMO_GRID:
                    cells[cell] = max(cells.get(cell, 0.0), item.confidence)
        return dataclasses.replace(
            found,
            items=tuple(
                Detection('car', confidence, Box(column * cell_w, row * cell_h, cell_w, cell_h))
                for (column, row), confidence in sorted(cells.items())
            ),
            model_type=ModelType.FOMO,
            cell_size=(cell_w, cell_h),
        )

    def _cells_of(self, box: Box, cell_w: float, cell_h: float) -> list[tuple[int, int]]:
        """Return one to four cells around a car's middle; those of large cars need not touch."""
        middle_x, middle_y = box.centre
        cells = [(int(middle_x // cell_w), int(middle_y // cell_h))]
        for _ in range(int(self._random.integers(0, 4))):
            x = middle_x + float(self._random.uniform(-0.3, 0.3)) * box.width
            y = middle_y + float(self._random.uniform(-0.3, 0.3)) * box.height
            cells.append((int(x // cell_w), int(y // cell_h)))
        return cells


def _around(one: Box, other: Box) -> Box:
    x, y = min(one.x, other.x), min(one.y, other.y)
    return Box(x, y, max(one.right, other.right) - x, max(one.bottom, other.bottom) - y)


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
