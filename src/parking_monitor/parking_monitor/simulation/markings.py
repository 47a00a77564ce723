"""Say which areas of the ground are painted, cracked, mended or stained, in metres."""

import math
from itertools import pairwise

import numpy as np

from parking_monitor.simulation.layout import bays_of
from parking_monitor.simulation.projection import Floats
from parking_monitor.simulation.scene import Marking, Scene

_LINE_M = 0.11


def stripe(start: Floats, end: Floats, width: float) -> Floats:
    """Return the corners (4, 2) of a painted line of a width in metres."""
    along = end - start
    size = max(math.hypot(along[0], along[1]), 1e-6)
    side = np.array([-along[1], along[0]]) * (width / 2 / size)
    return np.array([start + side, end + side, end - side, start - side])


def bay_lines(scene: Scene) -> list[Floats]:
    """Return the painted lines of all bays, each (n, 2)."""
    styles = {row.name: row.lines for row in scene.bays}
    rows = [row.name for row in scene.bays for _ in range(row.count)]
    areas = []
    for bay, row in zip(bays_of(scene), rows, strict=True):
        first, second, third, fourth = bay.corners
        style = styles[row]
        if style in {'sides', 'box'}:
            areas += [stripe(first, fourth, _LINE_M), stripe(second, third, _LINE_M)]
        if style == 'box':
            areas.append(stripe(third, fourth, _LINE_M))
        if style == 'corners':
            for corner, others in ((third, (second, fourth)), (fourth, (first, third))):
                areas += [stripe(corner, corner + (other - corner) * 0.2, _LINE_M) for other in others]
    return areas


def marking_areas(marking: Marking) -> list[Floats]:
    """Return the painted areas of a marking, each (n, 2)."""
    points = np.array(marking.points, dtype=np.float64)
    if marking.kind == 'line':
        return [stripe(start, end, marking.width) for start, end in pairwise(points)]
    along = points[1] - points[0]
    length = float(np.linalg.norm(along))
    unit = along / max(length, 1e-6)
    side = np.array([-unit[1], unit[0]])
    if marking.kind == 'arrow':
        neck = points[0] + unit * length * 0.55
        head = np.array([neck + side * 0.35, points[1], neck - side * 0.35])
        return [stripe(points[0], points[0] + unit * length * 0.6, 0.16), head]
    pitch, lean, width = (1.0, 0.0, 0.5) if marking.kind == 'zebra' else (1.4, 0.8, 0.14)
    areas = []
    for place in np.arange(0.25, length, pitch):
        low = points[0] + unit * place - side * marking.width / 2
        areas.append(stripe(low, low + side * marking.width + unit * lean, width))
    return areas


def box_at(at: Floats, length: float, width: float, angle_deg: float) -> Floats:
    """Return the corners (4, 2) of a box about its middle."""
    angle = math.radians(angle_deg)
    along = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    side = np.array([-math.sin(angle), math.cos(angle)]) * width / 2
    return np.array([at + along + side, at - along + side, at - along - side, at + along - side])


def crack(at: Floats, random: np.random.Generator) -> list[Floats]:
    """Return the pieces of a crack that begins at a place."""
    steps = random.normal(0, 0.35, (9, 2)) + random.normal(0, 0.5, 2)
    points = at + np.cumsum(steps, axis=0)
    return [stripe(a, b, 0.025) for a, b in pairwise(points)]


def blob(at: Floats, random: np.random.Generator) -> Floats:
    """Return the outline (8, 2) of a stain about a place."""
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    radius = random.uniform(0.12, 0.55) * random.uniform(0.6, 1.3, 8)
    return np.asarray(at + np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None])
