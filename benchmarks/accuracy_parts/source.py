"""Hold what all contenders are given, what they answer, and what is true."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from parking_monitor.simulation.truth import CarTruth
from parking_monitor.values import Detections, Direction

Point = tuple[float, float]
Polygon = tuple[Point, ...]

START_NS = 1_740_988_800 * 1_000_000_000
"""When all streams begin: 2025-03-03, 08:00 UTC, so that none runs over midnight but the night."""


@dataclass(frozen=True, slots=True)
class Line:
    """Hold a gate: its line and a point on the side where cars are inside, in fractions of the image."""

    start: Point
    end: Point
    inside: Point


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the bays and gates that a camera was set up with, by name, in fractions of the image.

    `car_size`, width and height of a usual car, is what fleet.yaml calls so; None as by default.
    """

    bays: Mapping[str, Polygon] = field(default_factory=dict)
    gates: Mapping[str, Line] = field(default_factory=dict)
    car_size: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold how many cars must be counted, and how many may be."""

    must: int
    may: int

    def distance(self, cars: float) -> float:
        """Return by how much a count is wrong."""
        return max(self.must - cars, cars - self.may, 0)


@dataclass(frozen=True, slots=True)
class TrueCrossing:
    """Hold that a car went through a gate; not certain when nobody could have seen it."""

    time_s: float
    gate: str
    direction: Direction
    is_certain: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class FrameFacts:
    """Hold what is true of one frame.

    Attributes:
        time_s: from the start of the source.
        cars: how many there are.
        bays: whether each is occupied; those of which nobody can know are absent.
        knowable: the same as `cars`, but cars of which no box ever came only may be counted;
            None where that is not told.
        shown: the cars themselves where they are known, for explanations.
    """

    time_s: float
    cars: Interval
    bays: Mapping[str, bool] = field(default_factory=dict)
    knowable: Interval | None = None
    shown: tuple[CarTruth, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """Hold one stream of detections and the truth of each of its frames.

    Attributes:
        part: of the scoreboard: 'model', 'damaged', 'traffic', 'still', 'lane' or 'lot'.
        name: of the scene or footage, and what was done to it.
        detections: what a model says, a frame each.
        facts: what is true, of the same frames.
        crossings: of all its gates.
        rate_hz: frames a second.
        threshold: the detector's usual one. Boxes below it come only in the lane's NanoDet file; all are
            given them, and ByteTrack is told which these are, for it does better so.
        is_still: whether nothing moves, so that every arrival is a phantom.
        asks_count: whether the truth knows the count.
        only_with_car: whether only frames in which a car may be counted are scored for the exact count.
    """

    part: str
    name: str
    detections: tuple[Detections, ...]
    facts: tuple[FrameFacts, ...]
    rate_hz: float
    layout: Layout = Layout()
    crossings: tuple[TrueCrossing, ...] = ()
    threshold: float = 0.5
    is_still: bool = False
    asks_count: bool = True
    only_with_car: bool = False

    @property
    def grace_s(self) -> float:
        """Return the grace around a true change: a second, or two frames where those take longer."""
        return max(1.0, 2.0 / self.rate_hz)

    @property
    def duration_s(self) -> float:
        """Return the time from the first frame to the last."""
        return self.facts[-1].time_s - self.facts[0].time_s


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what a contender says after a frame.

    Attributes:
        cars: in the picture.
        bays: whether each is occupied; absent ones are unknown; None when it has no notion of bays.
        gates: cars that entered and left so far; None when it has no notion of gates.
    """

    cars: int
    bays: Mapping[str, bool] | None = None
    gates: Mapping[str, tuple[int, int]] | None = None


def stamp_ns(time_s: float) -> int:
    """Return the stamp of a time from the start of a source."""
    return START_NS + round(time_s * 1e9)
