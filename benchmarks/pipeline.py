"""Measure the pipeline: host CPU a frame against the SDK's loop, and the whole graph at 10 Hz."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from benchmarks import graph_run, host_cost
from benchmarks.graph_run import GraphRun, share_below
from benchmarks.host_cost import HostCost
from benchmarks.results import console, write
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.values import Image

SCENE = 'day_lane'
FRAMES = 40
RATE_HZ = 10.0
SECONDS = 40.0


def main() -> None:
    """Run both parts, print their tables and write build/bench/pipeline.json."""
    frames = _frames()
    console.print(f'pipeline: {FRAMES} frames of the scene {SCENE}, 640x480')
    costs = host_cost.measure(frames)
    _print_costs(costs)
    with TemporaryDirectory() as folder:
        result = graph_run.run(frames, Path(folder), rate_hz=RATE_HZ, seconds=SECONDS)
    _print_graph(result)
    nodes = [process for process in result.processes if process.name != 'model']
    write(
        'pipeline',
        {
            'host_ratio_320_rgb': round(costs[-1].ratio, 1),
            'latency_beyond_model_ms_p50': share_below(result.beyond_model_ms, 50),
            'frames_lost_share': round(result.lost_share, 4),
            'first_count_s': round(result.first_count_s, 2),
            'stop_s': round(result.stop_s, 2),
            # What the nodes take together: a page that several share is resident once.
            'graph_rss_mb': round(sum(process.pss_mb for process in nodes), 1),
            'sum_of_rss_mb': round(sum(process.rss_mb for process in nodes), 1),
        },
        host_cost=host_cost.as_dicts(costs),
        processes=[asdict(process) for process in result.processes],
        latency_ms={share: share_below(result.latency_ms, share) for share in (50, 90, 99)},
        beyond_model_ms={share: share_below(result.beyond_model_ms, share) for share in (50, 90, 99)},
        frames=result.frames,
        answered=result.answered,
    )


def _frames() -> list[Image]:
    simulator = Simulator(load_scene(SCENE), width=640, height=480)
    return [simulator.frame(number / RATE_HZ).image for number in range(FRAMES)]


def _print_costs(costs: list[HostCost]) -> None:
    table = Table(
        'model input',
        'ours ms',
        "SDK's loop ms",
        'times less',
        'our decoding ms',
        "SDK's decoding ms",
        title='Host CPU a frame, decoded picture to detections (medians, in turns)',
        title_justify='left',
    )
    for cost in costs:
        numbers = (cost.ours_ms, cost.sdk_ms, cost.ratio, cost.ours_decoding_ms, cost.sdk_decoding_ms)
        table.add_row(cost.input, *(f'{number:.2f}' for number in numbers))
    console.print(table)


def _print_graph(result: GraphRun) -> None:
    table = Table(
        'process',
        'CPU s / 1000 frames',
        'RSS MB',
        'PSS MB',
        title=f'The graph at {RATE_HZ:g} Hz, 640x480, default model',
        title_justify='left',
    )
    for process in result.processes:
        numbers = (process.cpu_s_per_1000_frames, process.rss_mb, process.pss_mb)
        table.add_row(process.name, *(f'{number:.1f}' for number in numbers))
    nodes = [process for process in result.processes if process.name != 'model']
    table.add_row(
        'the nodes together',
        f'{sum(process.cpu_s_per_1000_frames for process in nodes):.1f}',
        f'{sum(process.rss_mb for process in nodes):.1f}',
        f'{sum(process.pss_mb for process in nodes):.1f}',
    )
    console.print(table)
    for name, values in (('latency', result.latency_ms), ('beyond the model', result.beyond_model_ms)):
        shares = ', '.join(f'p{share} {share_below(values, share):.1f}' for share in (50, 90, 99))
        console.print(f'image to count, {name}: {shares} ms')
    console.print(
        f'{result.answered} of {result.frames} frames answered; '
        f'first count {result.first_count_s:.2f} s after the start, '
        f'all ended {result.stop_s:.2f} s after Ctrl-C'
    )


if __name__ == '__main__':
    main()
