"""Gather what models are scored on: simulated scenes, the real lot, the real lane."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.model_scoring import ASKED_FROM, Floats, Wanted
from parking_monitor.simulation.scene import Scene, load_scene, scene_names
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.variation import random_scene
from parking_monitor.values import Image

SEQUENCES = ('sequence0', 'sequence1', 'sequence2')
HELD_OUT_SEED = 7_001
"""Seed of traffic and noise; training sees shipped scenes only by other cameras, lights and seeds."""
RANDOM_SCENES = range(1_500_000, 1_500_040)
"""Random scenes that neither training nor its check ever draws."""
SMALLEST_SHARE = 1 / 64
"""Longer side of a car, as a share of the picture's width, from which it is asked for: 5 pixels of 320."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedFrame:
    """Hold a rendered picture and its cars."""

    image: Image
    wanted: Wanted


@dataclass(frozen=True, slots=True, eq=False)
class LotFrame:
    """Hold a picture of the lot, the corners (4, 2) of each marked space, and which are occupied."""

    name: str
    image: Image
    spaces: list[Floats]
    occupied: NDArray[np.bool_]


def simulated_scenes(frames: int) -> Iterator[tuple[str, list[SimulatedFrame]]]:
    """Yield every shipped scene with its frames, then 'random': held-out random scenes, two frames each."""
    for name in scene_names():
        yield name, _frames_of(load_scene(name), HELD_OUT_SEED, frames)
    yield (
        'random',
        [frame for number in RANDOM_SCENES for frame in _frames_of(random_scene(number), number, 2)],
    )


def _frames_of(scene: Scene, seed: int, count: int) -> list[SimulatedFrame]:
    simulator = Simulator(scene, width=640, height=480, seed=seed)
    duration = scene.duration_s or 600.0
    found = []
    for time_s in (np.arange(count) + 0.5) * duration / count:
        frame = simulator.frame(float(time_s))
        cars = [car for car in frame.truth.cars if car.visibility > 0]
        boxes = np.array([[c.box.x, c.box.y, c.box.right, c.box.bottom] for c in cars], float).reshape(-1, 4)
        visible = np.array([car.visibility for car in cars]) >= ASKED_FROM
        large = (boxes[:, 2:] - boxes[:, :2]).max(1, initial=0) >= SMALLEST_SHARE * frame.truth.width
        found.append(SimulatedFrame(frame.image, Wanted(boxes, visible & large)))
    return found


def lot_frames(lot: Path, sequence: str) -> list[LotFrame]:
    """Read a sequence of the real lot with the state of each marked space."""
    return [_lot_frame(path) for path in sorted((lot / sequence).glob('*.jpg'))]


def _lot_frame(path: Path) -> LotFrame:
    spaces, occupied = [], []
    for space in ET.parse(path.with_suffix('.xml')).getroot().iter('space'):  # noqa: S314  (files that lie beside the repository)
        spaces.append(np.array([[float(p.get('x', 0)), float(p.get('y', 0))] for p in space.iter('point')]))
        occupied.append(space.get('occupied') == '1')
    return LotFrame(path.stem, cv2.imread(str(path)).astype(np.uint8), spaces, np.array(occupied))


def lane_frames(lane: Path) -> Iterator[tuple[int, bool | None, Image]]:
    """Yield the lane clip's frames: number, whether a car is shown, picture.

    Within the tolerance of `truth.json` at the ends of a car's time the answer is None.
    """
    truth = json.loads((lane / 'truth.json').read_text())
    tolerance = truth['edge_tolerance_frames']
    shown = np.zeros(truth['frames'], bool)
    perhaps = np.zeros(truth['frames'], bool)
    for car in truth['cars']:
        shown[car['first_frame'] : car['last_frame'] + 1] = True
        perhaps[max(0, car['first_frame'] - tolerance) : car['last_frame'] + tolerance + 1] = True
    capture = cv2.VideoCapture(str(lane / truth['clip']))
    for number in range(truth['frames']):
        read, image = capture.read()
        if not read:
            break
        answer = True if shown[number] else None if perhaps[number] else False
        yield number, answer, image.astype(np.uint8)
    capture.release()
