"""Answer the requests of one client."""

import json
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .framing import Framing, TooLongError
from .shared_features import SharedFeatures

_CHUNK = 64 * 1024


class Objects(Protocol):
    """Find the objects in features that reach a score."""

    def objects(self, features: NDArray[np.float32], min_score: float) -> list[dict[str, Any]]:
        """Return them in the form of the protocol."""


class Refused(Exception):  # noqa: N818  (reads as the event it reports)
    """Say why a request is answered with an error."""


class Server:
    """Hold the state of a conversation.

    Args:
        model: what finds the objects.
        hello: the hello answer, without id and shared memory.
        shared: the memory in which features come.
    """

    def __init__(self, model: Objects, hello: dict[str, Any], shared: SharedFeatures) -> None:
        self._model = model
        self._hello = {'features_shm': shared.announcement(), **hello}
        self._shared = shared
        self._features = np.frombuffer(shared.memory, np.float32)
        self._thresholds: list[dict[str, Any]] = hello['model_parameters']['thresholds']
        self._said_hello = False
        self._answers: dict[str, Callable[[Any], dict[str, Any]]] = {
            'classify': self._classify,
            'classify_shm': self._classify_shm,
            'set_threshold': self._set_threshold,
        }

    def serve(self, client: socket.socket) -> None:
        """Answer until the client goes, or sends a request without an end."""
        framing = Framing()
        while chunk := client.recv(_CHUNK):
            try:
                for request in framing.feed(chunk):
                    client.sendall(json.dumps(self.answer(request)).encode() + b'\n\0')
            except TooLongError:
                client.sendall(json.dumps(_error('The request is too long', 0)).encode() + b'\n\0')
                return

    def answer(self, request: dict[str, Any] | None) -> dict[str, Any]:
        """Return the answer to one request; None is one that is not JSON."""
        if request is None:
            return _error('The request is not JSON', 0)
        number = request.get('id')
        if not isinstance(number, int):
            return _error('The request has no id', 0)
        try:
            return {**self._reply(request), 'id': number, 'success': True}
        except Refused as refused:
            return _error(str(refused), number)

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        if 'hello' in request:
            if self._said_hello:
                raise Refused('hello was said already')
            self._said_hello = True
            return self._hello
        if not self._said_hello:
            raise Refused('hello has to come first')
        for kind, answer in self._answers.items():
            if kind in request:
                return answer(request[kind])
        raise Refused('unknown message; known are hello, ' + ', '.join(self._answers))

    def _classify(self, features: Any) -> dict[str, Any]:
        if not isinstance(features, list) or not all(isinstance(one, int | float) for one in features):
            raise Refused('classify takes a list of numbers')
        self._check_count(len(features))
        return self._result(np.array(features, np.float32))

    def _classify_shm(self, described: Any) -> dict[str, Any]:
        self._check_count(described.get('elements') if isinstance(described, dict) else None)
        return self._result(self._features)

    def _check_count(self, count: Any) -> None:
        if count != self._shared.elements:
            raise Refused(f'wrong number of features: {count}; the model takes {self._shared.elements}')

    def _result(self, features: NDArray[np.float32]) -> dict[str, Any]:
        begun = time.perf_counter()
        found = self._model.objects(features, self._thresholds[0]['min_score'])
        took_ms = round((time.perf_counter() - begun) * 1000)
        return {
            'result': {'bounding_boxes': found},
            'timing': {
                'anomaly': 0,
                'classification': took_ms,
                'dsp': 0,
                'json': 0,
                'msg_handler': took_ms,
                'stdin': 0,
            },
        }

    def _set_threshold(self, wanted: Any) -> dict[str, Any]:
        number = wanted.get('id') if isinstance(wanted, dict) else None
        for threshold in self._thresholds:
            if threshold['id'] == number:
                score = wanted.get('min_score', threshold['min_score'])
                if not isinstance(score, int | float):
                    raise Refused('min_score is not a number')
                threshold['min_score'] = score
                return {}
        raise Refused(f'there is no threshold with id {number}')


def _error(reason: str, number: int) -> dict[str, Any]:
    return {'error': reason, 'id': number, 'success': False}
