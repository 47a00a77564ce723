"""Show what a camera gives: `python -m parking_monitor.camera 0`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from parking_monitor import jpeg
from parking_monitor.camera.errors import CameraError, FrameTimeoutError
from parking_monitor.camera.source import FrameSource, SourceSpec
from parking_monitor.camera.sources import open_source
from parking_monitor.camera.v4l2 import device_name, list_ports
from parking_monitor.values import Frame


def probe(
    source: Annotated[
        str,
        typer.Argument(
            help='Camera, file, folder or address as in fleet.yaml; without it, list the cameras.'
        ),
    ] = '',
    *,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help='How long to measure, in seconds.')] = 3.0,
    save: Annotated[Path | None, typer.Option(help='Write the last frame to this JPEG file.')] = None,
    width: Annotated[int | None, typer.Option(min=1, help='Wanted width in pixels.')] = None,
    height: Annotated[int | None, typer.Option(min=1, help='Wanted height in pixels.')] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help='Wanted frames a second.')] = None,
) -> None:
    """Open a camera, say what was got, and measure how fast frames come."""
    if not source:
        _list_cameras()
        return
    try:
        spec = SourceSpec(
            source=source,
            width=width,
            height=height,
            rate_hz=rate,
            report=lambda _level, text: typer.echo(text),
        )
        opened = open_source(spec)
        try:
            typer.echo(str(opened.open()))
            last = _measure(opened, seconds)
        finally:
            opened.close()
    except CameraError as error:
        typer.echo(f'error: {error}', err=True)
        raise typer.Exit(1) from error
    if save is not None and last is not None:
        save.write_bytes(_jpeg_of(last))
        typer.echo(f'last frame: {save}')


def _list_cameras() -> None:
    ports = list_ports()
    for port in ports:
        typer.echo(f'{port}: {device_name(f"/dev/video{port}")}')
    if not ports:
        typer.echo('there is no /dev/video0 or any other')


def _measure(source: FrameSource, seconds: float) -> Frame | None:
    start_s = time.monotonic()
    last, frames, first_s, last_s = None, 0, start_s, start_s
    while (left_s := start_s + seconds - time.monotonic()) > 0:
        try:
            frame = source.read(left_s)
        except FrameTimeoutError:
            break
        if frame is None:
            break
        last, frames, last_s = frame, frames + 1, time.monotonic()
        first_s = last_s if frames == 1 else first_s
    rate = f'{(frames - 1) / (last_s - first_s):.1f} Hz' if frames > 1 else 'rate not measured'
    typer.echo(f'{frames} frames in {time.monotonic() - start_s:.1f} s: {rate}')
    return last


def _jpeg_of(frame: Frame) -> bytes:
    if frame.image is not None:
        return jpeg.encode(frame.image)
    return frame.jpeg or b''


if __name__ == '__main__':
    typer.run(probe)
