"""Render the training set, train the model that ships, and the ones that leave a sequence out."""

import sys
import time
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from models.training.curve import draw_curves
from models.training.cutouts import cut_out_cars
from models.training.lot import SEQUENCES, read_frames, read_neutral_backgrounds, read_without
from models.training.mixture import Mixture, Sources
from models.training.recipe import ALL, STAGES, Stage
from models.training.rendered import RenderedSet, write_set
from models.training.rendering import (
    HARD_FROM,
    HELD_OUT_FROM,
    VARIED_FROM,
    VARIED_HELD_OUT_FROM,
    render_scenes,
)
from models.training.sample import Sample, letterbox

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
ROOT = Path(__file__).parents[1]
Folder = Annotated[Path, typer.Option(help='Where rendered frames, checkpoints and records are kept.')]
Footage = Annotated[Path, typer.Option(help='Folder that holds lot/; the lane clip is for testing only.')]
WORK = Path('build/training')
FOOTAGE = Path('../shared/footage')

SEED = 20


@app.command()
def render(
    *,
    work: Folder = WORK,
    scenes: Annotated[int, typer.Option(help='Random scenes to render.')] = 320,
    frames: Annotated[int, typer.Option(help='Frames of each.')] = 8,
    varied: Annotated[int, typer.Option(help='Variations of shipped scenes to render.')] = 336,
    hard: Annotated[int, typer.Option(help='Hard scenes and cluttered variations to render.')] = 280,
    processes: int = 2,
    sets: Annotated[
        list[str] | None,
        typer.Argument(help='held_out, train, held_out_varied, varied, hard; all by default.'),
    ] = None,
) -> None:
    """Render the simulated training sets (random scenes, variations of shipped ones) and a held-out one."""
    for name, numbers, each in (
        ('held_out', range(HELD_OUT_FROM, HELD_OUT_FROM + 40), 3),
        ('train', range(scenes), frames),
        ('held_out_varied', range(VARIED_HELD_OUT_FROM, VARIED_HELD_OUT_FROM + 42), 3),
        ('varied', range(VARIED_FROM, VARIED_FROM + varied), frames),
        ('hard', range(HARD_FROM, HARD_FROM + hard), 4),
    ):
        if sets and name not in sets:
            continue
        begun = time.monotonic()
        count = write_set(work / name, render_scenes(numbers, each, processes))
        print(f'{name}: {count} frames of {len(numbers)} scenes in {time.monotonic() - begun:.0f} s')


@app.command()
def train(
    stages: Annotated[
        list[str] | None, typer.Argument(help='Stages of recipe.py; all where none is named.')
    ] = None,
    work: Folder = WORK,
    footage: Footage = FOOTAGE,
) -> None:
    """Train stages in the order of the recipe, and write the models of those that ship."""
    from models.training.stages import run_stage  # noqa: PLC0415  (PyTorch is a training extra)

    cv2.setNumThreads(1)
    for name in stages or STAGES:
        stage = STAGES[name]
        begun = time.monotonic()
        run_stage(name, stage, sources_of(stage, work, footage), checks_of(stage, work, footage), work)
        print(f'{name}: {stage.steps} steps in {time.monotonic() - begun:.0f} s')
        if stage.onnx is not None:
            export(name, work, footage)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help='A stage of recipe.py whose weights are there.')],
    work: Folder = WORK,
    footage: Footage = FOOTAGE,
    out: Annotated[Path | None, typer.Option(help='Where to; by default where the recipe says.')] = None,
) -> None:
    """Write the ONNX models of a stage: float32 beside its weights, int8 into `models/`."""
    from models.training.stages import write_models  # noqa: PLC0415  (PyTorch is a training extra)

    stage = STAGES[name]
    path = out or ROOT / (stage.onnx or f'{name}.onnx')
    write_models(name, sources_of(stage, work, footage), validation(work)['held_out_simulation'], work, path)
    print(f'wrote {path} ({path.stat().st_size / 1e6:.2f} MB)')


def sources_of(stage: Stage, work: Path, footage: Path) -> Sources:
    """Return what a stage draws from; neither frames nor cars of what it holds out are among it."""
    lot = footage / 'lot'
    frames = read_neutral_backgrounds(lot) if stage.held_out == ALL else read_without(lot, stage.held_out)
    return Sources(
        rendered=[RenderedSet.load(work / name) for name in stage.rendered],
        lot=[frame.sample() for frame in frames if len(frame.cars)],
        backgrounds=[frame.sample() for frame in frames if not len(frame.cars)],
        cut_outs=cut_out_cars(frames),
        shares=stage.shares.as_tuple(),
    )


def checks_of(stage: Stage, work: Path, footage: Path) -> dict[str, list[Sample]]:
    """Return held-out samples by name: simulated ones, and the frames of a held-out sequence."""
    if stage.held_out not in SEQUENCES:
        return validation(work)
    held_out = [letterbox(frame.sample()) for frame in read_frames(footage / 'lot', stage.held_out)]
    return validation(work) | {'held_out_lot': held_out}


def validation(work: Path) -> dict[str, list[Sample]]:
    """Return the held-out simulated frames as the camera would show them to the model."""
    held_out = [RenderedSet.load(work / name) for name in ('held_out', 'held_out_varied')]
    samples = [rendered.sample(number) for rendered in held_out for number in range(len(rendered))]
    return {'held_out_simulation': [letterbox(sample) for sample in samples]}


@app.command()
def preview(
    work: Folder = WORK, footage: Footage = FOOTAGE, out: Path = Path('build/training/samples.png')
) -> None:
    """Draw 24 training samples with what is asked (green) and what is not (red), to look at."""
    mixture = Mixture(sources_of(STAGES['default'], work, footage), SEED)
    tiles = []
    for number in range(24):
        sample = mixture.sample(number)
        image = sample.image.copy()
        for boxes, colour in ((sample.cars, (0, 255, 0)), (sample.ignored, (0, 0, 255))):
            for left, top, right, bottom in boxes.astype(int).tolist():
                cv2.rectangle(image, (left, top), (right, bottom), colour, 1)
        tiles.append(image)
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), np.vstack([np.hstack(tiles[row : row + 6]) for row in range(0, 24, 6)]))
    print(f'wrote {out}')


@app.command()
def curve(work: Folder = WORK, out: Path = ROOT / 'training_curve.png') -> None:
    """Draw the curves of all stages that were trained."""
    print(f'wrote {out}: {", ".join(draw_curves(work, list(STAGES), out))}')


if __name__ == '__main__':
    sys.exit(app())
