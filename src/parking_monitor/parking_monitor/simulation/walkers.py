"""Draw people, bicycles and trolleys, and move them along their paths."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np

from parking_monitor.simulation.layout import lane_path
from parking_monitor.simulation.paint import colour_of
from parking_monitor.simulation.projection import NEAR_M, Floats, Projection
from parking_monitor.simulation.scene import Walker, WalkerKind
from parking_monitor.simulation.shading import Light, encode, lamp_light
from parking_monitor.simulation.sprites import Pose, Sprite, canvas_for, shrunk

_SKIN = (0.18, 0.28, 0.42)
_CLOTHES = ('navy', 'black', 'red', 'grey', 'beige', 'white', 'green', 'blue', 'wine', 'yellow')
# From and to along the way, half the width, and the height, in metres.
_EXTENTS: dict[WalkerKind, tuple[float, float, float, float]] = {
    'person': (-0.27, 0.27, 0.29, 1.78),
    'bicycle': (-0.88, 0.88, 0.27, 1.74),
    'trolley': (-0.53, 0.53, 0.29, 1.03),
}
_METAL = (0.35, 0.35, 0.35)
_BLACK = (0.012, 0.012, 0.012)


@dataclass(frozen=True, eq=False)
class Limb:
    """Hold a rounded bar between two points (3,), its radius in metres and its linear colour BGR."""

    start: Floats
    end: Floats
    radius: float
    colour: tuple[float, float, float]


def walker_pose(walker: Walker, time_s: float) -> tuple[Pose, float] | None:
    """Return where a walker is at a time and how far it went, None while it is not there."""
    if len(walker.path) == 1:
        x, y = walker.path[0]
        return Pose(x, y, walker.start_s * 37.0), 0.0
    path = lane_path(walker.path)
    length = 0.25 * (len(path.points) - 1)
    since = time_s - walker.start_s
    if walker.every_s is not None and since >= 0:
        since %= walker.every_s
    gone = since * walker.speed
    if not 0 <= gone < length:
        return None
    place = gone / 0.25
    whole = min(int(place), len(path.points) - 2)
    x, y = (path.points[whole] + (path.points[whole + 1] - path.points[whole]) * (place - whole)).tolist()
    return Pose(x, y, float(path.headings[whole])), gone


def limbs_of(walker: Walker, number: int, gone_m: float) -> list[Limb]:
    """Return the bars that make up a walker, in its own coordinates (nose towards +x)."""
    coat = colour_of(walker.colour or _CLOTHES[number * 7 % len(_CLOTHES)])
    if walker.kind == 'bicycle':
        return _bicycle() + _rider(coat)
    if walker.kind == 'trolley':
        return _trolley()
    return _person(coat, colour_of(_CLOTHES[(number * 3 + 1) % 4]), gone_m)


def _p(x: float, y: float, z: float) -> Floats:
    return np.array([x, y, z], dtype=np.float64)


def _person(
    coat: tuple[float, float, float], trousers: tuple[float, float, float], gone_m: float
) -> list[Limb]:
    swing = 0.28 * math.sin(gone_m * 2 * math.pi / 1.4)
    return [
        Limb(_p(swing, 0.1, 0.05), _p(0, 0.09, 0.85), 0.085, trousers),
        Limb(_p(-swing, -0.1, 0.05), _p(0, -0.09, 0.85), 0.085, trousers),
        Limb(_p(-swing * 0.8, 0.25, 0.85), _p(0, 0.22, 1.38), 0.06, coat),
        Limb(_p(swing * 0.8, -0.25, 0.85), _p(0, -0.22, 1.38), 0.06, coat),
        Limb(_p(0, 0.06, 0.92), _p(0, 0.07, 1.36), 0.15, coat),
        Limb(_p(0, -0.06, 0.92), _p(0, -0.07, 1.36), 0.15, coat),
        Limb(_p(0.02, 0, 1.58), _p(0.02, 0, 1.62), 0.11, _SKIN),
        Limb(_p(-0.02, 0, 1.64), _p(-0.02, 0, 1.68), 0.105, (0.02, 0.03, 0.04)),
    ]


def _rider(coat: tuple[float, float, float]) -> list[Limb]:
    return [
        Limb(_p(0.1, 0.1, 0.35), _p(-0.1, 0.1, 0.95), 0.08, _BLACK),
        Limb(_p(0.05, -0.1, 0.5), _p(-0.1, -0.1, 0.95), 0.08, _BLACK),
        Limb(_p(-0.12, 0, 1.0), _p(0.12, 0, 1.4), 0.17, coat),
        Limb(_p(0.12, 0.17, 1.35), _p(0.5, 0.22, 1.02), 0.05, coat),
        Limb(_p(0.12, -0.17, 1.35), _p(0.5, -0.22, 1.02), 0.05, coat),
        Limb(_p(0.2, 0, 1.58), _p(0.2, 0, 1.62), 0.12, (0.5, 0.5, 0.5)),
    ]


def _bicycle() -> list[Limb]:
    bars = []
    for wheel in (-0.52, 0.52):
        rim = [
            _p(wheel + 0.33 * math.cos(angle), 0, 0.34 + 0.33 * math.sin(angle))
            for angle in np.linspace(0, 2 * math.pi, 13)
        ]
        bars += [Limb(a, b, 0.022, _BLACK) for a, b in pairwise(rim)]
    frame = [(-0.52, 0.34), (-0.05, 0.32), (0.4, 0.82), (-0.15, 0.82), (-0.05, 0.32)]
    points = [_p(x, 0, z) for x, z in frame]
    bars += [Limb(a, b, 0.022, (0.05, 0.05, 0.3)) for a, b in pairwise(points)]
    bars += [Limb(_p(0.52, 0, 0.34), _p(0.4, 0, 1.0), 0.022, _METAL)]
    bars += [Limb(_p(0.45, -0.25, 1.02), _p(0.45, 0.25, 1.02), 0.02, _BLACK)]
    return bars


def _trolley() -> list[Limb]:
    bars = []
    low = [_p(x, y, 0.35) for x, y in ((-0.35, -0.2), (0.4, -0.17), (0.4, 0.17), (-0.35, 0.2))]
    high = [_p(x, y, 0.95) for x, y in ((-0.45, -0.27), (0.5, -0.22), (0.5, 0.22), (-0.45, 0.27))]
    for ring in (low, high):
        bars += [Limb(a, b, 0.015, _METAL) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    for level in np.linspace(0.2, 0.8, 4):
        ring = [a + (b - a) * level for a, b in zip(low, high, strict=True)]
        bars += [Limb(a, b, 0.008, _METAL) for a, b in zip(ring, ring[1:] + ring[:1], strict=True)]
    bars += [Limb(a, b, 0.015, _METAL) for a, b in zip(low, high, strict=True)]
    bars += [Limb(_p(x, y, 0.05), _p(x, y, 0.35), 0.03, _BLACK) for x in (-0.3, 0.35) for y in (-0.2, 0.2)]
    bars += [Limb(_p(-0.5, -0.27, 1.0), _p(-0.5, 0.27, 1.0), 0.025, (0.02, 0.02, 0.35))]
    return bars


@lru_cache(maxsize=8)
def outline_of(kind: WalkerKind) -> Floats:
    """Return points (12, 3) that span a walker, in its own coordinates."""
    low, high, side, top = _EXTENTS[kind]
    return np.array(
        [(x, y, z) for x in (low, high) for y in (-side, side) for z in (0.0, top * 0.8)]
        + [(x * 0.4, y * 0.5, top) for x in (low, high) for y in (-side, side)]
    )


def draw_limbs(limbs: list[Limb], pose: Pose, view: Projection, light: Light) -> Sprite | None:
    """Return limbs as a sprite, lit from the side of the sun, or None when out of the picture."""
    ends = pose.turn(np.array([(limb.start, limb.end) for limb in limbs]))
    pixels, depth = view.project(ends)
    if depth.min() < NEAR_M:
        return None
    radius = np.array([limb.radius for limb in limbs]) * view.focal / depth.mean(axis=1)
    canvas = canvas_for(
        np.concatenate([pixels.reshape(-1, 2) - radius.max(), pixels.reshape(-1, 2) + radius.max()]), view
    )
    if canvas is None:
        return None
    x, y, width, height = canvas
    fine = 4 if max(width, height) < 60 else 3
    buffer = np.zeros((height * fine, width * fine, 4), np.uint8)
    lamps = lamp_light(light, ends.mean(axis=1)) * 0.6 if light.lamps else np.zeros((len(limbs), 3))
    # The lit side of a round bar lies towards the sun in the picture.
    towards = (view.rotation[:2] @ light.to_sun) * (1.0 if light.casts_shadows else 0.0)
    albedo = np.array([limb.colour for limb in limbs])
    dark = encode(albedo * (light.sky * 0.7 + light.sun * 0.15 + lamps) * light.exposure).tolist()
    lit = encode(albedo * (light.sky + light.sun * 0.6 + lamps * 1.5) * light.exposure).tolist()
    fine_ends = np.round((pixels - (x, y)) * fine).astype(int)
    shifts = np.round(towards * (radius * fine * 0.35)[:, None]).astype(int)
    lit_ends, dark_ends = (fine_ends + shifts[:, None]).tolist(), fine_ends.tolist()
    for index in np.argsort(-np.linalg.norm(ends.mean(axis=1) - view.position, axis=1)).tolist():
        thick = max(1, round(radius[index] * 2 * fine))
        start, end = dark_ends[index]
        cv2.line(buffer, start, end, (*dark[index], 255), thick)
        if thick > 2:
            start, end = lit_ends[index]
            cv2.line(buffer, start, end, (*lit[index], 255), round(thick * 0.6))
    return shrunk(buffer, x, y, fine)
