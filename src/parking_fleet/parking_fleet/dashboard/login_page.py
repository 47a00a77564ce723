"""Log in and out: a form that works without a script."""

import asyncio
import logging
import math
from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs, quote

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from parking_fleet.dashboard.gate import LOGIN_PATH, TOKEN
from parking_fleet.dashboard.plain import plain_page
from parking_fleet.login.attempts import Attempts, address_key
from parking_fleet.login.sessions import Sessions
from parking_fleet.login.users import Users

LOG = logging.getLogger(__name__)

WINDOW_S = 900.0
ADDRESS_ATTEMPTS = 20
NAME_ATTEMPTS = 60
"""More than from one address, so that one stranger alone cannot lock a user out."""

_AT_ONCE = 2
_LONGEST_BYTES = 8_192
_FORM = """\
{trouble}
<form method="post" action="/login?next={next}">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required
 maxlength="64" value="{name}"{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{focus_password}>
<button type="submit">Log in</button>
</form>
"""
_NOBODY = """\
<p>Nobody can log in yet. On the computer that runs the service:</p>
<pre><code>parking-fleet password YOUR_NAME --role operator</code></pre>
<p>Put what it prints into <code>parking-fleet.yaml</code>, and start the service again.</p>
"""


class Login:
    """Check who logs in, a few at once, and count the attempts; `ended` is called after a logout."""

    def __init__(self, users: Users, sessions: Sessions, ended: Callable[[], object]) -> None:
        self._users = users
        self._sessions = sessions
        self._ended = ended
        self._by_address = Attempts(ADDRESS_ATTEMPTS, WINDOW_S)
        self._by_name = Attempts(NAME_ATTEMPTS, WINDOW_S)
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    def show(self, request: Request, name: str = '', trouble: str = '', status: int = 200) -> Response:
        """Return the form."""
        if not self._users:
            return plain_page(request, 'Log in', _NOBODY, 403)
        focus = ' autofocus'
        content = _FORM.format(
            trouble=f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else '',
            next=quote(safe_path(request.query_params.get('next', '/'))),
            name=escape(name),
            focus_name='' if name else focus,
            focus_password=focus if name else '',
        )
        return plain_page(request, 'Log in', content, status)

    async def log_in(self, request: Request) -> Response:
        """Check the form, and go on to the page that was wanted."""
        fields = await _fields(request)
        if fields is None:
            return self.show(request, trouble='That was too long.', status=413)
        name, password = fields.get('name', '')[:64], fields.get('password', '')
        address = address_key(request.client.host if request.client else '')
        wait_s = self._by_address.take(address)
        if not wait_s and (wait_s := self._by_name.take(name)):
            self._by_address.give_back(address)
        if wait_s:
            LOG.warning('too many attempts to log in from %s', address)
            minutes = math.ceil(wait_s / 60)
            trouble = f'Too many attempts. Try again in {minutes} min.'
            answer = self.show(request, name, trouble, 429)
            answer.headers['Retry-After'] = str(math.ceil(wait_s))
            return answer
        async with self._at_once:
            user = await run_in_threadpool(self._users.check, name, password)
        if user is None:
            LOG.warning('an attempt to log in from %s failed', address)
            return self.show(request, name, 'Name or password is wrong.', 401)
        self._by_address.give_back(address)
        self._by_name.give_back(name)
        request.session.clear()
        request.session[TOKEN] = self._sessions.begin(user)
        LOG.info('%s logged in from %s', user.name, address)
        return RedirectResponse(safe_path(request.query_params.get('next', '/')), 303)

    def log_out(self, request: Request) -> Response:
        """End the login, wherever its token may be."""
        self._sessions.end(request.session.get(TOKEN))
        request.session.clear()
        self._ended()
        return RedirectResponse(LOGIN_PATH, 303)


def serve_login(app: FastAPI, users: Users, sessions: Sessions, ended: Callable[[], object]) -> None:
    """Serve `/login` and `/logout`; `ended` is called when somebody has logged out."""
    login = Login(users, sessions, ended)

    @app.get(LOGIN_PATH, include_in_schema=False)
    def show(request: Request) -> Response:
        return login.show(request)

    @app.post(LOGIN_PATH, include_in_schema=False)
    async def log_in(request: Request) -> Response:
        return await login.log_in(request)

    @app.post('/logout', include_in_schema=False)
    async def log_out(request: Request) -> Response:
        return login.log_out(request)


def safe_path(text: str) -> str:
    r"""Return a path of ours to go on to; '/' for anything else.

    Browsers take '//host' and '/\\host' for other hosts, and leave tabs and line ends out.
    """
    is_ours = text.startswith('/') and text[1:2] not in ('/', '\\') and text.isprintable()
    return text if is_ours and not text.startswith(LOGIN_PATH) else '/'


async def _fields(request: Request) -> dict[str, str] | None:
    body = b''
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_BYTES:
            return None
    told = parse_qs(body.decode(errors='replace'), keep_blank_values=True)
    return {name: values[0] for name, values in told.items()}
