"""Know what each camera says, and since when, for the rules and for who asks."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from parking_monitor.cloud.telegram_rules import title_of
from parking_monitor.count_text import details, headline, places_text
from parking_monitor.values import Count, CountState

DEFAULT_SILENCE_S = 30.0
_SAME_DAY = dt.timedelta(hours=20)


@dataclass(slots=True)
class _Heard:
    """Hold what one camera said last; the moments are None before it said anything."""

    count: Count | None = None
    heard_s: float = 0.0
    cars_since: dt.datetime | None = None
    state_since: dt.datetime | None = None


class Board:
    """Hold the newest count of each camera; one whose counter falls silent is STALE.

    Args:
        cameras: their names.
        facility: where they are; begins each title, unless empty.
        silence_after_s: longest time between two counts that are OK, seconds.
    """

    def __init__(
        self, cameras: Sequence[str], facility: str = '', *, silence_after_s: float = DEFAULT_SILENCE_S
    ) -> None:
        self._facility = facility
        self._silence_after_s = silence_after_s
        self._heard = {camera: _Heard() for camera in cameras}

    def see(self, camera: str, count: Count, now_s: float, now: dt.datetime) -> None:
        """Take note of a camera's count; `now_s` is monotonic, `now` the clock on the wall."""
        heard = self._heard[camera]
        heard.heard_s = now_s
        _put(heard, count, now)

    def look(self, now_s: float, now: dt.datetime) -> dict[str, Count | None]:
        """Return the newest count of each camera, None of those not heard yet."""
        for heard in self._heard.values():
            is_silent = now_s - heard.heard_s > self._silence_after_s
            if heard.count and heard.count.state is CountState.OK and is_silent:
                _put(heard, heard.count.lost(CountState.STALE), now)
        return {camera: heard.count for camera, heard in self._heard.items()}

    def status(self, camera: str, now: dt.datetime) -> str:
        """Say all that is known of a camera: cars, state, since when, places, zones."""
        heard = self._heard[camera]
        title = title_of(camera, self._facility)
        count = heard.count
        if count is None or heard.state_since is None or heard.cars_since is None:
            return f'{headline(None, title)}; its counter is silent'
        if count.state is CountState.UNKNOWN:
            return f'{headline(None, title)}\nUNKNOWN since {clock(heard.state_since, now)}'
        state_since, cars_since = clock(heard.state_since, now), clock(heard.cars_since, now)
        lines = [
            headline(count, title),
            f'{count.state.name} since {state_since}, this number since {cars_since}',
            details(count),
            *(places_text(zone) for zone in count.zones),
        ]
        return '\n'.join(filter(None, lines))


def clock(moment: dt.datetime, now: dt.datetime) -> str:
    """Write a moment as people do: without the date while nobody takes it for that of another day."""
    return f'{moment:%H:%M}' if now - moment < _SAME_DAY else f'{moment:%Y-%m-%d %H:%M}'


def _put(heard: _Heard, count: Count, now: dt.datetime) -> None:
    before = heard.count
    if before is None or before.state is not count.state:
        heard.state_since = now
    if before is None or before.cars != count.cars:
        heard.cars_since = now
    heard.count = count
