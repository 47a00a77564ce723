"""Measure one load: devices send for a while, workers store, and a page shows."""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.fleet_parts.probe import Probe
from benchmarks.fleet_parts.scene import GROUP, WORKERS, Kind, Load, Scene, scene, wait_until

INTERVAL_S = 10.0
"""From one count of a device to its next, where the most messages are looked for."""

PAGE_INTERVAL_S = 15.5
"""The same while a page is looked at: with 0.55 crossings for each count, a message each 10 s."""

SUSTAINED_LAG_S = 2.0
"""A load is sustained when everything is stored so soon after the last message was sent."""

SUSTAINED_PACE = 0.97
"""... and the sender kept its pace, so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Hold what came of a load.

    Attributes:
        kind: of the store.
        workers: `parking-fleet ingest` processes; 0 where `parking-fleet serve` took the messages in.
        devices: that sent counts and their crossings.
        messages_per_s: what the broker took in a second.
        lag_s: from the last message sent to everything stored.
        pace: seconds that the sending should take, by the seconds that it took.
        lost, stored_twice: messages.
        rss_mb: of `serve` or of all workers together, at the end.
        cpu_us: of the same, for each message.
        host_took: what part of the machine's processors its host gave to others meanwhile, 0 to 1.
        page_ms: from publish to page, one for each message of the probe.
    """

    kind: Kind
    workers: int
    devices: int
    messages_per_s: float
    lag_s: float
    pace: float
    lost: int
    stored_twice: int
    rss_mb: float
    cpu_us: float
    host_took: float
    page_ms: Sequence[float] = field(repr=False, default=())

    @property
    def is_sustained(self) -> bool:
        """Return whether sender and store kept up with each other."""
        return (
            self.lag_s < SUSTAINED_LAG_S
            and self.pace > SUSTAINED_PACE
            and not (self.lost or self.stored_twice)
        )

    def page_percentile_ms(self, percent: int) -> float | None:
        """Return a percentile of the delay to the page; None without a probe."""
        if len(self.page_ms) < 2:
            return None
        return statistics.quantiles(self.page_ms, n=100, method='inclusive')[percent - 1]


def through_workers(folder: Path, kind: Kind, workers: int, devices: int, seconds: float) -> Outcome:
    """Let `parking-fleet ingest` processes store a load, a count of each device every INTERVAL_S."""
    with scene(folder, kind) as here, ExitStack() as running:
        group = GROUP if workers > 1 else ''
        started = [running.enter_context(here.worker(name, group)) for name in WORKERS[:workers]]
        return _measure(
            here,
            kind=kind,
            workers=workers,
            devices=devices,
            seconds=seconds,
            interval_s=INTERVAL_S,
            pids=[worker.pid for worker in started],
        )


def through_service(folder: Path, kind: Kind, devices: int, seconds: float) -> Outcome:
    """Let `parking-fleet serve` store a load, a message of each device every 10 s, under a browser's eyes."""
    with scene(folder, kind) as here, here.serve() as service, Probe(here.broker, service.url) as probe:
        return _measure(
            here,
            kind=kind,
            workers=0,
            devices=devices,
            seconds=seconds,
            interval_s=PAGE_INTERVAL_S,
            pids=[service.pid],
            probe=probe,
        )


def _measure(
    here: Scene,
    *,
    kind: Kind,
    workers: int,
    devices: int,
    seconds: float,
    interval_s: float,
    pids: list[int],
    probe: Probe | None = None,
) -> Outcome:
    own = probe.sent if probe else 0
    cpu_s = _cpu_s(pids)
    machine = psutil.cpu_times()
    with Load(here, devices, seconds, '--interval', str(interval_s), '--calm') as load:
        wait_until(lambda: here.rows() > own)
        begun_s = time.monotonic()
        while load.is_sending:
            if probe:
                probe.ask()
            else:
                time.sleep(0.1)
        took_s = time.monotonic() - begun_s
        sent = load.wait() + (probe.sent if probe else 0)
    wait_until(lambda: here.rows() >= sent, patience_s=120)
    lag_s = time.monotonic() - begun_s - took_s
    used_s = _cpu_s(pids) - cpu_s
    rss_mb = sum(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20
    keys, rows = here.stored()
    return Outcome(
        kind=kind,
        workers=workers,
        devices=devices,
        messages_per_s=sent / took_s,
        lag_s=lag_s,
        pace=min(seconds / took_s, 1.0),
        lost=sent - keys,
        stored_twice=rows - keys,
        rss_mb=rss_mb,
        cpu_us=used_s / sent * 1e6,
        host_took=_host_took(machine, psutil.cpu_times()),
        page_ms=probe.delays_ms if probe else (),
    )


def _cpu_s(pids: list[int]) -> float:
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return sum(float(each.user + each.system) for each in times)


def _host_took(before: Any, after: Any) -> float:
    """Return the share of steal, which virtual machines on Linux know of; 0 elsewhere."""
    spent = sum(after) - sum(before)
    return (getattr(after, 'steal', 0.0) - getattr(before, 'steal', 0.0)) / spent if spent else 0.0
