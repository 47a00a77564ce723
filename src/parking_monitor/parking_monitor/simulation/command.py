"""Write a clip of a scene, and what is true of every frame of it, from the command line."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from parking_monitor.simulation.errors import SimulationError
from parking_monitor.simulation.fleet_section import camera_section
from parking_monitor.simulation.scene import Scene, load_scene, scene_names
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import event_line, frame_line

_ENDLESS_S = 60.0
_CODECS = {'.mp4': 'mp4v', '.avi': 'MJPG'}

app = typer.Typer(add_completion=False)


def truth_path(clip: Path) -> Path:
    """Return where the truth of a clip lies: beside it, as JSON lines."""
    return clip.with_name(f'{clip.stem}.truth.jsonl')


def write_clip(simulator: Simulator, clip: Path, *, seconds: float, rate_hz: float) -> Iterator[int]:
    """Write a clip and its truth, yielding the number of frames written after each of them.

    The truth has a line `{"scene": ...}` first, then one `{"frame": ...}` for each
    frame, then one `{"event": ...}` for each event.

    Raises:
        SimulationError: when the clip cannot be written.
    """
    codec = _CODECS.get(clip.suffix.lower())
    if codec is None:
        raise SimulationError(
            f'--out is {str(clip)!r}; allowed: a name that ends with {" or ".join(_CODECS)}'
        )
    if not clip.parent.is_dir():
        raise SimulationError(f'--out is {str(clip)!r}; its folder does not exist: create it first')
    size = (simulator.width, simulator.height)
    video = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*codec), rate_hz, size)
    if not video.isOpened():
        raise SimulationError(f'{clip} cannot be written as video: choose another folder or format')
    try:
        with truth_path(clip).open('w', encoding='utf-8') as lines:
            lines.write(json.dumps({'scene': description(simulator, rate_hz)}) + '\n')
            for number in range(max(1, round(seconds * rate_hz))):
                frame = simulator.frame(number / rate_hz)
                video.write(np.ascontiguousarray(frame.image))
                lines.write(frame_line(frame.truth))
                yield number + 1
            lines.writelines(event_line(event) for event in simulator.events(seconds))
    finally:
        video.release()


def description(simulator: Simulator, rate_hz: float) -> dict[str, object]:
    """Return what identifies a clip, and what to put into fleet.yaml to count in it."""
    return {
        'name': simulator.scene.name,
        'seed': simulator.seed,
        'width': simulator.width,
        'height': simulator.height,
        'rate_hz': rate_hz,
        'gates': simulator.gates,
        'gate_insides': simulator.gate_insides,
        'bays': simulator.bays,
        'zones': simulator.zones,
    }


def _ros_name(text: str) -> str:
    """Return a scene's name as a camera can have it."""
    name = re.sub(r'[^A-Za-z0-9]+', '_', text).strip('_')
    return name if name[:1].isalpha() else f'scene_{name}'.rstrip('_')


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'(\d+)x(\d+)', text)
    if match is None:
        raise typer.BadParameter(f'{text!r}; allowed: WIDTHxHEIGHT, as 640x480', param_hint='--size')
    return int(match[1]), int(match[2])


def _print_list(console: Console) -> None:
    table = Table('scene', 'seconds', 'frames/s', 'what it shows', box=None)
    for name in scene_names():
        scene = load_scene(name)
        length = 'endless' if scene.duration_s is None else f'{scene.duration_s:g}'
        table.add_row(name, length, f'{scene.rate_hz:g}', scene.description)
    console.print(table)


@app.command()
def simulate(
    scene: Annotated[str, typer.Argument(help='name of a shipped scene, or path of a YAML file')] = '',
    *,
    out: Annotated[Path | None, typer.Option(help='clip to write, .mp4 or .avi')] = None,
    seconds: Annotated[float | None, typer.Option(min=0.04, help="length; the scene's own without")] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.1, max=120, help="frames a second; the scene's own without")
    ] = None,
    size: Annotated[str, typer.Option(help='pixels, WIDTHxHEIGHT')] = '640x480',
    seed: Annotated[
        int | None, typer.Option(min=0, help="of traffic and noise; the scene's own without")
    ] = None,
    list_scenes: Annotated[bool, typer.Option('--list', help='list the shipped scenes')] = False,
    fleet_yaml: Annotated[
        bool,
        typer.Option('--fleet-yaml', help='print a camera of fleet.yaml with its zones, bays and gates'),
    ] = False,
) -> None:
    """Write a clip of a scene, and beside it what is true of every frame (CLIP.truth.jsonl)."""
    console = Console()
    if list_scenes:
        _print_list(console)
        return
    if not scene:
        raise typer.BadParameter(
            f'missing; allowed: {", ".join(scene_names())}, or a YAML file', param_hint='SCENE'
        )
    width, height = _size(size)
    try:
        loaded: Scene = load_scene(scene)
        simulator = Simulator(loaded, width=width, height=height, seed=seed)
        if fleet_yaml:
            sys.stdout.write('cameras:\n' + camera_section(simulator, _ros_name(loaded.name), f'sim:{scene}'))
            return
        clip = out or Path(f'{loaded.name}.mp4')
        length = seconds or loaded.duration_s or _ENDLESS_S
        rate_hz = rate or loaded.rate_hz
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(f'{loaded.name} -> {clip.name}', total=max(1, round(length * rate_hz)))
            for written in write_clip(simulator, clip, seconds=length, rate_hz=rate_hz):
                progress.update(task, completed=written)
    except (SimulationError, ValueError) as error:
        console.print(f'[red]{error}[/red]')
        raise typer.Exit(code=1) from error
    console.print(f'{clip} and {truth_path(clip).name}: {length:g} s at {rate_hz:g} frames/s')


def main() -> None:
    """Run the command."""
    app()
