"""Talk to a contender in its own process."""

import json
import subprocess
import threading
from pathlib import Path
from typing import IO, Any

from benchmarks.accuracy_parts.contenders.environment import ROOT, python_of
from benchmarks.accuracy_parts.counters import boxes_of
from benchmarks.accuracy_parts.source import Answer, Line, Source

PATIENCE_S = 600.0
"""For one source; a child that takes longer is ended."""


class ChildFailedError(RuntimeError):
    """Say that a contender did not answer."""


class Child:
    """Count with a contender that runs in a venv of its own.

    It gets the same detections as all, those of FOMO merged into boxes as the SDK and ours do.

    Args:
        name: as shown in tables.
        module: that runs in the child, of this folder.
        environment: the name of its requirements and venv.

    Raises:
        EnvironmentMissingError: when it cannot be installed.
    """

    def __init__(self, name: str, module: str, environment: str) -> None:
        self.name = name
        self._log = ROOT / 'build' / 'contenders' / f'{environment}.log'
        self._process = _start(python_of(environment), module, self._log)

    def answers(self, source: Source) -> list[Answer]:
        """Return an answer for each frame of a source.

        Raises:
            ChildFailedError: when it ends, or takes too long.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ChildFailedError(f'{self.name} has no pipes')
        watchdog = threading.Timer(PATIENCE_S, self._process.kill)
        writer = threading.Thread(target=_write, args=(stdin, source), daemon=True)
        watchdog.start()
        writer.start()
        try:
            answers = [_answer(stdout.readline(), source) for _ in source.detections]
        except json.JSONDecodeError as error:
            raise ChildFailedError(f'{self.name} ended at {source.name}; see {self._log}') from error
        finally:
            watchdog.cancel()
        writer.join()
        return answers

    def close(self) -> None:
        """End the child."""
        self._process.kill()
        self._process.wait()


def _start(python: Path, module: str, log: Path) -> subprocess.Popen[str]:
    with log.open('w') as stderr:
        return subprocess.Popen(
            [str(python), '-m', f'benchmarks.accuracy_parts.contenders.{module}'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=ROOT,
            env={'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1', 'PATH': '/usr/bin:/bin'},
        )


def _write(stdin: IO[str], source: Source) -> None:
    try:
        stdin.write(json.dumps({'setup': _setup(source)}) + '\n')
        for frame in source.detections:
            boxes = [
                [item.box.x, item.box.y, item.box.right, item.box.bottom, item.confidence]
                for item in boxes_of(frame)
            ]
            stdin.write(json.dumps({'stamp_s': frame.stamp_ns / 1e9, 'boxes': boxes}) + '\n')
        stdin.flush()
    except BrokenPipeError:
        return  # it ended; whoever reads its answers says so


def _setup(source: Source) -> dict[str, Any]:
    first = source.detections[0]

    def pixels(point: tuple[float, float]) -> tuple[float, float]:
        return point[0] * first.image_width, point[1] * first.image_height

    return {
        'width': first.image_width,
        'height': first.image_height,
        'rate_hz': source.rate_hz,
        'threshold': source.threshold,
        'bays': {name: [pixels(point) for point in polygon] for name, polygon in source.layout.bays.items()},
        'gates': {
            name: [pixels(point) for point in inside_on_the_left(line)]
            for name, line in source.layout.gates.items()
        },
    }


def inside_on_the_left(line: Line) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return a gate's line, turned so that inside is on its left as seen on the screen."""
    (ax, ay), (bx, by), (x, y) = line.start, line.end, line.inside
    is_left = (bx - ax) * (y - ay) - (by - ay) * (x - ax) < 0
    return (line.start, line.end) if is_left else (line.end, line.start)


def _answer(line: str, source: Source) -> Answer:
    told = json.loads(line)
    occupied = set(told['bays'])
    return Answer(
        cars=told['cars'],
        bays={name: name in occupied for name in source.layout.bays} if source.layout.bays else None,
        gates={name: (entered, left) for name, (entered, left) in told['gates'].items()}
        if source.layout.gates
        else None,
    )
