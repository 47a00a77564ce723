"""Send pictures and messages to a Telegram chat.

The bot's token is part of every address of the Bot API. It is kept out of logs and
errors: httpx writes each address to its log, so that log loses its lines with the token,
and no error of httpx, which carries the address, leaves this module.
"""

import json
import logging
import re
import threading
import time
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import SecretStr

from parking_monitor.cloud.errors import TelegramError, TelegramRateLimitError, TelegramRefusedError

BASE_URL = 'https://api.telegram.org'

# Limits of the Bot API; text is measured in UTF-16 code units, as Telegram does.
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_CAPTION = 1024
MAX_TEXT = 4096

DEFAULT_DEADLINE_S = 60.0
STEP_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024
# Requests for one message: a chat that answers 429 time and again is left alone.
MAX_ATTEMPTS = 3

_TOKEN = re.compile(r'[0-9]+:[A-Za-z0-9_-]+')


class TelegramClient:
    """Speak to one chat as one bot. Calls wait for Telegram, so give them a thread of their own.

    Args:
        token: the bot's token, `TG_TOKEN`.
        chat_id: the chat, `TG_CHAT_ID`: a number or '@channel'.
        base_url: where the Bot API is.
        deadline_s: how long one message may take in all, waits that Telegram asks for included;
            looked at between the steps of a request, none of which stands still for over 10 s.

    Raises:
        ValueError: when the token does not look like one; it is not repeated.
    """

    def __init__(
        self,
        token: SecretStr,
        chat_id: str,
        *,
        base_url: str = BASE_URL,
        deadline_s: float = DEFAULT_DEADLINE_S,
    ) -> None:
        secret = token.get_secret_value().strip()
        if not _TOKEN.fullmatch(secret):
            raise ValueError(
                'TG_TOKEN is not a bot token; it looks like 123456789:AbC-dEf and comes from @BotFather'
            )
        self._secret = secret
        self._chat_id = chat_id
        self._base_url = base_url.rstrip('/')
        self._deadline_s = deadline_s
        self._closed = threading.Event()
        self._filter = _TokenFilter(secret)
        logging.getLogger('httpx').addFilter(self._filter)
        self._http = httpx.Client(timeout=httpx.Timeout(STEP_TIMEOUT_S))

    def __repr__(self) -> str:
        return f'TelegramClient(chat_id={self._chat_id!r})'

    def send_message(self, text: str) -> None:
        """Send a text of at most 4096 characters.

        Raises:
            ValueError: when the text is empty or too long.
            TelegramRateLimitError: when Telegram wants no more for longer than the deadline.
            TelegramRefusedError: when Telegram answers with an error.
            TelegramError: when there is no answer in time.
        """
        _check_length('text', text, MAX_TEXT)
        if not text:
            raise ValueError('text is empty; a message needs at least one character')
        self._call('sendMessage', {'chat_id': self._chat_id, 'text': text})

    def send_photo(self, jpeg: bytes, caption: str = '') -> None:
        """Send a JPEG of at most 10 MB with a caption of at most 1024 characters.

        Raises:
            ValueError: when the picture or the caption is too large.
            TelegramRateLimitError: when Telegram wants no more for longer than the deadline.
            TelegramRefusedError: when Telegram answers with an error.
            TelegramError: when there is no answer in time.
        """
        _check_length('caption', caption, MAX_CAPTION)
        if len(jpeg) > MAX_PHOTO_BYTES:
            raise ValueError(f'photo has {len(jpeg)} bytes; Telegram takes at most {MAX_PHOTO_BYTES}')
        fields = {'chat_id': self._chat_id, 'caption': caption}
        self._call('sendPhoto', fields, {'photo': ('photo.jpg', jpeg, 'image/jpeg')})

    def close(self) -> None:
        """Close the connection; a call that waits for Telegram's permission ends at once."""
        self._closed.set()
        self._http.close()
        logging.getLogger('httpx').removeFilter(self._filter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, method: str, fields: dict[str, str], files: dict[str, Any] | None = None) -> None:
        deadline_s = time.monotonic() + self._deadline_s
        for attempt in range(MAX_ATTEMPTS):
            status, answer = self._post(method, fields, files, deadline_s)
            if status != httpx.codes.TOO_MANY_REQUESTS:
                self._check(status, answer)
                return
            wait_s = _retry_after_s(answer)
            in_time = time.monotonic() + wait_s < deadline_s
            if attempt == MAX_ATTEMPTS - 1 or not in_time or self._closed.wait(wait_s):
                raise TelegramRateLimitError(wait_s)

    def _post(
        self, method: str, fields: dict[str, str], files: dict[str, Any] | None, deadline_s: float
    ) -> tuple[int, dict[str, Any]]:
        url = f'{self._base_url}/bot{self._secret}/{method}'
        try:
            with self._http.stream('POST', url, data=fields, files=files) as response:
                return response.status_code, _read_answer(response, deadline_s)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = type(error).__name__
        except RuntimeError:
            # What httpx says to a client that another thread has closed.
            problem = 'the client was closed'
        # Raised out here, where the error of httpx is no longer the context of this one.
        raise TelegramError(f'Telegram was not reached ({problem}); check the network')

    def _check(self, status: int, answer: dict[str, Any]) -> None:
        if status == httpx.codes.OK and answer.get('ok') is True:
            return
        description = str(answer.get('description', 'no description')).replace(self._secret, '***')
        hints: dict[int, str] = {
            httpx.codes.UNAUTHORIZED: '; check TG_TOKEN',
            httpx.codes.NOT_FOUND: '; check TG_TOKEN',
            httpx.codes.BAD_REQUEST: '; check TG_CHAT_ID',
            httpx.codes.FORBIDDEN: '; check TG_CHAT_ID, and that the bot was not removed from the chat',
        }
        raise TelegramRefusedError(f'Telegram answered {status}: {description}{hints.get(status, "")}')


class _TokenFilter(logging.Filter):
    """Drop log records that would show the token."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        return self._secret not in record.getMessage()


def _read_answer(response: httpx.Response, deadline_s: float) -> dict[str, Any]:
    """Read a short JSON answer; an empty one stands for anything else."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES or time.monotonic() > deadline_s:
            raise httpx.ReadTimeout('the answer is too long or too slow')
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after_s(answer: dict[str, Any]) -> float:
    """Return how long Telegram asks to wait; a second when it does not say."""
    parameters = answer.get('parameters')
    wait_s = parameters.get('retry_after') if isinstance(parameters, dict) else None
    return float(wait_s) if isinstance(wait_s, int | float) and wait_s > 0 else 1.0


def _check_length(field: str, text: str, limit: int) -> None:
    length = len(text.encode('utf-16-le')) // 2
    if length > limit:
        raise ValueError(f'{field} has {length} characters; Telegram takes at most {limit}')
