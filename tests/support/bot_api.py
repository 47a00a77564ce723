"""Serve Telegram's Bot API on loopback: what a notifier uses of it, with its documented limits."""

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

from tests.support.patience import PATIENCE_S, patiently

MAX_CAPTION = 1024
MAX_TEXT = 4096
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MOST_A_MINUTE_TO_A_GROUP = 20

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Sent:
    """Hold one request as it came."""

    method: str
    fields: dict[str, str]
    photo: bytes = field(default=b'', repr=False)
    photo_name: str = ''
    photo_type: str = ''

    @property
    def text(self) -> str:
        return self.fields.get('text', self.fields.get('caption', ''))


@dataclass
class BotApi:
    """Answer for one bot that is in one chat.

    Attributes:
        token: the only token that is taken.
        chat_id: the only chat the bot may write to; a group's begins with a minus.
        second_s: how long a second is in the limits, to have quick tests; seconds.
        answers: what to answer to the next requests to send instead: (status, body); a body of None hangs up.
        is_away: hang up on everyone.
        has_webhook: refuse getUpdates, as is done while a webhook is set.
        requests: requests to send, refused ones included.
        taken: those which went to the chat.
        polls: how often updates were asked for.
    """

    token: str
    chat_id: str = '42'
    name: str = 'lot_bot'
    second_s: float = 1.0
    answers: deque[Answer] = field(default_factory=deque)
    is_away: bool = False
    has_webhook: bool = False
    requests: list[Sent] = field(default_factory=list)
    taken: list[Sent] = field(default_factory=list)
    polls: int = 0

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._taken_s: list[float] = []
        self._updates: list[dict[str, Any]] = []
        self._numbers = itertools.count(700_000_001)
        self._poller = 0
        self._is_closing = False
        self._server = ThreadingHTTPServer(('127.0.0.1', 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f'http://127.0.0.1:{self._server.server_port}'

    @property
    def unconfirmed(self) -> list[str]:
        """Return the texts that were not confirmed by a higher offset yet."""
        return [update['message']['text'] for update in self._updates]

    def say(self, text: str, chat_id: str | None = None) -> None:
        """Let somebody write to the bot."""
        number = int(chat_id or self.chat_id)
        chat = {'id': number, 'type': 'group' if number < 0 else 'private'}
        with self._changed:
            message = {'message_id': 1, 'date': int(time.time()), 'chat': chat, 'text': text}
            self._updates.append({'update_id': next(self._numbers), 'message': message})
            self._changed.notify_all()

    def wait_for_taken(self, number: int) -> list[Sent]:
        self.wait_until(lambda: len(self.taken) >= number)
        return self.taken

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what came here holds."""
        with self._changed:
            assert patiently(partial(self._changed.wait_for, condition)), (self.requests, self._updates)

    def close(self) -> None:
        """Hang up on everyone from now on, those who wait included."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()

    def answer(self, token: str, sent: Sent) -> Answer:
        """Answer a request, and tell those who wait."""
        with self._changed:
            if self.is_away or self._is_closing:
                return 200, None
            if token != self.token:
                self.requests.append(sent)
                self._changed.notify_all()
                return _error(401, 'Unauthorized') if ':' in token else _error(404, 'Not Found')
            if sent.method == 'getMe':
                return _result({'id': 1, 'is_bot': True, 'first_name': 'Lot', 'username': self.name})
            if sent.method == 'getUpdates':
                return self._get_updates(sent.fields)
            self.requests.append(sent)
            answer = self.answers.popleft() if self.answers else self._send(sent)
            self._changed.notify_all()
            return answer

    def _send(self, sent: Sent) -> Answer:
        if sent.method not in {'sendMessage', 'sendPhoto'}:
            return _error(404, 'Not Found')
        if problem := _problem_of(sent):
            return problem
        if sent.fields.get('chat_id') != self.chat_id:
            return _error(400, 'Bad Request: chat not found')
        now_s = time.monotonic()
        if (wait_s := self._limited_for_s(now_s)) > 0:
            seconds = wait_s if self.second_s != 1.0 else int(wait_s) + 1
            return _error(429, f'Too Many Requests: retry after {seconds}', retry_after=seconds)
        self._taken_s.append(now_s)
        self.taken.append(sent)
        return _result({'message_id': len(self.taken)})

    def _limited_for_s(self, now_s: float) -> float:
        free_s = [self._taken_s[-1] + self.second_s] if self._taken_s else []
        if self.chat_id.startswith('-') and len(self._taken_s) >= MOST_A_MINUTE_TO_A_GROUP:
            free_s.append(self._taken_s[-MOST_A_MINUTE_TO_A_GROUP] + 60 * self.second_s)
        return max(free_s, default=now_s) - now_s

    def _get_updates(self, fields: dict[str, str]) -> Answer:
        """Hold the question open until there is something; the newer of two questions ends the older."""
        if self.has_webhook:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, limit = int(fields.get('offset', '0')), int(fields.get('limit', '100'))
        self.polls += 1
        self._poller = mine = self._poller + 1
        if offset < 0:
            self._updates = self._updates[offset:]
        else:
            self._updates = [update for update in self._updates if update['update_id'] >= offset]
        self._changed.notify_all()
        self._changed.wait_for(
            lambda: self._updates or self._poller != mine or self._is_closing or self.is_away,
            float(fields.get('timeout', '0')),
        )
        if self._is_closing or self.is_away:
            return 200, None
        if self._poller != mine:
            return _error(409, 'Conflict: terminated by other getUpdates request')
        return _result(self._updates[:limit])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)


def _problem_of(sent: Sent) -> Answer | None:
    """Return the refusal of what is over a documented limit."""
    if sent.method == 'sendMessage':
        if not sent.text:
            return _error(400, 'Bad Request: message text is empty')
        return _error(400, 'Bad Request: message is too long') if _length(sent.text) > MAX_TEXT else None
    if len(sent.photo) > MAX_PHOTO_BYTES:
        return _error(413, 'Request Entity Too Large')
    if not sent.photo.startswith(b'\xff\xd8'):
        return _error(400, 'Bad Request: IMAGE_PROCESS_FAILED')
    if _length(sent.text) > MAX_CAPTION:
        return _error(400, 'Bad Request: message caption is too long')
    return None


def _length(text: str) -> int:
    return len(text.encode('utf-16-le')) // 2


def _result(result: object) -> Answer:
    return 200, {'ok': True, 'result': result}


def _error(code: int, description: str, **parameters: object) -> Answer:
    return code, {'ok': False, 'error_code': code, 'description': description, 'parameters': parameters}


def _handler_of(api: BotApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        timeout = 60

        def do_POST(self) -> None:
            _, bot, method = self.path.split('/')
            body = self.rfile.read(int(self.headers['Content-Length']))
            sent = _read(method, self.headers.get('Content-Type', ''), body)
            status, answer = api.answer(bot.removeprefix('bot'), sent)
            if answer is None:
                self.close_connection = True
                return
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                self.close_connection = True  # who asked is gone

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler


def _read(method: str, content_type: str, body: bytes) -> Sent:
    if not content_type.startswith('multipart/'):
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
