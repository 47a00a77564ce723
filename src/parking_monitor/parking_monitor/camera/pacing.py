"""Do the arithmetic of time: when frames are due, which are left out, how fast they come."""

import collections
import math
import random
from dataclasses import dataclass


def delivered_hz(wanted_hz: float | None, native_hz: float) -> float:
    """Return the rate that remains of a source's own when no more than the wanted is taken.

    Args:
        wanted_hz: None to take every frame.
        native_hz: the source's own rate, 0 when it is not known.
    """
    return min(rate_hz for rate_hz in (wanted_hz, native_hz) if rate_hz) if wanted_hz or native_hz else 0.0


def file_frame(tick: int, rate_hz: float, native_rate_hz: float) -> int:
    """Return the frame of a recording that is shown at a tick.

    Args:
        tick: 0 for the first frame delivered, one more for each due after it.
        rate_hz: ticks a second, at most `native_rate_hz`.
        native_rate_hz: frames a second of the recording.
    """
    # The small term keeps a product such as 2.9999999999 from losing a frame.
    return math.floor(tick * (native_rate_hz / rate_hz) + 1e-6)


class PlaybackClock:
    """Say when each tick of a recording is due, from `time.monotonic` seconds.

    Ticks that are late by whole intervals are skipped. Where more than
    `max_skip_s` was missed, skipping might itself take longer than it makes
    good, so the clock is set anew instead: the recording falls behind the wall
    clock, but no delay grows.
    """

    def __init__(self, rate_hz: float, max_skip_s: float = 1.0) -> None:
        self._interval_s = 1.0 / rate_hz
        self._max_skip = math.floor(max_skip_s * rate_hz)
        self._due_s: float | None = None

    def plan(self, now_s: float) -> tuple[int, float]:
        """Return how many ticks to skip, and when the one after them is due."""
        due_s = now_s if self._due_s is None else self._due_s
        behind = max(0, math.floor((now_s - due_s) / self._interval_s))
        skip = min(behind, self._max_skip)
        due_s = due_s + skip * self._interval_s if behind <= self._max_skip else now_s
        self._due_s = due_s + self._interval_s
        return skip, due_s


class Thinner:
    """Choose which frames of a live camera to take, so that no more than the wanted rate remain.

    A frame may come a quarter of an interval early, since cameras jitter; the
    schedule, not the last frame, says when the next is due, so that the mean
    rate is the wanted one. Without a rate every frame is taken.
    """

    def __init__(self, rate_hz: float | None) -> None:
        self._interval_s = 1.0 / rate_hz if rate_hz else 0.0
        self._due_s = -math.inf

    def due(self, now_s: float) -> bool:
        """Tell whether a frame that comes now is wanted."""
        return now_s >= self._due_s - self._interval_s / 4

    def took(self, now_s: float) -> None:
        """Take note that a frame was taken."""
        late_s = now_s - self._due_s
        self._due_s = (self._due_s if late_s < self._interval_s else now_s) + self._interval_s


class RateMeter:
    """Measure the rate of the last events, in events a second."""

    def __init__(self, events: int = 50) -> None:
        self._times_s: collections.deque[float] = collections.deque(maxlen=events)

    def note(self, now_s: float) -> None:
        """Take note of an event."""
        self._times_s.append(now_s)

    def rate_hz(self, now_s: float) -> float:
        """Return the mean rate; it falls while events that were to be expected stay away."""
        if len(self._times_s) < 2:
            return 0.0
        first_s, last_s = self._times_s[0], self._times_s[-1]
        intervals = len(self._times_s) - 1
        interval_s = (last_s - first_s) / intervals
        if now_s - last_s > 2 * interval_s:
            return intervals / (now_s - first_s)
        return 1.0 / interval_s if interval_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Space attempts: each wait is `factor` times the last, up to a limit.

    Attributes:
        first_s: wait after the first failure.
        limit_s: no wait is longer.
        factor: growth from one failure to the next.
        jitter: share of a wait, 0 to 1, that chance may take off it, so that
            many devices do not come back at the same moment.
    """

    first_s: float = 0.5
    limit_s: float = 30.0
    factor: float = 2.0
    jitter: float = 0.2

    def delay_s(self, failures: int) -> float:
        """Return the wait after so many failures in a row, from 1."""
        # Beyond 64 doublings the power would only overflow.
        wait_s = min(self.limit_s, self.first_s * self.factor ** min(failures - 1, 64))
        return wait_s * (1.0 - self.jitter * random.random())
