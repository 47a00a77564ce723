"""Score our counter beside others, on the same detections: `python -m benchmarks.accuracy`.

Contenders: ours; the boxes of each frame, as the reference counts; supervision's zones over
ByteTrack; norfair. Sources: the simulated scenes as the default model sees them, the same with
the truth damaged as real detectors damage it, long runs of traffic, still lots, and the real
lane and lot. What counts as true is said in `accuracy_parts/truth.py`, what is measured in
`accuracy_parts/measures.py`. Writes `build/bench/accuracy.json`, and pictures of counts over
time to `build/bench/accuracy/`.

To see where ours goes wrong, in seconds and without the others:
`python -m benchmarks.accuracy --only damaged --scene day_lane --miss 20 --ours-only --explain`
"""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy_parts import rows, running
from benchmarks.accuracy_parts.cost import ms_per_frame
from benchmarks.accuracy_parts.counters import Ours
from benchmarks.accuracy_parts.damage import Damage
from benchmarks.accuracy_parts.explain import explain, one_line
from benchmarks.accuracy_parts.measures import Score, score
from benchmarks.accuracy_parts.rows import OURS, Result, Row
from benchmarks.accuracy_parts.tasks import PARTS, Task, make, missing, tasks_of
from benchmarks.accuracy_parts.watching import watch_scenes
from benchmarks.results import Number, console, write

IN_DETAIL = ('still', 'lane', 'lot')
"""Parts of which ours is printed in full: the count without grace, unknown bays, both directions."""
tables = Console(highlight=False, width=max(console.width, 128))


def main() -> None:
    """Score everything, print the tables, and write the JSON and the pictures."""
    begun_s = time.monotonic()
    skipped: list[str] = []
    cost_ms = ms_per_frame()
    others = running.installable(skipped)
    tasks = []
    for part in PARTS:
        if reason := missing(part):
            skipped.append(f'{part}: {reason}')
        else:
            tasks += list(tasks_of(part))
    _run_models([task.scene for task in tasks if task.part == 'model'])
    results = _run(tasks, others)
    found = rows.rows_of(results)
    for part in PARTS:
        _print_rows(part, [row for row in found if row.part == part])
    _print_behind(found)
    for result in results:
        if result.part in IN_DETAIL:
            console.print(one_line(result))
    write(
        'accuracy',
        _summary(results, found, cost_ms),
        pooled=_pooled(results),
        rows=[asdict(row) | {'ahead': row.is_ahead} for row in found],
        scores=[asdict(result) for result in results],
        skipped=skipped,
        seconds=round(time.monotonic() - begun_s),
    )


def command(
    *,
    only: Annotated[str, typer.Option(help=f'A part: {", ".join(PARTS)}. All parts without it.')] = '',
    scene: Annotated[str, typer.Option(help='One scene or variant of the part.')] = '',
    miss: Annotated[float | None, typer.Option(help='Percent of missed boxes; all by default.')] = None,
    cells: Annotated[bool, typer.Option(help='With --miss: cells of FOMO instead of boxes.')] = False,
    seed: Annotated[int | None, typer.Option(help='With --miss: other dice.')] = None,
    ours_only: Annotated[bool, typer.Option(help='Without the contenders, in this process.')] = False,
    show: Annotated[bool, typer.Option('--explain', help='With --ours-only: where ours is wrong.')] = False,
) -> None:
    """Score everything, or a part of it to tune the counter with."""
    if not only:
        main()
        return
    if only not in PARTS:
        raise typer.BadParameter(f'{only!r} is not a part; there are {", ".join(PARTS)}')
    if reason := missing(only):
        raise typer.BadParameter(f'{only}: {reason}')
    damage = None
    if miss is not None:
        damage = Damage(miss=miss / 100, is_fomo=cells, seed=Damage().seed if seed is None else seed)
    tasks = list(tasks_of(only, scene, damage))
    if not tasks:
        raise typer.BadParameter(f'{scene!r} is no scene of {only}')
    results = _ours(tasks, show=show) if ours_only else _run(tasks, running.installable([]))
    if not ours_only:
        _print_rows(only, rows.rows_of(results))
    _print_pooled(results)


def _run_models(scenes: Sequence[str]) -> None:
    """Render and watch the scenes that are not kept yet, before the workers ask for them."""
    for _ in watch_scenes(scenes):
        pass


def _run(tasks: Sequence[Task], others: Sequence[str]) -> list[Result]:
    results = []
    for number, result in enumerate(running.run(tasks, others), 1):
        results.append(result)
        took = ', '.join(f'{name} {seconds:.1f} s' for name, seconds in result.seconds.items())
        console.print(f'{number}/{len(tasks)} {result.part}: {result.source} ({took})')
    return sorted(results, key=lambda result: (PARTS.index(result.part), result.source))


def _ours(tasks: Sequence[Task], *, show: bool) -> list[Result]:
    results = []
    for task in tasks:
        source = make(task)
        answers = Ours().answers(source)
        results.append(Result(source.part, source.name, {OURS: score(source, answers)}))
        console.print(one_line(results[-1]))
        if show:
            explain(source, answers)
    return results


def _print_rows(part: str, found: Sequence[Row]) -> None:
    if not found:
        return
    names = list(found[0].values)
    table = Table('source', 'measure', *names, title=part, title_justify='left')
    last = ''
    for row in found:
        cells = [_cell(row, name) for name in names]
        table.add_row('' if row.source == last else row.source, row.measure, *cells)
        last = row.source
    tables.print(table)


def _cell(row: Row, name: str) -> str:
    value = row.values[name]
    text = 'n/a' if value is None else f'{value:.{row.digits}f}'
    return f'[bold]{text}[/bold]' if name == OURS and row.is_ahead else text


def _print_behind(found: Sequence[Row]) -> None:
    behind = [row for row in found if not row.is_ahead]
    console.print(f'rows in which a contender is better: {len(behind)} of {len(found)}')
    for row in behind:
        values = ', '.join(f'{name} {_cell(row, name)}' for name in row.values)
        console.print(f'  {row.part}: {row.source}: {row.measure}: {values}')


def _print_pooled(results: Sequence[Result]) -> None:
    for name in results[0].scores:
        exact = rows.pooled_exact(results, name)
        knowable = rows.pooled_knowable(results, name)
        errors, wrong, crossings = rows.pooled_crossings(results, name)
        bays = rows.pooled_bays(results, name)
        console.print(
            f'{name} in all: exact {_text(exact)} (cars without any box aside {_text(knowable)}); '
            f'errors per 100 crossings {_text(errors)} ({wrong} of {crossings}); bay accuracy {_text(bays)}'
        )


def _text(value: float | None) -> str:
    return 'n/a' if value is None else f'{value:.4f}'


def _usual(results: Sequence[Result], *parts: str, kind: str = 'boxes') -> list[Result]:
    return [r for r in results if r.part in parts and r.source.endswith(f', {kind}, 20 % missed')]


def _pooled(results: Sequence[Result]) -> dict[str, dict[str, float | None]]:
    """Return for each contender what is pooled over many sources."""
    names = list(results[0].scores)
    model = [result for result in results if result.part == 'model']
    return {
        name: {
            'exact_share_damaged_20': rows.pooled_exact(_usual(results, 'damaged'), name),
            'exact_share_damaged_20_cars_without_any_box_aside': rows.pooled_knowable(
                _usual(results, 'damaged'), name
            ),
            'exact_share_damaged_20_cells': rows.pooled_exact(_usual(results, 'damaged', kind='cells'), name),
            'errors_per_100_crossings': rows.pooled_crossings(_usual(results, 'damaged', 'traffic'), name)[0],
            'errors_per_100_crossings_cells': rows.pooled_crossings(
                _usual(results, 'damaged', 'traffic', kind='cells'), name
            )[0],
            'exact_share_model_scenes': rows.pooled_exact(model, name),
            'errors_per_100_crossings_model_scenes': rows.pooled_crossings(model, name)[0],
            'bay_accuracy_model_scenes': rows.pooled_bays(model, name),
        }
        for name in names
    }


def _summary(results: Sequence[Result], found: Sequence[Row], cost_ms: float) -> dict[str, Number]:
    pooled = _pooled(results)[OURS]
    lane = _ours_of(results, 'lane, NanoDet')
    night = _ours_of(results, 'still night: fog and headlights')
    lots = [
        rows.pooled_bays([r for r in results if r.part == 'lot' and r.source.endswith(name)])
        for name in ('NanoDet', 'default model')
    ]
    return {
        'exact_share_damaged_20': _rounded(pooled['exact_share_damaged_20'], 4),
        'errors_per_100_crossings': _rounded(pooled['errors_per_100_crossings'], 2),
        'phantoms_still_night': night.phantoms if night else None,
        'exact_share_model_scenes': _rounded(pooled['exact_share_model_scenes'], 4),
        'lane_up': lane.entered if lane else None,
        'lane_down': lane.left if lane else None,
        'lane_exact_share_with_car': _rounded(lane.exact_share if lane else None, 4),
        'lot_bay_accuracy': _rounded(max((lot for lot in lots if lot is not None), default=None), 4),
        'rows': len(found),
        'rows_ahead': sum(row.is_ahead for row in found),
        'ms_per_frame_50_tracks': round(cost_ms, 3),
    }


def _ours_of(results: Sequence[Result], source: str) -> Score | None:
    return next((result.scores[OURS] for result in results if result.source == source), None)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


if __name__ == '__main__':
    typer.run(command)
