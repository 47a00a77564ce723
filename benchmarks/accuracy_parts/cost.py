"""Time a frame of our counter with fifty cars."""

import time

import numpy as np

from benchmarks.accuracy_parts.counters import counter_for
from benchmarks.accuracy_parts.source import Layout, Line, stamp_ns
from parking_monitor.values import Box, Detection, Detections

CARS, PARKED, BAYS = 50, 40, 24
FRAMES, WARM_UP = 1500, 100
RATE_HZ = 10.0


def ms_per_frame() -> float:
    """Return the median milliseconds of an update with 50 cars, ten of them moving, 24 bays and a gate.

    CPU time of the one thread, so that what else runs on the machine counts as little as possible.
    """
    layout = Layout(
        bays={
            f'B{n}': tuple(((n % 8 + x) / 8, (n // 8 + y) / 8) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))
            for n in range(BAYS)
        },
        gates={'gate': Line((0.5, 0.8), (0.5, 1.0), (0.9, 0.9))},
    )
    counter = counter_for(layout)
    random = np.random.default_rng(1)
    times_ms = []
    for number in range(FRAMES):
        frame = _frame(number, random)
        begun = time.thread_time()
        counter.update(frame)
        times_ms.append((time.thread_time() - begun) * 1e3)
    return float(np.median(times_ms[WARM_UP:]))


def _frame(number: int, random: np.random.Generator) -> Detections:
    items = []
    for car in range(CARS):
        if car < PARKED:
            x, y = 80.0 * (car % 8) + 10, 60.0 * (car // 8) + 8
        else:
            x, y = (64.0 * (car - PARKED) + 4 * number) % 640 - 30, 400.0 + 4 * (car - PARKED)
        dx, dy, dw, dh = random.normal(0, 1, 4).tolist()
        items.append(Detection('car', 0.8, Box(x + dx, y + dy, 60 + dw, 40 + dh)))
    return Detections(
        stamp_ns=stamp_ns(number / RATE_HZ), image_width=640, image_height=480, items=tuple(items)
    )
