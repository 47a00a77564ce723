"""Exchange one request and answer of the .eim protocol within a deadline.

A request is one JSON object; an answer is one JSON object, a line feed and a NUL.
"""

import json
import socket
import time
from typing import Any

from parking_monitor.detection.errors import ModelAnswerError

_LONGEST_ANSWER = 32 * 1024 * 1024
"""Bytes: the bound that models set on requests."""
_CHUNK = 64 * 1024


def exchange(client: socket.socket, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Send a request and return its answer; the deadline is for the whole exchange.

    Raises:
        TimeoutError: when the answer is not complete in time.
        ConnectionError: when the other side is gone.
        OSError: when the socket was closed here.
        ModelAnswerError: when the answer is not one JSON object, or has another id.
    """
    deadline = time.monotonic() + timeout_s
    client.settimeout(timeout_s)
    client.sendall(json.dumps(request).encode())
    answer = _parse(_receive(client, deadline))
    if answer.get('id') != request['id']:
        raise ModelAnswerError(f'the answer has id {answer.get("id")!r}; {request["id"]} was asked')
    return answer


def _receive(client: socket.socket, deadline: float) -> bytes:
    received = bytearray()
    while not received.endswith(b'\0'):
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        client.settimeout(remaining)
        chunk = client.recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError('the connection was closed')
        received += chunk
        if len(received) > _LONGEST_ANSWER:
            raise ModelAnswerError(f'the answer is longer than {_LONGEST_ANSWER} bytes')
    return bytes(received[:-1])


def _parse(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelAnswerError(f'the answer is not JSON: {text[:80]!r}') from error
    if not isinstance(answer, dict):
        raise ModelAnswerError(f'the answer is not a JSON object: {text[:80]!r}')
    return answer
