"""Build truths, sources and answers for the tests of the scoreboard."""

from collections.abc import Mapping, Sequence

from benchmarks.accuracy_parts.source import (
    Answer,
    FrameFacts,
    Interval,
    Layout,
    Line,
    Source,
    TrueCrossing,
    stamp_ns,
)
from parking_monitor.simulation.truth import CarTruth, FrameTruth
from parking_monitor.values import Box, Detections

WIDTH, HEIGHT = 640, 480
SQUARE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2))
GATE = Line((0.2, 0.5), (0.8, 0.5), (0.5, 0.2))


def car(
    car_id: int = 1,
    *,
    x: float = 100.0,
    y: float = 100.0,
    visibility: float = 1.0,
    bay: str | None = None,
    moving: bool = False,
) -> CarTruth:
    full = Box(x, y, 60.0, 40.0)
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(full.right, WIDTH), min(full.bottom, HEIGHT)
    box = Box(left, top, max(right - left, 0.0), max(bottom - top, 0.0))
    return CarTruth(car_id, box, full, visibility, bay, None, moving, 3.0 if moving else 0.0)


def frame(time_s: float, *cars: CarTruth) -> FrameTruth:
    return FrameTruth(time_s, WIDTH, HEIGHT, cars, ())


def source(
    counts: Sequence[int | tuple[int, int]],
    *,
    rate_hz: float = 10.0,
    bays: Mapping[str, Sequence[bool | None]] | None = None,
    crossings: Sequence[TrueCrossing] = (),
    is_still: bool = False,
    only_with_car: bool = False,
) -> Source:
    """Build a source whose frames have these counts, or intervals, and these states of bays."""
    facts = []
    for number, count in enumerate(counts):
        must, may = count if isinstance(count, tuple) else (count, count)
        states = {name: state for name, told in (bays or {}).items() if (state := told[number]) is not None}
        facts.append(FrameFacts(number / rate_hz, Interval(must, may), states))
    detections = tuple(
        Detections(stamp_ns=stamp_ns(f.time_s), image_width=WIDTH, image_height=HEIGHT, items=())
        for f in facts
    )
    return Source(
        part='test',
        name='test',
        detections=detections,
        facts=tuple(facts),
        rate_hz=rate_hz,
        layout=Layout(bays=dict.fromkeys(bays or {}, SQUARE), gates={'gate': GATE} if crossings else {}),
        crossings=tuple(crossings),
        is_still=is_still,
        only_with_car=only_with_car,
    )


def answers(counts: Sequence[int]) -> list[Answer]:
    return [Answer(count) for count in counts]


def bay_answers(states: Sequence[bool | None]) -> list[Answer]:
    """Answers about one bay, A; None is unknown."""
    return [Answer(0, {} if state is None else {'A': state}) for state in states]
