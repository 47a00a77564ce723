"""Run `fleet` as an operator does, for as long as somebody watches."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ament_index_python.packages import get_package_prefix

STOP_WITHIN_S = 5.0


@contextmanager
def running_fleet(fleet_yaml: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start the graph of a fleet.yaml, what it says in a log; stop it at the end, kill it if need be."""
    program = Path(get_package_prefix('parking_monitor'), 'lib', 'parking_monitor', 'fleet')
    with log.open('wb') as output:
        process = subprocess.Popen([str(program), str(fleet_yaml)], stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
