"""Decide what is worth telling: counts and the time in, notices out.

Nothing here knows a clock or a chat. A rule watches one thing (a camera, a zone of a camera, or
the whole lot), tells of it once, and again when it was over in between; never twice within its
shortest interval. Times are monotonic seconds, given by the caller.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from parking_monitor.cloud.telegram_rule_settings import RuleSettings, When
from parking_monitor.count_text import details, duration, headline
from parking_monitor.values import Count, CountState, ZoneCount

Counts = Mapping[str, Count | None]
"""The newest count of each camera; None before the first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Hold something worth telling.

    Attributes:
        key: which rule says so, and of what; of two with one key the newer is worth more.
        camera: whose picture belongs to it.
        text: what there is to tell.
    """

    key: str
    camera: str
    text: str


class Watch(Protocol):
    """Know whether one thing holds, and how to say so."""

    @property
    def tells_end(self) -> bool:
        """Return whether it is worth telling that it is over."""

    def holds(self, counts: Counts, held: bool, /) -> bool | None:
        """Return whether it holds; `held` says whether it did; None when that cannot be told now."""

    def text(self, counts: Counts, held: bool, lasted_s: float, /) -> str:
        """Say that it holds for so long, or is over after so long."""


class Rule(Protocol):
    """Tell of one thing."""

    def see(self, counts: Counts, now_s: float) -> Notice | None:
        """Return a notice when there is one to tell now."""


class HoldingRule:
    """Tell once of something that has held for a while."""

    def __init__(self, key: str, camera: str, watch: Watch, *, for_s: float, min_interval_s: float) -> None:
        self._key = key
        self._camera = camera
        self._watch = watch
        self._for_s = for_s
        self._min_interval_s = min_interval_s
        self._held = False
        self._began_s = 0.0
        self._ended_s = 0.0
        self._differs_since_s: float | None = None
        self._told = False
        self._told_s = float('-inf')

    def see(self, counts: Counts, now_s: float) -> Notice | None:
        """Return a notice when there is one to tell now."""
        self._follow(counts, now_s)
        if not self._held and not self._watch.tells_end:
            self._told = False
        if self._held == self._told or now_s - self._told_s < self._min_interval_s:
            return None
        self._told = self._held
        self._told_s = now_s
        lasted_s = (now_s if self._held else self._ended_s) - self._began_s
        return Notice(self._key, self._camera, self._watch.text(counts, self._held, lasted_s))

    def _follow(self, counts: Counts, now_s: float) -> None:
        holds = self._watch.holds(counts, self._held)
        if holds is None or holds == self._held:
            self._differs_since_s = None
            return
        if self._differs_since_s is None:
            self._differs_since_s = now_s
        if now_s - self._differs_since_s < self._for_s:
            return
        if holds:
            self._began_s = self._differs_since_s
        else:
            self._ended_s = self._differs_since_s
        self._held = holds
        self._differs_since_s = None


class ChangeRule:
    """Tell of another number of cars than was told, as the first one is."""

    def __init__(self, key: str, camera: str, title: str, *, min_interval_s: float) -> None:
        self._key = key
        self._camera = camera
        self._title = title
        self._min_interval_s = min_interval_s
        self._told: int | None = None
        self._told_s = float('-inf')

    def see(self, counts: Counts, now_s: float) -> Notice | None:
        """Return a notice when there is one to tell now."""
        count = _trusted(counts, self._camera)
        if count is None or count.cars == self._told or now_s - self._told_s < self._min_interval_s:
            return None
        self._told = count.cars
        self._told_s = now_s
        return Notice(self._key, self._camera, summary(count, self._title))


@dataclass(frozen=True, slots=True)
class CountReached:
    """Watch for so many cars or more; over when there are `hysteresis` fewer."""

    camera: str
    title: str
    cars: int
    hysteresis: int
    tells_end: bool = False

    def holds(self, counts: Counts, held: bool, /) -> bool | None:
        """Return whether there are so many cars."""
        count = _trusted(counts, self.camera)
        if count is None:
            return None
        return count.cars > self.cars - self.hysteresis if held else count.cars >= self.cars

    def text(self, counts: Counts, _held: bool, _lasted_s: float, /) -> str:
        """Say how many there are now, and what was reached."""
        return f'{self.cars} or more. {summary(counts[self.camera], self.title)}'


@dataclass(frozen=True, slots=True)
class ZoneFull:
    """Watch for a zone without a free place; while places are unknown, that cannot be told."""

    camera: str
    zone: str
    title: str
    tells_end: bool = False

    def holds(self, counts: Counts, _held: bool, /) -> bool | None:
        """Return whether all its places are taken."""
        zone = self._find(counts)
        if zone is None or not zone.places.capacity:
            return None
        if zone.places.free:
            return False
        return None if zone.places.unknown else True

    def text(self, counts: Counts, _held: bool, _lasted_s: float, /) -> str:
        """Say that it is full, and what the camera sees."""
        zone = self._find(counts)
        taken = f' ({zone.places.occupied} of {zone.places.capacity})' if zone else ''
        return f'{self.zone} is full{taken}. {summary(counts[self.camera], self.title)}'

    def _find(self, counts: Counts) -> ZoneCount | None:
        count = _trusted(counts, self.camera)
        return next((zone for zone in count.zones if zone.name == self.zone), None) if count else None


@dataclass(frozen=True, slots=True)
class LotEmpty:
    """Watch for no car in sight of any camera; one that sees nothing leaves that open."""

    cameras: tuple[str, ...]
    title: str
    tells_end: bool = False

    def holds(self, counts: Counts, _held: bool, /) -> bool | None:
        """Return whether no camera sees a car."""
        trusted = [_trusted(counts, camera) for camera in self.cameras]
        if any(count is not None and count.cars for count in trusted):
            return False
        return None if None in trusted else True

    def text(self, _counts: Counts, _held: bool, lasted_s: float, /) -> str:
        """Say that it is empty."""
        return f'empty for {duration(lasted_s)}. {self.title}: 0 cars'


@dataclass(frozen=True, slots=True)
class Stale:
    """Watch for a count that cannot be trusted, or never came; worth telling when that is over, too."""

    camera: str
    title: str
    tells_end: bool = True

    def holds(self, counts: Counts, _held: bool, /) -> bool | None:
        """Return whether its count cannot be trusted."""
        return _trusted(counts, self.camera) is None

    def text(self, counts: Counts, held: bool, lasted_s: float, /) -> str:
        """Say for how long it is so, or was."""
        count = counts[self.camera]
        if not held:
            return f'OK again after {duration(lasted_s)}. {summary(count, self.title)}'
        if count is None or count.state is CountState.UNKNOWN:
            return f'no count for {duration(lasted_s)}. {self.title}'
        last = headline(count, f'{self.title}, last known')
        return f'{count.state.name} for {duration(lasted_s)}. {last}'


class RuleBook:
    """Hold the rules of one device.

    Args:
        rules: what to tell of.
        cameras: names of the device's cameras.
        facility: where the device is; begins each notice, unless empty.
    """

    def __init__(self, rules: Sequence[RuleSettings], cameras: Sequence[str], facility: str = '') -> None:
        self._settings = [(f'{number} {rule.when}', rule) for number, rule in enumerate(rules)]
        self._cameras = tuple(cameras)
        self._facility = facility
        self._rules: dict[str, Rule] = {}
        for key, settings in self._settings:
            self._rules.update(self._rules_of(key, settings))

    def see(self, counts: Counts, now_s: float) -> list[Notice]:
        """Take note of what the cameras see now, and return what is to be told."""
        for key, settings in self._settings:
            if settings.when is When.ZONE_FULL:
                self._add_zones(key, settings, counts)
        seen = (rule.see(counts, now_s) for rule in self._rules.values())
        return [notice for notice in seen if notice is not None]

    def _rules_of(self, key: str, settings: RuleSettings) -> Iterator[tuple[str, Rule]]:
        cameras = settings.cameras or self._cameras
        if settings.when is When.LOT_EMPTY and cameras:
            lot = LotEmpty(cameras, self._facility or ', '.join(cameras))
            yield key, self._holding(key, cameras[0], lot, settings)
            return
        for camera in cameras:
            name = f'{key} {camera}'
            title = title_of(camera, self._facility)
            if settings.when is When.CHANGE:
                yield name, ChangeRule(name, camera, title, min_interval_s=settings.min_interval_s)
            elif settings.when is When.STALE:
                yield name, self._holding(name, camera, Stale(camera, title), settings)
            elif settings.cars is not None:
                reached = CountReached(camera, title, settings.cars, settings.rearm_below)
                yield name, self._holding(name, camera, reached, settings)

    def _add_zones(self, key: str, settings: RuleSettings, counts: Counts) -> None:
        """Begin to watch zones as they are first heard of."""
        for camera in settings.cameras or self._cameras:
            count = counts.get(camera)
            for zone in count.zones if count else ():
                name = f'{key} {camera}/{zone.name}'
                if name not in self._rules and (not settings.zones or zone.name in settings.zones):
                    watch = ZoneFull(camera, zone.name, title_of(camera, self._facility))
                    self._rules[name] = self._holding(name, camera, watch, settings)

    @staticmethod
    def _holding(key: str, camera: str, watch: Watch, settings: RuleSettings) -> HoldingRule:
        return HoldingRule(
            key, camera, watch, for_s=settings.holds_for_s, min_interval_s=settings.min_interval_s
        )


def title_of(camera: str, facility: str) -> str:
    """Return how a camera is called in a chat, which may be shared by several devices."""
    return f'{facility}, {camera}' if facility else camera


def summary(count: Count | None, title: str) -> str:
    """Say what a camera sees, in one line."""
    return '; '.join(filter(None, (headline(count, title), details(count))))


def _trusted(counts: Counts, camera: str) -> Count | None:
    count = counts.get(camera)
    return count if count is not None and count.state is CountState.OK else None
