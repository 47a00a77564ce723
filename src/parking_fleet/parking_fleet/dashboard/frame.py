"""Draw what is around every page: title, navigation, who is there, and the main part for the page to fill."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

from nicegui import ui

from parking_fleet.dashboard.alerts_badge import alerts_badge
from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.plain import NotAllowedError
from parking_fleet.dashboard.theme import THEME_COOKIE, Theme, chosen_theme, style_address
from parking_fleet.login.sessions import Visitor

_NAVIGATION = (('Fleet', '/'), ('Devices', '/devices'), ('Alerts', '/alerts'))
_BELONGS = {
    'facility': '/',
    'device': '/devices',
    'devices': '/devices',
    'zones': '/devices',
    'refused': '/devices',
    'alerts': '/alerts',
}
_YEAR_S = 365 * 86_400
_HEAD = '<link rel="stylesheet" href="{style}">'
_SKIP = '<a class="skip" href="#main">To the content</a>'


def visitor() -> Visitor:
    """Return who looks at the page that is drawn, or whose click is handled."""
    found: Visitor = ui.context.client.request.state.visitor
    return found


@contextmanager
def frame(
    title: str, dashboard: Dashboard, *, operators_only: bool = False, kicker: str = ''
) -> Iterator[None]:
    """Draw a page around what is drawn inside of the `with`.

    Strangers never come here: `gate.Gate` sends them to the login. Inside, `visitor()` tells who
    looks; draw what changes something only if `visitor().is_operator`.

    Args:
        title: of the page, for the window and the heading.
        dashboard: whose open alerts are counted in the header.
        operators_only: whether a reader is told that this page is not for readers.
        kicker: a short line above the heading, such as what kind of thing it is about.

    Raises:
        NotAllowedError: when it is for operators, and a reader looks; the browser gets a page that says so.
    """
    if operators_only and not visitor().is_operator:
        raise NotAllowedError
    client = ui.context.client
    ui.page_title(f'{title} · Parking fleet')
    ui.add_head_html(_HEAD.format(style=style_address()))
    ui.add_body_html(_SKIP)
    ui.colors(primary='#005b8f')
    theme = ui.dark_mode(_dark(chosen_theme(client.request)))
    with ui.header(elevated=False).classes('fleet-header'), ui.element('div').classes('fleet-bar'):
        ui.html(
            '<a class="brand" href="/"><img src="/static/icon.svg" alt="" width="28" height="28">'
            '<span>Parking fleet</span></a>',
            sanitize=False,
        )
        _navigation(client.request.url.path)
        with ui.element('div').classes('fleet-person'):
            alerts_badge(dashboard)
            _theme_switch(theme, chosen_theme(client.request))
            _person()
    # Quasar's page is the <main> of the document.
    main = client.content.parent_slot
    if main is not None:
        main.parent.props('id=main tabindex=-1')
    with ui.element('div').classes('fleet-page'):
        if kicker:
            ui.label(kicker).classes('kicker')
        ui.html(escape(title), sanitize=False, tag='h1')
        yield


def _navigation(path: str) -> None:
    present = _BELONGS.get(path.strip('/').split('/')[0], '/')
    links = ''.join(
        f'<a href="{address}"{" aria-current=page" if address == present else ""}>{name}</a>'
        for name, address in _NAVIGATION
    )
    ui.html(links, sanitize=False, tag='nav').classes('fleet-nav').props('aria-label="Main"')


def _person() -> None:
    person = visitor()
    if not person.login:
        return
    ui.html(
        f'<span class="who"><strong>{escape(person.name)}</strong> <span>{person.role}</span></span>'
        '<form method="post" action="/logout"><button type="submit" class="quiet">Log out</button></form>',
        sanitize=False,
    ).classes('fleet-who')


def _theme_switch(theme: ui.dark_mode, chosen: Theme | None) -> None:
    """Draw the switch: as the system is, light, dark, and around again."""
    state: dict[str, Theme | None] = {'chosen': chosen}

    def look() -> None:
        icon, text = _THEMES[state['chosen']]
        button.props(f'icon={icon} aria-label="Colours: {text}. Change"')
        tip.set_text(f'Colours: {text}')

    def change() -> None:
        order: list[Theme | None] = [None, 'light', 'dark']
        state['chosen'] = order[(order.index(state['chosen']) + 1) % len(order)]
        theme.set_value(_dark(state['chosen']))
        cookie = f'{THEME_COOKIE}={state["chosen"] or ""}; max-age={_YEAR_S if state["chosen"] else 0}'
        ui.run_javascript(f'document.cookie = "{cookie}; path=/; samesite=lax"')
        look()

    button = ui.button(on_click=change, color=None).props('flat round dense').classes('quiet-icon')
    with button:
        tip = ui.tooltip('')
    look()


_THEMES: dict[Theme | None, tuple[str, str]] = {
    None: ('brightness_auto', 'as the system'),
    'light': ('light_mode', 'light'),
    'dark': ('dark_mode', 'dark'),
}


def _dark(theme: Theme | None) -> bool | None:
    return None if theme is None else theme == 'dark'
