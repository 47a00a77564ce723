"""Paint the ground of a scene: surface, stains, markings, verge, and the light on it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from parking_monitor.simulation.canvas import Bytes, Plane, blurred, coloured, fill_smooth, mixed, times
from parking_monitor.simulation.layout import bays_of
from parking_monitor.simulation.markings import bay_lines, blob, box_at, crack, marking_areas, stripe
from parking_monitor.simulation.projection import Floats, Projection
from parking_monitor.simulation.scene import Scene
from parking_monitor.simulation.shading import Light, lamp_light
from parking_monitor.values import Image

_FAR_M = 400.0
_TILE = 256
# Wavelength in metres, amplitude for stains, amplitude for grain.
_OCTAVES = ((14.0, 0.24, 0.0), (4.0, 0.17, 0.0), (1.1, 0.07, 0.03), (0.28, 0.03, 0.07), (0.07, 0.0, 0.26))
_TINTS = {
    'asphalt': (1.0, 0.98, 0.97), 'concrete': (0.92, 0.99, 1.04), 'gravel': (0.85, 0.97, 1.06),
    'cobbles': (0.93, 0.98, 1.03), 'table': (0.55, 0.82, 1.15),
}  # fmt: skip
_VERGES = {'grass': (0.04, 0.085, 0.065), 'pavement': (0.19, 0.21, 0.22), 'earth': (0.06, 0.10, 0.14)}
_PAINT_COLOURS = {'white': (0.62, 0.64, 0.64), 'yellow': (0.06, 0.42, 0.60)}


@dataclass(frozen=True, eq=False)
class Terrain:
    """Hold what the ground reflects, before light falls on it.

    Attributes:
        albedo: (height, width, 3) linear BGR.
        points: (height, width, 2) where on the ground the pixels look, in metres.
        distance: (height, width) from the camera in metres.
        sky: (height, width), 1 where the pixel looks above the horizon.
        puddles: (height, width), 0..1, how much water would stand there.
        grazing: (height, width), 0 seen from above .. 1 seen along the ground.
    """

    albedo: Plane
    points: Plane
    distance: Plane
    sky: Plane
    puddles: Plane
    grazing: Plane


@lru_cache(maxsize=16)
def _tile(seed: int) -> Plane:
    """Return a tile of noise that repeats, zero mean and unit deviation, features of about 8 pixels.

    Its first row and column are repeated at the end.
    """
    random = np.random.default_rng([seed, 9])
    noise = random.normal(size=(_TILE, _TILE)).astype(np.float32)
    wrapped = cv2.copyMakeBorder(noise, 24, 24, 24, 24, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(wrapped, (0, 0), 2.6)[24:-24, 24:-24]
    even = (soft - soft.mean()) / soft.std()
    return np.asarray(cv2.copyMakeBorder(even, 0, 1, 0, 1, cv2.BORDER_WRAP), np.float32)


def _sampled(points: Plane, wavelength_m: float, seed: int) -> Plane:
    """Return the noise at points of the ground; long waves are worked out on a coarser grid."""
    coarse = 4 if wavelength_m >= 4 else 2 if wavelength_m > 1 else 1
    scale = 8.0 / wavelength_m
    turn = seed * 0.7
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) * scale
    places = np.asarray(cv2.transform(points[::coarse, ::coarse], turned), np.float32)
    # Wrapping here is several times faster than letting remap do it.
    places -= np.floor(places * np.float32(1 / _TILE)) * np.float32(_TILE)
    found = cv2.remap(_tile(seed % 8), places, np.empty(0, np.float32), cv2.INTER_LINEAR)
    if coarse > 1:
        found = cv2.resize(found, (points.shape[1], points.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)


def survey(scene: Scene, view: Projection, vignette: Plane) -> Terrain:
    """Return what the ground of a scene reflects, as the camera sees it.

    Args:
        scene: whose ground it is.
        view: the camera.
        vignette: (height, width), the share of the light that its lens lets through.
    """
    rays = view.rays()
    height = np.float32(view.position[2])
    sinking = np.maximum(-rays[..., 2], 1e-4)
    length = np.sqrt(rays[..., 0] ** 2 + rays[..., 1] ** 2 + rays[..., 2] ** 2)
    reach = np.minimum(height / sinking, _FAR_M)
    points = cv2.merge([rays[..., axis] * reach + np.float32(view.position[axis]) for axis in (0, 1)])
    distance = np.minimum(reach * length, _FAR_M)
    grazing = 1 - np.clip(sinking / length, 0, 1)
    footprint = distance / np.float32(view.focal) / np.maximum(1 - grazing, 0.05)
    albedo = _surface(scene, points, footprint)
    puddles = np.clip(_sampled(points, 6.0, scene.ground.texture_seed + 5) * 0.9 + 0.1, 0, 1)
    near = np.clip(1.6 - footprint * 3, 0, 1)
    puddles = puddles * near + 0.35 * (1 - near)
    if scene.ground.lot:
        albedo = _outside(scene, view, points, footprint, albedo)
    albedo = _worn(scene, view, albedo)
    albedo = _paint(scene, view, points, albedo)
    albedo = np.asarray(cv2.multiply(albedo, cv2.merge([vignette] * 3)), np.float32)
    sky = (rays[..., 2] > -height / _FAR_M).astype(np.float32)
    return Terrain(albedo, points, distance, sky, np.asarray(puddles, np.float32), grazing)


def _surface(scene: Scene, points: Plane, footprint: Plane) -> Plane:
    ground = scene.ground
    shade = np.zeros(footprint.shape, np.float32)
    smooth = 0.22 if ground.surface == 'table' else 1.0
    for number, (wavelength, stain, grain) in enumerate(_OCTAVES):
        amplitude = (stain * ground.stains + grain * ground.grain) * smooth
        if ground.surface in {'gravel', 'cobbles'} and wavelength < 0.5:
            amplitude *= 2.2
        if amplitude > 0:
            clear = np.clip(1.6 - footprint * (3.2 / wavelength), 0, 1)
            if clear.max() > 0:
                shade += (
                    _sampled(points, wavelength, ground.texture_seed + number) * clear * np.float32(amplitude)
                )
    if ground.surface == 'table':
        grained = points * np.array([0.12, 1.0], np.float32)
        shade += _sampled(grained, 1.2, ground.texture_seed + 6) * 0.16
    if ground.surface in {'concrete', 'cobbles'}:
        pitch = 5.0 if ground.surface == 'concrete' else 0.35
        seam = np.minimum(*(np.abs(points[..., axis] / pitch % 1.0 - 0.5) for axis in (0, 1)))
        fade = np.clip(1.3 - footprint / (pitch * 0.15), 0, 1)
        shade -= np.clip(1 - seam * pitch / (0.03 + footprint), 0, 1) * fade * 0.35
    base = np.array(_TINTS[ground.surface]) * ground.brightness
    base = base * (1 + ground.tint * np.array([-0.25, 0.0, 0.25]))
    return coloured(np.clip(np.exp(shade), 0.25, 2.6), base)


def _outside(scene: Scene, view: Projection, points: Plane, footprint: Plane, albedo: Plane) -> Plane:
    """Return the ground with what lies around the lot, and the kerb between."""
    lot = np.array([(x, y, 0.0) for x, y in scene.ground.lot])
    inside = np.zeros(footprint.shape, np.uint8)
    outline = view.polygon(lot)
    if len(outline):
        fill_smooth(inside, outline)
    seed = scene.ground.texture_seed
    uneven = {'grass': 0.16, 'pavement': 0.05, 'earth': 0.12}[scene.ground.verge]
    rough = _sampled(points, 2.5, seed + 3) * uneven * np.clip(1.6 - footprint * 2, 0, 1)
    rough += _sampled(points, 0.35, seed + 4) * 2 * uneven * np.clip(1.6 - footprint * 9, 0, 1)
    verge = coloured(np.exp(rough), np.array(_VERGES[scene.ground.verge]))
    share = inside.astype(np.float32) * np.float32(1 / 255)
    albedo = mixed(verge, albedo, share)
    kerb = np.zeros(footprint.shape, np.uint8)
    _fill(
        kerb, view, [stripe(a[:2], b[:2], 0.22) for a, b in zip(lot, np.roll(lot, -1, axis=0), strict=True)]
    )
    return _blend(albedo, kerb, (0.30, 0.32, 0.32), 0.8)


def _fill(mask: Bytes, view: Projection, areas: list[Floats], value: int = 255) -> None:
    """Fill areas on the ground, each (n, 2) in metres, in a mask, in place."""
    for outline in view.polygons(
        [np.concatenate([area, np.zeros((len(area), 1))], axis=1) for area in areas]
    ):
        fill_smooth(mask, outline, value)


def _worn(scene: Scene, view: Projection, albedo: Plane) -> Plane:
    """Return the ground with what the years leave on it: oil, mended patches, cracks, and specks of dirt."""
    ground = scene.ground
    if ground.surface == 'table' or ground.stains < 0.05:
        return albedo
    random = np.random.default_rng([ground.texture_seed, 61])
    height = float(view.position[2])
    forward = view.rotation[2, :2] / max(float(np.linalg.norm(view.rotation[2, :2])), 1e-6)
    reach = min(height / math.tan(math.radians(max(scene.camera.tilt_deg, 12))), 30.0)
    middle = view.position[:2] + forward * reach
    spread = 5 + reach * 0.6 + height * 0.5

    def scattered(count: float) -> Floats:
        return np.asarray(middle + random.normal(0, spread, (int(ground.stains * count), 2)))

    dark = np.zeros(albedo.shape[:2], np.uint8)
    oily = [np.array(bay.centre) + random.normal(0, 0.6, 2) for bay in bays_of(scene)[:60]]
    oily = [at for at in oily if random.random() < ground.stains * 0.6]
    _fill(dark, view, [blob(at, random) for at in (*oily, *scattered(8))], 95)
    dark = blurred(dark, max(0.4, view.focal / max(height, 2) * 0.05))
    patches = [box_at(at, *random.uniform((1, 0.8, 0), (5, 2.5, 180)).tolist()) for at in scattered(4)]
    _fill(dark, view, patches, int(random.integers(20, 90)))
    _fill(dark, view, [piece for at in scattered(5) for piece in crack(at, random)], 90)
    gain = 1 - dark.astype(np.float32) * np.float32(1 / 255)
    _speckle(gain, view, scattered(300), random)
    return np.asarray(cv2.multiply(albedo, cv2.merge([gain] * 3)), np.float32)


def _speckle(gain: Plane, view: Projection, places: Floats, random: np.random.Generator) -> None:
    """Brighten single pixels where light dirt lies, in place."""
    pixels, depth = view.project(np.concatenate([places, np.zeros((len(places), 1))], axis=1))
    x, y = pixels.astype(int).T
    seen = (depth > 1) & (x >= 0) & (y >= 0) & (x < gain.shape[1]) & (y < gain.shape[0])
    # A speck of a few centimetres fills less of a pixel the farther it lies.
    share = np.clip(0.04 * view.focal / np.maximum(depth, 1), 0.1, 1) * random.uniform(0.5, 3.0, len(places))
    gain[y[seen], x[seen]] += share[seen].astype(np.float32)


def _paint(scene: Scene, view: Projection, points: Plane, albedo: Plane) -> Plane:
    """Return the ground with bays and markings, worn where the surface is."""
    masks = {colour: np.zeros(albedo.shape[:2], np.uint8) for colour in _PAINT_COLOURS}
    _fill(masks['white'], view, bay_lines(scene))
    for marking in scene.markings:
        _fill(masks[marking.colour], view, marking_areas(marking))
    if not any(mask.any() for mask in masks.values()):
        return albedo
    rough = _sampled(points, 0.9, scene.ground.texture_seed + 2)
    worn = np.clip(0.92 - 0.30 * scene.ground.stains * (1 + rough), 0.1, 1)
    for colour, mask in masks.items():
        if mask.any():
            albedo = _blend(albedo, mask, _PAINT_COLOURS[colour], worn)
    return albedo


def _blend(albedo: Plane, mask: Image, colour: tuple[float, float, float], strength: Plane | float) -> Plane:
    share = mask.astype(np.float32) * (np.float32(1 / 255) * strength)
    flat = np.empty_like(albedo)
    cv2.rectangle(flat, (0, 0), (flat.shape[1], flat.shape[0]), colour, -1)
    return mixed(albedo, flat, share)


def shown(linear: Plane) -> Image:
    """Return display values of linear light, as `shading.encode` does but for whole pictures."""
    root = cv2.sqrt(linear)
    coarse = cv2.convertScaleAbs(root, alpha=255 / _ROOT_LIMIT)
    return np.asarray(cv2.LUT(coarse, _SHOULDER), np.uint8)


_ROOT_LIMIT = 1.5


def _shoulder() -> Image:
    linear = (np.arange(256) / 255 * _ROOT_LIMIT) ** 2
    soft = np.where(linear < 0.6, linear, 0.6 + 0.4 * (1 - np.exp(-(linear - 0.6) / 0.4)))
    return np.asarray(np.sqrt(soft) * 255 + 0.5, np.uint8)


_SHOULDER = _shoulder()


@dataclass(frozen=True, eq=False)
class Backdrop:
    """Hold the ground under one light: in the sun, in the shade, and in a headlight's beam."""

    lit: Image
    shade: Image
    beam: Image | None


def illuminate(scene: Scene, terrain: Terrain, light: Light, shadow: Image | None) -> Backdrop:
    """Return the ground under a light; shadow is 255 where standing things keep the sun away."""
    wet = scene.weather.wet
    sky = light.sky * light.exposure
    shade = times(terrain.albedo, sky * (1 - 0.5 * wet))
    if light.lamps:
        level = np.concatenate(
            [terrain.points[::4, ::4], np.zeros_like(terrain.points[::4, ::4, :1])], axis=2
        )
        lamps = (lamp_light(light, level.astype(np.float64)) * light.exposure * (1 - 0.5 * wet)).astype(
            np.float32
        )
        shade += terrain.albedo * cv2.resize(lamps, (shade.shape[1], shade.shape[0]))
    if wet > 0:
        mirror = (0.03 + 0.5 * terrain.grazing**4) * (0.25 + 0.75 * terrain.puddles) * np.float32(wet)
        flat = coloured(np.ones_like(mirror), sky * 0.8)
        shade = mixed(shade, flat, mirror)
    sun = times(
        terrain.albedo, light.sun * max(float(light.to_sun[2]), 0.0) * light.exposure * (1 - 0.5 * wet)
    )
    if shadow is not None:
        sun = mixed(sun, np.zeros_like(sun), shadow.astype(np.float32) * np.float32(1 / 255))
    planes: list[Plane] = [shade + sun, shade]
    if light.is_dark:
        planes.append(shade + times(terrain.albedo, np.array([1.0, 1.05, 1.1]) * 1.1))
    above = terrain.sky > 0.5
    if above.any():
        # Bright at the horizon, deeper above.
        low = int(np.max(np.nonzero(above.any(axis=1))[0])) + 1
        fade = np.linspace(0.62, 0.95, low, dtype=np.float32)[:, None, None] * sky.astype(np.float32)
        for plane in planes:
            np.copyto(plane[:low], fade, where=above[:low, :, None])
    pictures = [shown(plane) for plane in planes]
    return Backdrop(pictures[0], pictures[1], pictures[2] if light.is_dark else None)
