"""Render training frames on several cores: random scenes, hard ones, and shipped ones seen otherwise."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.sample import NO_BOXES, Sample, as_boxes
from parking_monitor.simulation.paint import random_body, random_paint
from parking_monitor.simulation.scene import Lighting, Scene, ScriptedCar, load_scene, scene_names
from parking_monitor.simulation.simulator import RenderedFrame, Simulator
from parking_monitor.simulation.variation import cluttered, hard_scene, random_scene

SIZES = ((400, 300), (400, 300), (416, 234), (352, 352))
"""Sizes of training pictures: 4:3 twice as often as 16:9 and square."""
HELD_OUT_FROM = 1_000_000
"""Random scenes from this number on are never trained on."""

HARD_FROM = 300_000
"""From this number up to VARIED_FROM: even numbers are hard scenes, odd ones cluttered variations."""

VARIED_FROM = 500_000
"""From this number up to HELD_OUT_FROM, a number stands for a variation of a shipped scene."""

VARIED_HELD_OUT_FROM = 900_000
"""Variations of shipped scenes from this number on are never trained on."""

Labelled = tuple[str, Sample, NDArray[np.float32]]


def render_scenes(numbers: Sequence[int], frames: int, processes: int) -> Iterator[Labelled]:
    """Render some frames of each random scene: its name, a picture with all cars, their visibility."""
    with ProcessPoolExecutor(processes, initializer=_one_thread) as pool:
        for batch in pool.map(_render_scene, numbers, [frames] * len(numbers), chunksize=4):
            yield from batch


def label(name: str, frame: RenderedFrame) -> Labelled:
    """Return a rendered frame as a sample with all cars of which anything is seen, and their visibility."""
    seen = [car for car in frame.truth.cars if car.visibility > 0 and min(car.box.width, car.box.height) > 1]
    boxes = as_boxes([[car.box.x, car.box.y, car.box.right, car.box.bottom] for car in seen])
    visibility = np.array([car.visibility for car in seen], np.float32)
    return name, Sample(frame.image, boxes, NO_BOXES), visibility


def _render_scene(number: int, frames: int) -> list[Labelled]:
    rng = np.random.default_rng((number, 1))
    width, height = SIZES[rng.integers(len(SIZES))]
    scene = scene_of(number)
    simulator = Simulator(scene, width=width, height=height, seed=number)
    times = np.sort(rng.uniform(0, scene.duration_s or 600.0, frames))
    return [label(scene.name, simulator.frame(float(time))) for time in times]


def scene_of(number: int) -> Scene:
    """Return the scene of a number: a random or hard one, or a variation of a shipped one in turn."""
    if not HARD_FROM <= number < HELD_OUT_FROM:
        return random_scene(number)
    random = np.random.default_rng((number, 2))
    if number >= VARIED_FROM:
        return varied(_shipped(number), random)
    return hard_scene(number) if number % 2 == 0 else cluttered(varied(_shipped(number // 2), random), random)


def _shipped(number: int) -> Scene:
    names = scene_names()
    return load_scene(names[number % len(names)])


def varied(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return the scene by another camera, on other ground, in other light, with cars of other looks."""
    camera, ground, faults = scene.camera, scene.ground, scene.faults
    sun = tuple(
        replace(
            one,
            azimuth_deg=one.azimuth_deg + float(rng.normal(0, 40)),
            strength=float(np.clip(one.strength + rng.normal(0, 0.2), 0, 1)),
        )
        for one in scene.light.sun
    )
    script = tuple(_other_looks(car, rng) for car in scene.traffic.script)
    return replace(
        scene,
        camera=replace(
            camera,
            x=camera.x + float(rng.normal(0, 1)),
            y=camera.y + float(rng.normal(0, 1)),
            height=camera.height * float(np.exp(rng.normal(0, 0.15))),
            pan_deg=camera.pan_deg + float(rng.normal(0, 8)),
            tilt_deg=float(np.clip(camera.tilt_deg + rng.normal(0, 5), 8, 90)),
            fov_deg=float(np.clip(camera.fov_deg + rng.normal(0, 7), 30, 110)),
        ),
        ground=replace(
            ground,
            brightness=float(np.clip(ground.brightness * np.exp(rng.normal(0, 0.3)), 0.02, 0.6)),
            tint=float(np.clip(ground.tint + rng.normal(0, 0.2), -1, 1)),
            stains=float(rng.uniform(0, 1)),
            texture_seed=int(rng.integers(0, 1000)),
        ),
        light=Lighting(sun, scene.light.lamps, scene.light.exposure * float(np.exp(rng.normal(0, 0.2)))),
        traffic=replace(scene.traffic, script=script),
        faults=replace(faults, noise=float(rng.uniform(0, 2 * faults.noise + 2))),
    )


def _other_looks(car: ScriptedCar, rng: np.random.Generator) -> ScriptedCar:
    if rng.random() < 0.3:
        return car
    return replace(car, body=random_body(rng), colour=random_paint(rng))


def _one_thread() -> None:
    os.nice(5)
    cv2.setNumThreads(1)
