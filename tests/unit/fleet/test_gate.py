"""The login and the gate before all pages, with small pages behind them."""

from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.testclient import TestClient
from starlette.middleware.sessions import SessionMiddleware
from starlette.websockets import WebSocketDisconnect

from parking_fleet.api.login import Doorkeeper
from parking_fleet.dashboard.gate import Gate, session_login
from parking_fleet.dashboard.headers import SecurityHeaders
from parking_fleet.dashboard.login_page import ADDRESS_ATTEMPTS, safe_path, serve_login
from parking_fleet.dashboard.plain import serve_plain_pages
from parking_fleet.login.sessions import Sessions
from parking_fleet.login.users import Users
from parking_fleet.settings import Role, Web
from tests.support.fleet_users import PASSWORD, user

SITE = 'http://fleet.example'
PAGE = {'Accept': 'text/html,*/*'}


def application(folder: Path, web: Web) -> FastAPI:
    app = FastAPI()
    door = Doorkeeper(web)
    users = Users(web.users)
    sessions = Sessions(folder / 'sessions.json', users, 3600)
    if web.needs_login:
        door.logins.append(session_login(sessions))
    serve_plain_pages(app, FastAPI())
    serve_login(app, users, sessions, lambda: None)

    @app.get('/')
    @app.get('/page')
    def page(request: Request) -> str:
        return f'{request.state.visitor.name} is {request.state.visitor.role}'

    @app.post('/api/v1/change')
    def change(_: Annotated[Role, Depends(door.operator)]) -> str:
        return 'changed'

    @app.get('/api/v1/look')
    def look(_: Annotated[Role, Depends(door.reader)]) -> str:
        return 'seen'

    @app.websocket('/_nicegui_ws/socket.io/')
    async def websocket(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text('hello')
        await socket.close()

    app.add_middleware(Gate, sessions=sessions, is_open=not web.needs_login)
    app.add_middleware(SessionMiddleware, secret_key=sessions.secret)
    app.add_middleware(SecurityHeaders)
    return app


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return application(tmp_path, Web(users=(user('anna', 'operator'), user('rita'))))


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url=SITE, follow_redirects=False)


def log_in(client: TestClient, name: str = 'anna', **headers: str) -> None:
    answer = client.post('/login', data={'name': name, 'password': PASSWORD}, headers=headers)
    assert answer.status_code == 303


def says_hello(client: TestClient, **headers: str) -> bool:
    try:
        address = str(client.base_url).replace('http', 'ws')
        with client.websocket_connect(f'{address}/_nicegui_ws/socket.io/', headers=headers) as socket:
            return socket.receive_text() == 'hello'
    except WebSocketDisconnect:
        return False


def test_a_stranger_is_sent_to_the_login_and_then_to_the_page_that_was_wanted(client: TestClient) -> None:
    answer = client.get('/page?a=1&b=%26', headers=PAGE)
    assert (answer.status_code, answer.headers['location']) == (303, '/login?next=/page%3Fa%3D1%26b%3D%2526')
    form = client.get(answer.headers['location'])
    assert 'action="/login?next=/page%3Fa%3D1%26b%3D%2526"' in form.text
    answer = client.post(answer.headers['location'], data={'name': 'anna', 'password': PASSWORD})
    assert answer.headers['location'] == '/page?a=1&b=%26'
    assert client.get(answer.headers['location']).text == '"anna is operator"'


def test_a_stranger_gets_nothing_without_a_page_either(client: TestClient) -> None:
    for path in ('/page', '/_nicegui/3/static/x.js', '/_nicegui_ws/socket.io/?EIO=4&transport=polling', '/x'):
        assert client.get(path).status_code == 401
    assert client.post('/page').status_code == 401
    assert client.get('/api/v1/look').status_code == 401
    assert not says_hello(client)


def test_a_wrong_password_is_told_and_not_what_was_wrong(client: TestClient) -> None:
    answers = [
        client.post('/login', data={'name': name, 'password': 'wrong'}).text for name in ('anna', 'nobody')
    ]
    assert all('Name or password is wrong.' in answer for answer in answers)
    assert answers[0].replace('anna', 'nobody') == answers[1]
    assert client.get('/page').status_code == 401


def test_too_many_attempts_are_refused_even_with_the_right_password(client: TestClient) -> None:
    for _ in range(ADDRESS_ATTEMPTS):
        assert client.post('/login', data={'name': 'x', 'password': 'wrong'}).status_code == 401
    answer = client.post('/login', data={'name': 'anna', 'password': PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers['retry-after']) > 0
    assert 'Too many attempts' in answer.text


def test_what_is_typed_is_never_run(client: TestClient) -> None:
    answer = client.post('/login', data={'name': '"><script>alert(1)</script>', 'password': 'wrong'})
    assert '<script>' not in answer.text
    assert "default-src 'none'" in answer.headers['content-security-policy']


def test_a_form_that_is_far_too_long_is_refused(client: TestClient) -> None:
    assert client.post('/login', data={'name': 'anna', 'password': 'x' * 100_000}).status_code == 413


def test_after_logout_the_cookie_is_worth_nothing(client: TestClient) -> None:
    log_in(client)
    kept = dict(client.cookies)
    assert client.post('/logout').headers['location'] == '/login'
    client.cookies.update(kept)
    assert client.get('/page').status_code == 401


def test_a_reader_looks_and_an_operator_changes_with_the_session(client: TestClient) -> None:
    ours = {'Origin': SITE}
    log_in(client, 'rita')
    assert client.get('/api/v1/look').json() == 'seen'
    assert client.post('/api/v1/change', headers=ours).status_code == 403
    log_in(client, 'anna')
    assert client.post('/api/v1/change', headers=ours).json() == 'changed'


@pytest.mark.parametrize(
    'headers',
    [
        {'Origin': 'http://evil.example'},
        {'Origin': 'null'},
        {'Origin': 'http://['},
        {'Sec-Fetch-Site': 'cross-site'},
    ],
    ids=str,
)
def test_a_page_of_another_site_changes_nothing_and_hears_nothing(
    client: TestClient, headers: dict[str, str]
) -> None:
    log_in(client)
    assert client.post('/api/v1/change', headers=headers).status_code == 403
    assert client.post('/login', headers=headers).status_code == 403
    assert client.get('/_nicegui_ws/socket.io/', headers=headers).status_code == 403
    assert not says_hello(client, **headers)


def test_a_change_with_a_session_says_whence_it_comes(client: TestClient) -> None:
    log_in(client)
    assert client.post('/api/v1/change').status_code == 401
    assert says_hello(client, Origin=SITE)


def test_without_a_login_everything_is_open_but_not_to_other_sites(tmp_path: Path) -> None:
    client = TestClient(application(tmp_path, Web()), base_url='http://localhost')
    assert client.get('/page').text == '" is operator"'
    assert client.post('/api/v1/change').json() == 'changed'
    assert client.post('/api/v1/change', headers={'Origin': 'http://evil.example'}).status_code == 403
    assert not says_hello(client, Origin='http://evil.example')


def test_where_there_is_no_user_the_login_says_how_to_make_one(tmp_path: Path) -> None:
    token = {'name': 'desk', 'sha256': 'a' * 64}
    client = TestClient(application(tmp_path, Web.model_validate({'tokens': [token]})), base_url=SITE)
    answer = client.get('/page', headers=PAGE)
    assert (answer.status_code, answer.url.path) == (403, '/login')
    assert 'parking-fleet password' in answer.text


@pytest.mark.parametrize(
    'text', ['//evil.example', '/\\evil.example', 'https://evil.example', '/\t/evil.example', '', '/login']
)
def test_a_login_leads_to_our_own_pages_alone(text: str) -> None:
    assert safe_path(text) == '/'


def test_every_answer_has_the_headers_and_the_cookie_is_safe(app: FastAPI, client: TestClient) -> None:
    answer = client.post('/login', data={'name': 'anna', 'password': PASSWORD})
    assert answer.headers['x-content-type-options'] == 'nosniff'
    assert "frame-ancestors 'none'" in answer.headers['content-security-policy']
    cookie = answer.headers['set-cookie'].lower()
    assert 'httponly' in cookie
    assert 'samesite=lax' in cookie
    assert 'secure' not in cookie
    behind_tls = TestClient(app, base_url='https://fleet.example', follow_redirects=False)
    answer = behind_tls.post('/login', data={'name': 'anna', 'password': PASSWORD})
    assert answer.headers['set-cookie'].endswith('; secure')
