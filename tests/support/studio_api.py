"""Serve Edge Impulse Studio's API on loopback: what a device uses of it, its refusals and its bad days."""

import contextlib
import hashlib
import json
import re
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.support.patience import PATIENCE_S, patiently

KEY = 'ei_0123456789abcdef0123456789abcdef'
AARCH64, X86 = 'runner-linux-aarch64', 'runner-linux-x86_64'
_PIECE = 16 * 1024


@dataclass(frozen=True)
class Request:
    """Hold one request as it came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def is_download(self) -> bool:
        return self.path.endswith('/download')


@dataclass(frozen=True)
class Build:
    """Hold a deployment that was built."""

    version: int
    type: str
    content: bytes = field(repr=False)


@dataclass
class FakeStudio:
    """Answer for one account.

    Attributes:
        key: the only key that is taken.
        projects: names of the projects that it opens, by number.
        builds: of each project, oldest first.
        ranges: whether downloads can begin in the middle.
        tags: whether contents are named by an ETag.
        lengths: whether downloads say how long they are.
        answers: what to answer to the next requests instead: (status, headers, body).
        cuts: after how many bytes each of the next downloads is cut.
        piece_s: how long each 16 KB of a download takes.
        redirect_to: where downloads are to be had instead.
        requests: all that came.
    """

    key: str = KEY
    projects: dict[int, str] = field(default_factory=lambda: {7: 'lot'})
    builds: dict[int, list[Build]] = field(default_factory=dict)
    ranges: bool = True
    tags: bool = True
    lengths: bool = True
    answers: deque[tuple[int, dict[str, str], Any]] = field(default_factory=deque)
    cuts: deque[int] = field(default_factory=deque)
    piece_s: float = 0.0
    redirect_to: str = ''
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._is_closing = False
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}/v1'

    @property
    def downloads(self) -> list[Request]:
        return [request for request in self.requests if request.is_download]

    def build(self, content: bytes, version: int = 1, type_: str = X86, project: int = 7) -> None:
        """Do what an operator's click on "Build" does."""
        with self._changed:
            self.builds.setdefault(project, []).append(Build(version, type_, content))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what came here holds."""
        with self._changed:
            assert patiently(partial(self._changed.wait_for, condition)), self.requests

    def take(self, request: Request) -> tuple[int, dict[str, str], Any]:
        """Return status, headers and body; a body of bytes is a file."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if self.answers:
                return self.answers.popleft()
            if request.headers.get('x-api-key') != self.key:
                return 401, {}, _error(f'Invalid API key {request.headers.get("x-api-key", "")}')
            return self._answer(request)

    def _answer(self, request: Request) -> tuple[int, dict[str, str], Any]:
        if request.path == '/v1/api/projects':
            projects = [{'id': number, 'name': name} for number, name in self.projects.items()]
            return 200, {}, {'success': True, 'projects': projects}
        found = re.fullmatch(r'/v1/api/(\d+)/deployment(.*)', request.path)
        if found is None or int(found[1]) not in self.projects:
            return 404, {}, _error('No such route')
        builds = self.builds.get(int(found[1]), [])
        of_type = [build for build in builds if build.type == request.query.get('type')]
        if found[2] == '':
            body = {'success': True, 'hasDeployment': bool(of_type)}
            return 200, {}, {**body, 'version': of_type[-1].version} if of_type else body
        if found[2] == '/history':
            return self._history(builds, request)
        if found[2] == '/download':
            return self._download(of_type[-1] if of_type else None, request)
        version = re.fullmatch(r'/history/(\d+)/download', found[2])
        wanted = [build for build in builds if version and build.version == int(version[1])]
        return self._download(wanted[0] if wanted else None, request)

    def _history(self, builds: list[Build], request: Request) -> tuple[int, dict[str, str], Any]:
        offset, limit = int(request.query.get('offset', '0')), int(request.query.get('limit', '50'))
        listed = [
            {
                'created': '2026-11-22T10:00:00Z',
                'deploymentFormat': build.type,
                'deploymentVersion': build.version,
                'engine': 'tflite',
                'modelType': 'int8',
            }
            for build in reversed(builds)
        ]
        page = listed[offset : offset + limit]
        return 200, {}, {'success': True, 'totalDeploymentCount': len(listed), 'deployments': page}

    def _download(self, build: Build | None, request: Request) -> tuple[int, dict[str, str], Any]:
        if build is None:
            return 200, {}, _error('No deployment exists yet')
        if self.redirect_to:
            return 302, {'Location': self.redirect_to}, b''
        headers = {'Content-Type': 'application/octet-stream'}
        tag = f'"{hashlib.sha256(build.content).hexdigest()[:16]}"'
        if self.tags:
            headers['ETag'] = tag
        asked = re.fullmatch(r'bytes=(\d+)-', request.headers.get('range', ''))
        if not self.ranges or not asked or request.headers.get('if-range', tag) != tag:
            return 200, headers, build.content
        start, size = int(asked[1]), len(build.content)
        if start >= size:
            return 416, {}, _error('Range Not Satisfiable')
        headers['Content-Range'] = f'bytes {start}-{size - 1}/{size}'
        return 206, headers, build.content[start:]

    def pieces(self, body: bytes) -> list[bytes]:
        """Return what of a download is sent, in pieces; an empty one stands for a cut."""
        with self._changed:
            cut = self.cuts.popleft() if self.cuts else None
        sent = body if cut is None else body[:cut]
        pieces = [sent[at : at + _PIECE] for at in range(0, len(sent), _PIECE)]
        return pieces if cut is None else [*pieces, b'']

    def pause(self) -> bool:
        """Be slow; return whether to go on."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._is_closing, self.piece_s)

    def hang_up(self) -> None:
        """End what is being sent, and all that will be."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)


def _error(text: str) -> dict[str, Any]:
    return {'success': False, 'error': text}


def _handler_of(studio: FakeStudio) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        timeout = 60

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # who asked is gone
                super().handle()

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(address.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = studio.take(Request(address.path, query, headers))
            try:
                self._send(status, more, body)
            except ConnectionError:
                self.close_connection = True  # who asked is gone

        def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
            is_file = isinstance(body, bytes)
            content = body if is_file else json.dumps(body).encode()
            self.send_response(status)
            kind = {} if is_file else {'Content-Type': 'application/json'}
            for name, value in {**kind, **headers}.items():
                self.send_header(name, value)
            if studio.lengths or not is_file:
                self.send_header('Content-Length', str(len(content)))
            else:
                self.close_connection = True
            self.end_headers()
            for piece in studio.pieces(content) if is_file else [content]:
                if not piece or (is_file and studio.piece_s and not studio.pause()):
                    self.close_connection = True
                    return
                self.wfile.write(piece)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler
