"""Hold what an operator asks to be told of, one rule at a time, and refuse what makes no sense."""

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

DEFAULT_MIN_INTERVAL_S = 120.0
MAX_INTERVAL_S = 86_400.0
MAX_CARS = 100_000
# A car more or less at the limit is no news; a limit of 1 can only be left by an empty place.
DEFAULT_HYSTERESIS = 2


class When(enum.StrEnum):
    """Name what a rule waits for.

    CHANGE: another number of cars. COUNT_REACHED: so many cars or more. ZONE_FULL: no place of
    a zone is free. LOT_EMPTY: no camera sees a car. STALE: a camera's count cannot be trusted.
    """

    CHANGE = 'change'
    COUNT_REACHED = 'count_reached'
    ZONE_FULL = 'zone_full'
    LOT_EMPTY = 'lot_empty'
    STALE = 'stale'


_DEFAULT_FOR_S = {
    When.CHANGE: 0.0,
    When.COUNT_REACHED: 10.0,
    When.ZONE_FULL: 60.0,
    When.LOT_EMPTY: 300.0,
    When.STALE: 300.0,
}
_ONLY_WITH = {
    'cars': frozenset({When.COUNT_REACHED}),
    'hysteresis': frozenset({When.COUNT_REACHED}),
    'zones': frozenset({When.ZONE_FULL}),
    'for_s': frozenset(When) - {When.CHANGE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """Hold one rule.

    Attributes:
        when: what it waits for.
        cameras: names of those it watches; all when empty.
        zones: of ZONE_FULL, the names of those it watches; all when empty.
        cars: of COUNT_REACHED, how many, 1 to 100,000.
        hysteresis: of COUNT_REACHED, by how many cars the count must fall below `cars` before that
            can be reached again, 1 to `cars`.
        for_s: how long it must hold before it is told, and before it is over, seconds.
        min_interval_s: shortest time between two notices of it about one camera (one zone, the lot).

    Raises:
        ValueError: naming the field, when one is out of its range or has no meaning here.
    """

    when: When
    cameras: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    cars: int | None = None
    hysteresis: int | None = None
    for_s: float | None = None
    min_interval_s: float = DEFAULT_MIN_INTERVAL_S

    def __post_init__(self) -> None:
        for name, kinds in _ONLY_WITH.items():
            if self.when not in kinds and getattr(self, name) not in (None, ()):
                raise ValueError(f'{name} has no meaning with when: {self.when}; leave it out')
        if self.when is When.COUNT_REACHED:
            if self.cars is None:
                raise ValueError('cars is missing; with when: count_reached, say how many')
            _check_range('cars', self.cars, 1, MAX_CARS)
            _check_range('hysteresis', self.rearm_below, 1, self.cars)
        _check_range('for_s', self.holds_for_s, 0, MAX_INTERVAL_S)
        _check_range('min_interval_s', self.min_interval_s, 1, MAX_INTERVAL_S)

    @property
    def rearm_below(self) -> int:
        """Return by how many cars a reached count must fall before it can be reached again."""
        if self.hysteresis is not None:
            return self.hysteresis
        return min(DEFAULT_HYSTERESIS, self.cars or DEFAULT_HYSTERESIS)

    @property
    def holds_for_s(self) -> float:
        """Return how long it must hold, seconds: as given, else what suits its kind."""
        return _DEFAULT_FOR_S[self.when] if self.for_s is None else self.for_s

    def to_json(self) -> str:
        """Return it as JSON, without what was not given."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return json.dumps({name: value for name, value in values.items() if value not in (None, ())})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote, or a person.

        Raises:
            ValueError: when it is not a rule; says why.
        """
        try:
            content = json.loads(text)
            return cls(**_typed(content))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f'{text!r} is not a rule such as {{"when": "count_reached", "cars": 20}}: {error}'
            ) from None


def default_rules(min_interval_s: float = DEFAULT_MIN_INTERVAL_S) -> tuple[RuleSettings, ...]:
    """Return the rules of who gives none: tell of changes, and of counts that cannot be trusted."""
    return tuple(RuleSettings(when=when, min_interval_s=min_interval_s) for when in (When.CHANGE, When.STALE))


def check_names(
    rules: Sequence[RuleSettings], zones_by_camera: Mapping[str, Sequence[str]]
) -> list[tuple[int, str, str]]:
    """Return (number of the rule, field, reason) of names that no camera or zone has."""
    problems = []
    for index, rule in enumerate(rules):
        if unknown := [name for name in rule.cameras if name not in zones_by_camera]:
            problems.append((index, 'cameras', f'{unknown[0]} is no camera; {_known(zones_by_camera)}'))
            continue
        watched = rule.cameras or tuple(zones_by_camera)
        zones = [zone for camera in watched for zone in zones_by_camera[camera]]
        if unknown := [name for name in rule.zones if name not in zones]:
            problems.append((index, 'zones', f'{unknown[0]} is no zone of its cameras; {_known(zones)}'))
        elif rule.when is When.ZONE_FULL and not zones:
            problems.append((index, 'when', 'its cameras have no zones; draw one, or leave the rule out'))
    return problems


def _known(names: Iterable[str]) -> str:
    return f'there are: {", ".join(names) or "none"}'


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    values = dict(content)
    values['when'] = When(values['when'])
    for name in ('cameras', 'zones'):
        if name in values:
            values[name] = tuple(values[name])
    return values


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f'{name} {value:g} is not allowed; give {least:g} to {most:g}')
