"""Test the pictures: that they can be had, repeat themselves, and show what is true."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from parking_monitor.simulation.scene import load_scene, scene_names
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.variation import random_scene
from parking_monitor.values import Image

from .builders import busy, scripted

SMALL = {'width': 160, 'height': 120}

_HASH = """
import hashlib, sys
sys.path[:0] = {path!r}
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
simulator = Simulator(load_scene({scene!r}), width=160, height=120, seed=7)
print(hashlib.sha256(simulator.frame(31.4).image.tobytes()).hexdigest())
"""


def digest(image: Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


@pytest.mark.parametrize('name', scene_names())
def test_every_scene_can_be_seen_at_its_beginning_middle_and_end(name: str) -> None:
    scene = load_scene(name)
    simulator = Simulator(scene, **SMALL)
    end = scene.duration_s or 60.0
    for time_s in (0.0, end / 2, end - 0.1):
        frame = simulator.frame(time_s)
        assert frame.image.shape == (120, 160, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.std() > 2
        assert frame.truth == simulator.truth(time_s)


@pytest.mark.parametrize('name', ['rain', 'shaken'])
def test_another_process_draws_the_same_bytes(name: str) -> None:
    simulator = Simulator(load_scene(name), seed=7, **SMALL)
    simulator.frame(80.0)
    here = digest(simulator.frame(31.4).image)
    code = _HASH.format(path=sys.path, scene=name)
    there = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, timeout=800, check=True
    )
    assert there.stdout.strip() == here


def test_seeds_differ() -> None:
    scene = busy()
    first, second = (Simulator(scene, seed=seed, **SMALL).frame(60).image for seed in (1, 2))
    assert digest(first) != digest(second)


def test_a_white_car_shows_where_the_truth_says_it_is() -> None:
    faults = {'noise': 0, 'jpeg_quality': None}
    car = {'place': [0, 2, 30], 'body': 'hatchback', 'colour': 'white'}
    empty = Simulator(scripted(faults=faults)).frame(0).image.astype(int)
    frame = Simulator(scripted(car, faults=faults)).frame(0)
    brighter = (frame.image.astype(int) - empty).min(axis=2) > 40
    rows, columns = np.nonzero(brighter)
    box = frame.truth.cars[0].box
    assert abs(columns.min() - box.x) < 3
    assert abs(columns.max() + 1 - box.right) < 3
    assert abs(rows.min() - box.y) < 3
    assert rows.max() < box.bottom + 2


def test_shaking_moves_the_truth_with_the_picture() -> None:
    car = {'place': [0, 2, 0], 'body': 'hatchback'}
    simulator = Simulator(scripted(car, faults={'shake_px': 8}))
    places = [simulator.truth(time_s).cars[0].box.centre for time_s in np.arange(0, 5, 0.3)]
    spread = np.ptp(np.array(places), axis=0)
    assert 2 < spread.max() < 40


def test_a_frame_of_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match='32 to 4096'):
        Simulator(busy(), width=0, height=480)


def test_random_scenes_differ_and_repeat() -> None:
    assert random_scene(3) == random_scene(3)
    scenes = [random_scene(seed) for seed in range(40)]
    tilts = [scene.camera.tilt_deg for scene in scenes]
    assert min(tilts) < 30
    assert max(tilts) > 75
    assert {scene.ground.surface for scene in scenes} >= {'asphalt', 'concrete'}
    shown = [len(Simulator(scene).truth(8.0).cars) for scene in scenes]
    assert min(shown) == 0
    assert max(shown) > 12
