"""Run `parking-fleet serve` in a process of its own, on a real broker, as a user starts it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from demo.broker import LocalBroker
from tests.support.patience import PATIENCE_S

RECEIVER = 'fleet'
"""The common name under which it connects to the broker: give it to `LocalBroker(operators=...)`."""


class FleetService:
    """Own `parking-fleet serve`.

    Attributes:
        module: what is run; one of our own that serves with what a test adds.

    Args:
        folder: where it runs; its settings, store and log are there.
        broker: where messages come from; None for none.
        sections: of parking-fleet.yaml, over what is set here.
        facilities: content of facilities.yaml.
    """

    module = 'parking_fleet'

    def __init__(
        self,
        folder: Path,
        broker: LocalBroker | None = None,
        sections: dict[str, Any] | None = None,
        facilities: dict[str, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.log = folder / 'serve.log'
        settings: dict[str, Any] = {'web': {'port': 0}}
        if broker is not None:
            identity = broker.identity(RECEIVER)
            settings['broker'] = {
                'host': broker.host,
                'port': broker.port,
                'client_id': RECEIVER,
                # What comes while it is away is of another test.
                'session_expiry_s': 0,
                'certificate': str(identity.certificate),
                'private_key': str(identity.private_key),
                'ca': str(identity.ca),
            }
        if facilities is not None:
            (folder / 'facilities.yaml').write_text(yaml.safe_dump(facilities), encoding='utf-8')
            settings['facilities'] = 'facilities.yaml'
        for name, section in (sections or {}).items():
            is_section = isinstance(section, dict) and name in settings
            settings[name] = {**settings[name], **section} if is_section else section
        (folder / 'parking-fleet.yaml').write_text(yaml.safe_dump(settings), encoding='utf-8')
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ''

    @property
    def url(self) -> str:
        """Return where it serves, without a slash at the end."""
        return self._url

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and return once it serves and, where it has a broker, is connected."""
        with self.log.open('wb') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-m', self.module, 'serve'],
                cwd=self.folder,
                env={
                    **os.environ,
                    'PYTHONPATH': f'{Path("src/parking_fleet").resolve()}{os.pathsep}{Path.cwd()}',
                },
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self._wait_until(self._serves)
        self._wait_until(lambda: httpx.get(f'{self._url}/healthz', timeout=PATIENCE_S).is_success)

    def stop(self) -> None:
        """End it as Ctrl-C does.

        Raises:
            AssertionError: when it does not end well.
        """
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(PATIENCE_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert status == 0, self.log.read_text(encoding='utf-8')

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _serves(self) -> bool:
        lines = self.log.read_text(encoding='utf-8').splitlines()
        self._url = next((line.split('serving ')[1].strip() for line in lines if 'serving http' in line), '')
        return bool(self._url)

    def _wait_until(self, holds: Any) -> None:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert self._process.poll() is None, self.log.read_text(encoding='utf-8')
            assert time.monotonic() < deadline, self.log.read_text(encoding='utf-8')
            time.sleep(0.05)
