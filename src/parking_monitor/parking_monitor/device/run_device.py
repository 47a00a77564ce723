"""Run a device from the moment it is switched on: what its image starts.

It is switched on where nobody watches, so nothing here ends because something is missing: what is
waited for is said once, and looked for again. A SIGTERM ends everything with exit code 0.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ament_index_python.packages import get_package_prefix

from parking_monitor import config, graph
from parking_monitor.cloud.own_identity import THING_FILE
from parking_monitor.config_collect import STUDIO_CLIENT
from parking_monitor.device import studio_client
from parking_monitor.device.decision import Decision, Runs, decide
from parking_monitor.device.layout import Layout, device_uuid
from parking_monitor.device.status import CameraTopic, Status, write_status
from parking_monitor.supervisor import Supervisor, die_with_parent

_LOOK_S = 2.0


def main() -> None:
    """Run the device until it is told to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    layout = Layout.of(os.environ)
    _start_first_boot(layout)
    decision = _wait_for_a_decision(layout)
    _say(decision.headline)
    if decision.runs is Runs.STUDIO:
        _run_studio_client(layout, decision)
    else:
        _become_fleet(layout, decision)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _say(text: str) -> None:
    sys.stderr.write(f'{text}\n')
    sys.stderr.flush()


def _start_first_boot(layout: Layout) -> None:
    """Get this device its own identity, beside everything else: counting does not wait for it.

    Whatever this process becomes, it stays the parent: the first boot ends with it.
    """
    claim = layout.claim()
    if (layout.identity / THING_FILE).exists():
        return
    if claim is None:
        _say('first boot: there is no claim in this image, and no identity; counts stay here for now')
        return
    subprocess.Popen(
        [
            *(sys.executable, '-m', 'provisioning.first_boot'),
            *('--claim', str(claim), '--data', str(layout.identity)),
            *('--serial', device_uuid(layout, os.environ)),
        ],
        env={name: value for name, value in os.environ.items() if name not in graph.SECRETS},
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
    )


def _wait_for_a_decision(layout: Layout) -> Decision:
    """Return what to run, as soon as the configuration is valid."""
    share = Path(get_package_prefix(graph.PACKAGE), 'share', graph.PACKAGE)
    said = ''
    while True:
        seen = _state_of(layout.fleet_yaml)
        try:
            return decide(layout, share / 'config' / 'device.yaml', os.environ)
        except config.ConfigError as error:
            if str(error) != said:
                said = str(error)
                _say(f'{said}\nwaiting until {layout.fleet_yaml} is mended; variables need a restart')
            _tell(layout, Status(Runs.NOTHING.value, waits=said.replace('\n', '; ')))
        while _state_of(layout.fleet_yaml) == seen:
            time.sleep(_LOOK_S)


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file does; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _tell(layout: Layout, status: Status) -> None:
    """Tell the health check; without a folder for that the device runs all the same."""
    try:
        write_status(layout.status_file, status)
    except OSError as error:
        _say(f'{layout.status_file} cannot be written: {error.strerror}; the health check knows nothing')


def _run_studio_client(layout: Layout, decision: Decision) -> None:
    command = studio_client.command(decision.fleet, decision.environment)
    if isinstance(command, studio_client.CannotRun):
        _say(f'{STUDIO_CLIENT} waits: {command.reason}')
        _tell(layout, Status(Runs.STUDIO.value, waits=command.reason))
        while True:
            signal.pause()
    _tell(layout, Status(Runs.STUDIO.value))
    supervisor = Supervisor([command], say=_say, patience=studio_client.PATIENCE)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: supervisor.stop())
    supervisor.run()


def _become_fleet(layout: Layout, decision: Decision) -> NoReturn:
    """Replace this process by `fleet`, which needs no parent that takes up memory.

    `fleet` and not `ros2 launch`: that leaves its nodes running after a SIGTERM, which is how a
    container is stopped, and gives every node every secret.
    """
    plan = graph.build(decision.fleet)
    counted = {node.namespace for node in plan.nodes if node.executable == 'car_counter'}
    cameras = [
        CameraTopic(camera.name, f'{namespace}/car_count', camera.stale_after_s)
        for camera in decision.fleet.cameras
        if (namespace := f'/{decision.fleet.device.name}/{camera.name}') in counted
    ]
    nodes = [node.full_name for node in plan.nodes]
    _tell(layout, Status(Runs.GRAPH.value, nodes=nodes, cameras=cameras))
    program = Path(get_package_prefix(graph.PACKAGE), 'lib', graph.PACKAGE, 'fleet')
    _execute(program, decision.path, decision.environment)


def _execute(program: Path, path: Path, environment: Mapping[str, str]) -> NoReturn:
    # Handlers do not outlive the next line; between it and those of fleet a SIGTERM ends the process.
    os.execve(program, [str(program), str(path)], dict(environment))  # noqa: S606 - a program of our own
