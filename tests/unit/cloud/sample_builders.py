"""Make samples and pictures to collect."""

from typing import Any

import numpy as np

from parking_monitor import jpeg
from parking_monitor.cloud.sample import Category, Reason, Sample, content_hash, name_of
from parking_monitor.values import Box, Detection

NOON_NS = 1_795_348_800_000_000_000


def a_picture(seed: int = 0, width: int = 320, height: int = 240) -> bytes:
    """Draw blotches that no other seed gives, as JPEG."""
    cells = np.random.default_rng(seed).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    image = np.kron(cells, np.ones((height // 8, width // 9 + 1, 1), np.uint8))[:, :width]
    return jpeg.encode(np.ascontiguousarray(image))


def a_sample(
    content: bytes = b'', reason: Reason = Reason.PERIODIC, second: int = 0, **fields: Any
) -> Sample:
    stamp_ns = NOON_NS + second * 1_000_000_000
    camera = fields.pop('camera', 'lane')
    return Sample(
        name=name_of(camera, stamp_ns, content_hash(content)),
        camera=camera,
        stamp_ns=stamp_ns,
        reason=reason,
        category=fields.pop('category', Category.TRAINING),
        **fields,
    )


def a_car(
    confidence: float = 0.9, x: float = 40, y: float = 60, width: float = 80, height: float = 50
) -> Detection:
    return Detection('car', confidence, Box(x, y, width, height))
