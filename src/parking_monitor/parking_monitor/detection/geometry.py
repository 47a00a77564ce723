"""Fit a picture into a model's input, and boxes back into the picture.

The whole numbers are those of Edge Impulse's own code
(`edge_impulse_linux.image.get_features_from_image_with_studio_mode`), so that a
model sees here what it saw in training:

    fit-shortest           fit-longest            squash
    +--+------+--+         +------------+         +------------+
    |  | crop |  |         |::: bars :::|         |            |
    |  |      |  |         |  picture   |         |  stretched |
    +--+------+--+         |::::::::::::|         +------------+
"""

import math
from dataclasses import dataclass
from typing import Self

from parking_monitor.detection.errors import FrameError
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Hold which part of a picture fills which part of a model's input, in pixels of each.

    Attributes:
        width: of the picture.
        height: of the picture.
        crop: the part of the picture that the model sees.
        inner: where in the model's input that part lies; black bars are around it.
    """

    width: int
    height: int
    crop: Box
    inner: Box

    @property
    def scale(self) -> tuple[float, float]:
        """Return how many pixels of the picture one pixel of the model's input spans, in x and y."""
        return self.crop.width / self.inner.width, self.crop.height / self.inner.height

    def to_model(self, box: Box) -> Box:
        """Return where a box of the picture lies in the model's input; it is not clipped."""
        across, down = self.scale
        return Box(
            (box.x - self.crop.x) / across + self.inner.x,
            (box.y - self.crop.y) / down + self.inner.y,
            box.width / across,
            box.height / down,
        )

    def to_source(self, box: Box) -> Box:
        """Return where a box of the model's input lies in the picture, clipped to the picture."""
        across, down = self.scale
        left = (box.x - self.inner.x) * across + self.crop.x
        top = (box.y - self.inner.y) * down + self.crop.y
        x, y = _clip(left, self.width), _clip(top, self.height)
        right = _clip(left + box.width * across, self.width)
        bottom = _clip(top + box.height * down, self.height)
        return Box(x, y, right - x, bottom - y)

    def enlarged(self, factor: int, width: int, height: int) -> Self:
        """Return the same fit for the picture of which this one is a reduction by a whole factor."""
        crop = self.crop
        return type(self)(
            width=width,
            height=height,
            crop=Box(crop.x * factor, crop.y * factor, crop.width * factor, crop.height * factor),
            inner=self.inner,
        )


def fit(source: tuple[int, int], model: tuple[int, int], mode: ResizeMode) -> Fit:
    """Fit a picture into a model's input; both sizes are (width, height) in pixels.

    Raises:
        FrameError: when the picture is so narrow or flat that nothing of it is left.
    """
    width, height = source
    crop = Box(0, 0, width, height)
    inner = Box(0, 0, *model)
    if mode is ResizeMode.FIT_SHORTEST:
        crop = _middle_crop(width, height, model[0] / model[1])
    elif mode is ResizeMode.FIT_LONGEST:
        inner = _middle_bars(width, height, *model)
    if min(crop.width, crop.height, inner.width, inner.height) < 1:
        raise FrameError(f'a picture of {width}x{height} leaves nothing in {model[0]}x{model[1]} by {mode}')
    return Fit(width=width, height=height, crop=crop, inner=inner)


def covering_size(source: tuple[int, int], model: tuple[int, int], mode: ResizeMode) -> tuple[int, int]:
    """Return the smallest (width, height) of a reduced picture that need not be enlarged for the model.

    Raises:
        FrameError: as `fit`.
    """
    across, down = fit(source, model, mode).scale
    return math.ceil(source[0] / across), math.ceil(source[1] / down)


def reduction(source: tuple[int, int], decoded: tuple[int, int]) -> int | None:
    """Return by which factor a JPEG decoder reduced a picture: 1, 2, 4 or 8; None for any other pair.

    A decoder rounds up, so that its last column and row may lie partly outside.
    """
    for factor in (1, 2, 4, 8):
        if decoded == (-(-source[0] // factor), -(-source[1] // factor)):
            return factor
    return None


def _middle_crop(width: int, height: int, aspect: float) -> Box:
    if width / height > aspect:
        cropped = int(height * aspect)
        return Box((width - cropped) // 2, 0, cropped, height)
    cropped = int(width / aspect)
    return Box(0, (height - cropped) // 2, width, cropped)


def _middle_bars(width: int, height: int, model_width: int, model_height: int) -> Box:
    scale = min(model_width / width, model_height / height)
    inner_width, inner_height = int(width * scale), int(height * scale)
    return Box(
        (model_width - inner_width) // 2, (model_height - inner_height) // 2, inner_width, inner_height
    )


def _clip(value: float, most: int) -> float:
    return min(max(value, 0.0), float(most))
