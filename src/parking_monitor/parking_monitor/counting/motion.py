"""Follow the middle of a box: where it is, how fast it goes, and how sure that is."""

import math
from dataclasses import dataclass

from parking_monitor.values import Box

# All in sizes of the box along the axis, so that near and far cars are followed alike.
MEASURED = 0.07
"""Standard deviation of a detection's middle."""
ACCELERATION = 0.8
"""Standard deviation of acceleration, sizes a second squared: a car of 4.5 m brakes with 3.5 m/s2."""
FIRST_SPEED = 1.5
"""Standard deviation of the speed of a car seen once, sizes a second."""
TOP_SPEED = 5.0
"""Nothing in a car park goes faster, sizes a second."""
# Of the deviation of a measurement, which makes the gain about a quarter.
_HEED = 4 / 7
_SLOW_S = 0.5
_SAME_GROWTH = 1.5
_FASTEST_GROWTH = 1.2


@dataclass(slots=True)
class Axis:
    """Hold a position in pixels and a speed in pixels a second, with their covariance.

    A Kalman filter with constant velocity and white acceleration (Bar-Shalom, Li and
    Kirubarajan, Estimation with Applications to Tracking and Navigation, 2001, 6.2).
    """

    position: float
    speed: float = 0.0
    p_pp: float = 0.0
    p_ps: float = 0.0
    p_ss: float = 0.0

    @classmethod
    def at(cls, position: float, size: float, noise: float = 0.0) -> 'Axis':
        """Begin with one measurement of a thing of a size, all in pixels."""
        return cls(position, 0.0, max(MEASURED * size, noise) ** 2, 0.0, (FIRST_SPEED * size) ** 2)

    def advance(self, dt_s: float, size: float, growth: float = 0.0) -> None:
        """Move on by a time; what grows in the picture by a rate gets faster in it by the same."""
        push = (ACCELERATION * size) ** 2 * dt_s
        if growth:
            self.position += self.speed * math.expm1(growth * dt_s) / growth
            self.speed *= math.exp(growth * dt_s)
        else:
            self.position += self.speed * dt_s
        self.p_pp += dt_s * (2 * self.p_ps + dt_s * self.p_ss) + push * dt_s * dt_s / 3
        self.p_ps += dt_s * self.p_ss + push * dt_s / 2
        self.p_ss += push

    def correct(self, measured: float, size: float, noise: float = 0.0) -> None:
        """Take a measurement in pixels; noise is its least standard deviation."""
        variance = max(MEASURED * size, noise) ** 2 or 1e-6
        total = self.p_pp + variance
        gain_p, gain_s = self.p_pp / total, self.p_ps / total
        surprise = measured - self.position
        self.position += gain_p * surprise
        speed, limit = self.speed + gain_s * surprise, TOP_SPEED * size
        self.speed = min(max(speed, -limit), limit)
        self.p_ss -= gain_s * self.p_ps
        self.p_pp *= 1 - gain_p
        self.p_ps *= 1 - gain_p

    def heed(self, size: float, noise: float = 0.0) -> None:
        """Let the next measurement move it by a quarter of the way at least."""
        self.p_pp = max(self.p_pp, (_HEED * max(MEASURED * size, noise)) ** 2)

    def stop(self, size: float) -> None:
        """Stand still here, ready to start again."""
        self.speed = 0.0
        self.p_pp = (MEASURED * size) ** 2
        self.p_ps = 0.0
        self.p_ss = (0.3 * size) ** 2


def growth_between(before: Box, after: Box, time_s: float) -> float:
    """Return the rate, a second, at which a car grows in the picture; 0 where that cannot be told.

    A car that drives away gets smaller and, in pixels, slower by the same: at constant speed on
    the ground it covers as many of its own sizes in each second. Between two pictures of a slow
    camera that is half its way. From picture to picture of a fast one, boxes jitter by more
    than cars grow. One that turns grows along one axis only.
    """
    if time_s < _SLOW_S:
        return 0.0
    wide, high = math.log(after.width / before.width), math.log(after.height / before.height)
    if abs(wide - high) > math.log(_SAME_GROWTH):
        return 0.0
    return min(max((wide + high) / 2 / time_s, -_FASTEST_GROWTH), _FASTEST_GROWTH)
