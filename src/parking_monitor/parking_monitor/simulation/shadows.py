"""Cast shadows on the ground: what a thing keeps of the sun, and of the sky below it."""

import cv2
import numpy as np

from parking_monitor.simulation.projection import Floats
from parking_monitor.simulation.shading import Light

_LONGEST_M = 45.0


def cast(points: Floats, light: Light) -> Floats:
    """Return the outline (n, 3) on the ground of the shadow of points (m, 3)."""
    slope = light.to_sun[:2] / max(float(light.to_sun[2]), 0.03)
    offset = slope * points[:, 2:3]
    far = np.linalg.norm(offset, axis=1, keepdims=True)
    offset *= np.minimum(1, _LONGEST_M / np.maximum(far, 1e-6))
    flat = (points[:, :2] - offset).astype(np.float32)
    hull = cv2.convexHull(flat)[:, 0]
    return np.concatenate([np.asarray(hull, np.float64), np.zeros((len(hull), 1))], axis=1)


def footprint(length: float, width: float, grown: float) -> Floats:
    """Return the outline (8, 3) of a car's underside, its corners cut."""
    x, y = length / 2 + grown, width / 2 + grown
    cut = min(0.35, x * 0.3)
    return np.array(
        [
            (x, y - cut, 0), (x - cut, y, 0), (cut - x, y, 0), (-x, y - cut, 0),
            (-x, cut - y, 0), (cut - x, -y, 0), (x - cut, -y, 0), (x, cut - y, 0),
        ],
        dtype=np.float64,
    )  # fmt: skip
