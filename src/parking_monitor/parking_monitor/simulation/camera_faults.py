"""Do to a picture what cameras and weather do: shake, noise, exposure steps, rain, JPEG."""

import math
from functools import lru_cache

import cv2
import numpy as np

from parking_monitor import jpeg
from parking_monitor.simulation.projection import Floats
from parking_monitor.simulation.scene import Faults
from parking_monitor.values import Image

_NOISE_SPREAD = 24.0
_TILE_MARGIN = 64


def moment(seed: int, time_s: float) -> np.random.Generator:
    """Return random numbers that belong to a time, the same whenever it is asked for."""
    return np.random.default_rng([seed, round(time_s * 1000)])


def shake_at(faults: Faults, seed: int, time_s: float) -> tuple[float, float, float]:
    """Return how far the picture is off at a time: x and y in pixels, and a turn in degrees."""
    if faults.shake_px <= 0:
        return 0.0, 0.0, 0.0
    phases = np.random.default_rng([seed, 31]).uniform(0, 2 * math.pi, 6)
    jitter = moment(seed + 1, time_s).normal(0, 0.12, 2)
    sway = [
        math.sin(time_s * rate + phase)
        for rate, phase in zip((2.1, 7.7, 13.0) * 2, phases.tolist(), strict=True)
    ]
    dx = 0.45 * sway[0] + 0.3 * sway[1] + 0.15 * sway[2] + float(jitter[0])
    dy = 0.45 * sway[3] + 0.3 * sway[4] + 0.15 * sway[5] + float(jitter[1])
    return dx * faults.shake_px, dy * faults.shake_px, 0.12 * sway[1] * min(faults.shake_px / 4, 1.0)


def exposure_at(faults: Faults, time_s: float) -> float:
    """Return the factor of the exposure step that holds at a time."""
    return next((step.factor for step in reversed(faults.exposure_steps) if step.at_s <= time_s), 1.0)


@lru_cache(maxsize=4)
def _noise_tile(width: int, height: int) -> Image:
    """Return noise around 128 with a deviation of _NOISE_SPREAD, partly the same in all channels."""
    random = np.random.default_rng(4242)
    shape = (height + _TILE_MARGIN, width + _TILE_MARGIN)
    grey = random.normal(0, 0.8, shape).astype(np.float32)
    tinted = random.normal(0, 0.6, (*shape, 3)).astype(np.float32) + grey[..., None]
    # A sensor's noise is smoothed a little by demosaicing.
    soft = cv2.GaussianBlur(tinted, (0, 0), 0.55)
    return np.asarray(np.clip(soft / soft.std() * _NOISE_SPREAD + 128, 0, 255), np.uint8)


@lru_cache(maxsize=8)
def _rain_tile(width: int, height: int, level: int) -> Image:
    """Return streaks of rain, brightness to be added."""
    random = np.random.default_rng(99 + level)
    tile = np.zeros((height + _TILE_MARGIN, width + _TILE_MARGIN), np.uint8)
    for _ in range(int(width * height / 2200 * level / 10)):
        x, y = random.integers(0, tile.shape[1]), random.integers(0, tile.shape[0])
        length = random.uniform(0.015, 0.05) * height
        end = (int(x + length * 0.12), int(y + length))
        cv2.line(tile, (int(x), int(y)), end, (int(random.integers(14, 50)),), 1, cv2.LINE_AA)
    return np.asarray(cv2.merge([cv2.blur(tile, (2, 3))] * 3), np.uint8)


def _window(tile: Image, width: int, height: int, random: np.random.Generator) -> Image:
    x, y = random.integers(0, _TILE_MARGIN, 2).tolist()
    return tile[y : y + height, x : x + width]


def add_rain(picture: Image, rain: float, random: np.random.Generator) -> Image:
    """Return a picture with streaks of rain; rain is 0..1."""
    level = round(rain * 10)
    if level == 0:
        return picture
    height, width = picture.shape[:2]
    streaks = _window(_rain_tile(width, height, level), width, height, random)
    return np.asarray(cv2.add(picture, cv2.flip(streaks, 1) if random.random() < 0.5 else streaks), np.uint8)


def develop(picture: Image, faults: Faults, factor: float, random: np.random.Generator) -> Image:
    """Return a picture as the camera delivers it: focus, exposure and colour cast, noise, JPEG.

    Args:
        picture: display values.
        faults: what the camera does wrong.
        factor: of the exposure, on linear light.
        random: numbers of this moment.
    """
    height, width = picture.shape[:2]
    if faults.blur_px > 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), faults.blur_px), np.uint8)
    gains: Floats = np.sqrt(np.array(faults.cast) * factor)
    if np.any(np.abs(gains - 1) > 1e-3):
        table = np.clip(np.arange(256)[:, None] * gains + 0.5, 0, 255).astype(np.uint8)[None]
        picture = np.asarray(cv2.LUT(picture, table), np.uint8)
    if faults.noise > 0:
        noise = _window(_noise_tile(width, height), width, height, random)
        strength = faults.noise / _NOISE_SPREAD
        picture = np.asarray(cv2.addWeighted(picture, 1.0, noise, strength, -128 * strength), np.uint8)
    if faults.jpeg_quality is not None:
        picture = jpeg.decode(jpeg.encode(picture, faults.jpeg_quality))
    return picture


def vignette_of(width: int, height: int, strength: float) -> Floats:
    """Return how much of the light reaches each pixel, (height, width), 1 in the middle."""
    across, down = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    return np.asarray(1 - strength * (across[None] ** 2 + down[:, None] ** 2) / 2)


def moved(picture: Image, shift: Floats, width: int, height: int) -> Image:
    """Return a picture of a size, moved by an affine map (2, 3)."""
    return np.asarray(cv2.warpAffine(picture, shift, (width, height), flags=cv2.INTER_LINEAR), np.uint8)
