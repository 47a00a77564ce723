"""Name the colours that carry a meaning, told apart by colour-blind people too; light or dark.

Okabe and Ito, "Color Universal Design", 2008. A colour never stands alone: a word, a symbol or a
pattern goes with it. `static/fleet.css` has the same colours as `--free`, `--occupied`, ...
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

from starlette.requests import HTTPConnection

FREE = '#0072B2'
OCCUPIED = '#D55E00'
UNKNOWN = '#999999'
DISPUTED = '#CC79A7'

Theme = Literal['light', 'dark']
THEME_COOKIE = 'theme'
"""Holds what a person chose; without it a page is as the system is."""


def chosen_theme(request: HTTPConnection) -> Theme | None:
    """Return what the person chose with the switch; None: as the system is."""
    told = request.cookies.get(THEME_COOKIE)
    return 'dark' if told == 'dark' else 'light' if told == 'light' else None


@cache
def style_address() -> str:
    """Return the address of the style, another one when the style is another."""
    style = Path(__file__).parent / 'static' / 'fleet.css'
    return f'/static/fleet.css?v={hashlib.sha256(style.read_bytes()).hexdigest()[:8]}'
