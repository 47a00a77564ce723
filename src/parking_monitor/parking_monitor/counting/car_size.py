"""Tell how large a usual car looks in each part of the picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parking_monitor.counting.geometry import Point

# A bay is 2.5 by 5 m; a car in it is 1.8 by 4.5 m and 1.5 m high. What it adds to the bay's height
# in the picture is more for a bay seen from its end, and less for one seen from its side.
_WIDTH_OF_BAY = 0.75
_DEPTH_OF_BAY = 0.8
_HEIGHT_BY_WIDTH = 0.25
# Bays that lie so far apart, as a share of the picture, tell how cars shrink towards the horizon.
_LEAST_SPREAD = 0.05
# Beyond the bays cars are taken to be no smaller, and no larger, than so many times those in bays.
_SMALLEST, _LARGEST = 0.5, 2.0
_LEAST_SIZE = 1e-3


@dataclass(frozen=True, slots=True)
class CarSize:
    """Hold the width and height of a usual car in fractions of the picture's, by the height of its middle.

    On flat ground both change along a line from the far end to the near one (R. Hartley, A. Zisserman,
    Multiple View Geometry, 2nd edition, 8.7); they go on beyond the ends, within limits.

    Attributes:
        far_y, near_y: heights in the picture, 0 at its top; `near_y` is the larger.
        far, near: widths and heights there.
    """

    far_y: float
    near_y: float
    far: tuple[float, float]
    near: tuple[float, float]

    @classmethod
    def everywhere(cls, width: float, height: float) -> 'CarSize':
        """Return one size for the whole picture."""
        return cls(0.0, 1.0, (width, height), (width, height))

    @classmethod
    def in_bays(cls, outlines: Sequence[Sequence[Point]], aspect: float) -> 'CarSize | None':
        """Return the sizes of cars that stand in bays; None without any.

        Args:
            outlines: of bays on the ground, in fractions of the picture.
            aspect: of the picture, its width by its height.
        """
        if not outlines:
            return None
        low = np.array([np.min(np.array(outline), axis=0) for outline in outlines])
        high = np.array([np.max(np.array(outline), axis=0) for outline in outlines])
        wide, deep = (high - low).T
        widths, heights = _WIDTH_OF_BAY * wide, _DEPTH_OF_BAY * deep + _HEIGHT_BY_WIDTH * aspect * wide
        # A car stands on its bay, and rises above it.
        middles = high[:, 1] - heights / 2
        far_y, near_y = float(middles.min()), float(middles.max())
        if near_y - far_y < _LEAST_SPREAD:
            return cls.everywhere(float(np.median(widths)), float(np.median(heights)))
        far, near = (
            (_on_line(middles, widths, end), _on_line(middles, heights, end)) for end in (far_y, near_y)
        )
        return cls(far_y, near_y, far, near)

    def at(self, y: float) -> tuple[float, float]:
        """Return width and height of a car whose middle is at a height of the picture."""
        share = (y - self.far_y) / (self.near_y - self.far_y)
        (far_width, far_height), (near_width, near_height) = self.far, self.near
        return _between(far_width, near_width, share), _between(far_height, near_height, share)


def _on_line(places: NDArray[np.float64], sizes: NDArray[np.float64], at: float) -> float:
    """Return what the line nearest to all sizes says at one place."""
    slope, intercept = np.polyfit(places, sizes, 1)
    return max(float(slope * at + intercept), _LEAST_SIZE)


def _between(far: float, near: float, share: float) -> float:
    return min(max(far + share * (near - far), _SMALLEST * min(far, near)), _LARGEST * max(far, near))
