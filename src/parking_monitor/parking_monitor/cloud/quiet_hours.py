"""Know at which hours nothing is sent."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

_HOURS = re.compile(r'([01]?[0-9]|2[0-3]):([0-5][0-9]) *- *([01]?[0-9]|2[0-3]):([0-5][0-9])')


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hold hours of each day, by the clock on the wall; they may go past midnight.

    Attributes:
        start: when they begin.
        end: when they are over, not among them.

    Raises:
        ValueError: when they would end as they begin.
    """

    start: dt.time
    end: dt.time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError('quiet hours must not end when they begin; leave them out to have none')

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read hours such as `22:00-06:00`.

        Raises:
            ValueError: when they are not such hours.
        """
        matched = _HOURS.fullmatch(text.strip())
        if not matched:
            raise ValueError('must be hours such as 22:00-06:00')
        first_hour, first_minute, last_hour, last_minute = map(int, matched.groups())
        return cls(dt.time(first_hour, first_minute), dt.time(last_hour, last_minute))

    def contain(self, moment: dt.datetime) -> bool:
        """Return whether a moment is among them, by the clock of its own time zone."""
        clock = moment.time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def __str__(self) -> str:
        return f'{self.start:%H:%M}-{self.end:%H:%M}'
