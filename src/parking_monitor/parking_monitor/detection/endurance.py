"""Decide when a model that dies again and again is given up."""

from collections import deque


class Endurance:
    """Count the failures of one model; times are monotonic seconds.

    Args:
        failures: so many are too many ...
        within_s: ... when they lie within so many seconds.
    """

    def __init__(self, failures: int = 3, within_s: float = 600.0) -> None:
        self._within_s = within_s
        self._failed_s: deque[float] = deque(maxlen=failures)
        self._failures = failures

    def fail(self, now_s: float) -> None:
        """Hear that it failed."""
        self._failed_s.append(now_s)

    def begin(self) -> None:
        """Begin anew, with another model."""
        self._failed_s.clear()

    def is_over(self, now_s: float) -> bool:
        """Return whether it is to be given up."""
        return len(self._failed_s) == self._failures and now_s - self._failed_s[0] <= self._within_s
