"""Run everything that a fleet.yaml describes, as supervised child processes.

The same graph as `ros2 launch parking_monitor fleet.launch.py`, for machines
without `ros2 launch`.
"""

import fcntl
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import yaml
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parking_monitor import config, graph, shared_memory
from parking_monitor.camera.address import AddressKind, parse_source, redact
from parking_monitor.cloud.errors import NoIdentityError
from parking_monitor.cloud.own_identity import read_identity
from parking_monitor.config_origins import Origins
from parking_monitor.detection.model_file import DEFAULT_MODEL
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
        configuration, origins = config.load_with_origins(path)
    except config.ConfigError as error:
        raise _refusal(str(error)) from None
    plan = graph.build(configuration)
    if check:
        _print_plan(configuration, origins, plan)
    else:
        _run(configuration, plan)


def _refusal(message: str) -> typer.Exit:
    sys.stderr.write(f'{message}\n')
    return typer.Exit(2)


def _example() -> str:
    return (_prefix() / 'share' / graph.PACKAGE / 'config' / 'fleet.yaml').read_text()


def _print_plan(configuration: config.Fleet, origins: Origins, plan: graph.Graph) -> None:
    console = Console(soft_wrap=True)
    device = configuration.device
    console.print(
        f'{configuration.facility}: device {device.name}, uuid {device.uuid}, mode {configuration.mode}'
    )
    console.print(f'time zone {configuration.time_zone}, state in {configuration.state_folder}')
    for camera in configuration.cameras:
        places = (('zone', camera.zones), ('bay', camera.bays), ('gate', camera.gates))
        numbers = ', '.join(f'{len(found)} {what}' + 's' * (len(found) != 1) for what, found in places)
        console.print(f'camera {camera.name}: {numbers}')
    table = Table('setting', 'value', 'from', box=None)
    for setting in origins.settings(configuration):
        table.add_row(*(escape(text) for text in setting))
    console.print(table)
    for note in notes(configuration):
        console.print(f'note: {escape(note)}')
    for node in plan.nodes:
        table = Table('parameter', 'value', title=node.full_name, title_justify='left', box=None)
        for name, value in node.parameters.items():
            table.add_row(name, redact(value) if name == 'source' and isinstance(value, str) else str(value))
        console.print(table)
    console.print(f'{len(plan.nodes)} nodes; the configuration is valid')


def notes(configuration: config.Fleet, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Say what a valid configuration leaves out, so that nobody waits for it."""
    found = []
    found += [*collect_notes(configuration)]
    if configuration.cloud is None:
        found.append('no cloud section: counts stay on this device')
        found += [
            f'{variable} is set, but has no effect without a cloud section; give one, at least its `identity`'
            for variable in ('AWS_ENDPOINT', 'AWS_TOPIC')
            if environment.get(variable, '').strip()
        ]
    elif configuration.waits_for_identity and configuration.cloud.identity:
        found += _identity_notes(configuration.cloud.identity)
    if configuration.telegram and not configuration.telegram.token:
        found.append('telegram: TG_TOKEN is not set, so nothing is sent')
    elif configuration.telegram and not configuration.telegram.chat_id:
        found.append('telegram: TG_TOKEN is set and TG_CHAT_ID is not, so nothing is sent')
    found += [
        f'{field}: {path} is not there now'
        for field, path in _named_files(configuration)
        if not path.exists()
    ]
    return [*found, *_studio_notes(configuration)]


def _studio_notes(configuration: config.Fleet) -> list[str]:
    """Say which cameras use the newest model of Edge Impulse Studio."""
    following = [camera.name for camera in configuration.cameras if camera.model == DEFAULT_MODEL]
    if configuration.edge_impulse_api_key is None:
        is_meant = 'studio' in configuration.model_fields_set
        return ['studio: EI_API_KEY_IMAGE is not set, so no model is fetched'] if is_meant else []
    if configuration.mode == 'collect':
        return []
    if not following:
        return ['EI_API_KEY_IMAGE is set, but each camera names its model; `model: default` takes the newest']
    return [f'the newest model of Edge Impulse Studio is fetched, for {", ".join(following)}']


def collect_notes(configuration: config.Fleet) -> Iterator[str]:
    """Say what is collected, and where it goes."""
    collect = configuration.collect
    if configuration.mode == 'collect':
        yield 'COLLECTION MODE Y: nothing is counted'
        if collect.way == 'studio':
            yield (
                'collect.way studio: run `edge-impulse-linux`, which shows the camera as it is in Studio, '
                'under "Record new data"; nothing of this graph runs beside it'
            )
            return
    if configuration.runs_collector and collect.privacy == 'local':
        yield 'collect.privacy local: collected pictures stay on this device'
    elif configuration.runs_collector and not configuration.edge_impulse_api_key:
        yield 'EI_API_KEY_IMAGE is not set: collected pictures wait on this device'
    elif configuration.runs_collector:
        how = 'blurred' if collect.privacy == 'blur' else 'as they are'
        yield f'pictures that are collected are uploaded to Edge Impulse, {how}'


def _identity_notes(folder: Path) -> list[str]:
    try:
        read_identity(folder)
    except NoIdentityError as error:
        return [f'cloud.identity: {error}. Until then cars are counted, but counts stay on this device']
    return []


def _named_files(configuration: config.Fleet) -> Iterator[tuple[str, Path]]:
    """Yield the files that a configuration names; an absent one may come later, so it is no error."""
    for camera in configuration.cameras:
        if parse_source(camera.source, config.SOURCE_SCHEMES).kind is AddressKind.PATH:
            yield f'{camera.name}.source', Path(camera.source)
        if camera.model != DEFAULT_MODEL:
            yield f'{camera.name}.model', Path(camera.model)
        if camera.calibration:
            yield f'{camera.name}.calibration', camera.calibration
    if configuration.cloud and not configuration.waits_for_identity:
        for field in ('certificate', 'private_key', 'ca'):
            yield f'cloud.{field}', getattr(configuration.cloud, field)


def _run(configuration: config.Fleet, plan: graph.Graph) -> None:
    say = _say
    for note in notes(configuration):
        say(note)
    if not plan.nodes:
        raise _refusal('fleet: there is nothing to run here')
    known_segments = shared_memory.segments()
    with _only_one(configuration.device.name), tempfile.TemporaryDirectory(prefix='fleet-') as folder:
        supervisor = Supervisor(
            [node_command(node, plan, os.environ, Path(folder)) for node in plan.nodes],
            say=say,
            # What a killed node leaves would fill /dev/shm in a while.
            tidy=partial(shared_memory.remove_orphans, known_segments),
        )
        # A closed terminal (SIGHUP) ends everything as properly as Ctrl-C does.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda _number, _frame: supervisor.stop())
        say(f'starting {len(plan.nodes)} nodes of device {configuration.device.name}')
        supervisor.run()
    say('stopped')


@contextmanager
def _only_one(device: str) -> Iterator[None]:
    """Hold the lock of a device, since two fleets of one name would talk over each other."""
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    path = Path(tempfile.gettempdir()) / f'parking_monitor-{os.getuid()}-{domain}-{device}.lock'
    with path.open('a+') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise _refusal(
                f'fleet: device {device} runs already, as process {lock.read().strip() or "unknown"}; '
                'stop that one first, or give this one another device.name'
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


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
    environment = graph.environment_of(node, plan, environment)
    return Command(node.full_name, arguments, environment, node.start_delay_s)


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
