"""Simulate N devices that send counts to a broker: `fleet-sim N`.

Each has plausible days, outages with a backlog on `history`, messages that come twice, cameras that go
blind, and now and then a wrong clock or something that is no message. The same seed gives the same
fleet. A truth file says what the broker took, to compare a store with.

A folder of identities has a folder for each client, named as its thing, with `certificate.pem.crt`,
`private.pem.key` and `ca.pem`. With as many as devices, each device has a connection of its own. With
fewer, devices share connections and publish below the thing of theirs, which stays true to the
receiver (it knows devices by their uuid) but not to the broker. 10 connections carry 10,000 devices.
"""

import contextlib
import queue
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parking_fleet.errors import FleetError
from parking_fleet.simulation.device import Outgoing, SimulatedDevice, Troubles
from parking_fleet.simulation.link import Identity, Link
from parking_fleet.simulation.truth import Truth

_FILES = ('certificate.pem.crt', 'private.pem.key', 'ca.pem')

app = typer.Typer(add_completion=False, rich_markup_mode=None)
_output = Console(highlight=False, soft_wrap=True)


@app.command(help=__doc__)
def run(
    devices: Annotated[int, typer.Argument(min=1, max=100_000, metavar='N', help='How many devices.')],
    *,
    identities: Annotated[Path, typer.Option(help='Folder of identities, see above.')],
    host: Annotated[str, typer.Option(help='The broker.')] = 'localhost',
    port: Annotated[int, typer.Option(help='Its TLS port.')] = 8883,
    seconds: Annotated[float, typer.Option(min=0.1, help='How long to go on.')] = 60.0,
    interval: Annotated[
        float, typer.Option(min=0.1, help='Seconds from one count of a device to the next.')
    ] = 10.0,
    speed: Annotated[
        float, typer.Option(min=0.01, help='Simulated seconds in each real one; the clocks then run ahead.')
    ] = 1.0,
    seed: Annotated[int, typer.Option(help='The same seed gives the same fleet.')] = 1,
    per_facility: Annotated[int, typer.Option(min=1, help='Devices of one facility.')] = 10,
    calm: Annotated[bool, typer.Option(help='Nothing goes wrong.')] = False,
    truth: Annotated[Path, typer.Option(help='The truth file to write.')] = Path('fleet-sim.truth.jsonl'),
) -> None:
    """Run the simulation."""
    try:
        known = find_identities(identities)[:devices]
        with Truth(truth) as written:
            written.begin(
                devices=devices, seconds=seconds, interval_s=interval, seed=seed, connections=len(known)
            )
            simulation = Simulation(
                known,
                host=host,
                port=port,
                devices=devices,
                seed=seed,
                per_facility=per_facility,
                troubles=_CALM if calm else Troubles(),
                # What takes a day in an hour began so much earlier, so that it ends now.
                began_ms=int((time.time() - seconds * max(speed - 1, 0)) * 1000),
            )
            taken, failed = simulation.run(written, seconds=seconds, interval_s=interval, speed=speed)
    except FleetError as error:
        _output.print(f'fleet-sim: {escape(str(error))}')
        raise typer.Exit(1) from None
    except OSError as error:
        _output.print(f'fleet-sim: {truth}: {error.strerror}')
        raise typer.Exit(1) from None
    _output.print(
        f'{devices} devices over {len(known)} connections: the broker took {taken} messages, {failed} failed'
    )
    _output.print(f'truth: {truth}')


def find_identities(folder: Path) -> list[Identity]:
    """Return the identities in a folder, in the order of their names.

    Raises:
        FleetError: when there is none.
    """
    found = [
        Identity(each.name, *(each / name for name in _FILES))
        for each in sorted(folder.iterdir() if folder.is_dir() else ())
        if all((each / name).is_file() for name in _FILES)
    ]
    if not found:
        raise FleetError(f'{folder} has no folder with {", ".join(_FILES)}; see fleet-sim --help')
    return found


class Simulation:
    """Let the devices live, each at its own moment of the interval.

    Args:
        identities: of the connections.
        host: the broker.
        port: its TLS port.
        devices: how many.
        seed: of all chance.
        per_facility: devices of one facility.
        troubles: what goes wrong.
        began_ms: when the devices' time begins, Unix milliseconds.
    """

    def __init__(
        self,
        identities: list[Identity],
        *,
        host: str,
        port: int,
        devices: int,
        seed: int,
        per_facility: int,
        troubles: Troubles,
        began_ms: int,
    ) -> None:
        self._taken: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        self._links = [Link(identity, host, port, self._taken.put) for identity in identities]
        self._devices = [
            SimulatedDevice(
                number,
                seed,
                self._links[number % len(self._links)].name,
                began_ms,
                per_facility,
                troubles,
            )
            for number in range(devices)
        ]
        chance = random.Random(seed)
        self._offsets = sorted(chance.random() for _ in range(devices))

    def run(self, truth: Truth, *, seconds: float, interval_s: float, speed: float) -> tuple[int, int]:
        """Go on for so many real seconds; return how many messages the broker took and refused."""
        with self._connections():
            writing = _TruthWriter(truth, self._taken)
            rounds = max(1, round(seconds * speed / interval_s))
            self._live(rounds, interval_s, speed)
        taken = writing.finish()
        for device in self._devices:
            truth.device(device)
        return taken, sum(link.failed for link in self._links)

    @contextlib.contextmanager
    def _connections(self) -> Iterator[None]:
        for link in self._links:
            link.connect()
        try:
            for link in self._links:
                link.wait_until_connected()
            yield
        finally:
            for link in self._links:
                link.finish()

    def _live(self, rounds: int, interval_s: float, speed: float) -> None:
        began_s = time.monotonic()
        columns = (
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=_output, disable=not _output.is_terminal) as progress:
            task = progress.add_task('counts', total=rounds * len(self._devices))
            for number in range(rounds):
                for device, offset in zip(self._devices, self._offsets, strict=True):
                    now_s = (number + offset) * interval_s
                    ahead_s = began_s + now_s / speed - time.monotonic()
                    if ahead_s > 0.005:
                        time.sleep(ahead_s)
                    self._publish(device, device.step(now_s, interval_s))
                    progress.advance(task)
            # Nobody stays away for good: what waits belongs to the truth.
            for device in self._devices:
                self._publish(device, device.catch_up(rounds * interval_s))

    def _publish(self, device: SimulatedDevice, messages: Iterator[Outgoing]) -> None:
        link = self._links[device.number % len(self._links)]
        for message in messages:
            link.publish(message)


class _TruthWriter:
    """Write the truth on a thread of its own, so that publishing does not wait for the disk."""

    def __init__(self, truth: Truth, taken: queue.SimpleQueue[Outgoing]) -> None:
        self._truth = truth
        self._taken = taken
        self._number = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='truth', daemon=True)
        self._thread.start()

    def finish(self) -> int:
        """Write the rest, and return how many messages there were."""
        self._ended.set()
        self._thread.join()
        return self._number

    def _run(self) -> None:
        while True:
            try:
                message = self._taken.get(timeout=0.1)
            except queue.Empty:
                if self._ended.is_set():
                    return
                continue
            self._truth.taken(message)
            self._number += 1


_CALM = Troubles(duplicate=0, outages_per_hour=0, blind=0, wrong_clock=0, invalid=0)


def main() -> None:
    """Run the command."""
    app()
