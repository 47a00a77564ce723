"""Help to say where in a picture to count: a grid, a row of bays, and what fleet.yaml says, drawn."""

import re
import sys
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from parking_monitor import config, drawing, jpeg
from parking_monitor.camera.errors import CameraError
from parking_monitor.camera.source import FrameSource, SourceSpec
from parking_monitor.camera.sources import open_source
from parking_monitor.counting.geometry import Point
from parking_monitor.counting.rows import split_row
from parking_monitor.simulation.frame_source import SimulatedSource
from parking_monitor.values import Image

_PICTURE_WITHIN_S = 30.0
_MOST_BAYS = 500

app = typer.Typer(add_completion=False, rich_markup_mode='markdown', no_args_is_help=True)


@app.callback()
def places() -> None:
    """Say where in a camera's picture to count.

    1. `places grid look.jpg` puts a grid on a picture: read the corners from it.
    2. `places row A 8 0.15,0.54 0.85,0.59 0.95,0.78 0.02,0.68` divides a row into bays, for fleet.yaml.
    3. `places draw my.yaml` draws what fleet.yaml says on a picture of each camera: look whether it fits.
    """


@app.command()
def grid(
    picture: Annotated[Path, typer.Argument(help='A picture from the camera.')],
    *,
    out: Annotated[Path, typer.Option(help='JPEG file to write.')] = Path('grid.jpg'),
) -> None:
    """Put a grid on a picture: its lines are the fractions in which fleet.yaml says places."""
    _write(out, drawing.lay_out(_read(picture), drawing.Places(), grid=True))


@app.command()
def row(
    name: Annotated[str, typer.Argument(help='Begins the name of each bay: A gives A1, A2, ...')],
    number: Annotated[int, typer.Argument(min=1, max=_MOST_BAYS, help='How many bays.')],
    corners: Annotated[
        list[str],
        typer.Argument(
            metavar='X,Y X,Y X,Y X,Y',
            help='The four corners of the row, going around; the first two along it, from the first bay on.',
        ),
    ],
    *,
    first: Annotated[int, typer.Option(min=0, help='Number of the first bay.')] = 1,
) -> None:
    """Print the bays of a row, equally wide on the ground, to put below a camera's `bays:`."""
    try:
        bays = split_row([_point(text) for text in corners], number)
    except ValueError as error:
        raise _refusal(str(error)) from None
    for index, polygon in enumerate(bays):
        points = ', '.join(f'[{x:.4f}, {y:.4f}]' for x, y in polygon)
        sys.stdout.write(f'      - {{name: {name}{first + index}, polygon: [{points}]}}\n')


@app.command()
def draw(
    fleet: Annotated[Path, typer.Argument(metavar='FLEET.YAML', help='What says the places.')],
    *,
    camera: Annotated[str, typer.Option(help='Only this camera.')] = '',
    picture: Annotated[
        Path | None, typer.Option(help="Draw on this picture instead of the camera's next one.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help='JPEG file to write; without it, CAMERA.jpg for each camera.')
    ] = None,
    with_grid: Annotated[bool, typer.Option('--grid', help='With the grid.')] = False,
) -> None:
    """Draw the zones, bays and gates of fleet.yaml on a picture of each camera."""
    try:
        configuration = config.load(fleet)
    except config.ConfigError as error:
        raise _refusal(str(error)) from None
    chosen = [one for one in configuration.cameras if camera in ('', one.name)]
    if not chosen:
        names = ', '.join(one.name for one in configuration.cameras)
        raise _refusal(f'--camera is {camera!r}; {fleet} has {names}')
    if len(chosen) > 1 and (picture or out):
        raise _refusal(f'{fleet} has {len(chosen)} cameras; say which one --camera is to be')
    for one in chosen:
        image = _read(picture) if picture else _next_picture(one)
        _write(out or Path(f'{one.name}.jpg'), drawing.lay_out(image, _places_of(one), grid=with_grid))


def _places_of(camera: config.Camera) -> drawing.Places:
    return drawing.Places(
        zones=[drawing.Outline(zone.name, zone.polygon) for zone in camera.zones],
        bays=[drawing.Outline(bay.name, bay.polygon) for bay in camera.bays],
        gates=[drawing.GateLine(gate.name, gate.line, gate.inside) for gate in camera.gates],
    )


def _next_picture(camera: config.Camera) -> Image:
    spec = SourceSpec(
        source=camera.source,
        width=camera.width,
        height=camera.height,
        report=lambda _level, text: typer.echo(text, err=True),
    )
    try:
        source = open_source(spec, {'sim': _simulated})
        try:
            source.open()
            frame = source.read(_PICTURE_WITHIN_S)
        finally:
            source.close()
    except CameraError as error:
        raise _refusal(f'{camera.name}: {error}') from None
    if frame is None:
        raise _refusal(f'{camera.name}: the source ended before it gave a picture')
    return jpeg.decoded(frame)


def _simulated(scene: str, spec: SourceSpec) -> FrameSource:
    return SimulatedSource(scene, spec, on_truth=lambda _truth: None)


def _point(text: str) -> Point:
    match = re.fullmatch(r'\s*([0-9.]+)\s*,\s*([0-9.]+)\s*', text)
    try:
        x, y = (float(match[1]), float(match[2])) if match else (-1.0, -1.0)
    except ValueError:
        x, y = -1.0, -1.0
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(
            f'corner {text!r}; allowed: X,Y in fractions of the picture, 0 to 1, such as 0.15,0.54'
        )
    return x, y


def _read(path: Path) -> Image:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refusal(f'{path} cannot be read: {error.strerror}') from None
    # As the camera's pictures are taken: pixels as they lie, whatever EXIF says.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    if image is None:
        raise _refusal(f'{path} is no picture; allowed: JPEG, PNG and what else OpenCV reads')
    return np.asarray(image, dtype=np.uint8)


def _write(path: Path, image: Image) -> None:
    try:
        path.write_bytes(jpeg.encode(image))
    except OSError as error:
        raise _refusal(f'{path} cannot be written: {error.strerror}') from None
    typer.echo(f'look at {path}')


def _refusal(message: str) -> typer.Exit:
    typer.echo(f'places: {message}', err=True)
    return typer.Exit(2)


def main() -> None:
    """Run the command."""
    app()
