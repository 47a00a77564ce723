"""Hold the values which the subjects exchange: frames, detections and counts.

Plain frozen dataclasses without ROS. Positions are pixels of the source image,
x to the right and y down from its top left corner; times are nanoseconds since
the Unix epoch.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture: (height, width, 3) uint8, BGR."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Hold one picture of a camera, as JPEG, as pixels, or both.

    Raises:
        ValueError: when there is neither a JPEG nor pixels, or the size is not positive.
    """

    stamp_ns: int
    width: int
    height: int
    jpeg: bytes | None = None
    image: Image | None = None

    def __post_init__(self) -> None:
        if self.jpeg is None and self.image is None:
            raise ValueError('a frame needs a JPEG or an image')
        if self.width <= 0 or self.height <= 0:
            raise ValueError(f'frame size {self.width}x{self.height} is not positive')


@dataclass(frozen=True, slots=True)
class Box:
    """Hold an upright rectangle in pixels: top left corner, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the y of the bottom edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Return the middle of the box as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Return the area in square pixels."""
        return self.width * self.height

    def intersection(self, other: Self) -> float:
        """Return the area shared with another box, in square pixels."""
        width = min(self.right, other.right) - max(self.x, other.x)
        height = min(self.bottom, other.bottom) - max(self.y, other.y)
        return width * height if width > 0 and height > 0 else 0.0

    def overlap(self, other: Self) -> float:
        """Return intersection over union with another box, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


class ModelType(enum.StrEnum):
    """Name what a model answers with, in the words of the .eim protocol."""

    FOMO = 'constrained_object_detection'
    BOXES = 'object_detection'
    CLASSIFICATION = 'classification'


@dataclass(frozen=True, slots=True)
class Detection:
    """Hold one found object; confidence is 0 to 1."""

    label: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """Hold what a model saw in one frame.

    Attributes:
        stamp_ns: time of the frame, nanoseconds since the Unix epoch.
        cell_size: width and height of one FOMO cell in pixels of the source
            image; (0, 0) for models that answer with boxes.
        inference_ms: time from features to answer, as the host saw it.
        label_scores: for classification models, the score of each label, 0 to 1.
    """

    stamp_ns: int
    image_width: int
    image_height: int
    items: tuple[Detection, ...]
    model_type: ModelType = ModelType.BOXES
    model_name: str = ''
    model_version: str = ''
    cell_size: tuple[float, float] = (0.0, 0.0)
    inference_ms: float = 0.0
    label_scores: Mapping[str, float] = field(default_factory=dict)


class CountState(enum.IntEnum):
    """Say how far a count can be trusted.

    UNKNOWN: nothing seen yet, no model, no camera. OK: fresh. STALE: no fresh
    detections for longer than the limit; the numbers are the last known ones.
    """

    UNKNOWN = 0
    OK = 1
    STALE = 2


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Hold the cars in one zone; capacity 0 means that none was given."""

    name: str
    cars: int
    capacity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Hold what is claimed of one camera at one time.

    Attributes:
        stamp_ns: time of the frame that the claim rests on; 0 while UNKNOWN.
        cars: cars in the picture now.
        zones: cars by zone, in the order of the configuration.
        entered: cars that came in through the gates since the totals began.
        left: cars that went out through the gates since the totals began.
    """

    stamp_ns: int
    state: CountState
    cars: int
    zones: tuple[ZoneCount, ...] = ()
    entered: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        """Return entered less left."""
        return self.entered - self.left
