"""Draw a count over time against the truth, a panel for each contender."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.accuracy_parts.measures import intervals_with_grace
from benchmarks.accuracy_parts.source import Answer, Source
from parking_monitor.values import Image

WIDTH, PANEL, LEFT, RIGHT, TOP = 1400, 170, 60, 20, 46
_PAPER, _INK, _GRID = (255, 255, 255), (40, 40, 40), (225, 225, 225)
_TRUTH, _TRUTH_EDGE, _LINE, _WRONG = (196, 226, 200), (120, 190, 130), (170, 70, 20), (60, 60, 230)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(source: Source, answers: Mapping[str, Sequence[Answer]], path: Path) -> None:
    """Write a PNG: the truth's interval as a band, each count as a line, wrong frames as red ticks."""
    times = np.array([facts.time_s for facts in source.facts])
    must = np.array([facts.cars.must for facts in source.facts])
    may = np.array([facts.cars.may for facts in source.facts])
    counts = {name: np.array([answer.cars for answer in told]) for name, told in answers.items()}
    highest = max(int(may.max()), *(int(count.max()) for count in counts.values()), 1) + 1
    wrong = {
        name: [
            interval.distance(answer.cars) > 0
            for interval, answer in zip(intervals_with_grace(source.facts, source.grace_s), told, strict=True)
        ]
        for name, told in answers.items()
    }
    picture = np.full((TOP + PANEL * len(answers) + 30, WIDTH, 3), _PAPER, np.uint8)
    title = f'{source.name}: cars over time; band: what the truth allows; red: wrong by more than the grace'
    _write(picture, title, (LEFT, 22), 0.55)
    for number, (name, count) in enumerate(counts.items()):
        panel = _Panel(picture, TOP + PANEL * number, times, highest)
        panel.band(must, may)
        panel.grid()
        panel.steps(count, _LINE)
        panel.ticks(np.array(wrong[name]))
        share = 1 - float(np.mean(wrong[name]))
        _write(picture, f'{name}: {100 * share:.1f} % right', (LEFT + 6, TOP + PANEL * number + 16), 0.5)
    _write(picture, 'seconds', (WIDTH // 2, picture.shape[0] - 6), 0.45)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


class _Panel:
    """Draw one panel in its own units: seconds to the right, cars upwards."""

    def __init__(self, picture: Image, top: int, times: 'np.ndarray', highest: int) -> None:
        self._picture = picture
        self._top, self._bottom = top + 4, top + PANEL - 26
        self._times = times
        self._highest = highest
        span_s = max(float(times[-1] - times[0]), 1e-6)
        self._x = (LEFT + (times - times[0]) / span_s * (WIDTH - LEFT - RIGHT)).round().astype(int)

    def _y(self, cars: float) -> int:
        return round(self._bottom - cars / self._highest * (self._bottom - self._top))

    def band(self, must: 'np.ndarray', may: 'np.ndarray') -> None:
        ends = np.append(self._x[1:], self._x[-1] + 1)
        for x, end, low, high in zip(self._x, ends, must, may, strict=True):
            corners = (int(x), self._y(high + 0.25)), (int(end), self._y(low - 0.25))
            cv2.rectangle(self._picture, *corners, _TRUTH, -1)
        self.steps(must, _TRUTH_EDGE)
        self.steps(may, _TRUTH_EDGE)

    def steps(self, values: 'np.ndarray', colour: tuple[int, int, int]) -> None:
        y = np.array([self._y(float(value)) for value in values])
        points = np.stack([np.repeat(self._x, 2)[1:], np.repeat(y, 2)[:-1]], axis=1)
        cv2.polylines(self._picture, [points.astype(np.int32)], False, colour, 1, cv2.LINE_AA)

    def ticks(self, wrong: 'np.ndarray') -> None:
        for x in self._x[wrong]:
            cv2.line(self._picture, (int(x), self._bottom + 3), (int(x), self._bottom + 8), _WRONG, 1)

    def grid(self) -> None:
        step = max(1, round(self._highest / 5))
        for cars in range(0, self._highest + 1, step):
            y = self._y(cars)
            cv2.line(self._picture, (LEFT - 4, y), (LEFT, y), _INK, 1)
            _write(self._picture, str(cars), (LEFT - 30, y + 4), 0.4)
        cv2.rectangle(self._picture, (LEFT, self._top), (WIDTH - RIGHT, self._bottom), _GRID, 1)
        span_s = float(self._times[-1] - self._times[0])
        every_s = next((s for s in (5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600) if span_s / s <= 14), 7200)
        for seconds in range(0, int(span_s) + 1, every_s):
            x = round(LEFT + seconds / max(span_s, 1e-6) * (WIDTH - LEFT - RIGHT))
            cv2.line(self._picture, (x, self._bottom), (x, self._bottom + 3), _INK, 1)
            _write(self._picture, str(seconds), (x - 8, self._bottom + 20), 0.38)


def _write(picture: Image, text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(picture, text, at, _FONT, size, _INK, 1, cv2.LINE_AA)
