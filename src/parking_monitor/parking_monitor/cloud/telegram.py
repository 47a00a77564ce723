"""Send pictures and messages to a Telegram chat, and fetch what people ask.

Each call is one request: who calls decides when to try again. The bot's token is part of every
address of the Bot API. It is kept out of logs and errors: httpx writes each address to its log,
so that log loses its lines with the token, and no error of httpx, which carries the address,
leaves this module.
"""

import functools
import json
import logging
import math
import re
import ssl
import time
from typing import Any, Self

import httpx
from pydantic import SecretStr

from parking_monitor.cloud.errors import (
    TelegramConflictError,
    TelegramError,
    TelegramRateLimitError,
    TelegramRefusedError,
)

BASE_URL = 'https://api.telegram.org'

# Limits of the Bot API; text is measured in UTF-16 code units, as Telegram does.
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_CAPTION = 1024
MAX_TEXT = 4096

DEFAULT_DEADLINE_S = 60.0
STEP_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024
# What so many messages can be at most, each with the one it replies to, is far below this.
MAX_UPDATES = 10
MAX_UPDATES_BYTES = 4 * 1024 * 1024
MAX_RETRY_AFTER_S = 86_400.0

_TOKEN = re.compile(r'[0-9]+:[A-Za-z0-9_-]+')


class TelegramClient:
    """Speak to one chat as one bot. Calls wait for Telegram, so give them a thread of their own.

    Args:
        token: the bot's token, `TG_TOKEN`.
        chat_id: the chat, `TG_CHAT_ID`: a number or '@channel'.
        base_url: where the Bot API is.
        deadline_s: how long one message may take in all; looked at between the steps of a
            request, none of which stands still for over 10 s.

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
        self._filter = _TokenFilter(secret)
        logging.getLogger('httpx').addFilter(self._filter)
        self._http = httpx.Client(timeout=httpx.Timeout(STEP_TIMEOUT_S), verify=_tls())

    def __repr__(self) -> str:
        return f'TelegramClient(chat_id={self._chat_id!r})'

    def send_message(self, text: str) -> None:
        """Send a text of at most 4096 characters.

        Raises:
            ValueError: when the text is empty or too long.
            TelegramRateLimitError: when Telegram wants no more for a while.
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
            TelegramRateLimitError: when Telegram wants no more for a while.
            TelegramRefusedError: when Telegram answers with an error.
            TelegramError: when there is no answer in time.
        """
        _check_length('caption', caption, MAX_CAPTION)
        if len(jpeg) > MAX_PHOTO_BYTES:
            raise ValueError(f'photo has {len(jpeg)} bytes; Telegram takes at most {MAX_PHOTO_BYTES}')
        fields = {'chat_id': self._chat_id, 'caption': caption}
        self._call('sendPhoto', fields, {'photo': ('photo.jpg', jpeg, 'image/jpeg')})

    def name(self) -> str:
        """Return the bot's name, without @.

        Raises:
            TelegramRefusedError: when Telegram answers with an error, as it does to a wrong token.
            TelegramError: when there is no answer in time.
        """
        result = self._call('getMe', {})
        return str(result.get('username', '')) if isinstance(result, dict) else ''

    def updates(self, offset: int, wait_s: int) -> list[Any]:
        """Fetch messages to the bot; wait for the first one.

        Args:
            offset: number of the first one wanted; Telegram forgets those before it. 0 for all.
            wait_s: how long to wait, whole seconds.

        Returns:
            At most 10 updates as Telegram gives them: nothing in them can be relied upon.

        Raises:
            TelegramConflictError: when another program fetches them, too.
            TelegramRateLimitError: when Telegram wants to be asked less often.
            TelegramRefusedError: when Telegram answers with an error.
            TelegramError: when there is no answer in time.
        """
        fields = {
            'offset': str(offset),
            'timeout': str(wait_s),
            'limit': str(MAX_UPDATES),
            'allowed_updates': '["message","channel_post"]',
        }
        result = self._call('getUpdates', fields, wait_s=wait_s)
        return result if isinstance(result, list) else []

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
        logging.getLogger('httpx').removeFilter(self._filter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(
        self, method: str, fields: dict[str, str], files: dict[str, Any] | None = None, wait_s: float = 0.0
    ) -> object:
        status, answer = self._post(method, fields, files, wait_s)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise TelegramRateLimitError(_retry_after_s(answer))
        self._check(status, answer)
        return answer.get('result')

    def _post(
        self, method: str, fields: dict[str, str], files: dict[str, Any] | None, wait_s: float
    ) -> tuple[int, dict[str, Any]]:
        url = f'{self._base_url}/bot{self._secret}/{method}'
        deadline_s = time.monotonic() + self._deadline_s + wait_s
        most_bytes = MAX_UPDATES_BYTES if method == 'getUpdates' else MAX_ANSWER_BYTES
        timeout = httpx.Timeout(STEP_TIMEOUT_S, read=STEP_TIMEOUT_S + wait_s)
        try:
            with self._http.stream('POST', url, data=fields, files=files, timeout=timeout) as response:
                return response.status_code, _read_answer(response, deadline_s, most_bytes)
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
        if status == httpx.codes.CONFLICT:
            raise TelegramConflictError(description)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise TelegramError(f'Telegram answered {status}: {description}; it is tried again')
        hints: dict[int, str] = {
            httpx.codes.UNAUTHORIZED: '; check TG_TOKEN',
            httpx.codes.NOT_FOUND: '; check TG_TOKEN',
            httpx.codes.BAD_REQUEST: '; check TG_CHAT_ID',
            httpx.codes.FORBIDDEN: '; check TG_CHAT_ID, and that the bot was not removed from the chat',
        }
        hint = hints.get(status, '')
        if moved_to := _parameter(answer, 'migrate_to_chat_id'):
            hint = f'; the group has a new number, set TG_CHAT_ID to {moved_to:.0f}'
        raise TelegramRefusedError(f'Telegram answered {status}: {description}{hint}')


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read the certificates of this machine once; it takes long."""
    return httpx.create_ssl_context()


class _TokenFilter(logging.Filter):
    """Drop log records that would show the token."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        return self._secret not in record.getMessage()


def _read_answer(response: httpx.Response, deadline_s: float, most_bytes: int) -> dict[str, Any]:
    """Read a JSON answer; an empty one stands for anything else."""
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > most_bytes or time.monotonic() > deadline_s:
            raise httpx.ReadTimeout('the answer is too long or too slow')
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after_s(answer: dict[str, Any]) -> float:
    """Return how long Telegram asks to wait; a second when it does not say."""
    wait_s = _parameter(answer, 'retry_after')
    return min(wait_s, MAX_RETRY_AFTER_S) if wait_s > 0 else 1.0


def _parameter(answer: dict[str, Any], name: str) -> float:
    """Return a number among the parameters of a refusal, 0 when it is not there."""
    parameters = answer.get('parameters')
    value = parameters.get(name) if isinstance(parameters, dict) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return 0.0
    return float(value)


def fit_text(text: str, limit: int) -> str:
    """Cut a text to a limit of Telegram's, which counts UTF-16 code units, and show that it is cut."""
    if _length(text) <= limit:
        return text
    kept = text.encode('utf-16-le', errors='replace')[: 2 * (limit - 1)].decode('utf-16-le', errors='ignore')
    return f'{kept}…'


def _check_length(field: str, text: str, limit: int) -> None:
    length = _length(text)
    if length > limit:
        raise ValueError(f'{field} has {length} characters; Telegram takes at most {limit}')


def _length(text: str) -> int:
    return len(text.encode('utf-16-le', errors='replace')) // 2
