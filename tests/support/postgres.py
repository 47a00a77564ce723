"""Run a PostgreSQL of our own on a socket in a temporary folder; Debian's package `postgresql` has it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.patience import PATIENCE_S

_OTHER_USER = 'nobody'


class Postgres:
    """Own a PostgreSQL server that only this machine's users can reach; ended and wiped at the end.

    PostgreSQL refuses to run as root: then it runs as `nobody`.
    """

    def __init__(self) -> None:
        self._programs = _programs()
        # A socket's path may have 107 bytes only, and pytest's folders are long.
        self.folder = Path(tempfile.mkdtemp(prefix='pg'))
        self._user: str | None = None
        if os.getuid() == 0:
            self._user = _OTHER_USER
            entry = pwd.getpwnam(_OTHER_USER)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        self._run('initdb', '-D', str(self._data), '-A', 'trust', '-U', 'fleet', '-E', 'UTF8', '--no-sync')

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f'fleet{self._databases}'
        self._run('createdb', '-h', str(self.folder), '-U', 'fleet', name)
        return f'postgresql://fleet@/{name}?unix_sock={self.folder}/.s.PGSQL.5432'

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        command = [
            str(self._programs / 'postgres'),
            *('-D', str(self._data)),
            *('-c', 'listen_addresses='),
            *('-c', f'unix_socket_directories={self.folder}'),
            *('-c', 'shared_buffers=32MB'),
            # Its end is that of a process, never of the machine.
            *('-c', 'fsync=off'),
        ]
        with (self.folder / 'log').open('ab') as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self.folder, process_group=0
            )
        deadline_s = time.monotonic() + PATIENCE_S
        while self._process.poll() is None and time.monotonic() < deadline_s:
            ready = subprocess.run(
                [self._programs / 'pg_isready', '-h', self.folder, '-q'], check=False, capture_output=True
            )
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError(f'PostgreSQL did not start: {(self.folder / "log").read_text()[-2000:]}')

    def kill(self) -> None:
        """End the server at once, as a power cut would; what was committed is there after `start`."""
        process, self._process = self._process, None
        if process is not None:
            # Its children end when it does; SIGQUIT is PostgreSQL's own "immediately, without cleaning up".
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder)

    @property
    def _data(self) -> Path:
        return self.folder / 'data'

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            check=False,
            capture_output=True,
            text=True,
            user=self._user,
            cwd=self.folder,
        )
        assert done.returncode == 0, f'{program}: {done.stderr}'


def _programs() -> Path:
    """Return the folder of the server's programs; Debian keeps one for each version, off the PATH."""
    found = sorted(Path('/usr/lib/postgresql').glob('*/bin/initdb'), key=lambda path: float(path.parts[4]))
    on_path = shutil.which('initdb')
    if found:
        return found[-1].parent
    assert on_path, 'PostgreSQL is not installed; run scripts/setup.sh, or: apt-get install postgresql'
    return Path(on_path).resolve().parent
