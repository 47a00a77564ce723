"""Say where an answer differs from the truth."""

from collections.abc import Sequence
from itertools import groupby

from benchmarks.accuracy_parts.measures import intervals_with_grace, is_scored
from benchmarks.accuracy_parts.rows import OURS, Result
from benchmarks.accuracy_parts.source import Answer, Source
from benchmarks.results import console
from parking_monitor.values import Direction

MOST_LINES = 200


def explain(source: Source, answers: Sequence[Answer]) -> None:
    """Print the stretches of wrong counts, the crossings against the truth, and wrong bays."""
    _explain_counts(source, answers)
    _explain_gates(source, answers)
    _explain_bays(source, answers)


def one_line(result: Result) -> str:
    """Return our scores on one source as a line."""
    ours = result.scores[OURS]
    parts = []
    if ours.exact_share is not None:
        knowable = (
            ''
            if ours.knowable is None
            else f', without cars that gave no box {ours.knowable / ours.frames:.4f}'
        )
        parts.append(
            f'exact {ours.exact_share:.4f} (no grace {ours.exact_share_without_grace:.4f}{knowable}), '
            f'mean error {ours.mean_error:.3f}'
        )
    if ours.crossing_errors is not None:
        parts.append(
            f'crossings off {ours.crossing_errors} of {ours.crossings} (in {ours.entered}, out {ours.left})'
        )
    if ours.bay_accuracy is not None:
        parts.append(
            f'bays {ours.bay_accuracy:.4f} (unknown {ours.bays_unknown:.3f}), '
            f'false changes {ours.bay_changes_false_per_hour:.1f}/h'
        )
    if ours.phantoms is not None:
        parts.append(f'phantoms {ours.phantoms}')
    return f'{result.source:45} ' + '; '.join(parts)


def _explain_counts(source: Source, answers: Sequence[Answer]) -> None:
    allowed = intervals_with_grace(source.facts, source.grace_s)
    wrong = [
        is_scored(source, facts) and interval.distance(answer.cars) > 0
        for facts, interval, answer in zip(source.facts, allowed, answers, strict=True)
    ]
    lines = []
    for _, group in groupby(
        (number for number, is_wrong in enumerate(wrong) if is_wrong),
        key=lambda number: (wrong[:number].count(False), answers[number].cars, source.facts[number].cars),
    ):
        frames = list(group)
        lines.append(_stretch(source, answers, frames[0], frames[-1]))
    _print(f'{source.name}: wrong counts (grace {source.grace_s:g} s), each stretch', lines)


def _stretch(source: Source, answers: Sequence[Answer], first: int, last: int) -> str:
    facts = source.facts[first]
    cars = ' '.join(
        f'{car.car_id}{"" if car.moving else "p"}:{car.visibility:.2f}'
        f'@{car.full_box.centre[0]:.0f},{car.full_box.centre[1]:.0f}'
        for car in facts.shown
    )
    return (
        f'  t {facts.time_s:8.2f} for {source.facts[last].time_s - facts.time_s:5.1f} s  '
        f'ours {answers[first].cars:3}  must {facts.cars.must:3}  may {facts.cars.may:3}  '
        f'boxes {len(source.detections[first].items):3}  cars {cars}'
    )


def _explain_gates(source: Source, answers: Sequence[Answer]) -> None:
    events = [
        (
            crossing.time_s,
            f'  t {crossing.time_s:8.2f}  truth {crossing.gate} {crossing.direction.name}'
            + ('' if crossing.is_certain else ' (could not be seen)'),
        )
        for crossing in source.crossings
    ]
    last = dict.fromkeys(source.layout.gates, (0, 0))
    for facts, answer in zip(source.facts, answers, strict=True):
        for name, totals in (answer.gates or {}).items():
            for before, now, direction in zip(last[name], totals, Direction, strict=True):
                if now != before:
                    events.append(
                        (
                            facts.time_s,
                            f'  t {facts.time_s:8.2f}       ours {name} {direction.name} x{now - before}',
                        )
                    )
            last[name] = totals
    if source.layout.gates:
        _print(f'{source.name}: crossings', [line for _, line in sorted(events)])


def _explain_bays(source: Source, answers: Sequence[Answer]) -> None:
    lines = []
    last: dict[str, tuple[bool | None, bool | None]] = {}
    for facts, answer in zip(source.facts, answers, strict=True):
        for bay in source.layout.bays:
            now = ((answer.bays or {}).get(bay), facts.bays.get(bay))
            if last.get(bay) != now:
                ours, truth = (_word(value) for value in now)
                lines.append(f'  t {facts.time_s:8.2f}  {bay:6} ours {ours:9} truth {truth}')
            last[bay] = now
    if source.layout.bays and answers[-1].bays is not None:
        _print(f'{source.name}: bays, each change of either', lines)


def _word(occupied: bool | None) -> str:
    return 'unknown' if occupied is None else 'occupied' if occupied else 'free'


def _print(title: str, lines: Sequence[str]) -> None:
    console.print(title)
    for line in lines[:MOST_LINES]:
        console.print(line)
    if len(lines) > MOST_LINES:
        console.print(f'  ... and {len(lines) - MOST_LINES} more')
    if not lines:
        console.print('  none')
