"""Decide when a camera's count is sent: on change, never too often, never too seldom."""

from dataclasses import replace

from parking_monitor.values import Count

DEFAULT_INTERVAL_S = 120.0
DEFAULT_MIN_SPACING_S = 0.5


class PublishPolicy:
    """Hold the newest count of one camera and say when it is due.

    A count is due at once when a receiver would see a difference, but not sooner than
    the spacing after the one before; without a change it is due when the interval has
    passed. Only the newest count is kept, so a flicker within the spacing costs nothing.
    Times are monotonic seconds, given by the caller.

    Args:
        interval_s: longest time between two counts, above 0.
        min_spacing_s: shortest time between two counts, 0 to `interval_s`.

    Raises:
        ValueError: when one of them is out of its range.
    """

    def __init__(
        self, interval_s: float = DEFAULT_INTERVAL_S, min_spacing_s: float = DEFAULT_MIN_SPACING_S
    ) -> None:
        self._min_spacing_s = min_spacing_s
        self.set_interval(interval_s)
        self._newest: Count | None = None
        self._first_seen_s = 0.0
        self._sent: Count | None = None
        self._sent_s = 0.0

    @property
    def newest(self) -> Count | None:
        """Return the newest count seen; None before the first."""
        return self._newest

    @property
    def due_s(self) -> float | None:
        """Return when the newest count is to be sent; None while there is none."""
        if self._newest is None:
            return None
        if self._sent is None:
            return self._first_seen_s
        return self._sent_s + (self._min_spacing_s if self._has_change else self._interval_s)

    def set_interval(self, interval_s: float) -> None:
        """Change the longest time between two counts; holds for the one that is waited for, too.

        Raises:
            ValueError: when it is not positive, or shorter than the spacing.
        """
        if not interval_s > 0:
            raise ValueError(f'interval_s {interval_s} is not allowed; give more than 0 seconds')
        if not 0 <= self._min_spacing_s <= interval_s:
            raise ValueError(
                f'min_spacing_s {self._min_spacing_s} is not allowed with interval_s {interval_s}; '
                'give 0 to interval_s'
            )
        self._interval_s = interval_s

    def see(self, count: Count, now_s: float) -> None:
        """Take note of a count."""
        if self._newest is None:
            self._first_seen_s = now_s
        # That a person set a total is told once, though the counter says so in one of many counts.
        is_to_be_told = self._newest is not None and self._newest.set_by_hand
        self._newest = replace(count, set_by_hand=count.set_by_hand or is_to_be_told)

    def take(self, now_s: float) -> Count | None:
        """Return the newest count when it is due, and take it as sent; otherwise None."""
        due_s = self.due_s
        return None if due_s is None or now_s < due_s else self._taken(now_s)

    def take_change(self, now_s: float) -> Count | None:
        """Return the newest count when a receiver would see a difference, whatever the spacing.

        For the end, when there is no later.
        """
        return self._taken(now_s) if self._has_change else None

    @property
    def _has_change(self) -> bool:
        if self._newest is None or self._sent is None:
            return self._newest is not None
        return self._newest.set_by_hand or _visible(self._newest) != _visible(self._sent)

    def _taken(self, now_s: float) -> Count | None:
        self._sent = taken = self._newest
        self._sent_s = now_s
        if taken is not None:
            self._newest = replace(taken, set_by_hand=False)
        return taken


def _visible(count: Count) -> tuple[object, ...]:
    """Return what a receiver acts on; the stamp alone is no news, nor how sure a bay is."""
    totals = count.entered, count.left, count.net, count.entered_today, count.left_today
    bays = tuple((bay.name, bay.state, bay.last) for bay in count.bays)
    return count.state, count.cars, count.zones, count.places, bays, count.gates, totals
