"""Run `parking-fleet serve` beside the demo's graph, on the demo's broker."""

import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from ament_index_python.packages import get_package_prefix

from demo.broker import BrokerError, LocalBroker

RECEIVER = 'fleet'
"""The name under which it connects; give it to `LocalBroker(operators=...)`."""

USUAL_PORT = 8080
START_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
_STORE = 'parking-fleet.sqlite3'
_SERVING = 'serving http'


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Name where the dashboard is, and where it keeps what it shows.

    Attributes:
        url: for a browser on this machine.
        store: the SQLite file.
    """

    url: str
    store: Path

    def counts(self) -> int:
        """Return how many counts it has stored."""
        with closing(sqlite3.connect(self.store)) as connection:
            return int(connection.execute('SELECT count(*) FROM counts').fetchone()[0])


@contextmanager
def running_dashboard(folder: Path, broker: LocalBroker) -> Iterator[Dashboard]:
    """Start the dashboard with an empty store, what it says in `serve.log`; stop it at the end.

    It listens on port 8080, on another one where that is taken.

    Raises:
        BrokerError: when it does not start; the text ends with what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f'{_STORE}*'):
        old.unlink()
    (folder / 'parking-fleet.yaml').write_text(yaml.safe_dump(_settings(broker), sort_keys=False))
    program = Path(get_package_prefix('parking_fleet'), 'lib', 'parking_fleet', 'parking-fleet')
    log = folder / 'serve.log'
    with log.open('wb') as output:
        process = subprocess.Popen([str(program), 'serve'], cwd=folder, stdout=output, stderr=output)
    try:
        yield Dashboard(_wait_for_url(process, log), folder / _STORE)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(broker: LocalBroker) -> dict[str, object]:
    identity = broker.identity(RECEIVER)
    return {
        'broker': {
            'host': broker.host,
            'port': broker.port,
            'client_id': RECEIVER,
            'certificate': str(identity.certificate),
            'private_key': str(identity.private_key),
            'ca': str(identity.ca),
            'answers_shadow': True,
        },
        'web': {'port': USUAL_PORT if _is_free(USUAL_PORT) else 0},
    }


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(('127.0.0.1', port))
        except OSError:
            return False
    return True


def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline_s = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline_s:
        for line in log.read_text(errors='replace').splitlines():
            if _SERVING in line:
                return line.partition('serving ')[2].strip()
        time.sleep(0.05)
    raise BrokerError(f'the dashboard did not start; {log} ends with: {log.read_text()[-1_000:]}')
