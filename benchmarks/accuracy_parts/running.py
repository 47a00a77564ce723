"""Run tasks on all cores; each worker has contenders of its own."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.accuracy_parts import pictures, workers
from benchmarks.accuracy_parts.contenders.child import Child
from benchmarks.accuracy_parts.contenders.environment import EnvironmentMissingError, python_of
from benchmarks.accuracy_parts.counters import BoxesPerFrame, Contender, Ours
from benchmarks.accuracy_parts.measures import score
from benchmarks.accuracy_parts.rows import Result
from benchmarks.accuracy_parts.tasks import Task, make
from benchmarks.results import FOLDER, console

OTHERS = {'supervision': 'with_supervision', 'norfair': 'with_norfair'}
PICTURES = FOLDER / 'accuracy'


def installable(skipped: list[str]) -> tuple[str, ...]:
    """Return the contenders whose venv is there or could be made; say of the others why not."""
    found = []
    for name in OTHERS:
        try:
            python_of(name)
            found.append(name)
        except EnvironmentMissingError as error:
            skipped.append(str(error))
            console.print(f'skipped {error}')
    return tuple(found)


def run(tasks: Sequence[Task], others: Sequence[str]) -> Iterator[Result]:
    """Yield the results of tasks as they come, the long ones begun first."""
    with workers.pool(_begin, tuple(others)) as pool:
        jobs = [pool.submit(_score, task) for task in sorted(tasks, key=lambda task: -task.cost)]
        for job in as_completed(jobs):
            yield job.result()


@dataclass
class _Worker:
    """Hold what a worker process keeps between tasks."""

    contenders: list[Contender] = field(default_factory=list)


_worker = _Worker()


def _begin(others: tuple[str, ...]) -> None:
    # A child ends when its worker does, for its input ends then.
    children = [Child(name, OTHERS[name], name) for name in others]
    _worker.contenders = [Ours(), BoxesPerFrame(), *children]


def _score(task: Task) -> Result:
    source = make(task)
    answers, seconds = {}, {}
    for contender in _worker.contenders:
        begun_s = time.perf_counter()
        answers[contender.name] = contender.answers(source)
        seconds[contender.name] = round(time.perf_counter() - begun_s, 1)
    if task.has_picture:
        pictures.draw(source, answers, picture_path(source.part, task.scene))
    scores = {name: score(source, told) for name, told in answers.items()}
    return Result(source.part, source.name, scores, seconds)


def picture_path(part: str, scene: str) -> Path:
    """Return where the picture of a source goes."""
    return PICTURES / f'{part}-{scene.replace(" ", "-")}.png'
