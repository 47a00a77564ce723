"""List what is scored, a source each; sources are made where they are used, for they are large."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.accuracy_parts import footage, scenes, still
from benchmarks.accuracy_parts.damage import Damage
from benchmarks.accuracy_parts.source import Source
from benchmarks.accuracy_parts.watching import watch_scenes
from benchmarks.model_sets import SEQUENCES
from parking_monitor.simulation.scene import scene_names

PARTS = ('damaged', 'traffic', 'still', 'lane', 'lot', 'model')
USUAL_MISS = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """Hold how to make one source.

    Attributes:
        part: of the scoreboard.
        scene: its scene, sequence or variant.
        damage: what is done to the truth, for 'damaged' and 'traffic'.
        has_picture: whether its count over time is drawn.
        cost: relative, so that the long ones begin first.
    """

    part: str
    scene: str
    damage: Damage | None = None
    has_picture: bool = False
    cost: float = 1.0


def tasks_of(part: str, only_scene: str = '', damage: Damage | None = None) -> Iterator[Task]:
    """Yield the tasks of a part: all of them, or those of one scene, or with one damage."""
    wanted = {
        'damaged': _damaged_tasks,
        'traffic': _traffic_tasks,
        'still': lambda _damage: iter([Task('still', 'night', cost=30), Task('still', 'day', cost=8)]),
        'lane': lambda _damage: _lane_tasks(),
        'lot': lambda _damage: _lot_tasks(),
        'model': lambda _damage: (Task('model', name, has_picture=True) for name in scene_names()),
    }
    for task in wanted[part](damage):
        if only_scene in {'', task.scene}:
            yield task


def missing(part: str) -> str:
    """Return why a part cannot be scored here; empty when it can."""
    folder = {'lane': footage.LANE, 'lot': footage.LOT}.get(part)
    return f'../shared/footage/{part} is absent' if folder is not None and not folder.is_dir() else ''


def make(task: Task) -> Source:
    """Make the source of a task."""
    makers: dict[str, Callable[[], Source]] = {
        'damaged': lambda: scenes.damaged_scene(task.scene, task.damage or Damage()),
        'traffic': lambda: scenes.busy_scene(task.scene, task.damage or Damage()),
        'still': still.still_night if task.scene == 'night' else still.still_day,
        'lane': lambda: footage.lane_source(task.scene),
        'lot': lambda: footage.lot_source(*task.scene.split(' ', 1)),
        'model': lambda: scenes.watched_scene(task.scene, dict(watch_scenes([task.scene]))[task.scene]),
    }
    return makers[task.part]()


def _damages() -> Iterator[Damage]:
    yield from (Damage(miss=miss) for miss in scenes.MISSES)
    yield from (Damage(miss=miss, is_fomo=True) for miss in scenes.FOMO_MISSES)


def _damaged_tasks(only: Damage | None) -> Iterator[Task]:
    for damage in [only] if only else _damages():
        for name in scene_names():
            has_picture = damage == Damage(miss=USUAL_MISS)
            yield Task('damaged', name, damage, has_picture=has_picture, cost=2)


def _traffic_tasks(only: Damage | None) -> Iterator[Task]:
    for name in scenes.traffic_scenes():
        yield Task('traffic', name, only or Damage(miss=USUAL_MISS), cost=6)


def _lane_tasks() -> Iterator[Task]:
    for variant in footage.LANE_VARIANTS:
        yield Task('lane', variant, has_picture=True)


def _lot_tasks() -> Iterator[Task]:
    for sequence in SEQUENCES:
        for detector in footage.lot_detectors():
            yield Task('lot', f'{sequence} {detector}')
