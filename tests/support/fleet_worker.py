"""Run `parking-fleet ingest` in a process of its own, as a user starts it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from demo.broker import LocalBroker
from tests.support.patience import PATIENCE_S


class WorkerProcess:
    """Own a `parking-fleet ingest`.

    Args:
        broker: where messages come from.
        name: its client id and common name there: one of `LocalBroker(operators=...)`.
        url: of the store.
        folder: for its log.
        group: of the shared subscription; empty for a plain one.
        environment: further settings.
    """

    def __init__(
        self,
        broker: LocalBroker,
        name: str,
        url: str,
        folder: Path,
        *,
        group: str = '',
        **environment: str,
    ) -> None:
        identity = broker.identity(name)
        self.log = folder / f'{name}.log'
        self._environment = {
            **os.environ,
            'PYTHONPATH': 'src/parking_fleet',
            'PARKING_FLEET_BROKER__HOST': broker.host,
            'PARKING_FLEET_BROKER__PORT': str(broker.port),
            'PARKING_FLEET_BROKER__CLIENT_ID': name,
            'PARKING_FLEET_BROKER__GROUP': group,
            'PARKING_FLEET_BROKER__CERTIFICATE': str(identity.certificate),
            'PARKING_FLEET_BROKER__PRIVATE_KEY': str(identity.private_key),
            'PARKING_FLEET_BROKER__CA': str(identity.ca),
            'PARKING_FLEET_STORE__URL': url,
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return its process id.

        Raises:
            RuntimeError: when it does not run.
        """
        if self._process is None:
            raise RuntimeError('the worker does not run; call start()')
        return self._process.pid

    def start(self) -> Self:
        """Start it, with an empty log; returns at once."""
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'parking_fleet', 'ingest'],
                env=self._environment,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        return self

    def wait_until_subscribed(self) -> Self:
        """Return once the broker sends it its share.

        Raises:
            RuntimeError: when that does not come, with its log.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        while 'subscribed to everything' not in self.log.read_text():
            if time.monotonic() > deadline_s or (self._process and self._process.poll() is not None):
                raise RuntimeError(f'the worker does not take in: {self.log.read_text()[-2_000:]}')
            time.sleep(0.05)
        return self

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit status; 0 where it does not run."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(with_signal)
        return process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        return self.start().wait_until_subscribed()

    def __exit__(self, *_: object) -> None:
        self.end()
