"""Draw the glow of lamps: headlights, tail lights and street lamps, and beams on the ground."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.projection import NEAR_M, Projection
from parking_monitor.simulation.sprites import Pose
from parking_monitor.values import Image

_GLOW_SIDE = 129
_BEAM_SCALE = 0.25


@lru_cache(maxsize=1)
def _glow() -> NDArray[np.float32]:
    """Return a glow (side, side) with a bright heart and six faint rays, 0..1."""
    at = np.linspace(-1, 1, _GLOW_SIDE, dtype=np.float32)
    across, down = np.meshgrid(at, at)
    radius = np.sqrt(across * across + down * down)
    angle = np.arctan2(down, across)
    rays = np.abs(np.cos(angle * 3 + 0.4)) ** 40 * np.exp(-radius * 4) * 0.35
    glow = np.exp(-((radius / 0.09) ** 2)) + 0.38 * np.exp(-radius * 7) + rays
    return np.asarray(np.clip(glow, 0, 1) * np.clip((1 - radius) * 4, 0, 1), np.float32)


def add_glow(
    picture: Image, at: tuple[float, float], radius: tuple[float, float], colour: tuple[float, float, float]
) -> None:
    """Add a glow to a picture, in place; radius across and down in pixels, colour is BGR 0..255."""
    half_w, half_h = max(2, round(radius[0])), max(2, round(radius[1]))
    left, top = round(at[0]) - half_w, round(at[1]) - half_h
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + 2 * half_w + 1, picture.shape[1]), min(top + 2 * half_h + 1, picture.shape[0])
    if x1 <= x0 or y1 <= y0 or max(half_w, half_h) > 900:
        return
    size = (2 * half_w + 1, 2 * half_h + 1)
    glow = cv2.resize(_glow(), size, interpolation=cv2.INTER_AREA)[y0 - top : y1 - top, x0 - left : x1 - left]
    light = (glow[..., None] * np.array(colour, np.float32)).astype(np.uint8)
    picture[y0:y1, x0:x1] = cv2.add(picture[y0:y1, x0:x1], light)


@dataclass(frozen=True)
class CarLamps:
    """Hold a car whose lamps burn: where it stands and its length and width in metres."""

    pose: Pose
    length: float
    width: float
    braking: bool


def glow_of_car(picture: Image, car: CarLamps, view: Projection, strength: float, wet: float) -> None:
    """Add the glow of a car's four lamps, in place, as far as they face the camera."""
    end, side = car.length / 2, car.width * 0.38
    spots = np.array([(end, side, 0.65), (end, -side, 0.65), (-end, side, 0.8), (-end, -side, 0.8)])
    places = car.pose.turn(spots)
    pixels, depth = view.project(places)
    pools, _ = view.project(places * np.array([1.0, 1.0, -1.0]))
    heading = math.radians(car.pose.heading_deg)
    ahead = np.array([math.cos(heading), math.sin(heading), -0.03])
    for index in range(4):
        if depth[index] < NEAR_M:
            continue
        towards = view.position - places[index]
        facing = float(towards @ ahead / np.linalg.norm(towards)) * (1.0 if index < 2 else -1.0)
        if facing < 0.02:
            continue
        size = view.focal / float(depth[index])
        if index < 2:
            radius = size * (0.35 + 1.9 * facing**3) * strength
            colour = (235.0, 250.0, 255.0)
        else:
            radius = size * (0.5 if car.braking else 0.26) * strength
            colour = (40.0, 45.0, 235.0)
        add_glow(picture, (float(pixels[index, 0]), float(pixels[index, 1])), (radius, radius), colour)
        if wet > 0:
            faded = (colour[0] * 0.5 * wet, colour[1] * 0.5 * wet, colour[2] * 0.5 * wet)
            add_glow(
                picture, (float(pools[index, 0]), float(pools[index, 1])), (radius * 0.5, radius * 1.8), faded
            )


def beams(cars: list[CarLamps], points: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return how much the headlights light the ground, (height, width) 0..1, None if there are none.

    Args:
        cars: with burning lamps.
        points: (height, width, 2) where on the ground the pixels look, in metres.
    """
    if not cars:
        return None
    step = round(1 / _BEAM_SCALE)
    coarse = points[::step, ::step]
    total = np.zeros(coarse.shape[:2], np.float32)
    for car in cars:
        heading = math.radians(car.pose.heading_deg)
        c, s = math.cos(heading), math.sin(heading)
        across, down = coarse[..., 0] - np.float32(car.pose.x), coarse[..., 1] - np.float32(car.pose.y)
        ahead = across * np.float32(c) + down * np.float32(s) - np.float32(car.length / 2)
        beside = down * np.float32(c) - across * np.float32(s)
        near = (ahead > 0) & (ahead < 24) & (np.abs(beside) < 9)
        if not near.any():
            continue
        u, v = ahead[near], beside[near]
        spread = 0.8 + 0.26 * u
        total[near] += np.minimum(u / 1.2, 1) * np.exp(-u / 7.5) * np.exp(-((v / spread) ** 2))
    size = (points.shape[1], points.shape[0])
    return np.asarray(cv2.resize(np.minimum(total, 1), size, interpolation=cv2.INTER_LINEAR), np.float32)
