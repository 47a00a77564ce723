"""Send over HTTP without telling anybody the address: it may hold a key."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from parking_fleet.alerts.errors import ChannelError

# It logs the address of every request.
for _name in ('httpx', 'httpcore'):
    logging.getLogger(_name).setLevel(logging.WARNING)

_MOST_BYTES = 8_192
_MOST_WAIT_S = 900.0
_REASONS: dict[type[httpx.HTTPError], str] = {
    httpx.ConnectError: 'there is no connection to it; check the address, the network and its certificate',
    httpx.TimeoutException: 'it does not answer in time',
    httpx.ProtocolError: 'it hung up',
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold the beginning of an answer."""

    status: int
    body: bytes
    retry_after_s: float


def post(
    url: str,
    *,
    what: str,
    timeout_s: float,
    content: bytes | None = None,
    data: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send a request, and return the answer whatever its status.

    Args:
        url: where to; never told.
        what: how errors call the other side.
        timeout_s: each step may take so long.
        content: a body.
        data: the fields of a form, instead of a body.
        headers: further ones.

    Raises:
        ChannelError: when there is no answer.
    """
    try:
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=False) as client,
            client.stream('POST', url, content=content, data=data, headers=headers) as response,
        ):
            body = b''
            for part in response.iter_raw():
                body += part
                if len(body) >= _MOST_BYTES:
                    break
            return Answer(response.status_code, body[:_MOST_BYTES], _retry_after_s(response))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = next((text for kind, text in _REASONS.items() if isinstance(error, kind)), '')
        raise ChannelError(f'{what}: {told or type(error).__name__}') from None


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get('retry-after', '')
    return min(float(text), _MOST_WAIT_S) if text.isdecimal() else 0.0
