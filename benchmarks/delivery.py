"""Measure the delivery of counts: its cost against the bare SDK, and an hour's outage made good."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from benchmarks import delivery_cost, delivery_outage
from benchmarks.delivery_cost import Cost
from benchmarks.delivery_outage import Outage
from benchmarks.results import console, write
from demo.broker import LocalBroker
from tests.integration.cloud.receiver import UnboundedBroker


def main() -> None:
    """Run both parts, print their tables and write build/bench/delivery.json."""
    with TemporaryDirectory() as folder:
        with LocalBroker(Path(folder) / 'broker') as broker:
            bare, outbox = delivery_cost.measure(broker, Path(folder))
        _print_costs(bare, outbox)
        with UnboundedBroker(Path(folder) / 'another') as broker:
            outage = delivery_outage.measure(broker, Path(folder) / 'outage')
        _print_outage(outage)
    cpu_ratio = outbox.cpu_us / bare.cpu_us
    time_ratio = bare.messages_per_s / outbox.messages_per_s
    write(
        'delivery',
        {
            'lost': outage.lost,
            'stored_twice': outage.stored_twice,
            'cost_ratio_to_bare_sdk': round(max(cpu_ratio, time_ratio), 2),
            'backlog_drain_s': round(outage.drain_s, 1),
            'rss_growth_mb': round(outage.rss_after_mb - outage.rss_before_mb, 1),
        },
        cpu_ratio_to_bare_sdk=cpu_ratio,
        time_ratio_to_bare_sdk=time_ratio,
        bare_sdk=asdict(bare),
        outbox=asdict(outbox),
        outage=asdict(outage),
    )


def _print_costs(bare: Cost, outbox: Cost) -> None:
    table = Table(
        'way', 'messages/s', 'CPU a message, µs', 'ack p50, ms', 'ack p99, ms', title_justify='left'
    )
    table.title = (
        f'{delivery_cost.MESSAGES} messages a round, median of {delivery_cost.ROUNDS}; '
        f'{delivery_cost.WINDOW} on their way at once, no limit a second; acks at 100 messages/s'
    )
    for name, cost in (('bare awsiotsdk', bare), ('outbox, synchronous=FULL', outbox)):
        table.add_row(
            name,
            f'{cost.messages_per_s:.0f}',
            f'{cost.cpu_us:.0f}',
            f'{cost.ack_ms_p50:.1f}',
            f'{cost.ack_ms_p99:.1f}',
        )
    console.print(table)


def _print_outage(outage: Outage) -> None:
    table = Table('what', 'how much', title_justify='left')
    table.title = "An hour's outage at one count a second, then the link is back"
    for what, how_much in (
        ('counts that waited', str(outage.backlog)),
        ('delivered within, at most 100 messages/s', f'{outage.drain_s:.1f} s'),
        ('the present count arrived after', f'{outage.present_s * 1000:.0f} ms'),
        ('most messages in one second', str(outage.most_in_a_second)),
        ('lost, stored twice', f'{outage.lost}, {outage.stored_twice}'),
        ('out of order', str(outage.out_of_order)),
        ('memory before, after the outage, after', _mb(outage)),
    ):
        table.add_row(what, how_much)
    console.print(table)


def _mb(outage: Outage) -> str:
    return f'{outage.rss_before_mb:.1f}, {outage.rss_with_backlog_mb:.1f}, {outage.rss_after_mb:.1f} MB'


if __name__ == '__main__':
    main()
