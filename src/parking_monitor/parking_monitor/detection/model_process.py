"""Run a model file as a child process, and end it for certain."""

import errno
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from parking_monitor.detection.errors import ModelFileError, ModelStartError
from parking_monitor.detection.guard import Guard

_KEPT_OUTPUT = 4096
"""Bytes of a model's latest output that are kept for error texts."""
_KEPT_LINES = 8
_FINISH_S = 0.2
_BUSY_S = 0.5
"""How long a file may be open for writing: a process that another thread forks holds it until its exec."""
_BUSY_POLL_S = 0.02
_KINDS = (b'\x7fELF', b'#!')
"""What the kernel runs begins with one of these."""


class ModelProcess:
    """Run `model SOCKET` in a process session of its own, watched by a guard.

    The session keeps a Ctrl-C in the terminal from reaching the model before
    its owner; the guard ends the model when the owner is killed, and removes
    the socket and its folder.

    Args:
        model_path: the `.eim` file.
        socket_path: of the socket to open, in a folder for it alone.
        start_s: how long the start may take.

    Raises:
        ModelFileError: when the file cannot be run.
        ModelStartError: when the machine has no process left for it.
    """

    def __init__(self, model_path: Path, socket_path: Path, start_s: float = _BUSY_S) -> None:
        _check(model_path)
        self._child = _start(model_path, socket_path, min(start_s, _BUSY_S))
        try:
            self.guard = Guard(self._child.pid, socket_path)
        except OSError as error:
            self._child.kill()
            self._child.wait()
            raise ModelStartError(
                f'no guard for model {model_path.name} could be started: {error}'
            ) from error
        self._output = _Tail(self._child.stdout)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._child.pid

    def exit_status(self, wait_s: float = 0.0) -> int | None:
        """Return the exit status, negative for a signal, or None if it still runs after a wait."""
        try:
            status = self._child.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        self._output.finish(_FINISH_S)
        return status

    def last_words(self) -> str:
        """Return the last lines that the model wrote to its output, in one line."""
        return self._output.text()

    def end(self, patience_s: float) -> None:
        """Wait for the model to exit by itself, then interrupt it, then kill it; reap it.

        Takes at most twice `patience_s` and the kernel's time for a kill.
        """
        for ask in (None, signal.SIGINT, signal.SIGKILL):
            if ask is not None:
                self._signal_session(ask)
            try:
                self._child.wait(patience_s)
                break
            except subprocess.TimeoutExpired:
                continue
        self.guard.dismiss()
        self._output.finish(_FINISH_S)

    def _signal_session(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._child.pid, number)
        except ProcessLookupError:
            return


class _Tail:
    """Keep the end of a stream, read by a thread of its own so that the writer never blocks."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        self._kept = b''
        self._reader = threading.Thread(target=self._read, args=(stream,), name='model-output', daemon=True)
        self._reader.start()

    def text(self) -> str:
        lines = self._kept.decode(errors='replace').splitlines()
        return ' | '.join(line.strip() for line in lines[-_KEPT_LINES:] if line.strip())

    def finish(self, wait_s: float) -> None:
        """Wait for the end of the stream, which a dead writer brings at once."""
        self._reader.join(wait_s)

    def _read(self, stream: IO[bytes] | None) -> None:
        if stream is None:
            return
        with stream:
            while chunk := os.read(stream.fileno(), _KEPT_OUTPUT):
                self._kept = (self._kept + chunk)[-_KEPT_OUTPUT:]


def _start(model_path: Path, socket_path: Path, busy_s: float) -> subprocess.Popen[bytes]:
    deadline = time.monotonic() + busy_s
    while True:
        try:
            return subprocess.Popen(
                [str(model_path.absolute()), str(socket_path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment_of_models(),
                start_new_session=True,
            )
        except OSError as error:
            if error.errno != errno.ETXTBSY or time.monotonic() >= deadline:
                raise _not_runnable(model_path, error) from error
        time.sleep(_BUSY_POLL_S)


def _check(model_path: Path) -> None:
    if not model_path.is_file():
        raise ModelFileError(f'model file {model_path} does not exist')
    if os.access(model_path, os.X_OK):
        return
    try:
        with model_path.open('rb') as file:
            beginning = file.read(4)
    except OSError as error:
        raise ModelFileError(f'model file {model_path} cannot be read: {error.strerror}') from error
    if beginning.startswith(_KINDS):
        raise ModelFileError(f'model file {model_path} is not executable; chmod +x it')
    raise ModelFileError(
        f'model file {model_path} is not an .eim (neither a Linux executable nor a script); '
        'download the Linux build, or name an .onnx file'
    )


def _not_runnable(model_path: Path, error: OSError) -> ModelFileError:
    if error.errno == errno.ENOEXEC:
        return ModelFileError(
            f'model file {model_path} is not a program for this machine ({os.uname().machine}); '
            'download the Linux build for this architecture'
        )
    return ModelFileError(f'model file {model_path} cannot be run: {error.strerror}')


def environment_of_models() -> dict[str, str]:
    """Return our environment for a program that may bring a Python of its own.

    The ROS 2 wheels mark a Python whose library path they have set, and a
    Python of another environment must not inherit the mark; one of ours sets
    itself up again in milliseconds. An ONNX model runs with our own Python where
    that can, wherever the file was made.
    """
    environment = dict(os.environ)
    environment.pop('_ROS_WHEELS_BOOTSTRAP_COMPLETE', None)
    if importlib.util.find_spec('onnxruntime') is not None:
        environment.setdefault('PARKING_MONITOR_PYTHON', sys.executable)
    return environment
