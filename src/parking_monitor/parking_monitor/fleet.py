"""Run everything that a fleet.yaml describes, as supervised child processes.

The same graph as `ros2 launch parking_monitor fleet.launch.py`, for machines
without `ros2 launch`.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from rich.console import Console
from rich.table import Table

from parking_monitor import config, graph, shared_memory
from parking_monitor.camera.address import redact
from parking_monitor.supervisor import Command, Supervisor

app = typer.Typer(add_completion=False, rich_markup_mode='markdown')


@app.command()
def fleet(
    path: Annotated[Path | None, typer.Argument(metavar='FLEET.YAML', help='What to run.')] = None,
    *,
    check: Annotated[bool, typer.Option('--check', help='Validate, print what would run, and end.')] = False,
    example: Annotated[bool, typer.Option('--example', help='Print a commented fleet.yaml and end.')] = False,
) -> None:
    """Run the cameras, detectors, counters and bridges of one device.

    Each node is a process of its own and is started again when it ends.
    Ctrl-C or SIGTERM stops all of them within two seconds.

    Begin with `fleet --example > my.yaml`, then `fleet --check my.yaml`, then `fleet my.yaml`.
    """
    if example:
        sys.stdout.write(_example())
        return
    if path is None:
        raise _refusal('name a fleet.yaml; `fleet --example > fleet.yaml` writes one to begin with')
    try:
        configuration = config.load(path)
    except config.ConfigError as error:
        raise _refusal(str(error)) from None
    plan = graph.build(configuration)
    if check:
        _print_plan(configuration, plan)
    else:
        _run(configuration, plan)


def _refusal(message: str) -> typer.Exit:
    sys.stderr.write(f'{message}\n')
    return typer.Exit(2)


def _example() -> str:
    return (_prefix() / 'share' / graph.PACKAGE / 'config' / 'fleet.yaml').read_text()


def _print_plan(configuration: config.Fleet, plan: graph.Graph) -> None:
    console = Console(soft_wrap=True)
    device = configuration.device
    console.print(
        f'{configuration.facility}: device {device.name}, uuid {device.uuid}, mode {configuration.mode}'
    )
    for note in notes(configuration):
        console.print(f'note: {note}')
    for node in plan.nodes:
        table = Table('parameter', 'value', title=node.full_name, title_justify='left', box=None)
        for name, value in node.parameters.items():
            table.add_row(name, redact(value) if name == 'source' and isinstance(value, str) else str(value))
        console.print(table)
    console.print(f'{len(plan.nodes)} nodes; the configuration is valid')


def notes(configuration: config.Fleet) -> list[str]:
    """Say what a valid configuration leaves out, so that nobody waits for it."""
    found = []
    if configuration.mode == 'collect':
        found.append('COLLECTION MODE Y: cameras run, nothing is counted')
    if configuration.cloud is None:
        found.append('no cloud section: counts stay on this device')
    if any(camera.gates for camera in configuration.cameras):
        found.append('gates are checked but not counted yet; entered and left stay 0')
    if configuration.edge_impulse_api_key:
        found.append('EI_API_KEY_IMAGE is set, but models are not fetched yet; name the .eim under model')
    return found


def _run(configuration: config.Fleet, plan: graph.Graph) -> None:
    say = _say
    for note in notes(configuration):
        say(note)
    known_segments = shared_memory.segments()
    with tempfile.TemporaryDirectory(prefix='fleet-') as folder:
        supervisor = Supervisor(
            [node_command(node, plan, os.environ, Path(folder)) for node in plan.nodes], say=say
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: supervisor.stop())
        say(f'starting {len(plan.nodes)} nodes of device {configuration.device.name}')
        supervisor.run()
    shared_memory.remove_orphans(known_segments)
    say('stopped')


def _say(message: str) -> None:
    sys.stderr.write(f'fleet: {message}\n')
    sys.stderr.flush()


def node_command(
    node: graph.NodeSpec, plan: graph.Graph, environment: Mapping[str, str], folder: Path
) -> Command:
    """Return the command line that starts a node; its parameters go into a file in the folder."""
    parameter_file = folder / f'{node.full_name.strip("/").replace("/", ".")}.yaml'
    parameter_file.write_text(yaml.safe_dump({node.full_name: {'ros__parameters': dict(node.parameters)}}))
    arguments = [
        str(_executable(node.executable)),
        '--ros-args',
        '-r',
        f'__node:={node.name}',
        '-r',
        f'__ns:={node.namespace}',
        '--params-file',
        str(parameter_file),
    ]
    withheld = graph.SECRETS - node.secrets
    inherited = {name: value for name, value in environment.items() if name not in withheld}
    return Command(node.full_name, arguments, {**plan.environment, **inherited})


def _executable(name: str) -> Path:
    return _prefix() / 'lib' / graph.PACKAGE / name


def _prefix() -> Path:
    try:
        return Path(get_package_prefix(graph.PACKAGE))
    except PackageNotFoundError:
        raise _refusal(
            f'fleet: the package {graph.PACKAGE} is not built or not sourced; '
            'run `make build`, then `. install/setup.bash`'
        ) from None


def main() -> None:
    """Run the `fleet` command."""
    app()
