"""Work out the light of a scene at a time."""

from dataclasses import dataclass

import numpy as np

from parking_monitor.simulation.scene import Scene, Sun
from parking_monitor.simulation.shading import SKY, Lamp, Light, sun_light

_STEPS = 32
_LAMP_COLOURS = {'sodium': (0.22, 0.62, 1.0), 'white': (0.95, 1.0, 0.97)}
_LAMP_POWER = 16.0


@dataclass(frozen=True)
class LightStep:
    """Name a light that stays the same for a while: which pair of suns, and how far between them."""

    pair: int
    step: int


def light_step(scene: Scene, time_s: float) -> LightStep:
    """Return which light a scene has at a time; pictures of the ground are kept by it."""
    suns = scene.light.sun
    pair = max((index for index, sun in enumerate(suns) if sun.at_s <= time_s), default=0)
    if pair + 1 >= len(suns):
        return LightStep(pair, 0)
    gap = suns[pair + 1].at_s - suns[pair].at_s
    return LightStep(pair, int(min(max((time_s - suns[pair].at_s) / gap, 0.0), 0.999) * _STEPS))


def light_of(scene: Scene, step: LightStep) -> Light:
    """Return the light of a step."""
    suns = scene.light.sun
    sun = suns[step.pair]
    if step.step and step.pair + 1 < len(suns):
        sun = _between(sun, suns[step.pair + 1], step.step / _STEPS)
    to_sun, direct = sun_light(sun.azimuth_deg, sun.elevation_deg, sun.strength)
    dusk = float(np.clip((sun.elevation_deg + 4) / 14, 0.03, 1.0))
    sky = np.array(SKY) * sun.ambient * (0.75 + 0.25 * dusk)
    dark = float(sky.max()) < 0.25
    lamps = tuple(
        Lamp(
            np.array([lamp.at[0], lamp.at[1], lamp.height]),
            np.array(_LAMP_COLOURS[lamp.colour]) * lamp.strength * _LAMP_POWER,
        )
        for lamp in scene.light.lamps
        if lamp.strength > 0 and float(sky.max()) < 0.5
    )
    received = float(sky.mean() + direct.mean() * max(float(to_sun[2]), 0.0)) + (0.25 if lamps else 0.0)
    exposure = scene.light.exposure * min(1.6 / received, 3.2 if dark else 4.0)
    return Light(to_sun, direct, sky, lamps, exposure)


def _between(first: Sun, second: Sun, share: float) -> Sun:
    def mixed(a: float, b: float) -> float:
        return a + (b - a) * share

    return Sun(
        azimuth_deg=mixed(first.azimuth_deg, second.azimuth_deg),
        elevation_deg=mixed(first.elevation_deg, second.elevation_deg),
        strength=mixed(first.strength, second.strength),
        ambient=mixed(first.ambient, second.ambient),
    )
