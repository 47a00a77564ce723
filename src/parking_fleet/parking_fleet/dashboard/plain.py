"""Make pages that need no script and no websocket: the login, and what is not there or not allowed."""

from html import escape
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from parking_fleet.dashboard.theme import chosen_theme, style_address

STATIC = Path(__file__).parent / 'static'

_CONTENT = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'"
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Parking fleet</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{style}">
</head>
<body class="plain {theme}">
<main class="plain-box">
<p class="brand"><img src="/static/icon.svg" alt="" width="28" height="28"> Parking fleet</p>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


class NotAllowedError(Exception):
    """Say that a page is for operators alone."""


def plain_page(request: Request, title: str, content: str, status: int = 200) -> HTMLResponse:
    """Return a page; `content` is HTML."""
    theme = chosen_theme(request)
    page = _PAGE.format(
        title=escape(title),
        content=content,
        style=style_address(),
        theme='' if theme is None else f'body--{theme}',
    )
    return HTMLResponse(page, status, {'Content-Security-Policy': _CONTENT, 'Cache-Control': 'no-store'})


def serve_plain_pages(app: FastAPI, pages: FastAPI) -> None:
    """Serve what all pages look like, and pages for what is not there and what is not allowed.

    Args:
        app: the web application.
        pages: the application of the other pages, which is mounted into it.
    """
    app.mount('/static', StaticFiles(directory=STATIC), name='fleet_static')
    pages.add_exception_handler(404, _not_there)
    pages.add_exception_handler(NotAllowedError, _not_allowed)


async def _not_there(request: Request, error: Exception) -> Response:
    told = error.detail if isinstance(error, HTTPException) else ''
    if 'text/html' not in request.headers.get('accept', ''):
        return JSONResponse({'detail': told or 'Not Found'}, 404)
    what = told if told and told != 'Not Found' else 'There is no page at this address.'
    return plain_page(request, 'Not found', f'<p>{escape(what)}</p><p><a href="/">To the fleet</a></p>', 404)


async def _not_allowed(request: Request, _: Exception) -> Response:
    return plain_page(
        request,
        'For operators',
        '<p>You are logged in as a reader: you can look at everything and change nothing. '
        'Ask an operator, or log in as one.</p><p><a href="/">To the fleet</a></p>',
        403,
    )
