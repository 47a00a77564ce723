"""Project points of the world to the picture of a camera, and pixels back to the ground.

The world is in metres: x to the east, y to the north, z up, the ground at z = 0. The
lens is a pinhole with one term of radial distortion, as in OpenCV's camera model.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEAR_M = 0.3
"""Nothing closer to the camera plane than this is drawn."""


def rotation_of(pan_deg: float, tilt_deg: float, roll_deg: float = 0.0) -> Floats:
    """Return the rows right, down and forward of a camera.

    Args:
        pan_deg: where it looks, clockwise from north.
        tilt_deg: how far it looks below the horizon; 90 is straight down.
        roll_deg: how far the picture is turned, clockwise.
    """
    pan, tilt, roll = (math.radians(angle) for angle in (pan_deg, tilt_deg, roll_deg))
    forward = np.array(
        [math.sin(pan) * math.cos(tilt), math.cos(pan) * math.cos(tilt), -math.sin(tilt)], dtype=np.float64
    )
    level = np.array([math.cos(pan), -math.sin(pan), 0.0])
    down = np.cross(forward, level)
    right = level * math.cos(roll) + down * math.sin(roll)
    return np.stack([right, np.cross(forward, right), forward])


@dataclass(frozen=True, eq=False)
class Projection:
    """Hold a camera's place and lens.

    Attributes:
        position: x, y, z in metres.
        rotation: rows right, down, forward, see `rotation_of`.
        focal: focal length in pixels.
        distortion: first radial coefficient; negative bends lines outward (barrel).
    """

    width: int
    height: int
    focal: float
    position: Floats
    rotation: Floats
    distortion: float = 0.0

    @property
    def centre(self) -> tuple[float, float]:
        """Return the principal point in pixels."""
        return self.width / 2, self.height / 2

    def to_camera(self, points: Floats) -> Floats:
        """Return points (..., 3) of the world as right, down, forward of the camera."""
        seen: Floats = (points - self.position) @ self.rotation.T
        return seen

    def camera_to_pixels(self, seen: Floats) -> Floats:
        """Return the pixels (..., 2) of points in camera coordinates with positive depth."""
        flat = seen[..., :2] / seen[..., 2:3]
        if self.distortion:
            radius2 = np.sum(flat * flat, axis=-1, keepdims=True)
            if self.distortion < 0:
                # Beyond this radius the polynomial folds back into the picture.
                radius2 = np.minimum(radius2, 1 / (3 * -self.distortion))
            flat = flat * (1 + self.distortion * radius2)
        return np.asarray(flat * self.focal + np.array(self.centre))

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Return pixels (..., 2) and depths (...) of points (..., 3); depths may be negative."""
        seen = self.to_camera(points)
        depth = seen[..., 2]
        clipped = np.concatenate([seen[..., :2], np.maximum(depth, NEAR_M)[..., None]], axis=-1)
        return self.camera_to_pixels(clipped), depth

    def polygon(self, points: Floats, step_m: float = 2.0) -> Floats:
        """Return the outline (n, 2) in pixels of a polygon (m, 3), cut at the near plane.

        Edges are divided so that the lens can bend them. Empty when nothing lies before the camera.
        """
        dense = _divide(points, step_m) if self.distortion else points
        seen = _cut_near(self.to_camera(dense))
        if len(seen) < 3:
            return np.zeros((0, 2))
        return self.camera_to_pixels(seen)

    def polygons(self, areas: list[Floats], step_m: float | None = 2.0) -> list[Floats]:
        """Return the outlines in pixels of many polygons at once, without those behind the camera.

        Args:
            areas: outlines (n, 3) in the world.
            step_m: edges are divided into pieces of about this length; None leaves them whole.
        """
        if not areas:
            return []
        dense = areas
        if self.distortion and step_m is not None:
            same = len({len(area) for area in areas}) == 1
            dense = (
                list(_divide_all(np.stack(areas), step_m)) if same else [_divide(a, step_m) for a in areas]
            )
        seen = self.to_camera(np.concatenate(dense))
        clear = seen[:, 2] >= NEAR_M
        pixels = self.camera_to_pixels(np.where(clear[:, None], seen, 1.0))
        ends = np.cumsum([len(points) for points in dense]).tolist()
        outlines = []
        for area, start, end in zip(areas, [0, *ends[:-1]], ends, strict=True):
            before = clear[start:end]
            if before.all():
                outlines.append(pixels[start:end])
            elif before.any():
                outlines.append(self.polygon(area, step_m or 50.0))
        return [outline for outline in outlines if len(outline) >= 3]

    def rays(self) -> NDArray[np.float32]:
        """Return the directions (height, width, 3) in the world that the pixels look along."""
        columns = ((np.arange(self.width) + 0.5 - self.centre[0]) / self.focal).astype(np.float32)
        rows = ((np.arange(self.height) + 0.5 - self.centre[1]) / self.focal).astype(np.float32)
        across, down = np.meshgrid(columns, rows)
        if self.distortion:
            bent_across, bent_down = across, down
            for _ in range(4):
                factor = 1 + np.float32(self.distortion) * (across * across + down * down)
                across, down = bent_across / factor, bent_down / factor
        turn = self.rotation.astype(np.float32)
        seen = [across * turn[0, axis] + down * turn[1, axis] + turn[2, axis] for axis in range(3)]
        return np.stack(seen, axis=-1)


def _divide(points: Floats, step_m: float) -> Floats:
    """Return a closed outline with points inserted so that no edge is much longer than the step."""
    return np.asarray(_divide_all(points[None], step_m)[0])


def _divide_all(outlines: Floats, step_m: float) -> Floats:
    """Return closed outlines (k, n, 3) with as many points inserted as the longest edge needs."""
    following = np.concatenate([outlines[:, 1:], outlines[:, :1]], axis=1)
    longest = math.sqrt(float(np.max(np.sum((following - outlines) ** 2, axis=2))))
    parts = min(40, math.ceil(longest / step_m))
    if parts <= 1:
        return outlines
    share = (np.arange(parts) / parts)[:, None]
    between = outlines[:, :, None] + (following - outlines)[:, :, None] * share
    return np.asarray(between.reshape(len(outlines), -1, outlines.shape[2]))


def _cut_near(seen: Floats) -> Floats:
    """Return the part of a closed outline in camera coordinates beyond the near plane."""
    if np.all(seen[:, 2] >= NEAR_M):
        return seen
    kept: list[Floats] = []
    for start, end in zip(seen, np.roll(seen, -1, axis=0), strict=True):
        if start[2] >= NEAR_M:
            kept.append(start)
        if (start[2] >= NEAR_M) != (end[2] >= NEAR_M):
            kept.append(start + (end - start) * (NEAR_M - start[2]) / (end[2] - start[2]))
    return np.array(kept) if kept else np.zeros((0, 3))
