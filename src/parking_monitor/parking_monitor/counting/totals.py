"""Keep the totals of the gates: since they began, of today, and as set by hand."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from parking_monitor.values import Direction, GateCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Hold what must outlive a restart.

    Attributes:
        entered, left: cars through all gates since the totals began, or as set by hand.
        entered_today, left_today: the same since midnight of `day`.
        day: the date, ISO 8601, in the camera's time zone; empty before the first frame.
        inside_at_start: cars inside when the totals began, so that net can be set by hand.
        gates: entered and left by the gate's name, never set by hand.
    """

    entered: int = 0
    left: int = 0
    entered_today: int = 0
    left_today: int = 0
    day: str = ''
    inside_at_start: int = 0
    gates: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def net(self) -> int:
        """Return the cars that the totals say are inside."""
        return self.inside_at_start + self.entered - self.left

    def on(self, stamp_ns: int, time_zone: dt.tzinfo) -> 'Totals':
        """Return these totals at a time: today's begin anew at midnight.

        A clock that is set back over midnight by a little does not begin a day anew.
        """
        day = dt.datetime.fromtimestamp(stamp_ns / 1e9, time_zone).date()
        if not self.day:
            return replace(self, day=day.isoformat())
        if 0 <= (dt.date.fromisoformat(self.day) - day).days <= 1:
            return self
        return replace(self, day=day.isoformat(), entered_today=0, left_today=0)

    def with_crossing(self, gate: str, direction: Direction) -> 'Totals':
        """Return these totals and one car more."""
        entered, left = self.gates.get(gate, (0, 0))
        if direction is Direction.IN:
            return replace(
                self,
                entered=self.entered + 1,
                entered_today=self.entered_today + 1,
                gates={**self.gates, gate: (entered + 1, left)},
            )
        return replace(
            self,
            left=self.left + 1,
            left_today=self.left_today + 1,
            gates={**self.gates, gate: (entered, left + 1)},
        )

    def set_by_hand(
        self,
        *,
        entered: int | None = None,
        left: int | None = None,
        entered_today: int | None = None,
        left_today: int | None = None,
        net: int | None = None,
    ) -> 'Totals':
        """Return these totals with some of them as a person counted; None leaves one alone.

        Setting entered or left moves the net as crossings would; setting net says how many
        cars are inside now, and leaves entered and left alone.
        """
        totals = replace(
            self,
            entered=self.entered if entered is None else entered,
            left=self.left if left is None else left,
            entered_today=self.entered_today if entered_today is None else entered_today,
            left_today=self.left_today if left_today is None else left_today,
        )
        if net is None:
            return totals
        return replace(totals, inside_at_start=net - totals.entered + totals.left)

    def by_gate(self, names: Sequence[str]) -> tuple[GateCount, ...]:
        """Return the totals of gates, in the order of their names."""
        return tuple(GateCount(name, *self.gates.get(name, (0, 0))) for name in names)
