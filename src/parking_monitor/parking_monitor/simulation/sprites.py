"""Draw meshes as sprites, and lay sprites over pictures."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.canvas import Bytes, faded, fill_convex, masked, three, times
from parking_monitor.simulation.car_shapes import Mesh
from parking_monitor.simulation.projection import NEAR_M, Floats, Projection
from parking_monitor.simulation.shading import Finish, Light, encode, shade_faces
from parking_monitor.values import Image

_LARGEST_SIDE = 1400


@dataclass(frozen=True, eq=False)
class Sprite:
    """Hold a drawn thing: BGR multiplied by its cover, and the cover, both uint8.

    Attributes:
        x, y: pixel of the top left corner.
        colour: (height, width, 3), already multiplied by the cover.
        cover: (height, width, 3), 255 where the thing is opaque, the same in each channel.
    """

    x: int
    y: int
    colour: Image
    cover: Image


@dataclass(frozen=True)
class Pose:
    """Hold where a thing stands: x, y in metres, heading in degrees counter-clockwise from east."""

    x: float
    y: float
    heading_deg: float
    lift: float = 0.0

    def turn(self, points: Floats, scale: float = 1.0) -> Floats:
        """Return points (..., 3) of the thing in the world."""
        heading = math.radians(self.heading_deg)
        c, s = math.cos(heading), math.sin(heading)
        rotation = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(points @ rotation * scale + np.array([self.x, self.y, self.lift]))


def supersampling(size_px: float) -> int:
    """Return how much finer than the picture a thing of a size is drawn."""
    if size_px < 50:
        return 4
    return 3 if size_px < 110 else 2


def canvas_for(pixels: Floats, view: Projection, margin: int = 1) -> tuple[int, int, int, int] | None:
    """Return x, y, width and height of the part of the picture which points cover; None if outside."""
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    left, top = max(math.floor(low[0]) - margin, 0), max(math.floor(low[1]) - margin, 0)
    right, bottom = (
        min(math.ceil(high[0]) + margin, view.width),
        min(math.ceil(high[1]) + margin, view.height),
    )
    if right <= left or bottom <= top or max(right - left, bottom - top) > _LARGEST_SIDE:
        return None
    return left, top, right - left, bottom - top


def draw_mesh(
    mesh: Mesh, pose: Pose, view: Projection, finish: Finish, light: Light, *,
    sunlit: float = 1.0, scale: float = 1.0, mirrored: bool = False,
) -> Sprite | None:  # fmt: skip
    """Return a mesh as a sprite, or None when it is outside the picture or behind the camera.

    Args:
        mesh: what to draw.
        pose: where it stands.
        view: the camera.
        finish: its colours.
        light: the light of the scene.
        sunlit: share of the sun that reaches it, 0..1.
        scale: size relative to the mesh.
        mirrored: draw its mirror image below the ground, for wet ground.
    """
    corners = pose.turn(mesh.corners, scale)
    normals = Pose(0, 0, pose.heading_deg).turn(mesh.normals)
    middles = corners.mean(axis=1)
    shown_corners, shown_normals = corners, normals
    if mirrored:
        flip = np.array([1.0, 1.0, -1.0])
        shown_corners, shown_normals = corners * flip, normals * flip
    pixels, depth = view.project(shown_corners)
    if depth.min() < NEAR_M:
        return None
    to_eye = view.position - shown_corners.mean(axis=1)
    distance = np.linalg.norm(to_eye, axis=1)
    to_eye = to_eye / distance[:, None]
    visible = np.nonzero(np.sum(to_eye * shown_normals, axis=1) > 0)[0]
    canvas = canvas_for(pixels.reshape(-1, 2), view)
    if canvas is None or not len(visible):
        return None
    seen_from = to_eye * np.array([1.0, 1.0, -1.0]) if mirrored else to_eye
    colours = encode(
        shade_faces(mesh, (middles, normals), seen_from, finish, light, sunlit=sunlit) * light.exposure
    )
    order = visible[np.lexsort((-distance[visible], mesh.layer[visible]))]
    return _rasterised(pixels, colours, order, canvas, smooth=True)


def _rasterised(
    pixels: Floats,
    colours: Bytes,
    order: NDArray[np.int64],
    canvas: tuple[int, int, int, int],
    *,
    smooth: bool,
) -> Sprite:
    """Draw faces one over the other, finer than the picture, and shrink the result."""
    x, y, width, height = canvas
    fine = supersampling(max(width, height))
    buffer = np.zeros((height * fine, width * fine, 4), np.uint8)
    outlines = np.round((pixels[order] - np.array([x, y])) * fine - 0.5).astype(np.int32)
    shades = np.concatenate([colours[order], np.full((len(order), 1), 255, np.uint8)], axis=1).tolist()
    for outline, shade in zip(outlines, shades, strict=True):
        fill_convex(buffer, outline, shade)
    if smooth:
        buffer = np.asarray(cv2.blur(buffer, (fine, fine)), np.uint8)
    return shrunk(buffer, x, y, fine)


def shrunk(buffer: Bytes, x: int, y: int, fine: int) -> Sprite:
    """Return a sprite from BGRA drawn `fine` times too large."""
    size = (buffer.shape[1] // fine, buffer.shape[0] // fine)
    small = (
        np.asarray(cv2.resize(buffer, size, interpolation=cv2.INTER_AREA), np.uint8) if fine > 1 else buffer
    )
    return Sprite(x, y, np.ascontiguousarray(small[..., :3]), three(small[..., 3]))


def lay(picture: Image, sprite: Sprite, strength: float = 1.0) -> None:
    """Draw a sprite over a picture, in place; strength fades it."""
    height, width = sprite.cover.shape[:2]
    top, left = max(sprite.y, 0), max(sprite.x, 0)
    bottom, right = min(sprite.y + height, picture.shape[0]), min(sprite.x + width, picture.shape[1])
    if bottom <= top or right <= left:
        return
    part = (slice(top - sprite.y, bottom - sprite.y), slice(left - sprite.x, right - sprite.x))
    colour, cover = sprite.colour[part], sprite.cover[part]
    if strength < 1:
        colour, cover = faded(colour, strength), faded(cover, strength)
    below = picture[top:bottom, left:right]
    picture[top:bottom, left:right] = cv2.add(masked(below, ~cover), colour)


def hazed(sprite: Sprite, haze: Floats, clear: float) -> Sprite:
    """Return a sprite seen through fog: `clear` of it is left, the rest is the fog's colour (BGR 0..255)."""
    tint = times(sprite.cover, haze / 255 * (1 - clear))
    seen = np.asarray(cv2.add(faded(sprite.colour, clear), tint), np.uint8)
    return Sprite(sprite.x, sprite.y, seen, sprite.cover)


def softened(sprite: Sprite, across: int, down: int) -> Sprite:
    """Return a sprite blurred within its frame, over so many pixels across and down."""
    colour, cover = (
        np.asarray(cv2.blur(plane, (across, down)), np.uint8) for plane in (sprite.colour, sprite.cover)
    )
    return Sprite(sprite.x, sprite.y, colour, cover)


def smeared(sprite: Sprite, dx: float, dy: float) -> Sprite:
    """Return a sprite blurred along a movement of (dx, dy) pixels during the exposure."""
    reach = math.ceil(max(abs(dx), abs(dy)) / 2) + 1
    size = 2 * reach + 1
    kernel = np.zeros((size, size), np.float32)
    steps = max(2, math.ceil(math.hypot(dx, dy)) * 2)
    for share in np.linspace(-0.5, 0.5, steps):
        kernel[reach + round(share * dy), reach + round(share * dx)] += 1 / steps
    colour, cover = (
        cv2.filter2D(cv2.copyMakeBorder(plane, reach, reach, reach, reach, cv2.BORDER_CONSTANT), -1, kernel)
        for plane in (sprite.colour, sprite.cover)
    )
    return Sprite(
        sprite.x - reach, sprite.y - reach, np.asarray(colour, np.uint8), np.asarray(cover, np.uint8)
    )
