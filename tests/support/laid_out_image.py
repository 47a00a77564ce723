"""Lay out a folder like the image of a device, and switch the device on in it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psutil

from tests.support.patience import PATIENCE_S
from tests.support.workspace import ROOT

# Of the ROS that the image has; here what runs the tests brings it.
_ROS_SETUP = 'export AMENT_PREFIX_PATH="${AMENT_PREFIX_PATH:-}"\n'
# Says who it is as Edge Impulse's client does, writes down how it was started, and stays.
_CLIENT = """\
#!{python} -S
import json, os, pathlib, signal, sys, time
start = {{'arguments': sys.argv[1:], 'environment': dict(os.environ)}}
with open({log!r}, 'a') as log:
    log.write(json.dumps(start) + '\\n')
print('Edge Impulse Linux client v1.25.2', flush=True)
if {ends}:
    sys.exit('Cannot find any webcams')
signal.pause()
"""


class LaidOutImage:
    """Hold a folder with what `docker/Dockerfile` puts where.

    Attributes:
        data: the data volume.
        client_starts: one line of JSON for each start of the stand-in for Edge Impulse's client.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.data = root / 'data'
        self.run = root / 'run' / 'parking'
        self.claim = root / 'app' / 'claim'
        self.client_starts = root / 'client-starts'
        for folder in (self.data, self.run, self.claim, root / 'opt/ros/jazzy', root / 'usr/local/bin'):
            folder.mkdir(parents=True)
        (root / 'opt/ros/jazzy/setup.bash').write_text(_ROS_SETUP)
        (root / 'app/install').symlink_to(ROOT / 'install')
        (root / 'app/venv').symlink_to(Path(sys.prefix))
        (root / 'app/provisioning').symlink_to(ROOT / 'provisioning')
        (root / 'app/entrypoint.sh').symlink_to(ROOT / 'docker/entrypoint.sh')

    def install_client(self, *, ends: bool = False) -> None:
        """Put a stand-in for `edge-impulse-linux` where the image has it."""
        path = self._root / 'usr/local/bin/edge-impulse-linux'
        path.write_text(_CLIENT.format(python=sys.executable, log=str(self.client_starts), ends=ends))
        path.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        """Return what a container has: nothing of what these tests were started with but ROS."""
        ros = {
            name: os.environ[name] for name in ('AMENT_PREFIX_PATH', 'LD_LIBRARY_PATH') if name in os.environ
        }
        return {
            **ros,
            'PATH': f'{self._root}/usr/local/bin:/usr/bin:/bin',
            'HOME': str(self._root),
            'DEVICE_ROOT': str(self._root),
            'PARKING_DATA': str(self.data),
            'PARKING_RUN': str(self.run),
            'PARKING_CLAIM': str(self.claim),
            'PARKING_STATE': str(self.data / 'parking_monitor'),
            'XDG_CACHE_HOME': str(self.data / 'cache'),
            'ROS_LOG_DIR': str(self.run / 'log'),
            'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
            **more,
        }

    def switch_on(self, environment: Mapping[str, str], *arguments: str) -> 'Running':
        """Start the entry point, as tini does."""
        return Running([str(self._root / 'app/entrypoint.sh'), *arguments], environment)


class Running:
    """Hold a device that is switched on, and what it says."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            arguments,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        print(self.said)  # shown when the test fails

    @property
    def said(self) -> str:
        """Return all that it said so far."""
        return ''.join(self._lines)

    def wait_for(self, text: str) -> None:
        """Wait until it says something."""
        with self._changed:
            found = self._changed.wait_for(lambda: text in self.said or self._ended, PATIENCE_S)
        assert found, f'not said within {PATIENCE_S:g} s: {text}'
        assert text in self.said, f'it ended without saying: {text}'

    def wait(self) -> int:
        """Wait until it has ended, and return its exit code."""
        code = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def stop(self) -> int:
        """Stop it as Docker does, and return its exit code; nothing that it started may be left."""
        if self._process.poll() is None:
            started = psutil.Process(self._process.pid).children(recursive=True)
            self._process.send_signal(signal.SIGTERM)
            code = self.wait()
            left = [
                one
                for one in psutil.wait_procs(started, timeout=PATIENCE_S)[1]
                if one.status() != psutil.STATUS_ZOMBIE
            ]
            assert not left, f'it left processes behind: {left}'
            return code
        return self.wait()

    def command_lines(self) -> list[str]:
        """Return the command lines of all that runs, as everybody on the machine can read them."""
        process = psutil.Process(self._process.pid)
        return [' '.join(one.cmdline()) for one in (process, *process.children(recursive=True))]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
