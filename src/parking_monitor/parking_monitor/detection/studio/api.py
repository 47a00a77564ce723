"""Ask Edge Impulse Studio which models there are, and open one to read.

Each call is one request: who calls decides when to try again. The key travels as a header, and to
Studio alone; no error of httpx, which carries the request with its headers, leaves this module.

Studio API, https://docs.edgeimpulse.com/apis/studio: `GET /api/projects`, `/api/{id}/deployment`,
`/api/{id}/deployment/download`, `/api/{id}/deployment/history`, `.../history/{version}/download`.
"""

import functools
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeGuard

import httpx
from pydantic import SecretStr

from parking_monitor.detection.studio.errors import (
    NoBuildError,
    StudioBusyError,
    StudioKeyError,
    StudioRefusedError,
    StudioUnreachableError,
)

BASE_URL = 'https://studio.edgeimpulse.com/v1'
KEY_VARIABLE = 'EI_API_KEY_IMAGE'

STEP_TIMEOUT_S = 20.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_RETRY_AFTER_S = 86_400.0
_MOST_REDIRECTS = 3
_HISTORY_PAGE = 100
_MOST_HISTORY = 2000
_MOST_TEXT = 200

_KEY = re.compile(r'[\x21-\x7e]{8,512}')
_LOOKS_LIKE_A_KEY = re.compile(r'ei_[0-9A-Za-z]{6,}')
_TARGETS = {
    'aarch64': ('runner-linux-aarch64', 'Linux (AARCH64)'),
    'armv7l': ('runner-linux-armv7', 'Linux (ARMv7)'),
    'x86_64': ('runner-linux-x86_64', 'Linux (x86)'),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Hold what Studio builds for a processor: the deployment's type, and its name in the browser."""

    type: str
    title: str


@dataclass(frozen=True, slots=True)
class Project:
    """Hold a project that the key opens."""

    id: int
    name: str

    def __str__(self) -> str:
        return f'{self.name} ({self.id})'


def target_of(machine: str) -> Target:
    """Return what to build for a machine, by its name in `uname -m`.

    Raises:
        NoBuildError: when Studio builds nothing for it.
    """
    if machine not in _TARGETS:
        raise NoBuildError(
            f'Edge Impulse Studio builds no Linux model for this processor ({machine}); it does for '
            f'{", ".join(_TARGETS)}'
        )
    return Target(*_TARGETS[machine])


class StudioApi:
    """Speak to Studio with one key. Calls wait for it, so give them a thread of their own.

    Args:
        key: `EI_API_KEY_IMAGE`.
        base_url: where the API is.
        step_timeout_s: how long a step of a request may stand still.

    Raises:
        ValueError: when the key cannot be one; it is not repeated.
    """

    def __init__(
        self, key: SecretStr, *, base_url: str = BASE_URL, step_timeout_s: float = STEP_TIMEOUT_S
    ) -> None:
        secret = key.get_secret_value().strip()
        if not _KEY.fullmatch(secret):
            raise ValueError(
                f'{KEY_VARIABLE} is not a key of Edge Impulse; it looks like ei_0123abcd... and comes from '
                'Dashboard > Keys in Studio'
            )
        self._secret = secret
        self._base = httpx.URL(base_url.rstrip('/') + '/')
        tls = _tls() if self._base.scheme == 'https' else False
        self._http = httpx.Client(timeout=httpx.Timeout(step_timeout_s), verify=tls)

    def __repr__(self) -> str:
        return f'StudioApi({self._base!s})'

    def projects(self) -> tuple[Project, ...]:
        """Return the projects that the key opens.

        Raises:
            StudioError: when there is no such answer.
        """
        found = self._ask('api/projects', {}).get('projects')
        if not isinstance(found, list):
            raise StudioRefusedError('Edge Impulse Studio answered without projects')
        return tuple(
            Project(one['id'], one['name'])
            for one in found
            if isinstance(one, dict) and _is_whole(one.get('id')) and isinstance(one.get('name'), str)
        )

    def newest(self, project: Project, target: Target) -> int:
        """Return the version of a project's newest build for a processor.

        Raises:
            NoBuildError: when there is none.
            StudioError: when there is no answer.
        """
        answer = self._ask(f'api/{project.id}/deployment', {'type': target.type})
        version = answer.get('version')
        if answer.get('hasDeployment') is not True or not _is_whole(version):
            raise NoBuildError(
                f"project {project} has no model for this processor yet: build '{target.title}' under "
                'Deployment in Edge Impulse Studio'
            )
        return version

    def versions(self, project: Project, target: Target) -> tuple[int, ...]:
        """Return the versions of all builds for a processor that Studio still has, newest first.

        Raises:
            StudioError: when there is no answer.
        """
        versions: set[int] = set()
        for offset in range(0, _MOST_HISTORY, _HISTORY_PAGE):
            answer = self._ask(
                f'api/{project.id}/deployment/history', {'limit': str(_HISTORY_PAGE), 'offset': str(offset)}
            )
            page = answer.get('deployments')
            if not isinstance(page, list) or not page:
                break
            versions |= {
                one['deploymentVersion']
                for one in page
                if isinstance(one, dict)
                and one.get('deploymentFormat') == target.type
                and _is_whole(one.get('deploymentVersion'))
            }
            total = answer.get('totalDeploymentCount')
            if not _is_whole(total) or offset + len(page) >= total:
                break
        return tuple(sorted(versions, reverse=True))

    def open_newest(self, project: Project, target: Target, offset: int = 0, tag: str = '') -> 'Opened':
        """Open the newest build, from an offset on where Studio can; see `Opened`."""
        return self._open(f'api/{project.id}/deployment/download', {'type': target.type}, offset, tag)

    def open_version(self, project: Project, version: int, offset: int = 0, tag: str = '') -> 'Opened':
        """Open a build by its version, from an offset on where Studio can; see `Opened`."""
        return self._open(f'api/{project.id}/deployment/history/{version}/download', {}, offset, tag)

    def close(self) -> None:
        """Close the connection, which ends a call under way in another thread soon."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        response = self._send(path, params, {})
        answer = self._answer_of(response)
        self._check(response, answer)
        return answer

    def _open(self, path: str, params: Mapping[str, str], offset: int, tag: str) -> 'Opened':
        headers = {'Accept-Encoding': 'identity'}  # else lengths would be of something else
        if offset:
            headers['Range'] = f'bytes={offset}-'
            if tag:
                headers['If-Range'] = tag
        response = self._send(path, params, headers)
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            response.close()
            return self._open(path, params, 0, '')
        is_json = 'json' in response.headers.get('Content-Type', '')
        if response.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT} or is_json:
            answer = self._answer_of(response)
            self._check(response, {**answer, 'success': False})
        return Opened(response)

    def _send(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        """Send a request and return its answer, unread; follow it elsewhere without the key."""
        url = self._base.join(path).copy_merge_params(dict(params))
        for _ in range(_MOST_REDIRECTS + 1):
            is_studio = _origin(url) == _origin(self._base)
            own = {'x-api-key': self._secret} if is_studio else {}
            try:
                response = self._http.send(
                    self._http.build_request('GET', url, headers={**headers, **own}), stream=True
                )
            except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
                problem = type(error).__name__
                break
            if not response.is_redirect or response.next_request is None:
                return response
            response.close()
            url = response.next_request.url
            if url.scheme not in {self._base.scheme, 'https'}:
                problem = 'it sends elsewhere without encryption'
                break
        else:
            problem = 'it sends from one place to another'
        # Raised out here, where the error of httpx is no longer the context of this one.
        raise StudioUnreachableError(
            f'Edge Impulse Studio was not reached ({problem}); check the network; it is tried again'
        )

    def _answer_of(self, response: httpx.Response) -> dict[str, Any]:
        """Read a JSON answer and close; an empty one stands for anything else."""
        content, problem = bytearray(), ''
        try:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    problem = 'too long an answer'
                    break
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            problem = type(error).__name__
        response.close()
        if problem:
            raise StudioUnreachableError(
                f'Edge Impulse Studio gave no whole answer ({problem}); check the network; it is tried again'
            )
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            return {}
        return answer if isinstance(answer, dict) else {}

    def _check(self, response: httpx.Response, answer: Mapping[str, Any]) -> None:
        status = response.status_code
        if status == httpx.codes.OK and answer.get('success') is True:
            return
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise StudioBusyError(_retry_after_s(response))
        said = self._plain(answer.get('error'))
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise StudioUnreachableError(f'Edge Impulse Studio answered {status}{said}; it is tried again')
        if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN} or 'api key' in said.lower():
            raise StudioKeyError(
                f'Edge Impulse Studio does not take the key ({status}{said}); make one under '
                f'Dashboard > Keys of the project, and set {KEY_VARIABLE} to it'
            )
        if status == httpx.codes.OK and not answer.get('error'):
            raise StudioUnreachableError(
                'what answers is not Edge Impulse Studio (no JSON with "success"); a log-in page of the '
                'network may stand before it; it is tried again'
            )
        raise StudioRefusedError(f'Edge Impulse Studio answered {status}{said}')

    def _plain(self, text: object) -> str:
        """Quote a text from outside in one line, without what is or looks like a key."""
        if not isinstance(text, str) or not text:
            return ''
        hidden = _LOOKS_LIKE_A_KEY.sub('ei_***', text.replace(self._secret, '***'))
        line = ''.join(character if character.isprintable() else ' ' for character in hidden[:_MOST_TEXT])
        return f': {line}'


class Opened:
    """Hold a build that is open to be read; a context that closes it.

    Attributes:
        offset: where in the file it begins: 0 where Studio cannot begin elsewhere.
        total: bytes of the whole file; None when Studio does not say.
        tag: names this content, for `If-Range`; empty when Studio gives none.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        headers = response.headers
        self.offset, self.total = 0, _whole(headers.get('Content-Length'))
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            # Content-Range: bytes 100-199/200 (RFC 9110, 14.4)
            found = re.fullmatch(r'bytes (\d+)-\d+/(\d+|\*)', headers.get('Content-Range', ''))
            self.offset = int(found[1]) if found else -1
            self.total = _whole(found[2]) if found else None
        tag = headers.get('ETag', '')
        self.tag = '' if tag.startswith('W/') else tag  # a weak one does not stand for the same bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield what is sent, as it comes.

        Raises:
            StudioUnreachableError: when it ends early.
        """
        problem = ''
        try:
            yield from self._response.iter_raw()
        except (httpx.HTTPError, httpx.StreamError, RuntimeError) as error:
            problem = type(error).__name__
        if problem:
            raise StudioUnreachableError(f'the download was cut ({problem})')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()


@functools.cache
def _tls() -> ssl.SSLContext:
    """Read the certificates of this machine once; it takes long."""
    return httpx.create_ssl_context()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _retry_after_s(response: httpx.Response) -> float:
    """Return how long Studio asks to wait, seconds; 0 when it does not say."""
    return float(min(_whole(response.headers.get('Retry-After')) or 0, MAX_RETRY_AFTER_S))


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r'[0-9]{1,18}', text) else None


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
