"""Compare the contenders, a row for each source and measure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.accuracy_parts.measures import Score

OURS = 'ours'


@dataclass(frozen=True, slots=True)
class Measure:
    """Hold a column of scores, how it is shown, and whether more is better."""

    name: str
    title: str
    more_is_better: bool
    digits: int

    def value(self, score: Score) -> float | None:
        """Return this measure of a score."""
        value: float | None = getattr(score, self.name)
        return value


MEASURES = (
    Measure('exact_share', 'exact share', True, 4),
    Measure('mean_error', 'mean error, cars', False, 3),
    Measure('errors_per_100_crossings', 'errors per 100 crossings', False, 1),
    Measure('bay_accuracy', 'bay accuracy', True, 4),
    Measure('bay_changes_false_per_hour', 'false bay changes an hour', False, 1),
    Measure('phantoms_per_hour', 'phantom arrivals an hour', False, 1),
)


@dataclass(frozen=True, slots=True)
class Result:
    """Hold the scores of all contenders on one source, by their names."""

    part: str
    source: str
    scores: dict[str, Score]
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one measure of one source for all contenders; None where one gives no such answer."""

    part: str
    source: str
    measure: str
    values: dict[str, float | None]
    more_is_better: bool
    digits: int

    @property
    def is_ahead(self) -> bool:
        """Tell whether no contender is better than ours, at the digits that are shown."""
        ours = self.values[OURS]
        if ours is None:
            return False
        others = [value for name, value in self.values.items() if name != OURS and value is not None]
        sign = 1 if self.more_is_better else -1
        return all(sign * (round(ours, self.digits) - round(value, self.digits)) >= 0 for value in others)


def rows_of(results: Iterable[Result]) -> list[Row]:
    """Return the rows of which anything is known."""
    found = []
    for result in results:
        for measure in MEASURES:
            values = {name: measure.value(score) for name, score in result.scores.items()}
            if any(value is not None for value in values.values()):
                found.append(
                    Row(
                        part=result.part,
                        source=result.source,
                        measure=measure.title,
                        values=values,
                        more_is_better=measure.more_is_better,
                        digits=measure.digits,
                    )
                )
    return found


def pooled_exact(results: Sequence[Result], name: str = OURS) -> float | None:
    """Return the exact share over the frames of all results."""
    scores = [result.scores[name] for result in results if name in result.scores]
    frames = sum(score.frames for score in scores)
    return sum(score.exact for score in scores) / frames if frames else None


def pooled_knowable(results: Sequence[Result], name: str = OURS) -> float | None:
    """Return the same when cars of which no box ever came need not be counted."""
    scores = [result.scores[name] for result in results if result.scores[name].knowable is not None]
    frames = sum(score.frames for score in scores)
    return sum(score.knowable or 0 for score in scores) / frames if frames else None


def pooled_crossings(results: Sequence[Result], name: str = OURS) -> tuple[float | None, int, int]:
    """Return the errors a hundred crossings over all results, the errors, and the crossings."""
    scores = [
        result.scores[name]
        for result in results
        if name in result.scores and result.scores[name].crossing_errors is not None
    ]
    crossings = sum(score.crossings for score in scores)
    errors = sum(score.crossing_errors or 0 for score in scores)
    return (100 * errors / crossings if crossings else None), errors, crossings


def pooled_bays(results: Sequence[Result], name: str = OURS) -> float | None:
    """Return the bay accuracy over all claims of all results."""
    scores = [result.scores[name] for result in results if name in result.scores]
    claimed = sum(score.bays_claimed for score in scores)
    return sum(score.bays_right for score in scores) / claimed if claimed else None
