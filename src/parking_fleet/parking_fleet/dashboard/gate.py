"""Let in who is logged in, and nothing that a page of another site asks for."""

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from parking_fleet.api.login import Login
from parking_fleet.login.sessions import EVERYONE, Sessions, Visitor
from parking_fleet.settings import Role

TOKEN = 'login'  # noqa: S105 - its name in the session
LOGIN_PATH = '/login'
SAFE_METHODS = ('GET', 'HEAD', 'OPTIONS')

# The API and the metrics ask for a token or a login themselves.
_PUBLIC = (LOGIN_PATH, '/logout', '/healthz', '/metrics', '/favicon.ico')
_PUBLIC_FOLDERS = ('/api/', '/static/')
_WEBSOCKET = '/_nicegui_ws/'


class Gate:
    """Stand before everything: pages, their websocket, the API.

    Put the visitor into the request's state, send strangers to the login, and refuse what a page of
    another site asks for. What is new is behind the login until it is named here.

    Args:
        app: what is behind.
        sessions: who is logged in.
        is_open: whether no login is needed.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions, *, is_open: bool) -> None:
        self._app = app
        self._sessions = sessions
        self._is_open = is_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        visitor = EVERYONE if self._is_open else self._sessions.visitor(asked.session.get(TOKEN))
        asked.state.visitor = visitor
        refusal = self._refusal(asked, visitor)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope['type'] == 'websocket':
            await send({'type': 'websocket.close', 'code': 1008})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, asked: HTTPConnection, visitor: Visitor | None) -> Response | None:
        path, method = asked.scope['path'], asked.scope.get('method', 'GET')
        changes = method not in SAFE_METHODS or path.startswith(_WEBSOCKET)
        if changes and is_from_elsewhere(asked.headers):
            return PlainTextResponse('this was asked by a page of another site', 403)
        if visitor is not None or path in _PUBLIC or path.startswith(_PUBLIC_FOLDERS):
            return None
        if method == 'GET' and 'text/html' in asked.headers.get('accept', ''):
            wanted = path + (f'?{asked.url.query}' if asked.url.query else '')
            return RedirectResponse(
                LOGIN_PATH if wanted == '/' else f'{LOGIN_PATH}?next={quote(wanted)}', 303
            )
        return PlainTextResponse('log in first', 401)


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Return whether a browser says that a page of another site asks this."""
    origin = headers.get('origin')
    if origin is not None:
        whence = origin.partition('://')[2].lower()
        return not whence or whence != headers.get('host', '').lower()
    return headers.get('sec-fetch-site', 'same-origin') not in ('same-origin', 'none')


def session_login(sessions: Sessions) -> Login:
    """Return a way in for the doorkeeper of the API: with the session of a page.

    What changes something must come from our own pages, and browsers say so; a program has its token.
    """

    def role_of(request: Request) -> Role | None:
        visitor: Visitor | None = getattr(request.state, 'visitor', None)
        if visitor is None or not sessions.holds(visitor.login):
            return None
        says_whence = 'origin' in request.headers or 'sec-fetch-site' in request.headers
        return visitor.role if request.method in SAFE_METHODS or says_whence else None

    return role_of
