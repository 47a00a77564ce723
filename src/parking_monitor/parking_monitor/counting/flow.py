"""Learn where cars usually go from each place of the picture."""

import math

from parking_monitor.counting.picture import Picture
from parking_monitor.values import Box

_COLUMNS, _ROWS = 16, 12
_LEARNING = 0.05
_ENOUGH = 2
# Ways that agree in direction add up to nearly the sum of their lengths.
_AGREE = 0.8
_LEAST_STEP = 0.3
STEP_S = (0.5, 2.5)
"""Steps of such times are learned from: as between the pictures of a slow camera."""


class Flow:
    """Hold the usual way of cars from each cell of a grid over the picture, in pixels a second.

    A camera of one picture a second sees a passing car three or four times. Seen once it
    may be anywhere in the next picture; lanes tell where it went.
    """

    def __init__(self) -> None:
        self._ways = [(0.0, 0.0, 0.0)] * (_COLUMNS * _ROWS)
        self._samples = [0] * (_COLUMNS * _ROWS)

    def learn(self, before: Box, after: Box, time_s: float, picture: Picture) -> None:
        """Take where a certain car was seen one after the other time; none that hardly moved."""
        (ax, ay), (bx, by) = before.centre, after.centre
        step_x, step_y = bx - ax, by - ay
        if math.hypot(step_x / before.width, step_y / before.height) < _LEAST_STEP:
            return
        cell = _cell((ax, ay), picture)
        self._samples[cell] = samples = min(self._samples[cell] + 1, round(1 / _LEARNING))
        way = step_x / time_s, step_y / time_s, math.hypot(step_x, step_y) / time_s
        old = self._ways[cell]
        mean_x, mean_y, mean = (known + (new - known) / samples for known, new in zip(old, way, strict=True))
        self._ways[cell] = mean_x, mean_y, mean

    def usual(self, place: tuple[float, float], picture: Picture) -> tuple[float, float] | None:
        """Return the usual speed at a place, in pixels a second; None where cars go all ways, or few went."""
        cell = _cell(place, picture)
        x, y, length = self._ways[cell]
        if self._samples[cell] < _ENOUGH or math.hypot(x, y) < _AGREE * length:
            return None
        return x, y


def _cell(place: tuple[float, float], picture: Picture) -> int:
    column = min(max(int(place[0] / picture.width * _COLUMNS), 0), _COLUMNS - 1)
    row = min(max(int(place[1] / picture.height * _ROWS), 0), _ROWS - 1)
    return row * _COLUMNS + column
