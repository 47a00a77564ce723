"""Learn how sure a detector is of cars, to doubt what it is much less sure of."""

import math

_LEARNING = 0.003
_ENOUGH = 50
_LEAST_SPREAD = 0.05


class UsualConfidence:
    """Hold the mean and the spread of the confidence in certain cars.

    Shadows, bushes and bicycles are taken for cars less surely than cars are. A detector whose
    confidence says little has a wide spread, and nothing of it is doubted.
    """

    def __init__(self) -> None:
        self._mean = 0.0
        self._variance = 0.0
        self._samples = 0

    def learn(self, confidence: float) -> None:
        """Take the confidence of one detection of a certain car, 0 to 1."""
        self._samples += 1
        share = _LEARNING if self._samples > 1.0 / _LEARNING else 1.0 / self._samples
        away = confidence - self._mean
        self._mean += share * away
        self._variance += share * (away * (confidence - self._mean) - self._variance)

    def is_doubtful(self, confidence: float, spreads: float) -> bool:
        """Tell whether a confidence lies so many spreads below what is usual; no while little is known."""
        if self._samples < _ENOUGH:
            return False
        return confidence < self._mean - spreads * max(math.sqrt(self._variance), _LEAST_SPREAD)
