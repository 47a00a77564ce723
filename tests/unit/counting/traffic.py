"""Let cars drive, park and vanish before a counter, as a detector would report them."""

import itertools
import math
import random
from collections.abc import Callable, Sequence

from parking_monitor.counting.counter import Counter
from parking_monitor.values import Box, Count, Crossing, Detection, Detections, ModelType, View

WIDTH, HEIGHT = 640, 480
CAR_WIDTH, CAR_HEIGHT = 80.0, 60.0
START_NS = 1_700_000_000_000_000_000
"""14 November 2023, 22:13:20 UTC."""

Thing = Callable[[float], Detection | None]
"""What shows at a time, in seconds since the first frame; None when it is not detected."""


def parked(
    x: float,
    y: float,
    from_s: float = 0.0,
    until_s: float = math.inf,
    size: tuple[float, float] = (CAR_WIDTH, CAR_HEIGHT),
) -> Thing:
    """Let a car stand with its middle at x, y; it is detected for some time only."""
    return a_drive([(from_s, x, y), (until_s, x, y)], size)


def a_drive(
    way: Sequence[tuple[float, float, float]], size: tuple[float, float] = (CAR_WIDTH, CAR_HEIGHT)
) -> Thing:
    """Let a car's middle go straight from one (second, x, y) to the next; before and after is no car."""

    def at(now_s: float) -> Detection | None:
        for (begin_s, ax, ay), (end_s, bx, by) in itertools.pairwise(way):
            if begin_s <= now_s <= end_s:
                share = 0.0 if math.isinf(end_s) else (now_s - begin_s) / max(end_s - begin_s, 1e-9)
                return in_picture(ax + share * (bx - ax), ay + share * (by - ay), size)
        return None

    return at


def unseen(thing: Thing, from_s: float, until_s: float) -> Thing:
    """Let a detector miss a thing for some time."""
    return lambda now_s: None if from_s <= now_s < until_s else thing(now_s)


def in_picture(x: float, y: float, size: tuple[float, float]) -> Detection | None:
    """Return what the picture shows of a car whose middle is at x, y, cut at the picture's edges."""
    left, top = max(x - size[0] / 2, 0.0), max(y - size[1] / 2, 0.0)
    right, bottom = min(x + size[0] / 2, WIDTH), min(y + size[1] / 2, HEIGHT)
    if right - left < 4 or bottom - top < 4:
        return None
    return Detection('car', 0.9, Box(left, top, right - left, bottom - top))


class Road:
    """Show things to a counter frame by frame; the stamps go on from one showing to the next.

    Args:
        counter: that counts.
        rate_hz: frames a second.
        jitter_px: standard deviation of a box's place.
        is_fomo: whether the detector answers with cells of 40 pixels.
    """

    def __init__(
        self, counter: Counter, rate_hz: float = 10.0, *, jitter_px: float = 1.0, is_fomo: bool = False
    ) -> None:
        self.counter = counter
        self.rate_hz = rate_hz
        self.now_s = 0.0
        self._jitter_px = jitter_px
        self._is_fomo = is_fomo
        self._random = random.Random(7)

    def show(self, seconds: float, *things: Thing, view: View = View.CLEAR) -> list[Count]:
        """Return a count a frame."""
        frames = round(seconds * self.rate_hz)
        counts = []
        for _ in range(frames):
            shown = [item for thing in things if (item := thing(self.now_s)) is not None]
            items = [self._cell(item) if self._is_fomo else self._shaken(item) for item in shown]
            counts.append(self.counter.update(frame(self.now_s, *items, is_fomo=self._is_fomo, view=view)))
            self.now_s = round(self.now_s + 1 / self.rate_hz, 6)
        return counts

    def skip(self, seconds: float) -> None:
        """Let time pass without frames."""
        self.now_s += seconds

    def _shaken(self, item: Detection) -> Detection:
        box, spread = item.box, self._jitter_px
        x, y = self._random.gauss(0, spread), self._random.gauss(0, spread)
        return Detection(item.label, item.confidence, Box(box.x + x, box.y + y, box.width, box.height))

    def _cell(self, item: Detection) -> Detection:
        x, y = item.box.centre
        return Detection(item.label, item.confidence, Box(x // 40 * 40, y // 40 * 40, 40, 40))


def frame(
    now_s: float, *items: Detection, is_fomo: bool = False, view: View = View.CLEAR, width: int = WIDTH
) -> Detections:
    """Build what a model saw so many seconds after the first frame."""
    return Detections(
        stamp_ns=START_NS + round(now_s * 1e9),
        image_width=width,
        image_height=HEIGHT,
        items=items,
        model_type=ModelType.FOMO if is_fomo else ModelType.BOXES,
        cell_size=(40.0, 40.0) if is_fomo else (0.0, 0.0),
        view=view,
    )


def cars(counts: Sequence[Count]) -> list[int]:
    """Return the number of cars of each count."""
    return [count.cars for count in counts]


def crossings(counts: Sequence[Count]) -> list[Crossing]:
    """Return all crossings of many counts."""
    return [crossing for count in counts for crossing in count.crossings]
