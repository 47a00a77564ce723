"""Measure answers against the truth.

- exact share: of the frames, those whose count lies in the truth's interval; a count that was
  right within the source's grace before, or will be within the grace after, is right too. The
  start of a stream counts as a change: for the grace, nobody need know of the cars that are there.
- mean absolute error: the mean distance from the interval, without any grace; with it beside that.
- errors per 100 crossings: for each gate and direction, by how much the total at the end is off,
  summed, a hundred crossings long. A crossing in the first second or the last two seconds of
  a stream, or that could not be seen, may be counted and need not.
- bay accuracy: of the bays and frames of which something is claimed and known, the share that is
  right now or was within five seconds (bays take the evidence of time); unknown bays are beside it.
- false bay changes an hour: changes of a bay to a state in which it is not within the same five
  seconds; from unknown to what it was before is none.
- phantoms, in a still lot: rises of the count, crossings, and bays that become occupied, each
  car of them, after the time in which a lot must be known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from benchmarks.accuracy_parts.source import Answer, FrameFacts, Interval, Source
from parking_monitor.values import Direction

BAY_GRACE_S = 5.0
START_S, END_S = 1.0, 2.0
KNOWN_AFTER_S = 60.0
"""From when on every rise of the count in a still lot is a phantom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Hold what one contender reached on one source; None where it gives no such answer.

    Attributes:
        frames, exact: scored for the count, and of these right.
        exact_share, exact_share_without_grace: of the frames.
        knowable: of the frames, those that are right when cars of which no box ever came need not be counted.
        mean_error, mean_error_with_grace: of the count, cars.
        crossings, crossing_errors: certain ones, and by how much all totals are off together.
        entered, left: over all gates.
        bays_claimed, bays_right: bays and frames of which something is claimed, and of these right.
        bays_unknown: share of the bays and frames of which nothing is claimed.
        bay_changes_false_per_hour: of all bays together.
        phantoms: arrivals in a still lot; per hour beside it.
    """

    frames: int = 0
    exact: int = 0
    exact_share: float | None = None
    exact_share_without_grace: float | None = None
    knowable: int | None = None
    mean_error: float | None = None
    mean_error_with_grace: float | None = None
    crossings: int = 0
    crossing_errors: int | None = None
    entered: int | None = None
    left: int | None = None
    bays_claimed: int = 0
    bays_right: int = 0
    bays_unknown: float | None = None
    bay_changes_false_per_hour: float | None = None
    phantoms: int | None = None
    phantoms_per_hour: float | None = None

    @property
    def bay_accuracy(self) -> float | None:
        """Return the share of claims that are right; None where none was made."""
        return self.bays_right / self.bays_claimed if self.bays_claimed else None

    @property
    def errors_per_100_crossings(self) -> float | None:
        """Return the errors a hundred crossings; None where none was certain or none is counted."""
        if self.crossing_errors is None or self.crossings == 0:
            return None
        return 100 * self.crossing_errors / self.crossings


def score(source: Source, answers: Sequence[Answer]) -> Score:
    """Score the answers of one contender, one a frame."""
    right = exact_frames(source, answers, source.grace_s)
    strict = exact_frames(source, answers, 0.0)
    hours = source.duration_s / 3600
    gates = answers[-1].gates
    has_bays = bool(source.layout.bays) and answers[-1].bays is not None
    right_bays, claimed, unknown = _bay_claims(source, answers) if has_bays else (0, 0, None)
    phantoms = count_phantoms(source, answers) if source.is_still else None
    return Score(
        frames=len(right) if source.asks_count else 0,
        exact=sum(right) if source.asks_count else 0,
        exact_share=_mean(right) if source.asks_count else None,
        exact_share_without_grace=_mean(strict) if source.asks_count else None,
        knowable=_knowable_frames(source, answers) if source.asks_count else None,
        mean_error=_mean_error(source, answers, 0.0) if source.asks_count else None,
        mean_error_with_grace=_mean_error(source, answers, source.grace_s) if source.asks_count else None,
        crossings=sum(crossing.is_certain for crossing in source.crossings),
        crossing_errors=None if gates is None or not source.layout.gates else crossing_errors(source, gates),
        entered=None if gates is None else sum(entered for entered, _ in gates.values()),
        left=None if gates is None else sum(left for _, left in gates.values()),
        bays_claimed=claimed,
        bays_right=right_bays,
        bays_unknown=unknown,
        bay_changes_false_per_hour=false_bay_changes(source, answers) / hours if has_bays else None,
        phantoms=phantoms,
        phantoms_per_hour=None if phantoms is None else phantoms / hours,
    )


def exact_frames(source: Source, answers: Sequence[Answer], grace_s: float) -> list[bool]:
    """Return for each scored frame whether its count is right."""
    return _right(source, answers, intervals_with_grace(source.facts, grace_s))


def _right(source: Source, answers: Sequence[Answer], allowed: Sequence[Interval]) -> list[bool]:
    return [
        interval.distance(answer.cars) == 0
        for facts, interval, answer in zip(source.facts, allowed, answers, strict=True)
        if is_scored(source, facts)
    ]


def is_scored(source: Source, facts: FrameFacts) -> bool:
    """Tell whether a frame is asked for its count."""
    return not source.only_with_car or facts.cars.may > 0


def intervals_with_grace(facts: Sequence[FrameFacts], grace_s: float) -> list[Interval]:
    """Return for each frame the counts that are right: those of all frames within the grace."""
    if grace_s <= 0:
        return [frame.cars for frame in facts]
    times = [frame.time_s for frame in facts]
    found = []
    for time_s in times:
        first = bisect_left(times, time_s - grace_s - 1e-6)
        last = bisect_right(times, time_s + grace_s + 1e-6)
        near = [frame.cars for frame in facts[first:last]]
        is_start = time_s - times[0] < grace_s
        must = 0 if is_start else min(interval.must for interval in near)
        found.append(Interval(must, max(interval.may for interval in near)))
    return found


def crossing_errors(source: Source, gates: Mapping[str, tuple[int, int]]) -> int:
    """Return by how much the totals of all gates are off, entered and left apart."""
    end_s = source.facts[-1].time_s
    errors = 0.0
    for name in source.layout.gates:
        for index, direction in enumerate((Direction.IN, Direction.OUT)):
            mine = [c for c in source.crossings if c.gate == name and c.direction is direction]
            must = sum(c.is_certain and START_S <= c.time_s <= end_s - END_S for c in mine)
            errors += Interval(must, len(mine)).distance(gates.get(name, (0, 0))[index])
    return round(errors)


def false_bay_changes(source: Source, answers: Sequence[Answer]) -> int:
    """Return how often a bay changed to a state in which it was not."""
    near = _BayTruth(source)
    last: dict[str, bool] = {}
    false = 0
    for number, answer in enumerate(answers):
        for bay, occupied in (answer.bays or {}).items():
            if bay in last and last[bay] != occupied and near.is_right(number, bay, occupied) is False:
                false += 1
            last[bay] = occupied
    return false


def count_phantoms(source: Source, answers: Sequence[Answer]) -> int:
    """Return the arrivals that were claimed in a still lot."""
    settled = [
        answer
        for facts, answer in zip(source.facts, answers, strict=True)
        if facts.time_s >= source.facts[0].time_s + KNOWN_AFTER_S
    ]
    rises = occupied = 0
    last: dict[str, bool] = {}
    for before, after in pairwise(settled):
        rises += max(0, after.cars - before.cars)
        last.update(before.bays or {})
        occupied += sum(
            is_taken and last.get(bay) is False and not source.facts[0].bays.get(bay, True)
            for bay, is_taken in (after.bays or {}).items()
        )
    crossings = sum(sum(totals) for totals in (answers[-1].gates or {}).values())
    return rises + occupied + crossings


def _bay_claims(source: Source, answers: Sequence[Answer]) -> tuple[int, int, float]:
    """Return the claims that are right, all claims, and the share of bays and frames without one."""
    near = _BayTruth(source)
    right = claimed = unknown = 0
    for number, answer in enumerate(answers):
        for bay in source.layout.bays:
            state = (answer.bays or {}).get(bay)
            if state is None:
                unknown += 1
                continue
            is_right = near.is_right(number, bay, state)
            if is_right is not None:
                claimed += 1
                right += is_right
    asked = len(answers) * len(source.layout.bays)
    return right, claimed, unknown / asked


class _BayTruth:
    """Tell whether a bay was in a state within the grace around a frame."""

    def __init__(self, source: Source) -> None:
        grace_s = max(BAY_GRACE_S, source.grace_s)
        times = [facts.time_s for facts in source.facts]
        self._facts = source.facts
        self._first = [bisect_left(times, time_s - grace_s) for time_s in times]
        self._last = [bisect_right(times, time_s + grace_s) for time_s in times]
        # For each bay, how many frames before each knew it free, and how many occupied.
        self._sums = {
            bay: {
                state: np.concatenate(
                    [[0], np.cumsum([facts.bays.get(bay) is state for facts in source.facts])]
                )
                for state in (False, True)
            }
            for bay in source.layout.bays
        }

    def is_right(self, number: int, bay: str, occupied: bool) -> bool | None:
        """Return None where nobody can know."""
        if bay not in self._facts[number].bays:
            return None
        sums = self._sums[bay][occupied]
        return bool(sums[self._last[number]] > sums[self._first[number]])


def _knowable_frames(source: Source, answers: Sequence[Answer]) -> int | None:
    knowable = [replace(frame, cars=frame.knowable) for frame in source.facts if frame.knowable is not None]
    if len(knowable) < len(source.facts):
        return None
    return sum(_right(source, answers, intervals_with_grace(knowable, source.grace_s)))


def _mean_error(source: Source, answers: Sequence[Answer], grace_s: float) -> float | None:
    allowed = intervals_with_grace(source.facts, grace_s)
    return _mean(
        [
            interval.distance(answer.cars)
            for facts, interval, answer in zip(source.facts, allowed, answers, strict=True)
            if is_scored(source, facts)
        ]
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
