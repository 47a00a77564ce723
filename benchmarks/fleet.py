"""Measure the fleet's service: load, delay to the page, memory, a year's queries, and kills in the middle."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from benchmarks.fleet_parts import kills, load, year
from benchmarks.fleet_parts.kills import Loss
from benchmarks.fleet_parts.load import INTERVAL_S, PAGE_INTERVAL_S, Outcome
from benchmarks.fleet_parts.scene import Kind
from benchmarks.fleet_parts.year import Answer
from benchmarks.results import console, write

SECONDS = 20.0
PAGE_SECONDS = 8 * PAGE_INTERVAL_S
FLEETS = (10, 1_000, 10_000)
"""Devices for the delay to the page."""

LADDER = (15_000, 10_000, 5_000, 2_500)
"""Devices for the most that workers sustain, from the top until one is sustained."""

KINDS: tuple[Kind, ...] = ('sqlite', 'postgresql')
PAGE_P99_MS = 1_000.0

_SHORT: dict[Kind, str] = {'sqlite': 'SQLite', 'postgresql': 'PG'}
_CAPTION = (
    'lag: last message sent to all stored; CPU: a message; page: publish to page, p50, p99; '
    'host: its share of the processors, taken for others'
)


def main() -> None:
    """Run all parts, print their tables and write build/bench/fleet.json."""
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        served = [
            load.through_service(folder / f'page-{devices}', 'postgresql', devices, PAGE_SECONDS)
            for devices in FLEETS
        ]
        _print_outcomes(
            'parking-fleet serve with a browser on its page; a message of each device every 10 s', served
        )
        most = [_most(folder, kind, workers) for kind in KINDS for workers in (1, 2)]
        _print_outcomes(
            f'The most that parking-fleet ingest sustains; a count of each device every {INTERVAL_S:.0f} s, '
            'and its crossings',
            most,
        )
        answers, rows = year.measure(folder / 'year', 'sqlite')
        _print_answers(answers, rows)
        losses = [
            kills.measure(folder / f'kill-{number}', victim) for number, victim in enumerate(kills.VICTIMS)
        ]
        _print_losses(losses)
    expected = [loss for loss in losses if loss.victim != kills.UNWARNED_BROKER]
    _write(served, most, answers, expected, losses)


def _most(folder: Path, kind: Kind, workers: int) -> Outcome:
    """Return the largest load of the ladder that is sustained, the smallest where none is."""
    for devices in LADDER:
        outcome = load.through_workers(
            folder / f'{kind}-{workers}-{devices}', kind, workers, devices, SECONDS
        )
        if outcome.is_sustained:
            break
    return outcome


def _write(
    served: list[Outcome],
    most: list[Outcome],
    answers: list[Answer],
    expected: list[Loss],
    losses: list[Loss],
) -> None:
    shown = [
        each for each in served if each.is_sustained and (each.page_percentile_ms(99) or 0) < PAGE_P99_MS
    ]
    by_devices = {each.devices: each for each in served}
    sqlite = next(each for each in most if each.kind == 'sqlite' and each.workers == 1)
    write(
        'fleet',
        {
            'devices_sustained': max((each.devices for each in shown), default=0),
            'page_p99_ms': _rounded(by_devices[FLEETS[-1]].page_percentile_ms(99)),
            'sqlite_messages_per_s': round(sqlite.messages_per_s) if sqlite.is_sustained else 0,
            'rss_mb_1000_devices': round(by_devices[1_000].rss_mb),
            'year_trend_ms': round(answers[0].median_ms, 1),
            'lost': sum(each.lost for each in (*served, *most)) + sum(each.lost for each in expected),
            'stored_twice': sum(each.stored_twice for each in (*served, *most))
            + sum(each.stored_twice for each in losses),
        },
        interval_s=INTERVAL_S,
        page_interval_s=PAGE_INTERVAL_S,
        served=[_details(each) for each in served],
        most=[_details(each) for each in most],
        answers=[asdict(each) for each in answers],
        kills=[asdict(each) for each in losses],
    )


def _details(outcome: Outcome) -> dict[str, object]:
    return {
        **{name: value for name, value in asdict(outcome).items() if name != 'page_ms'},
        'page_p50_ms': _rounded(outcome.page_percentile_ms(50)),
        'page_p99_ms': _rounded(outcome.page_percentile_ms(99)),
        'page_samples': len(outcome.page_ms),
        'is_sustained': outcome.is_sustained,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _print_outcomes(title: str, outcomes: list[Outcome]) -> None:
    table = Table(
        *('store', 'by', 'devices', 'msg/s', 'lag, s', 'CPU, µs', 'MB'),
        *('page, ms', 'host', 'lost, twice', 'kept up'),
        title=title,
        title_justify='left',
        caption=_CAPTION,
        caption_justify='left',
    )
    for each in outcomes:
        p50, p99 = each.page_percentile_ms(50), each.page_percentile_ms(99)
        table.add_row(
            _SHORT[each.kind],
            f'{each.workers} ingest' if each.workers else 'serve',
            str(each.devices),
            f'{each.messages_per_s:.0f}',
            f'{each.lag_s:.1f}',
            f'{each.cpu_us:.0f}',
            f'{each.rss_mb:.0f}',
            '' if p50 is None or p99 is None else f'{p50:.0f}, {p99:.0f}',
            f'{each.host_took:.0%}',
            f'{each.lost}, {each.stored_twice}',
            'yes' if each.is_sustained else 'no',
        )
    console.print(table)


def _print_answers(answers: list[Answer], rows: int) -> None:
    table = Table('question', 'points', 'median, ms', 'worst, ms', title_justify='left')
    table.title = f'A year of {year.DEVICES_NUMBER} devices in SQLite, {rows} rows of summaries; over HTTP'
    for each in answers:
        table.add_row(each.question, str(each.points), f'{each.median_ms:.1f}', f'{each.worst_ms:.1f}')
    console.print(table)


def _print_losses(losses: list[Loss]) -> None:
    table = Table('ended in the middle', 'sent', 'lost', 'stored twice', 'caught up after, s')
    table.title = f'{kills.DEVICES} devices with troubles, one worker, PostgreSQL'
    for each in losses:
        table.add_row(
            each.victim, str(each.sent), str(each.lost), str(each.stored_twice), f'{each.caught_up_s:.1f}'
        )
    console.print(table)


if __name__ == '__main__':
    main()
