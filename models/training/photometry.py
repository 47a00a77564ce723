"""Vary a picture as light, lens, sensor and compression do."""

import cv2
import numpy as np
from numpy.typing import NDArray

from parking_monitor.values import Image

_NOISE_BANK_SIZE = 1 << 19
_NOISE_LEVELS = (1, 2, 3, 5, 7, 9, 11, 14)
"""Standard deviations of sensor noise, in display values."""


class Photometry:
    """Change exposure, colour, sharpness, noise and compression of pictures at random."""

    def __init__(self, seed: int) -> None:
        # Fresh normal numbers for each picture would cost more than all the rest.
        drawn = np.random.default_rng(seed).normal(0, 1, _NOISE_BANK_SIZE)
        self._noise = [np.clip(drawn * level, -127, 127).round().astype(np.int8) for level in _NOISE_LEVELS]

    def vary(self, image: Image, rng: np.random.Generator) -> Image:
        """Return the picture as another camera in another light might have seen it."""
        if rng.random() < 0.15:
            image = _shadow(image, rng)
        image = cv2.merge([cv2.LUT(image[..., c], table) for c, table in enumerate(_tables(rng))]).astype(
            np.uint8
        )
        if rng.random() < 0.5:
            image = _saturate(image, rng)
        if rng.random() < 0.35:
            image = _soften(image, rng)
        if rng.random() < 0.5:
            image = self._grain(image, rng)
        return _compressed(image, rng) if rng.random() < 0.35 else image

    def _grain(self, image: Image, rng: np.random.Generator) -> Image:
        start = int(rng.integers(0, _NOISE_BANK_SIZE - image.size))
        level = self._noise[rng.integers(len(self._noise))]
        noise = level[start : start + image.size].reshape(image.shape)
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def _compressed(image: Image, rng: np.random.Generator) -> Image:
    jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def _tables(rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Return a table of 256 values a channel: exposure, gamma, haze and white balance."""
    level = np.arange(256) / 255
    gamma = np.exp(rng.normal(0, 0.2))
    gain = np.exp(rng.normal(0.05, 0.25))
    haze = rng.uniform(0, 0.5) if rng.random() < 0.12 else 0.0
    if rng.random() < 0.05:
        gain *= rng.uniform(0.35, 0.7)
    white = np.exp(rng.normal(0, 0.08, 3))
    curve = level**gamma
    return [
        np.clip(255 * ((1 - haze) * np.clip(curve * gain * w, 0, 1) + haze * 0.75), 0, 255).astype(np.uint8)
        for w in white
    ]


def _saturate(image: Image, rng: np.random.Generator) -> Image:
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    share = 0.0 if rng.random() < 0.15 else float(rng.uniform(0.3, 1.5))
    return np.asarray(cv2.addWeighted(image, share, grey, 1 - share, 0), np.uint8)


def _soften(image: Image, rng: np.random.Generator) -> Image:
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.5))), np.uint8)
    if kind == 1:
        length = int(rng.integers(2, 7))
        kernel = np.zeros((7, 7), np.float32)
        angle = rng.uniform(0, np.pi)
        reach = (np.array([np.cos(angle), np.sin(angle)]) * length / 2).round().astype(int)
        cv2.line(
            kernel, (int(3 - reach[0]), int(3 - reach[1])), (int(3 + reach[0]), int(3 + reach[1])), (1.0,)
        )
        return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)
    height, width = image.shape[:2]
    share = rng.uniform(0.45, 0.9)
    small = cv2.resize(image, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _shadow(image: Image, rng: np.random.Generator) -> Image:
    """Darken a polygon, as the shadow of a tree or a building would."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    points = rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * (width, height)
    cv2.fillPoly(mask, [points.astype(np.int32)], (255,))
    soft = cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(1, 6))).astype(np.float32)[..., None] / 255
    return (image * (1 - soft * np.float32(rng.uniform(0.3, 0.6)))).astype(np.uint8)
