"""Exchange JSON lines with the benchmark; needs nothing but Python.

`{"setup": {...}}` begins a source and has no answer; `{"stamp_s": ..., "boxes": [[left, top, right, bottom,
confidence], ...]}` is a frame and has one: `{"cars": n, "bays": [names], "gates": {name: [in, out]}}`.
Coordinates are pixels.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Setup:
    """Hold what a counter is told of a camera.

    Attributes:
        rate_hz: frames a second.
        threshold: confidence from which a box alone shows a car; there may be boxes below it.
        bays: corners by name.
        gates: start and end by name, such that cars are inside on the left of start-to-end as seen
            on the screen.
    """

    width: int
    height: int
    rate_hz: float
    threshold: float
    bays: dict[str, list[Point]]
    gates: dict[str, tuple[Point, Point]]


@dataclass(frozen=True, slots=True)
class Told:
    """Hold the answer to a frame: cars, occupied bays, and totals of each gate."""

    cars: int
    bays: list[str]
    gates: dict[str, tuple[int, int]]


class FrameCounter(Protocol):
    """Count frame by frame."""

    def count(self, stamp_s: float, boxes: list[list[float]]) -> Told:
        """Take the boxes of the next frame."""
        ...


def serve(begin: Callable[[Setup], FrameCounter]) -> None:
    """Answer frames from standard input until it ends."""
    counter: FrameCounter | None = None
    for line in sys.stdin:
        message: dict[str, Any] = json.loads(line)
        if 'setup' in message:
            counter = begin(Setup(**message['setup']))
        elif counter is not None:
            told = counter.count(message['stamp_s'], message['boxes'])
            answer = {'cars': told.cars, 'bays': told.bays, 'gates': told.gates}
            sys.stdout.write(json.dumps(answer) + '\n')
            sys.stdout.flush()
