"""Speak to an `.eim` byte by byte, without the code under test."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from parking_monitor.detection.onnx_eim.writer import Options, write_eim
from tests.support.patience import PATIENCE_S

FIXTURES = Path(__file__).with_name('fixtures')


def an_eim_of(name: str, folder: Path, options: Options | None = None) -> Path:
    path = folder / f'{name}.eim'
    write_eim(FIXTURES / f'{name}.onnx', path, options)
    return path


class Client:
    """Hold a connection to a model and the model's process."""

    def __init__(self, process: subprocess.Popen[str], connection: socket.socket) -> None:
        self.process = process
        self.connection = connection

    def send(self, text: str) -> None:
        self.connection.sendall(text.encode())

    def receive(self) -> str:
        """Return what comes up to and including a NUL."""
        received = b''
        while not received.endswith(b'\0'):
            byte = self.connection.recv(1)
            if not byte:
                raise ConnectionError(f'closed after {received!r}')
            received += byte
        return received.decode()

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.send(json.dumps(message))
        answer: dict[str, Any] = json.loads(self.receive().removesuffix('\n\0'))
        return answer

    def hello(self) -> dict[str, Any]:
        return self.ask({'hello': 1, 'id': 1})

    def write_features(self, hello: dict[str, Any], features: np.ndarray) -> None:
        features.astype(np.float32).tofile(segment_of(hello))


def segment_of(hello: dict[str, Any]) -> Path:
    name: str = hello['features_shm']['name']
    return Path('/dev/shm') / name.lstrip('/')


@contextmanager
def running(eim: Path, folder: Path) -> Iterator[Client]:
    """Start a model and connect to it; it is killed at the end if it still runs then."""
    path = folder / 'model.sock'
    with subprocess.Popen([str(eim), str(path)], stderr=subprocess.PIPE, text=True) as process:
        try:
            with connected(path, process) as connection:
                yield Client(process, connection)
            process.wait(PATIENCE_S)
        finally:
            process.kill()
            path.unlink(missing_ok=True)


def connected(path: Path, process: subprocess.Popen[str]) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        else:
            return connection
