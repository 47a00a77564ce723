"""Paint a scene: the ground, shadows, lights, and everything on it."""

import math
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from parking_monitor.simulation import glare, ground, shadows
from parking_monitor.simulation.camera_faults import vignette_of
from parking_monitor.simulation.canvas import blurred, fill_smooth, masked, mixed, three
from parking_monitor.simulation.car_shapes import car_mesh
from parking_monitor.simulation.foliage import draw_plant
from parking_monitor.simulation.lighting import LightStep, light_of, light_step
from parking_monitor.simulation.paint import colour_of
from parking_monitor.simulation.projection import Floats, Projection
from parking_monitor.simulation.scene import Scene
from parking_monitor.simulation.shading import Finish, Light, encode
from parking_monitor.simulation.sprites import (
    Pose,
    Sprite,
    canvas_for,
    draw_mesh,
    hazed,
    lay,
    smeared,
    softened,
)
from parking_monitor.simulation.stage import Item, Stage
from parking_monitor.simulation.walkers import draw_limbs
from parking_monitor.values import Image

_KEPT_SPRITES = 400
_KEPT_BACKDROPS = 3
_COARSE_BELOW_PX = 120
# Shadows are short: the lens bends their edges by less than a pixel.
_WHOLE_M = 50.0
_COLOURS = {
    'bin': '#2f4a38', 'pole': '#5c6063', 'pillar': '#8b8985', 'wall': '#8f8a80', 'building': '#9b8f80',
    'truck': '#e8e8e4', 'kerb': '#a5a49c', 'planter': '#7d786c',
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Set:
    """Hold what stays the same while the light does: the light, the ground, and where shadows lie."""

    key: tuple[object, ...]
    light: Light
    backdrop: ground.Backdrop
    shadow: Image | None


@dataclass(frozen=True, eq=False)
class _Floor:
    """Hold the ground with the shadows of parked cars: in the sun, and where moving shadows fall."""

    lit: Image
    shade: Image


class Painter:
    """Paint the pictures of one scene as one camera sees it."""

    def __init__(self, scene: Scene, view: Projection, stage: Stage) -> None:
        self._scene = scene
        self._view = view
        self._stage = stage
        vignette = vignette_of(view.width, view.height, scene.faults.vignette).astype(np.float32)
        self._terrain = ground.survey(scene, view, vignette)
        self._sets: OrderedDict[tuple[object, ...], _Set] = OrderedDict()
        self._floors: OrderedDict[tuple[object, ...], _Floor] = OrderedDict()
        self._sprites: OrderedDict[tuple[object, ...], Sprite | None] = OrderedDict()
        middle = view.position[2] / max(-view.rotation[2, 2], 0.15)
        self._soft_px = float(np.clip(view.focal / middle * 0.16, 0.8, 9.0))

    def paint(self, items: list[Item], time_s: float, fog: float) -> Image:
        """Return the picture of a time, without what the camera does to it.

        Args:
            items: what stands there, from the farthest to the nearest.
            time_s: of the picture.
            fog: extinction per metre.
        """
        scenery = self._set_at(time_s)
        light = scenery.light
        cars = [item for item in items if item.car]
        picture = self._grounded(scenery, items)
        lamps = self._lamps(cars, light, fog)
        if light.is_dark and scenery.backdrop.beam is not None:
            beam = glare.beams(lamps, self._terrain.points)
            if beam is not None:
                picture = mixed(picture, scenery.backdrop.beam, beam * np.float32(0.85))
        haze = encode(light.sky * 0.4 * light.exposure).astype(np.float64)
        if fog > 0:
            picture = self._fogged(picture, fog, haze)
        if self._scene.weather.wet > 0.05:
            self._reflect(picture, cars, scenery, fog, haze)
        for item in items:
            sprite = self._sprite(item, scenery)
            if sprite is not None:
                lay(picture, hazed(sprite, haze, self.clearness(item, fog)) if fog > 0 else sprite)
        strength = 1.0 if light.is_dark else 0.35
        for lamp in lamps:
            glare.glow_of_car(picture, lamp, self._view, strength, self._scene.weather.wet)
        self._lamp_glow(picture, light)
        return picture

    def clearness(self, item: Item, fog: float) -> float:
        """Return the share of a thing's light that passes the fog."""
        return math.exp(-fog * math.hypot(item.distance % 1000.0, float(self._view.position[2])))

    def _set_at(self, time_s: float) -> _Set:
        """Return the ground and light of a time, kept while they stay the same."""
        step = light_step(self._scene, time_s)
        standing = self._stage.standing(time_s)
        key = (step, tuple(item.key for item in standing))
        if key not in self._sets:
            self._sets[key] = self._build(key, step, standing)
            if len(self._sets) > _KEPT_BACKDROPS:
                self._sets.popitem(last=False)
        self._sets.move_to_end(key)
        return self._sets[key]

    def _build(self, key: tuple[object, ...], step: LightStep, standing: list[Item]) -> _Set:
        light = light_of(self._scene, step)
        shadow = None
        if light.casts_shadows and standing:
            shadow = np.zeros((self._view.height, self._view.width), np.uint8)
            for item in standing:
                for part in _solid_points(item):
                    fill_smooth(shadow, self._view.polygon(shadows.cast(part, light), _WHOLE_M))
            shadow = blurred(shadow, self._soft_px * 0.5)
        backdrop = ground.illuminate(self._scene, self._terrain, light, shadow)
        return _Set(key, light, backdrop, shadow)

    def _grounded(self, scenery: _Set, items: list[Item]) -> Image:
        """Return the ground with the shadows of what moves or parks on it."""
        parked = [item for item in items if item.car and not item.car[1].moving]
        key = (scenery.key, frozenset(item.key for item in parked))
        if key not in self._floors:
            self._floors[key] = self._floor(scenery, parked)
            if len(self._floors) > _KEPT_BACKDROPS:
                self._floors.popitem(last=False)
        floor = self._floors[key]
        picture = floor.lit.copy()
        for item in items:
            if item.limbs or (item.car and item.car[1].moving):
                self._darken(picture, floor.shade, [item], scenery.light)
        return picture

    def _floor(self, scenery: _Set, parked: list[Item]) -> _Floor:
        lit, shade = scenery.backdrop.lit.copy(), scenery.backdrop.shade.copy()
        if parked:
            self._darken(lit, shade, parked, scenery.light)
            self._darken(shade, shade, parked, scenery.light)
        return _Floor(lit, shade)

    def _darken(self, picture: Image, shade: Image, items: list[Item], light: Light) -> None:
        """Lay the shadows of things on the ground, and the dark below them, in place."""
        sunless, below = [], []
        for item in items:
            if light.casts_shadows and picture is not shade:
                sunless += [shadows.cast(part, light) for part in _solid_points(item)]
            below += _dark_below(item)
        outlines = self._view.polygons(sunless, None)
        dark = {
            value: self._view.polygons([area for area, v in below if v == value], None) for _, value in below
        }
        every = [*outlines, *(outline for group in dark.values() for outline in group)]
        if not every:
            return
        reach = math.ceil(self._soft_px * 2.5) + 2
        canvas = canvas_for(np.concatenate(every), self._view, reach)
        if canvas is None:
            return
        x, y, width, height = canvas
        part = (slice(y, y + height), slice(x, x + width))
        result = picture[part]
        if outlines:
            mask = np.zeros((height, width), np.uint8)
            for outline in outlines:
                fill_smooth(mask, outline - (x, y))
            weight = blurred(mask, self._soft_px * 0.45).astype(np.float32) * np.float32(1 / 255)
            result = mixed(result, shade[part], weight)
        open_sky = np.full((height, width), 255, np.uint8)
        for value in sorted(dark, reverse=True):
            for outline in dark[value]:
                fill_smooth(open_sky, outline - (x, y), value)
        open_sky = blurred(open_sky, self._soft_px)
        picture[part] = masked(result, three(open_sky))

    def _fogged(self, picture: Image, fog: float, haze: Floats) -> Image:
        hidden = 1 - np.exp(self._terrain.distance * np.float32(-fog))
        flat = np.empty_like(picture)
        flat[:] = haze.astype(np.uint8)
        return mixed(picture, flat, hidden)

    def _sprite(self, item: Item, scenery: _Set, *, mirrored: bool = False) -> Sprite | None:
        """Return an item's sprite, kept for what does not move."""
        if item.limbs or (item.car and item.car[1].moving):
            return self._drawn(item, scenery, mirrored=mirrored)
        key = (item.key, scenery.key, mirrored)
        if key not in self._sprites:
            self._sprites[key] = self._drawn(item, scenery, mirrored=mirrored)
            if len(self._sprites) > _KEPT_SPRITES:
                self._sprites.popitem(last=False)
        return self._sprites[key]

    def _drawn(self, item: Item, scenery: _Set, *, mirrored: bool) -> Sprite | None:
        light = scenery.light
        if item.plant:
            return draw_plant(item.plant, self._view, light)
        if item.limbs:
            return draw_limbs(list(item.limbs), item.pose, self._view, light)
        sunlit = self._sunlit(item.pose, scenery)
        if item.car:
            return self._drawn_car(item, light, sunlit, mirrored=mirrored)
        if item.piece is None:
            return None
        paint = colour_of(item.colour or _COLOURS[item.kind])
        second = (0.35, 0.12, 0.03) if item.kind == 'truck' else paint
        return draw_mesh(item.piece.mesh, item.pose, self._view, Finish(paint, second, gloss=0.3), light)

    def _drawn_car(self, item: Item, light: Light, sunlit: float, *, mirrored: bool) -> Sprite | None:
        if item.car is None:
            return None
        car, state = item.car
        span = item.outline.max(axis=0) - item.outline.min(axis=0)
        mesh = car_mesh(car.body, fine=bool(span.max() > _COARSE_BELOW_PX))
        lights = self._has_lights(item, light)
        brakes = state.moving and state.braking
        finish = Finish(colour_of(car.paint), headlights=lights, brakes=brakes, glass=car.glass)
        sprite = draw_mesh(
            mesh, item.pose, self._view, finish, light, sunlit=sunlit, scale=car.size, mirrored=mirrored
        )
        if sprite is None or not state.moving or state.speed < 0.2:
            return sprite
        heading = math.radians(item.pose.heading_deg)
        step = state.speed * self._scene.faults.shutter_s * (2.0 if light.is_dark else 1.0)
        ahead = np.array([[item.pose.x, item.pose.y, 0.5]] * 2)
        ahead[1, :2] += step * np.array([math.cos(heading), math.sin(heading)])
        pixels, _ = self._view.project(ahead)
        dx, dy = (pixels[1] - pixels[0]).tolist()
        return smeared(sprite, dx, dy) if math.hypot(dx, dy) > 0.8 else sprite

    def _sunlit(self, pose: Pose, scenery: _Set) -> float:
        """Return the share of the sun that reaches a place, a quarter at a time."""
        if scenery.shadow is None:
            return 1.0
        pixel, _ = self._view.project(np.array([pose.x, pose.y, 0.4]))
        x, y = round(float(pixel[0])), round(float(pixel[1]))
        if not (0 <= x < self._view.width and 0 <= y < self._view.height):
            return 1.0
        return 1.0 - round(float(scenery.shadow[y, x]) / 255 * 4) / 4

    def _has_lights(self, item: Item, light: Light) -> bool:
        if item.car is None:
            return False
        return item.car[0].lights or (light.is_dark and item.car[1].moving)

    def _lamps(self, cars: list[Item], light: Light, fog: float) -> list[glare.CarLamps]:
        """Return the cars whose lamps burn and can be seen through the fog."""
        found = []
        for item in cars:
            if item.car and self._has_lights(item, light) and self.clearness(item, fog) > 0.08:
                mesh = car_mesh(item.car[0].body)
                found.append(glare.CarLamps(item.pose, mesh.length, mesh.width, item.car[1].braking))
        return found

    def _reflect(self, picture: Image, cars: list[Item], scenery: _Set, fog: float, haze: Floats) -> None:
        """Lay the mirror images of cars on wet ground, in place."""
        wet = self._scene.weather.wet
        for item in cars:
            sprite = self._sprite(item, scenery, mirrored=True)
            if sprite is None:
                continue
            low = float(self._view.position[2]) / math.hypot(item.distance, float(self._view.position[2]))
            strength = wet * (0.22 + 0.6 * (1 - low) ** 2)
            if fog > 0:
                sprite = hazed(sprite, haze, self.clearness(item, fog))
            reach = max(3, sprite.cover.shape[0] // 7) | 1
            soft = softened(sprite, 3, reach)
            lay(picture, soft, strength)

    def _lamp_glow(self, picture: Image, light: Light) -> None:
        for lamp in light.lamps:
            pixel, depth = self._view.project(lamp.position)
            if float(depth) > 0.5:
                radius = self._view.focal / float(depth) * 1.3
                colour = (lamp.colour / lamp.colour.max() * 255).tolist()
                at = (float(pixel[0]), float(pixel[1]))
                glare.add_glow(picture, at, (radius, radius), (colour[0], colour[1], colour[2]))


def _dark_below(item: Item) -> list[tuple[Floats, int]]:
    """Return the areas on the ground (n, 3) below a thing, and how much of the sky is left there, 0..255."""
    if item.car:
        mesh, size = car_mesh(item.car[0].body), item.car[0].size
        return [
            (item.pose.turn(shadows.footprint(mesh.length * size, mesh.width * size, grown)), value)
            for grown, value in ((0.22, 150), (-0.05, 48))
        ]
    return [(item.pose.turn(shadows.footprint(0.5, 0.4, 0.0)), 150)]


def _solid_points(item: Item) -> list[Floats]:
    """Return groups of points (n, 3) whose shadows together are the item's shadow."""
    if item.car:
        return [item.pose.turn(car_mesh(item.car[0].body).hull, item.car[0].size)]
    if item.piece:
        return [item.pose.turn(item.piece.mesh.hull)]
    if item.plant:
        parts = [item.plant.outline()]
        if item.plant.trunk is not None:
            parts.append(np.concatenate([item.plant.trunk, item.plant.trunk + np.array([0.2, 0.1, 0.0])]))
        return parts
    thick = np.array([0.07, 0.05, 0.0])
    bars = [np.stack([limb.start, limb.end, limb.start + thick, limb.end + thick]) for limb in item.limbs]
    return [item.pose.turn(bar) for bar in bars[:8]]
