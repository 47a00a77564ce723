"""Look at an ONNX model: its family, what its input wants, and how many classes it has."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parking_monitor.detection.onnx_eim.errors import ConversionError
from parking_monitor.detection.onnx_eim.runtime import centre, nanodet, ssd, yolox
from parking_monitor.detection.onnx_eim.runtime.settings import Input

_DTYPES = {'tensor(float)': 'float32', 'tensor(uint8)': 'uint8'}


class Family(enum.StrEnum):
    """Name the detectors whose outputs can be decoded; AUTO recognises them."""

    AUTO = 'auto'
    NANODET = 'nanodet'
    YOLOX = 'yolox'
    SSD = 'ssd'
    CENTRE = 'centre'


@dataclass(frozen=True, kw_only=True)
class Pixels:
    """Say how a float input wants its pixels; mean and std are on the scale 0 to 255."""

    order: str = 'rgb'
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if len(self.mean) != 3 or len(self.std) != 3 or min(map(abs, self.std)) == 0:
            raise ConversionError(
                f'mean {self.mean} and std {self.std} need three numbers each, std none of 0'
            )
        if self.order not in {'rgb', 'bgr'}:
            raise ConversionError(f'channel order {self.order!r}; rgb or bgr is allowed')


USUAL_PIXELS = {
    # As NanoDet's own configurations have it.
    Family.NANODET: Pixels(order='bgr', mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395)),
    Family.YOLOX: Pixels(order='bgr'),
    # torchvision takes 0 to 1 and normalises inside.
    Family.SSD: Pixels(std=(255.0, 255.0, 255.0)),
    Family.CENTRE: Pixels(),
}


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """Hold what an ONNX model says of itself; sizes are in pixels.

    `class_count` is None where the outputs do not tell.
    """

    family: Family
    input_name: str
    layout: str
    dtype: str
    width: int
    height: int
    channels: int
    class_count: int | None
    boxes: str = ''
    metadata: Mapping[str, str] = field(default_factory=dict)

    def input(self, pixels: Pixels | None) -> Input:
        """Return how pixels become the input tensor; None for what is usual in the family."""
        chosen = pixels or USUAL_PIXELS[self.family]
        return Input(self.input_name, self.layout, self.dtype, chosen.order, chosen.mean, chosen.std)


def inspect(session: Any, path: Path, family: Family, size: tuple[int, int] | None) -> Inspected:
    """Look at an open ONNX Runtime session.

    Args:
        session: the model.
        path: its file, for error texts.
        family: what the user says it is.
        size: (width, height) of the input for a model that takes any.

    Raises:
        ConversionError: when the model is not one that can be run here.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        named = ', '.join(one.name for one in inputs)
        raise ConversionError(f'{path} has {len(inputs)} inputs ({named}); one picture is what can be given')
    wanted = inputs[0]
    if wanted.type not in _DTYPES:
        raise ConversionError(f'{path} takes {wanted.type}; supported are {", ".join(_DTYPES)}')
    layout, width, height, channels = _layout(path, list(wanted.shape), size)
    outputs = {output.name: list(output.shape) for output in session.get_outputs()}
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    recognised = _recognise(path, outputs, metadata, (width, height)) if family is Family.AUTO else family
    _check_outputs(path, recognised, outputs)
    return Inspected(
        family=recognised,
        input_name=wanted.name,
        layout=layout,
        dtype=_DTYPES[wanted.type],
        width=width,
        height=height,
        channels=channels,
        class_count=_class_count(recognised, outputs),
        boxes=_box_form(outputs) if recognised is Family.SSD else '',
        metadata=metadata,
    )


def _layout(path: Path, shape: list[Any], size: tuple[int, int] | None) -> tuple[str, int, int, int]:
    """Return layout, width, height and channels of an input of this shape."""
    plane = shape[-3:]
    if len(shape) not in {3, 4} or (len(shape) == 4 and shape[0] not in {1, None} and not _open(shape[0])):
        raise ConversionError(f'{path} takes {shape}; one picture of 1 or 3 channels is what can be given')
    if plane[0] in {1, 3}:
        layout, channels, (height, width) = ('nchw' if len(shape) == 4 else 'chw'), plane[0], plane[1:]
    elif plane[2] in {1, 3} and len(shape) == 4:
        layout, channels, (height, width) = 'nhwc', plane[2], plane[:2]
    else:
        raise ConversionError(f'{path} takes {shape}; one picture of 1 or 3 channels is what can be given')
    if size is not None:
        for fixed, asked in ((width, size[0]), (height, size[1])):
            if not _open(fixed) and fixed != asked:
                raise ConversionError(
                    f'{path} takes {width}x{height} pixels; --size {size[0]}x{size[1]} differs'
                )
        width, height = size
    if _open(width) or _open(height):
        raise ConversionError(
            f'{path} takes pictures of any size; choose one by --size, such as --size 320x320'
        )
    return layout, width, height, channels


def _open(extent: Any) -> bool:
    """Return whether an extent of a shape is left open: a name or nothing."""
    return not isinstance(extent, int) or extent <= 0


def _recognise(
    path: Path, outputs: Mapping[str, list[Any]], metadata: Mapping[str, str], size: tuple[int, int]
) -> Family:
    said = metadata.get('family', '')
    if said in set(Family) - {Family.AUTO}:
        return Family(said)
    if any(name.startswith(nanodet.SCORES) for name in outputs):
        return Family.NANODET
    if {centre.HEAT, centre.BOX} <= outputs.keys():
        return Family.CENTRE
    if ssd.part_names(outputs) is not None:
        return Family.SSD
    shapes = list(outputs.values())
    if len(shapes) == 1 and len(shapes[0]) == 3 and shapes[0][1] == yolox.cell_count(size):
        return Family.YOLOX
    described = ', '.join(f'{name} {shape}' for name, shape in outputs.items())
    raise ConversionError(
        f'{path} answers {described}, which is no family known here; choose one by --family'
    )


def _check_outputs(path: Path, family: Family, outputs: Mapping[str, list[Any]]) -> None:
    fits = {
        Family.NANODET: any(name.startswith(nanodet.SCORES) for name in outputs),
        Family.CENTRE: {centre.HEAT, centre.BOX} <= outputs.keys(),
        Family.SSD: ssd.part_names(outputs) is not None,
        Family.YOLOX: len(outputs) == 1,
    }
    if not fits[family]:
        raise ConversionError(
            f'{path} answers {", ".join(outputs)}, which is not what {family} models answer'
        )


def _class_count(family: Family, outputs: Mapping[str, list[Any]]) -> int | None:
    count: int | None = None
    if family is Family.NANODET:
        count = next(shape[-1] for name, shape in outputs.items() if name.startswith(nanodet.SCORES))
    elif family is Family.YOLOX:
        count = next(iter(outputs.values()))[-1] - 5
    elif family is Family.CENTRE:
        count = outputs[centre.HEAT][1]
    return count


def _box_form(outputs: Mapping[str, list[Any]]) -> str:
    """Guess from its name and rank how an SSD writes a box."""
    names = ssd.part_names(outputs)
    name = names[0] if names is not None else ''
    if 'detection_boxes' in name:
        return 'yxyx-fraction'
    return 'xyxy' if len(outputs.get(name, [])) == 2 else 'xyxy-fraction'
