"""Let models look at pictures: the scenes rendered, the lane clip, the lot."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from pathlib import Path

from benchmarks.accuracy_parts import cache, workers
from benchmarks.model_detectors import Detector
from benchmarks.model_sets import lane_frames, lot_frames
from benchmarks.results import console
from parking_monitor import simulation
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.values import Box, Detection, Image

ROOT = Path(__file__).parents[2]
MODELS = ROOT / 'models'
DEFAULT = MODELS / 'default.onnx'
LONGEST_S = 180.0
WIDTH, HEIGHT = 640, 480
_SIMULATION = Path(simulation.__file__).parent
_PAINT_NOTHING = {'__init__', '__main__', 'command', 'errors', 'fleet_section', 'frame_source', 'variation'}
"""Modules of the simulation on which the pictures of a shipped scene do not depend."""
_DETECTOR = Path(__file__).parents[1] / 'model_detectors.py'


def watch_scenes(names: Sequence[str]) -> Iterator[tuple[str, list[list[Detection]]]]:
    """Yield what the default model finds in each frame of scenes, rendered where that is not kept yet."""
    keys = {name: _scene_key(name) for name in names}
    kept = {name: cache.load(_file_name(name), key) for name, key in keys.items()}
    missing = [name for name in names if kept[name] is None]
    with workers.pool() as pool:
        jobs = {pool.submit(_watch_scene, name): name for name in missing}
        for number, job in enumerate(as_completed(jobs), 1):
            name = jobs[job]
            kept[name] = found = job.result()
            cache.save(_file_name(name), keys[name], found)
            console.print(f'rendered and watched {name} ({number} of {len(missing)}), {len(found)} frames')
    for name in names:
        yield name, kept[name] or []


def frames_to_watch(simulator: Simulator) -> int:
    """Return how many frames of a scene are rendered."""
    return int(min(simulator.duration_s or LONGEST_S, LONGEST_S) * simulator.rate_hz)


def watch_lane(lane: Path, model: Path) -> list[list[Detection]]:
    """Return what a model finds in each frame of the lane clip."""
    key = cache.key_of(model, lane / 'truth.json', _DETECTOR)
    return _kept('lane', key, model, (image for _, _, image in lane_frames(lane)))


def watch_lot(lot: Path, sequence: str, model: Path) -> list[list[Detection]]:
    """Return what a model finds in each picture of a sequence of the lot."""
    images = [frame.image for frame in lot_frames(lot, sequence)]
    key = cache.key_of(model, sequence, _DETECTOR)
    return _kept(f'{sequence}-{model.stem}', key, model, images)


def _kept(name: str, key: str, model: Path, images: Iterable[Image]) -> list[list[Detection]]:
    found = cache.load(name, key)
    if found is None:
        detector = Detector(model.stem, model)
        found = [_find(detector, image) for image in images]
        cache.save(name, key, found)
    return found


def _scene_key(name: str) -> str:
    scene = _SIMULATION / 'scenes' / f'{name}.yaml'
    code = [path for path in sorted(_SIMULATION.glob('*.py')) if path.stem not in _PAINT_NOTHING]
    return cache.key_of(DEFAULT, scene, *code, _DETECTOR, f'{WIDTH}x{HEIGHT} {LONGEST_S}')


def _file_name(name: str) -> str:
    return f'scene-{name}'


def _watch_scene(name: str) -> list[list[Detection]]:
    detector = Detector('default', DEFAULT)
    simulator = Simulator(load_scene(name), width=WIDTH, height=HEIGHT)
    return [
        _find(detector, simulator.frame(number / simulator.rate_hz).image)
        for number in range(frames_to_watch(simulator))
    ]


def _find(detector: Detector, image: Image) -> list[Detection]:
    found = detector.find(image)
    return [
        Detection('car', round(float(score), 4), Box(left, top, right - left, bottom - top))
        for (left, top, right, bottom), score in zip(found.boxes.round(1).tolist(), found.scores, strict=True)
    ]
