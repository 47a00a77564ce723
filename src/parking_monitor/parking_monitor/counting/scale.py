"""Learn how large cars look at each height of the picture."""

import math

from parking_monitor.values import Box

_BANDS = 12
_LEARNING = 0.02
_FIRST_SAMPLES = 20
_ENOUGH = 10
LEAST, MOST = 0.45, 2.2
"""Cars and vans, from the side and from the front, lie within these factors of the usual size."""


class Scale:
    """Hold the usual size of a car in horizontal bands of the picture, in fractions of its height.

    Perspective makes cars smaller towards the horizon; across the picture they differ less.
    """

    def __init__(self) -> None:
        self._sizes = [0.0] * _BANDS
        self._samples = [0] * _BANDS

    def learn(self, box: Box, picture_height: float) -> None:
        """Take the box of a certain car that is wholly in the picture."""
        height = box.height
        band = int((box.y + height / 2) / picture_height * _BANDS)
        band = 0 if band < 0 else _BANDS - 1 if band >= _BANDS else band
        size = math.sqrt(box.width * height) / picture_height
        count = self._samples[band] = self._samples[band] + 1
        share = max(_LEARNING, 1.0 / count) if count <= _FIRST_SAMPLES else _LEARNING
        self._sizes[band] += share * (size - self._sizes[band])

    def usual(self, box: Box, picture_height: float) -> float | None:
        """Return the usual size at a box's height of the picture, pixels; None where it is not known.

        Between and beyond the bands in which cars were seen it lies on a line, as sizes of
        things on flat ground do.
        """
        known = [band for band in range(_BANDS) if self._samples[band] >= _ENOUGH]
        if not known:
            return None
        place = (box.y + box.height / 2) / picture_height * _BANDS - 0.5
        low = max((band for band in known if band <= place), default=None)
        high = min((band for band in known if band > place), default=None)
        if low is None or high is None:
            near, other = (
                (known[0], known[min(1, len(known) - 1)]) if low is None else (known[-1], known[-2:][0])
            )
        else:
            near, other = low, high
        slope = (self._sizes[other] - self._sizes[near]) / (other - near) if other != near else 0.0
        size = self._sizes[near] + slope * (place - near)
        return (
            min(max(size, 0.5 * min(self._sizes[b] for b in known)), 2.0 * max(self._sizes[b] for b in known))
            * picture_height
        )
