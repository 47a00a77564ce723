"""Serve Edge Impulse's ingestion service on loopback: what a collector uses of it, as documented.

It takes `POST /api/{training|testing}/files`: multipart parts `data`, of which one is a picture and one
may be `bounding_boxes.labels`; refuses what the documentation refuses; and can fail as networks do.
"""

import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote

from tests.support.patience import PATIENCE_S, patiently

KEY = 'ei_0123456789abcdef0123456789abcdef'
MAX_BYTES = 100 * 1000 * 1000


@dataclass(frozen=True)
class Stored:
    """Hold a picture as the project has it."""

    category: str
    name: str
    jpeg: bytes = field(repr=False)
    boxes: list[dict[str, Any]] | None
    label: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Failure:
    """Hold how a request is to fail.

    Attributes:
        status: of the answer; 0 to hang up.
        body: of the answer.
        headers: of the answer.
        stores: whether the picture is taken nevertheless, as when an answer is lost on its way.
        waits: whether nothing is answered before the service is closed.
    """

    status: int = 0
    body: bytes = b''
    headers: Mapping[str, str] = field(default_factory=dict)
    stores: bool = False
    waits: bool = False


@dataclass
class IngestionApi:
    """Answer for one project.

    Attributes:
        key: the only key that is taken.
        failures: how the next requests are to fail.
        is_away: hang up on everyone.
        stored: what the project has.
        requests: how many there were.
        problems: what was wrong with requests; a collector makes no wrong ones.
    """

    key: str = KEY
    failures: deque[Failure] = field(default_factory=deque)
    is_away: bool = False
    stored: list[Stored] = field(default_factory=list)
    requests: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._hashes: dict[str, int] = {}
        self._is_closing = False
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}'

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what came here holds."""
        with self._changed:
            assert patiently(partial(self._changed.wait_for, condition)), (
                self.requests,
                self.stored,
                self.problems,
            )

    def wait_for_stored(self, number: int) -> list[Stored]:
        self.wait_until(lambda: len(self.stored) >= number)
        return self.stored

    def close(self) -> None:
        """Hang up on everyone from now on, those who wait included."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def answer(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, Mapping[str, str]] | None:
        """Answer a request, and tell those who wait; None hangs up."""
        with self._changed:
            self.requests += 1
            self._changed.notify_all()
            if self.is_away or self._is_closing:
                return None
            failure = self.failures.popleft() if self.failures else None
            if failure is None or failure.stores:
                answer = self._take(path, headers, body)
                self._changed.notify_all()
            if failure is None:
                return answer
            if failure.waits:
                self._changed.wait_for(lambda: self._is_closing, PATIENCE_S)
            return (failure.status, failure.body, failure.headers) if failure.status else None

    def _take(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, bytes, Mapping[str, str]]:
        if headers.get('x-api-key') != self.key:
            return 401, b'Invalid API key', {}
        if len(body) >= MAX_BYTES:
            return 413, b'Request Entity Too Large', {}
        try:
            stored = _read(path, headers, body)
        except (KeyError, ValueError, TypeError, AssertionError) as error:
            self.problems.append(repr(error))
            return 400, str(error).encode(), {}
        digest = hashlib.sha256(stored.jpeg).hexdigest()
        if headers.get('x-disallow-duplicates') and digest in self._hashes:
            error_text = f'An item with this hash already exists (ids: {self._hashes[digest]})'
            return 200, _files(stored.name, success=False, error=error_text), {}
        self._hashes[digest] = len(self.stored) + 1
        self.stored.append(stored)
        return 200, _files(stored.name, success=True), {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)


def _files(name: str, **outcome: object) -> bytes:
    return json.dumps({'success': True, 'files': [{'fileName': name, 'projectId': 1, **outcome}]}).encode()


def _read(path: str, headers: Mapping[str, str], body: bytes) -> Stored:
    """Return what a request brings; anything that is not as documented is an error."""
    _, api, category, files = path.split('/')
    assert (api, files) == ('api', 'files'), path
    assert category in {'training', 'testing'}, path
    assert ('x-label' in headers) != (headers.get('x-no-label') == '1'), 'a label, or x-no-label'
    pictures: dict[str, bytes] = {}
    labels: dict[str, Any] | None = None
    for field_name, name, content in _parts(headers['content-type'], body):
        assert field_name == 'data', f'the field {field_name} is not data'
        if name == 'bounding_boxes.labels':
            labels = json.loads(content)
        else:
            assert content.startswith(b'\xff\xd8'), f'{name} is no JPEG'
            pictures[name] = content
    ((name, jpeg),) = pictures.items()
    return Stored(
        category,
        name,
        jpeg,
        None if labels is None else _boxes(labels, name),
        unquote(headers.get('x-label', '')),
        json.loads(headers.get('x-metadata', '{}')),
    )


def _boxes(labels: dict[str, Any], name: str) -> list[dict[str, Any]]:
    assert (labels['version'], labels['type']) == (1, 'bounding-box-labels'), labels
    ((labelled, boxes),) = labels['boundingBoxes'].items()
    assert labelled == name, f'labels are for {labelled}, the picture is {name}'
    for box in boxes:
        assert set(box) == {'label', 'x', 'y', 'width', 'height'}, box
        assert all(isinstance(box[side], int) and box[side] >= 0 for side in ('x', 'y', 'width', 'height')), (
            box
        )
    return list(boxes)


def _parts(content_type: str, body: bytes) -> list[tuple[str, str, bytes]]:
    message = message_from_bytes(b'Content-Type: ' + content_type.encode() + b'\r\n\r\n' + body)
    assert message.is_multipart(), content_type
    parts = []
    for part in message.get_payload():
        field_name = part.get_param('name', header='content-disposition')  # type: ignore[union-attr]  # multipart
        content = part.get_payload(decode=True)  # type: ignore[union-attr]  # multipart
        assert isinstance(content, bytes)
        parts.append((str(field_name), str(part.get_filename()), content))  # type: ignore[union-attr]
    return parts


def _handler_of(api: IngestionApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        timeout = 60

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers['Content-Length']))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = api.answer(self.path, headers, body)
            if answer is None:
                self.close_connection = True
                return
            status, content, more = answer
            try:
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                self.close_connection = True  # who asked is gone

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler
