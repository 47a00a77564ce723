"""Make an `.eim` of an ONNX model, as a command."""

from pathlib import Path
from typing import Annotated

import typer

from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.detection.onnx_eim.classes import parse_classes
from parking_monitor.detection.onnx_eim.errors import ConversionError
from parking_monitor.detection.onnx_eim.inspection import USUAL_PIXELS, Family, Pixels
from parking_monitor.detection.onnx_eim.writer import Options, write_eim


def onnx_eim(  # noqa: PLR0917  (typer makes an option of each)
    model: Annotated[Path, typer.Option(help='The ONNX model.')],
    output: Annotated[Path, typer.Option('--output', '-o', help='The file to write, such as my.eim.')],
    labels: Annotated[
        str,
        typer.Option(
            help='A label for each class in their order, or the wanted ones of those that the model or '
            'COCO names: car,bus. Default: all that the model names; of a COCO model every vehicle as car.'
        ),
    ] = '',
    classes: Annotated[
        str, typer.Option(help='The label of each wanted class id, instead of --labels: 2=car,5=car,7=car.')
    ] = '',
    family: Annotated[Family, typer.Option(help='How the outputs are decoded.')] = Family.AUTO,
    confidence: Annotated[
        float, typer.Option(min=0, max=1, help='Answer objects from this score on, until a client sets it.')
    ] = 0.3,
    resize: Annotated[
        ResizeMode | None, typer.Option(help='How pictures are fitted in. Default: fit-longest; ssd: squash.')
    ] = None,
    name: Annotated[str, typer.Option(help='Default: what the model says, or its file name.')] = '',
    version: Annotated[str, typer.Option(help='Default: what the model says, or 1.')] = '',
    size: Annotated[
        str, typer.Option(help='WIDTHxHEIGHT, for a model that takes pictures of any size.')
    ] = '',
    order: Annotated[
        str, typer.Option(help='Channel order, rgb or bgr. Default: as usual in the family.')
    ] = '',
    mean: Annotated[str, typer.Option(help='Taken off each channel, 0 to 255: 123.7,116.3,103.5.')] = '',
    std: Annotated[str, typer.Option(help='What each channel is divided by then: 58.4,57.1,57.4.')] = '',
    boxes: Annotated[
        str, typer.Option(help='How an SSD writes a box: xyxy, xyxy-fraction or yxyx-fraction.')
    ] = '',
    overlap: Annotated[
        float, typer.Option(min=0, max=1, help='Boxes of one label that overlap more are one object.')
    ] = 0.5,
    threads: Annotated[int, typer.Option(min=1, help='Threads of one inference.')] = 1,
    python: Annotated[
        str, typer.Option(help='The Python to run with. Default: this one; PARKING_MONITOR_PYTHON overrides.')
    ] = '',
) -> None:
    """Write an executable that speaks the .eim protocol and runs an ONNX model."""
    try:
        fields = {'python': python} if python else {}
        options = Options(
            labels=tuple(label.strip() for label in labels.split(',') if label.strip()),
            classes=parse_classes(classes) if classes else None,
            family=family,
            confidence=confidence,
            resize=resize,
            name=name,
            version=version,
            size=_size(size),
            pixels=_pixels(family, order, mean, std),
            boxes=boxes,
            overlap=overlap,
            threads=threads,
            **fields,
        )
        settings = write_eim(model, output, options)
    except ConversionError as error:
        typer.echo(f'onnx_eim: {error}', err=True)
        raise typer.Exit(1) from error
    parameters = settings.hello['model_parameters']
    wanted = ', '.join(f'{number} as {label}' for number, label in settings.classes.items())
    typer.echo(
        f'{output}: {settings.family}, {settings.size[0]}x{settings.size[1]}, '
        f'{parameters["image_resize_mode"]}, classes {wanted}'
    )


def main() -> None:
    """Run the command."""
    typer.run(onnx_eim)


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ConversionError(f'--size is {text!r}; WIDTHxHEIGHT in pixels is needed, such as 320x320')
    return int(width), int(height)


def _pixels(family: Family, order: str, mean: str, std: str) -> Pixels | None:
    if not (order or mean or std):
        return None
    usual = USUAL_PIXELS.get(family)
    if usual is None:
        raise ConversionError('--order, --mean and --std need --family, whose usual values they replace')
    return Pixels(
        order=order or usual.order,
        mean=_numbers(mean, '--mean') or usual.mean,
        std=_numbers(std, '--std') or usual.std,
    )


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(number) for number in text.split(',') if number.strip())
    except ValueError:
        raise ConversionError(f'{option} is {text!r}; three numbers with commas are needed') from None
