"""Upload pictures to Edge Impulse's ingestion service.

Each call is one request: who calls decides when to try again. The key is in a header of each request
and nowhere else: no error or log of ours has it, and what the service answers is searched for it.
Documentation: Edge Impulse, "Ingestion API", `POST /api/{training|testing}/files`.
"""

import functools
import json
import math
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from parking_monitor.cloud.errors import (
    IngestionBusyError,
    IngestionError,
    IngestionKeyError,
    IngestionRefusedError,
)
from parking_monitor.cloud.sample import Sample, labels_document

BASE_URL = 'https://ingestion.edgeimpulse.com'
MAX_UPLOAD_BYTES = 100 * 1000 * 1000
DEFAULT_DEADLINE_S = 120.0
STEP_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024
MAX_RETRY_AFTER_S = 86_400.0
_QUOTED_CHARACTERS = 200
_CHUNK_BYTES = 16 * 1024

_KEY = re.compile(r'ei_[A-Za-z0-9]+')
# What the service says of a picture that it has already.
_DUPLICATE = 'already exists'
# What is about this one picture, and will be so next time.
_ABOUT_THE_PICTURE = frozenset({400, 413, 415, 422})


class IngestionClient:
    """Upload to one project. Calls wait for the service, so give them a thread of their own.

    Args:
        key: the project's API key, `EI_API_KEY_IMAGE`.
        label: of each picture as a whole, for classification projects; empty for none.
        base_url: where the service is.
        deadline_s: how long one picture may take in all; looked at between the steps of a
            request, none of which stands still for over 15 s.

    Raises:
        ValueError: when the key does not look like one; it is not repeated.
    """

    def __init__(
        self,
        key: SecretStr,
        *,
        label: str = '',
        base_url: str = BASE_URL,
        deadline_s: float = DEFAULT_DEADLINE_S,
    ) -> None:
        secret = key.get_secret_value().strip()
        if not _KEY.fullmatch(secret):
            raise ValueError(
                'EI_API_KEY_IMAGE is not an API key; it begins with ei_ and is on the Dashboard of your '
                'Edge Impulse project, under Keys'
            )
        self._secret = secret
        self._label = label
        self._base_url = base_url.rstrip('/')
        self._deadline_s = deadline_s
        self._http = httpx.Client(timeout=httpx.Timeout(STEP_TIMEOUT_S), verify=_tls())

    def __repr__(self) -> str:
        return f'IngestionClient(base_url={self._base_url!r})'

    def upload(self, sample: Sample, jpeg: bytes) -> bool:
        """Upload a picture with its suggested labels.

        Returns:
            False when the project has it already.

        Raises:
            IngestionKeyError: when the service does not take the key.
            IngestionBusyError: when it wants no more for a while.
            IngestionRefusedError: when it does not take this picture.
            IngestionError: when it cannot be reached, or answers with anything else.
        """
        if len(jpeg) >= MAX_UPLOAD_BYTES:
            raise IngestionRefusedError(f'{len(jpeg)} bytes are over the {MAX_UPLOAD_BYTES} of Edge Impulse')
        files = [('data', (sample.name, jpeg, 'image/jpeg'))]
        if sample.boxes is not None:
            labels = labels_document({sample.name: sample.boxes}).encode()
            files.append(('data', ('bounding_boxes.labels', labels, 'application/json')))
        status, retry_after, content = self._post(sample, files)
        return self._judge(status, retry_after, content)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _headers(self, sample: Sample) -> dict[str, str]:
        about = {'x-label': quote(self._label, safe='')} if self._label else {'x-no-label': '1'}
        return {
            'x-api-key': self._secret,
            'x-disallow-duplicates': '1',
            # JSON of ASCII alone, as headers are.
            'x-metadata': json.dumps(sample.metadata),
            **about,
        }

    def _post(self, sample: Sample, files: list[tuple[str, Any]]) -> tuple[int, str, bytes]:
        """Return status, Retry-After and body of the answer."""
        deadline_s = time.monotonic() + self._deadline_s
        try:
            url = f'{self._base_url}/api/{sample.category}/files'
            request = self._http.build_request('POST', url, headers=self._headers(sample), files=files)
            request.stream = _Upload(request.read(), deadline_s)
            response = self._http.send(request, stream=True)
            try:
                content = _read(response, deadline_s)
            finally:
                response.close()
            return response.status_code, response.headers.get('retry-after', ''), content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = type(error).__name__
        except RuntimeError:
            # What httpx says to a client that another thread has closed.
            problem = 'the client was closed'
        # Raised out here, where the error of httpx, which holds the request, is not its context.
        raise IngestionError(f'Edge Impulse was not reached ({problem}); check the network')

    def _judge(self, status: int, retry_after: str, content: bytes) -> bool:
        answer = _parse(content)
        said = self._said(answer, content)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise IngestionBusyError(_retry_after_s(retry_after))
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise IngestionKeyError(
                f'Edge Impulse answered {status}: {said}; check EI_API_KEY_IMAGE, it is on the '
                'Dashboard of the project, under Keys'
            )
        if _DUPLICATE in said:
            return False
        if status in _ABOUT_THE_PICTURE:
            raise IngestionRefusedError(f'Edge Impulse answered {status}: {said}')
        if status != httpx.codes.OK:
            raise IngestionError(f'Edge Impulse answered {status}: {said}; it is tried again')
        return self._judge_files(answer, said)

    def _judge_files(self, answer: Mapping[str, Any], said: str) -> bool:
        """Judge an answer of 200, which can tell a failure of the whole or of each file."""
        files = answer.get('files')
        failed = [one for one in files if not _succeeded(one)] if isinstance(files, list) else []
        if failed:
            raise IngestionRefusedError(f'Edge Impulse does not take it: {said}')
        if answer.get('success') is not True or not files:
            raise IngestionError(
                f'Edge Impulse answered {said}, not that it has the picture; it is tried again'
            )
        return True

    def _said(self, answer: Mapping[str, Any], content: bytes) -> str:
        """Return the reason in an answer, in one line and without the key."""
        files = answer.get('files')
        reasons = [answer.get('error')]
        if isinstance(files, list):
            reasons += [one.get('error') for one in files if isinstance(one, dict)]
        text = '; '.join(reason for reason in reasons if isinstance(reason, str) and reason)
        text = text or content[:_QUOTED_CHARACTERS].decode('utf-8', errors='replace') or 'nothing'
        text = text.replace(self._secret, '***')[:_QUOTED_CHARACTERS]
        return ''.join(character if character.isprintable() else ' ' for character in text)


class _Upload(httpx.SyncByteStream):
    """Give a request's body in pieces, and end it when that takes too long."""

    def __init__(self, body: bytes, deadline_s: float) -> None:
        self._body = body
        self._deadline_s = deadline_s

    def __iter__(self) -> Iterator[bytes]:
        for begin in range(0, len(self._body), _CHUNK_BYTES):
            if time.monotonic() > self._deadline_s:
                raise httpx.WriteTimeout('the upload is too slow')
            yield self._body[begin : begin + _CHUNK_BYTES]


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read the certificates of this machine once; it takes long."""
    return httpx.create_ssl_context()


def _read(response: httpx.Response, deadline_s: float) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > MAX_ANSWER_BYTES or time.monotonic() > deadline_s:
            raise httpx.ReadTimeout('the answer is too long or too slow')
    return bytes(content)


def _parse(content: bytes) -> dict[str, Any]:
    """Read a JSON object; an empty one stands for anything else."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _succeeded(file: object) -> bool:
    return isinstance(file, dict) and file.get('success') is True


def _retry_after_s(text: str) -> float:
    """Return how long the service asks to wait; a minute when it does not say."""
    try:
        wait_s = float(text)
    except ValueError:
        return 60.0
    return min(wait_s, MAX_RETRY_AFTER_S) if math.isfinite(wait_s) and wait_s > 0 else 1.0
