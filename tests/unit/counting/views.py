"""Make pictures of simulated views, and show them to a watch."""

import dataclasses
from collections.abc import Iterable
from functools import lru_cache

import cv2
import numpy as np

from parking_monitor.counting.view import ViewWatch
from parking_monitor.simulation import camera_faults
from parking_monitor.simulation.scene import Faults, Scene, load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.values import Image, View

SETTLED_S = 14


@lru_cache(maxsize=64)
def _seen(scene: Scene, start_s: float, seconds: float, step_s: float, width: int) -> tuple[Image, ...]:
    simulator = Simulator(scene, width=width, height=width * 3 // 4)
    frames = (simulator.frame(start_s + step * step_s).image for step in range(round(seconds / step_s)))
    return tuple(as_image(cv2.resize(frame, (160, 120), interpolation=cv2.INTER_AREA)) for frame in frames)


def pictures(
    scene: str | Scene,
    start_s: float = 0.0,
    *,
    seconds: float = SETTLED_S,
    step_s: float = 1.0,
    width: int = 320,
) -> list[Image]:
    """Return what the camera of a scene sees, painted in a width, as 160x120."""
    scene = load_scene(scene) if isinstance(scene, str) else scene
    return list(_seen(scene, start_s, seconds, step_s, width))


def as_image(pixels: object) -> Image:
    """Say that pixels which OpenCV returned are a picture."""
    return np.asarray(pixels, np.uint8)


def turned(name: str, **by_deg: float) -> Scene:
    """Return a scene whose camera is turned: pan_deg, tilt_deg, roll_deg or fov_deg, added."""
    scene = load_scene(name)
    camera = {field: getattr(scene.camera, field) + value for field, value in by_deg.items()}
    return dataclasses.replace(scene, camera=dataclasses.replace(scene.camera, **camera))


def a_cover(level: float, *, unevenness: float = 0.0, noise: float = 3.0, count: int = 11) -> list[Image]:
    """Return what a covered camera sees: an even or smoothly uneven grey, with a sensor's noise."""
    down, across = np.mgrid[0:480, 0:640]
    shade = level + unevenness * np.cos(across / 260) * np.sin(down / 190 + 0.5)
    flat = np.dstack([np.clip(shade, 0, 255).astype(np.uint8)] * 3)
    random = np.random.default_rng(5)
    faults = Faults(noise=noise, vignette=0)
    return [camera_faults.develop(flat, faults, 1.0, random) for _ in range(count)]


class Showing:
    """Show pictures to a watch, one after another, and note its verdicts."""

    def __init__(self, watch: ViewWatch | None = None) -> None:
        self.watch = watch or ViewWatch()
        self.now_s = 1000.0

    def show(self, images: Iterable[Image], step_s: float = 1.0) -> list[View]:
        """Show pictures so many seconds apart; return the verdict after each."""
        verdicts = []
        for image in images:
            self.now_s += step_s
            verdicts.append(self.watch.look(image, round(self.now_s * 1e9)))
        return verdicts

    def seconds_until(self, view: View, images: Iterable[Image], step_s: float = 1.0) -> float:
        """Show pictures until a verdict; return the seconds since the last one before them, or infinity."""
        for number, image in enumerate(images, start=1):
            if self.show([image], step_s) == [view]:
                return number * step_s
        return float('inf')


def settled(scene: str | Scene) -> Showing:
    """Return a watch that has learnt a scene."""
    showing = Showing()
    assert set(showing.show(pictures(scene))) == {View.CLEAR}
    assert showing.watch.reference is not None
    return showing
