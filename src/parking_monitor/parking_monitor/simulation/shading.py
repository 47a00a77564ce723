"""Light surfaces: the sun, the sky, lamps, and what materials make of them.

Light and albedo are linear BGR; `encode` makes display values of them.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from parking_monitor.simulation.car_shapes import Material, Mesh
from parking_monitor.simulation.projection import Floats

DAYLIGHT = (0.86, 0.97, 1.0)
LOW_SUN = (0.45, 0.78, 1.0)
SKY = (1.0, 0.86, 0.74)


@dataclass(frozen=True, eq=False)
class Lamp:
    """Hold a street lamp: place in metres, and what it sheds on the ground one metre below it, BGR."""

    position: Floats
    colour: Floats


@dataclass(frozen=True, eq=False)
class Light:
    """Hold the light of a scene at one time.

    Attributes:
        to_sun: unit vector towards the sun.
        sun: irradiance of a surface that faces the sun, BGR; zero without sun.
        sky: irradiance from an open sky, BGR.
        lamps: street lamps that are lit.
        exposure: what linear light is multiplied by before it is encoded.
    """

    to_sun: Floats
    sun: Floats
    sky: Floats
    lamps: tuple[Lamp, ...] = field(default=())
    exposure: float = 1.0

    @property
    def casts_shadows(self) -> bool:
        """Say whether the sun is strong enough for shadows that can be seen."""
        return bool(self.sun.max() * max(self.to_sun[2], 0.05) > 0.04 * self.sky.max())

    @property
    def is_dark(self) -> bool:
        """Say whether cars drive with their lights on."""
        return bool(self.sky.max() < 0.25)


def sun_light(azimuth_deg: float, elevation_deg: float, strength: float) -> tuple[Floats, Floats]:
    """Return the direction towards the sun and its light, BGR.

    Args:
        azimuth_deg: clockwise from north.
        elevation_deg: above the horizon; the light reddens and fades towards 0.
        strength: 1 is a clear sky, 0 is overcast.
    """
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    to_sun = np.array(
        [
            math.sin(azimuth) * math.cos(elevation),
            math.cos(azimuth) * math.cos(elevation),
            math.sin(elevation),
        ]
    )
    warmth = float(np.clip(1 - elevation_deg / 30, 0, 1))
    colour = np.array(DAYLIGHT) * (1 - warmth) + np.array(LOW_SUN) * warmth
    fade = float(np.clip(elevation_deg / 6, 0, 1))
    return to_sun, colour * strength * fade * 3.0


def lamp_light(light: Light, points: Floats, normals: Floats | None = None) -> Floats:
    """Return what the lamps shed on points (..., 3), BGR; without normals, on level ground."""
    total = np.zeros(points.shape)
    for lamp in light.lamps:
        towards = lamp.position - points
        distance2 = np.sum(towards * towards, axis=-1, keepdims=True)
        if normals is None:
            facing = towards[..., 2:3]
        else:
            facing = np.sum(towards * normals, axis=-1, keepdims=True)
            facing = np.maximum(facing, 0) + 0.12 * np.sqrt(distance2)
        total += lamp.colour * np.maximum(facing, 0) / np.maximum(distance2, 1.0) ** 1.5
    return total


def encode(linear: Floats) -> NDArray[np.uint8]:
    """Return display values 0..255 of linear light, with the soft shoulder of a camera."""
    bounded = np.maximum(linear, 0)
    soft = np.where(bounded < 0.6, bounded, 0.6 + 0.4 * (1 - np.exp(-(bounded - 0.6) / 0.4)))
    return np.asarray(np.sqrt(soft) * 255 + 0.5).astype(np.uint8)


_ALBEDO = {
    Material.PAINT: (0.5, 0.5, 0.5),
    Material.GLASS: (0.012, 0.012, 0.012),
    Material.TRIM: (0.015, 0.015, 0.015),
    Material.TYRE: (0.012, 0.012, 0.012),
    Material.RIM: (0.26, 0.26, 0.26),
    Material.HEADLIGHT: (0.26, 0.26, 0.25),
    Material.TAILLIGHT: (0.03, 0.02, 0.36),
    Material.PLATE: (0.6, 0.65, 0.65),
    Material.GRILLE: (0.035, 0.035, 0.035),
    Material.BED: (0.03, 0.03, 0.03),
    Material.PILLAR: (0.01, 0.01, 0.01),
    Material.HUB: (0.05, 0.05, 0.05),
    Material.SECOND: (0.5, 0.5, 0.5),
}
# How much of the sky a material mirrors head on, and how tight the sun's highlight is.
_MIRROR = np.zeros(len(Material))
_MIRROR[[Material.PAINT, Material.SECOND]] = 0.06
_MIRROR[Material.GLASS] = 0.09
_MIRROR[Material.HEADLIGHT] = 0.14
_MIRROR[Material.TAILLIGHT] = 0.08
_MIRROR[Material.RIM] = 0.1
_ALBEDO_TABLE = np.array([_ALBEDO[material] for material in Material])


@dataclass(frozen=True)
class Finish:
    """Hold how a thing is painted, and which lamps burn.

    Attributes:
        paint, second: linear BGR reflectance of its two paints.
        gloss: 0..1.
        headlights, brakes: whether they burn.
        glass: reflectance of the windows, for what is seen of the inside.
    """

    paint: tuple[float, float, float]
    second: tuple[float, float, float] = (0.5, 0.5, 0.5)
    gloss: float = 1.0
    headlights: bool = False
    brakes: bool = False
    glass: float = 0.012


def shade_faces(
    mesh: Mesh, turned: tuple[Floats, Floats], to_eye: Floats, finish: Finish, light: Light, *, sunlit: float
) -> Floats:
    """Return the linear colours (faces, 3) of a mesh's faces.

    Args:
        mesh: whose materials are used.
        turned: face middles and normals (faces, 3) in the world.
        to_eye: unit vectors (faces, 3) from the faces to the camera.
        finish: colours and lamps.
        light: the light of the scene.
        sunlit: share of the sun that reaches the thing, 0..1.
    """
    middles, normals = turned
    albedo = _ALBEDO_TABLE[mesh.materials].copy()
    albedo[mesh.materials == Material.PAINT] = finish.paint
    albedo[mesh.materials == Material.SECOND] = finish.second
    albedo[mesh.materials == Material.GLASS] = finish.glass
    upward = normals[:, 2:3]
    # Faces low on the body see less sky, and the ground's light instead.
    height = np.clip(middles[:, 2:3] / 0.9, 0, 1)
    open_sky = (0.5 + 0.5 * upward) * (0.55 + 0.45 * height)
    ground = (light.sky + light.sun * max(light.to_sun[2], 0.0) * sunlit) * 0.14
    facing_sun = np.maximum(normals @ light.to_sun, 0)[:, None]
    diffuse = light.sky * open_sky + ground * (0.5 - 0.5 * upward) + light.sun * (facing_sun * sunlit)
    if light.lamps:
        diffuse = diffuse + lamp_light(light, middles, normals)
    colour = albedo * diffuse
    colour += _mirrored(mesh, normals, to_eye, finish, light, sunlit=sunlit, ground=ground)
    if finish.headlights:
        colour[mesh.materials == Material.HEADLIGHT] = np.array((1.0, 1.0, 1.0)) * 3.0 / light.exposure
        colour[mesh.materials == Material.TAILLIGHT] = np.array((0.03, 0.05, 0.7)) / light.exposure
    if finish.brakes:
        colour[mesh.materials == Material.TAILLIGHT] = np.array((0.10, 0.13, 1.6)) / min(light.exposure, 1.0)
    return np.asarray(colour)


def _mirrored(
    mesh: Mesh,
    normals: Floats,
    to_eye: Floats,
    finish: Finish,
    light: Light,
    *,
    sunlit: float,
    ground: Floats,
) -> Floats:
    """Return what the faces mirror of sky, ground and sun, BGR."""
    facing = np.clip(np.sum(normals * to_eye, axis=1), 0, 1)
    head_on = _MIRROR[mesh.materials] * finish.gloss
    fresnel = head_on + (head_on > 0.02) * (1 - head_on) * 0.8 * (1 - facing) ** 4
    bounced = 2 * facing[:, None] * normals - to_eye
    up = bounced[:, 2:3]
    # The sky is brighter towards the horizon; below it the ground is seen.
    sky = light.sky * (1.15 - 0.35 * np.clip(up, 0, 1))
    seen = np.where(up > 0.02, sky, ground + light.sky * 0.08)
    lobe = np.clip(bounced @ light.to_sun, 0, 1)
    spark = (0.9 * lobe**60 + 0.10 * lobe**10)[:, None] * light.sun * sunlit * 0.9
    sharp = (head_on > 0.02) * np.minimum(head_on * 10, 0.9)
    return np.asarray(fresnel[:, None] * seen + spark * sharp[:, None])
