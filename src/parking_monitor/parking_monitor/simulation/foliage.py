"""Draw trees and bushes as clouds of leaves."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from parking_monitor.simulation.projection import NEAR_M, Floats, Projection
from parking_monitor.simulation.shading import Light, encode, lamp_light
from parking_monitor.simulation.sprites import Sprite, canvas_for, shrunk, supersampling

_LEAF = np.array([0.02, 0.085, 0.035])
_DRY = np.array([0.03, 0.075, 0.075])
_BARK = np.array([0.03, 0.04, 0.05])


@dataclass(frozen=True, eq=False)
class Plant:
    """Hold a plant: leaves (n, 3) and their size in metres, where the trunk stands and how high it is."""

    leaves: Floats
    leaf_m: float
    tint: Floats
    trunk: Floats | None
    crown: tuple[Floats, Floats]

    def outline(self) -> Floats:
        """Return points (n, 3) that span the crown, and the trunk."""
        middle, radii = self.crown
        ring = np.linspace(0, 2 * np.pi, 9)[:-1]
        points = [
            middle
            + radii * np.array([math.cos(a) * math.cos(e), math.sin(a) * math.cos(e), math.sin(e)]) * 0.93
            for a in ring
            for e in (-0.9, 0.0, 0.8)
        ]
        return np.array(points)


def plant(kind: str, at: tuple[float, float], size: tuple[float, float, float], seed: int) -> Plant:
    """Return a tree or a bush at a place; size is length, width and height in metres."""
    random = np.random.default_rng([seed, 5])
    length, width, height = size
    base = np.array([at[0], at[1], 0.0])
    if kind == 'tree':
        middle = base + np.array([0, 0, height * 0.64])
        radii = np.array([length / 2, width / 2, height * 0.38])
        trunk = np.array([base, base + np.array([0, 0, height * 0.6])])
    else:
        middle = base + np.array([0, 0, height * 0.48])
        radii = np.array([length / 2, width / 2, height * 0.52])
        trunk = None
    count = 320 if kind == 'tree' else 130
    direction = random.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    reach = random.uniform(0.55, 1.0, (count, 1)) * (
        1 + 0.12 * np.sin(direction[:, :1] * 7 + direction[:, 1:2] * 5)
    )
    share = random.random()
    tint = (_LEAF * (1 - share) + _DRY * share) * random.uniform(0.6, 1.3)
    leaf = 0.075 * float(radii.mean()) * (1.35 if kind == 'tree' else 2.0)
    return Plant(middle + direction * reach * radii, leaf, tint, trunk, (middle, radii))


def draw_plant(grown: Plant, view: Projection, light: Light) -> Sprite | None:
    """Return a plant as a sprite, or None when it is out of the picture."""
    pixels, depth = view.project(grown.leaves)
    if depth.min() < NEAR_M:
        return None
    radius = grown.leaf_m * view.focal / depth
    spread = np.concatenate([pixels - radius[:, None], pixels + radius[:, None]])
    if grown.trunk is not None:
        spread = np.concatenate([spread, view.project(grown.trunk)[0]])
    canvas = canvas_for(spread, view)
    if canvas is None:
        return None
    x, y, width, height = canvas
    fine = min(supersampling(max(width, height)), 3)
    buffer = np.zeros((height * fine, width * fine, 4), np.uint8)
    if grown.trunk is not None:
        ends = np.round((view.project(grown.trunk)[0] - (x, y)) * fine).astype(int)
        shade = encode(_BARK * (light.sky + light.sun * 0.3) * light.exposure).tolist()
        thick = max(1, round(0.22 * view.focal / float(depth.mean()) * fine))
        cv2.line(buffer, ends[0].tolist(), ends[1].tolist(), (*shade, 255), thick)
    colours = _leaf_colours(grown, light)
    for index in np.argsort(-np.linalg.norm(grown.leaves - view.position, axis=1)).tolist():
        middle = np.round((pixels[index] - (x, y)) * fine).astype(int).tolist()
        cv2.circle(buffer, middle, max(1, round(radius[index] * fine)), (*colours[index], 255), -1)
    return shrunk(buffer, x, y, fine)


def _leaf_colours(grown: Plant, light: Light) -> list[list[int]]:
    middle, radii = grown.crown
    outward = (grown.leaves - middle) / radii
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    facing: Floats = np.maximum(outward @ light.to_sun, 0.0)[:, None]
    open_sky: Floats = 0.35 + 0.35 * (outward[:, 2:3] + 0.6)
    diffuse: Floats = light.sky * open_sky + light.sun * (facing * 0.8 + 0.08)
    if light.lamps:
        diffuse = diffuse + lamp_light(light, grown.leaves, outward)
    # Leaves differ; a fixed pattern keeps the picture the same at every time.
    varied = 1 + 0.45 * np.sin(np.arange(len(outward)) * 12.9898)[:, None]
    shades: list[list[int]] = encode(grown.tint * diffuse * varied * light.exposure).tolist()
    return shades
