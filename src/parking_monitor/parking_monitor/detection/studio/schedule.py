"""Decide when to look for a newer model: not all devices of a fleet at once, and never in a fast loop."""

import random

_FIRST_PAUSE_S = 30.0
_SHORTEST_PAUSE_S = 1.0
_FIRST_LOOK_S = 60.0
"""A device that has a model looks within so many seconds of its start."""


class LookSchedule:
    """Hold when the next look is due; times are monotonic seconds.

    Args:
        interval_s: between two looks, give or take a tenth.
        seed: something that only this device has; devices with different ones look at different times.
        now_s: of the start.
        is_urgent: whether there is no model yet, so that the first look is at once.
    """

    def __init__(self, interval_s: float, seed: str, now_s: float, *, is_urgent: bool) -> None:
        self._interval_s = interval_s
        self._random = random.Random(seed)
        self._failures = 0
        self._looked_s = float('-inf')
        wait_s = 0.0 if is_urgent else min(_FIRST_LOOK_S, interval_s) * self._random.random()
        self.due_s = now_s + wait_s
        self._is_spread = False

    def succeeded(self, now_s: float) -> None:
        """Plan the next look after one that found what it wanted to know."""
        self._failures = 0
        # The first pause is anything up to an interval: devices that started together part here.
        share = self._random.uniform(0.9, 1.1) if self._is_spread else self._random.random()
        self._is_spread = True
        self._plan(now_s, self._interval_s * share)

    def failed(self, now_s: float, retry_after_s: float = 0.0) -> None:
        """Plan the next look after one that failed: later each time, up to the interval.

        Args:
            now_s: the time.
            retry_after_s: how long Studio wants no request.
        """
        longest_s = min(_FIRST_PAUSE_S * 2.0 ** min(self._failures, 32), self._interval_s)
        self._failures += 1
        self._plan(now_s, max(longest_s * self._random.uniform(0.5, 1.0), retry_after_s))

    def ask(self, now_s: float) -> None:
        """Have a look soon, since a person asks for one."""
        self.due_s = min(self.due_s, max(now_s, self._looked_s + _SHORTEST_PAUSE_S))

    def _plan(self, now_s: float, wait_s: float) -> None:
        self._looked_s = now_s
        self.due_s = now_s + max(wait_s, _SHORTEST_PAUSE_S)
