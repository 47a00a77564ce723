"""Run an `.eim` model with a deadline on everything it is asked."""

import contextlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from edge_impulse_linux.runner import ImpulseRunner
from numpy.typing import NDArray

from parking_monitor.detection import model_file, shared_memory, wire
from parking_monitor.detection.errors import (
    ModelAnswerError,
    ModelDied,
    ModelRefusedError,
    ModelStartError,
    ModelTimeout,
)
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.model_process import ModelProcess

Features = NDArray[np.float32]
Pack = Callable[[Features], object]
"""Writes the features of a picture into the float32 array that it is given."""

_POLL_S = 0.005
_LAST_WORDS_S = 0.2
"""How long to wait for the exit status and the last words of a model that hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Hold how long a model may take, in seconds.

    Attributes:
        start_s: from the start of the process until it can be connected to.
        hello_s: for the hello answer.
        classify_s: for each answer after that.
        stop_s: for ending by itself, and as long again once interrupted.
    """

    start_s: float = 20.0
    hello_s: float = 10.0
    classify_s: float = 5.0
    stop_s: float = 0.5

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value <= 0:
                raise ValueError(f'{name} is {value}; a deadline is more than 0 seconds')


class EimRunner(ImpulseRunner):  # type: ignore[misc]  # the SDK has no types
    """Run one `.eim`, as `ImpulseRunner` does, without its ways to hang.

    An `.onnx` is made an `.eim` at the start, see `model_file`.

    A runner is used once: `init`, any number of `classify`, `stop`. Requests
    come from one thread at a time, which need not be the main one; `stop` may
    come from any thread and ends a request that is under way.

    Every request can raise ModelTimeout, ModelDied or ModelAnswerError; after
    any of these the runner is of no more use and `stop` is what is left.
    ModelRefusedError is the model's own refusal, after which it goes on.
    """

    def __init__(self, model_path: str | Path, deadlines: Deadlines | None = None) -> None:
        super().__init__(str(model_path))
        self.model_path = Path(model_path)
        self.deadlines = deadlines or Deadlines()
        self._client: socket.socket | None = None
        self._tempdir: str | None = None
        self._process: ModelProcess | None = None
        self._info: ModelInfo | None = None
        self._features: Features | None = None
        self._segments: tuple[str, ...] = ()
        self._life = threading.Lock()
        self._stopped = threading.Event()

    @property
    def info(self) -> ModelInfo:
        """Return what the model said of itself.

        Raises:
            ModelStartError: before `init`.
        """
        if self._info is None:
            raise ModelStartError(f'model {self.model_path.name} is not started')
        return self._info

    @property
    def features(self) -> Features:
        """Return the array that `classify` takes features from: the model's shared memory where it has some.

        Raises:
            ModelDied: before `init` and after `stop`.
        """
        features = self._features
        if features is None:
            raise ModelDied(f'model {self.model_path.name} is not running')
        return features

    @property
    def pid(self) -> int | None:
        """Return the process id of the model, or None while it does not run."""
        process = self._process
        return process.pid if process is not None else None

    def init(self, debug: bool = False) -> dict[str, Any]:
        """Start the model and return its hello answer.

        Raises:
            ModelFileError: when the file is missing, cannot be run or be made an `.eim`.
            ModelStartError: when the model exits, or was stopped meanwhile.
            ModelTimeout: when it is not up, or has not said hello, in time.
            ModelAnswerError: when its hello cannot be understood.
        """
        self._debug = debug
        with contextlib.ExitStack() as undo:
            undo.callback(self.stop)
            self._connect(self._launch())
            hello: dict[str, Any] = self.hello()
            self._hello_resp = hello
            self._announce(hello)
            try:
                self._info = ModelInfo.from_hello(hello)
                self._features = self._make_features(self._info)
            except ModelAnswerError as error:
                raise ModelAnswerError(f'model {self.model_path.name}: {error}') from error
            undo.pop_all()
        return hello

    def hello(self) -> dict[str, Any]:
        """Ask the model what it is."""
        return self._ask({'hello': 1}, self.deadlines.hello_s)

    def classify(self, data: Pack | Features | Sequence[float]) -> dict[str, Any]:
        """Ask for the answer to one picture, as `{'result': ..., 'timing': ...}`.

        Args:
            data: the features; or `features`, filled; or a function that fills
                it. Features are whole numbers below 2**24, one a pixel.

        Raises:
            ValueError: when the number of features is not the model's.
        """
        return self._ask(self._request(data), self.deadlines.classify_s)

    def send_msg(self, msg: dict[str, Any]) -> dict[str, Any]:
        """Send any request, within the deadline for a classification."""
        return self._ask(msg, self.deadlines.classify_s)

    def stop(self) -> None:
        """End the model, remove what it left behind, and reap it; more calls do nothing.

        Takes at most twice `deadlines.stop_s` and the time of a kill.
        """
        self._stopped.set()
        with self._life:
            if self._client is not None:
                with contextlib.suppress(OSError):
                    self._client.shutdown(socket.SHUT_RDWR)  # wakes a request in another thread
                self._client.close()
                self._client = None
            self._features = None
            if self._process is not None:
                self._process.end(self.deadlines.stop_s)
                self._process = None
            for segment in self._segments:
                shared_memory.remove(segment)
            self._segments = ()
            if self._tempdir is not None:
                shutil.rmtree(self._tempdir, ignore_errors=True)
                self._tempdir = None

    def _launch(self) -> ModelProcess:
        eim = model_file.as_eim(self.model_path, stopped=self._stopped)
        with self._life:
            if self._stopped.is_set():
                raise ModelStartError(f'model {self.model_path.name} was stopped before it started')
            try:
                self._tempdir = tempfile.mkdtemp(prefix='eim-')
            except OSError as error:
                raise ModelStartError(
                    f'no folder for the socket of model {self.model_path.name} can be made: {error}'
                ) from error
            self._process = ModelProcess(eim, self._socket_path(), self.deadlines.start_s)
            return self._process

    def _socket_path(self) -> Path:
        return Path(str(self._tempdir)) / 'runner.sock'

    def _connect(self, process: ModelProcess) -> None:
        deadline = time.monotonic() + self.deadlines.start_s
        path = str(self._socket_path())
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        while True:
            status = process.exit_status()
            if status is not None or self._stopped.is_set():
                client.close()
                raise ModelStartError(self._with_last_words('exited while it started', process, status))
            try:
                client.settimeout(max(deadline - time.monotonic(), _POLL_S))
                client.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError, TimeoutError):
                if time.monotonic() >= deadline:
                    client.close()
                    raise ModelTimeout(
                        self._with_last_words(
                            f'was not up within {self.deadlines.start_s:g} s', process, None
                        )
                    ) from None
            except OSError as error:
                client.close()
                raise ModelStartError(f'socket {path} of the model cannot be used: {error}') from error
            self._stopped.wait(_POLL_S)
        with self._life:
            self._client = client
        if self._stopped.is_set():
            self.stop()

    def _announce(self, hello: dict[str, Any]) -> None:
        self._segments = shared_memory.announced(hello)
        process = self._process
        if process is not None:
            process.guard.tell(self._segments)

    def _ask(self, message: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        client, process = self._client, self._process
        if client is None or process is None:
            raise ModelDied(f'model {self.model_path.name} is not running')
        kind = next(iter(message))
        self._ix += 1
        try:
            answer = wire.exchange(client, {**message, 'id': self._ix}, timeout_s)
        except TimeoutError:
            text = f'did not answer {kind} within {timeout_s:g} s'
            raise ModelTimeout(self._with_last_words(text, process, None)) from None
        except OSError:
            status = process.exit_status(0.0 if self._stopped.is_set() else _LAST_WORDS_S)
            raise ModelDied(self._with_last_words(f'went away during {kind}', process, status)) from None
        except ModelAnswerError as error:
            raise ModelAnswerError(f'model {self.model_path.name}, asked {kind}: {error}') from error
        del answer['id']
        if not answer.pop('success', False):
            reason = answer.get('error', 'no reason given')
            raise ModelRefusedError(f'model {self.model_path.name} refused {kind}: {reason}')
        return answer

    def _request(self, data: Pack | Features | Sequence[float]) -> dict[str, Any]:
        """Put the features where the model takes them from; return the request that goes with them."""
        count = self.info.feature_count
        features = self.features
        if callable(data):
            data(features)
        elif len(data) != count:
            raise ValueError(f'{len(data)} features; model {self.model_path.name} takes {count}')
        elif data is not features:
            features[:] = data
        request: dict[str, Any] = {'classify_shm': {'elements': count}}
        if self.info.features_shm is None:
            request = {'classify': features.astype(np.int32).tolist()}
        if self._debug:
            request['debug'] = True
        return request

    @staticmethod
    def _make_features(info: ModelInfo) -> Features:
        if info.features_shm is None:
            return np.zeros(info.feature_count, np.float32)
        return shared_memory.attach(info.features_shm.name, info.features_shm.elements)

    def _with_last_words(self, event: str, process: ModelProcess, status: int | None) -> str:
        ended = f' (exit status {status})' if status is not None else ''
        words = process.last_words()
        return f'model {self.model_path.name} {event}{ended}' + (f': {words}' if words else '')
