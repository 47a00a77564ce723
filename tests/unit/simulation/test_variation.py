"""Scenes made at random, and made hard."""

from dataclasses import replace

import numpy as np

from parking_monitor.simulation.scene import Lighting, Sun, load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.variation import cluttered, hard_scene, random_scene

MORE_THAN_CARS = {'person', 'bicycle', 'trolley', 'bush', 'truck', 'building'}


def test_a_hard_scene_repeats_for_its_seed_and_differs_from_others() -> None:
    assert hard_scene(5) == hard_scene(5)
    assert hard_scene(5) != hard_scene(6)


def test_a_hard_scene_is_seen_by_the_camera_of_the_random_one() -> None:
    assert hard_scene(5).camera == random_scene(5).camera


def test_hard_scenes_hold_more_that_is_no_car() -> None:
    hard = [hard_scene(seed) for seed in range(20)]
    usual = [random_scene(seed) for seed in range(20)]
    assert sum(len(scene.walkers) for scene in hard) > 2 * sum(len(scene.walkers) for scene in usual)
    kinds: set[str] = {walker.kind for scene in hard for walker in scene.walkers}
    kinds |= {obstacle.kind for scene in hard for obstacle in scene.obstacles}
    assert kinds >= MORE_THAN_CARS


def test_some_hard_scenes_are_queues_and_some_are_dark() -> None:
    hard = [hard_scene(seed) for seed in range(30)]
    assert 5 < sum(1 for scene in hard if not scene.lanes and len(scene.traffic.script) >= 4) < 25
    assert 3 < sum(1 for scene in hard if scene.light.lamps) < 25


def test_clutter_leaves_the_cars_camera_and_light_of_a_scene_alone() -> None:
    scene = load_scene('crowded_exit')
    changed = cluttered(scene, np.random.default_rng(1))
    assert len(changed.walkers) > len(scene.walkers)
    restored = replace(changed, markings=scene.markings, obstacles=scene.obstacles, walkers=scene.walkers)
    assert restored == scene


def test_a_hard_scene_can_be_rendered() -> None:
    scene = replace(hard_scene(2), light=Lighting(sun=(Sun(),)))
    frame = Simulator(scene, width=160, height=120, seed=2).frame(3.0)
    assert frame.image.shape == (120, 160, 3)
    assert frame.image.std() > 5
