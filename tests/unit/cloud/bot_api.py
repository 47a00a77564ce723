"""Serve Telegram's Bot API on loopback, as far as its documentation goes for two methods."""

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

MAX_CAPTION = 1024


@dataclass(frozen=True)
class Sent:
    """Hold one request as it came."""

    method: str
    fields: dict[str, str]
    photo: bytes = b''
    photo_name: str = ''
    photo_type: str = ''


@dataclass
class BotApi:
    """Answer `sendMessage` and `sendPhoto` of one bot.

    Attributes:
        token: the only token that is taken.
        chat_id: the only chat there is.
        answers: what to answer to the next requests instead: (status, body); a body of None hangs up.
        requests: what came, refused ones included.
    """

    token: str
    chat_id: str = '42'
    answers: deque[tuple[int, Any]] = field(default_factory=deque)
    requests: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}'

    def answer(self, token: str, sent: Sent) -> tuple[int, Any]:
        self.requests.append(sent)
        if self.answers:
            return self.answers.popleft()
        if token != self.token:
            return 401, {'ok': False, 'error_code': 401, 'description': 'Unauthorized'}
        if sent.fields.get('chat_id') != self.chat_id:
            return 400, {'ok': False, 'error_code': 400, 'description': 'Bad Request: chat not found'}
        return 200, {'ok': True, 'result': {'message_id': len(self.requests)}}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler_of(api: BotApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        timeout = 10

        def do_POST(self) -> None:
            _, bot, method = self.path.split('/')
            body = self.rfile.read(int(self.headers['Content-Length']))
            sent = _read(method, self.headers['Content-Type'], body)
            status, answer = api.answer(bot.removeprefix('bot'), sent)
            if answer is None:
                self.close_connection = True
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header('Content-Length', str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler


def _read(method: str, content_type: str, body: bytes) -> Sent:
    if content_type.startswith('application/x-www-form-urlencoded'):
        return Sent(method, dict(parse_qsl(body.decode())))
    parts = message_from_bytes(b'Content-Type: ' + content_type.encode() + b'\r\n\r\n' + body)
    assert parts.is_multipart()
    fields: dict[str, str] = {}
    photo = ('', b'', '')
    for part in parts.get_payload():
        name = part.get_param('name', header='content-disposition')  # type: ignore[union-attr]  # multipart
        content = part.get_payload(decode=True)  # type: ignore[union-attr]  # multipart
        assert isinstance(content, bytes)
        if name == 'photo':
            photo = (part.get_filename() or '', content, part.get_content_type())  # type: ignore[union-attr]
        else:
            fields[str(name)] = content.decode()
    return Sent(method, fields, photo[1], photo[0], photo[2])
