import stat
from pathlib import Path

import pytest

from parking_fleet.errors import SettingsError
from parking_fleet.login.attempts import MOST_KEYS, Attempts, address_key
from parking_fleet.login.sessions import MOST_LOGINS, Sessions
from parking_fleet.login.users import Users, hash_password
from tests.support.fleet_users import PASSWORD, user

IDLE_S = 3600.0


class Clock:
    """Tell the time that the test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def sessions_of(folder: Path, clock: Clock, *names: str) -> Sessions:
    users = Users([user(name) for name in names or ('anna',)])
    return Sessions(folder / 'web' / 'sessions.json', users, IDLE_S, clock)


def test_the_right_password_lets_in_and_nothing_else_does() -> None:
    users = Users([user('anna', 'operator'), user('rita', password='another good one')])
    found = users.check('anna', PASSWORD)
    assert found is not None
    assert (found.name, found.role) == ('anna', 'operator')
    assert users.check('anna', 'another good one') is None
    assert users.check('rita', PASSWORD) is None
    assert users.check('nobody', PASSWORD) is None
    assert users.check('', '') is None


def test_what_the_command_makes_of_a_password_can_be_checked() -> None:
    made = hash_password(PASSWORD)
    assert PASSWORD not in made
    assert Users([user('anna').model_copy(update={'password_hash': made})]).check('anna', PASSWORD)


def test_what_is_no_hash_is_told_at_the_start() -> None:
    broken = user('anna').model_copy(update={'password_hash': '$argon2id$v=19$nonsense'})
    with pytest.raises(SettingsError, match='anna'):
        Users([broken])


def test_a_short_password_is_refused() -> None:
    with pytest.raises(ValueError, match='10 characters'):
        hash_password('123456789')


def test_attempts_are_limited_for_a_time(clock: Clock) -> None:
    attempts = Attempts(3, 60.0, clock)
    assert [attempts.take('a') for _ in range(3)] == [0, 0, 0]
    clock.now_s += 20
    assert attempts.take('a') == 40
    assert attempts.take('b') == 0
    clock.now_s += 40
    assert attempts.take('a') == 0


def test_a_good_attempt_does_not_count(clock: Clock) -> None:
    attempts = Attempts(2, 60.0, clock)
    for _ in range(10):
        assert attempts.take('a') == 0
        attempts.give_back('a')


def test_what_is_remembered_of_attempts_is_bounded(clock: Clock) -> None:
    attempts = Attempts(1, 60.0, clock)
    for number in range(MOST_KEYS + 10):
        attempts.take(str(number))
    assert len(attempts._times) == MOST_KEYS


@pytest.mark.parametrize(
    ('address', 'key'),
    [
        ('192.0.2.7', '192.0.2.7'),
        ('2001:db8:1:2:3:4:5:6', '2001:db8:1:2'),
        ('2001:db8::5', '2001:db8:0:0'),
        ('::1', '0:0:0:0'),
    ],
)
def test_an_address_is_counted_with_those_of_the_same_house(address: str, key: str) -> None:
    assert address_key(address) == key


def test_a_login_outlives_a_restart(tmp_path: Path, clock: Clock) -> None:
    before = sessions_of(tmp_path, clock)
    token = before.begin(user('anna'))
    assert before.visitor(token) is None, 'another hash of the same password is another password'
    anna = before._users.find('anna')
    assert anna is not None
    token = before.begin(anna)
    after = Sessions(tmp_path / 'web' / 'sessions.json', before._users, IDLE_S, clock)
    found = after.visitor(token)
    assert found is not None
    assert (found.name, found.is_operator) == ('anna', False)
    assert after.secret == before.secret


def begin(sessions: Sessions, name: str = 'anna') -> str:
    found = sessions._users.find(name)
    assert found is not None
    return sessions.begin(found)


def test_a_login_ends_when_it_is_idle_and_not_while_it_is_used(tmp_path: Path, clock: Clock) -> None:
    sessions = sessions_of(tmp_path, clock)
    token = begin(sessions)
    for _ in range(5):
        clock.now_s += IDLE_S - 1
        visitor = sessions.visitor(token)
    assert visitor is not None
    clock.now_s += IDLE_S / 2
    assert sessions.holds(visitor.login)
    clock.now_s += IDLE_S / 2 + 1
    assert not sessions.holds(visitor.login), 'to look whether it holds does not use it'
    assert sessions.visitor(token) is None


def test_a_logout_holds_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    sessions = sessions_of(tmp_path, clock)
    token = begin(sessions)
    sessions.end(token)
    assert sessions.visitor(token) is None
    assert Sessions(tmp_path / 'web' / 'sessions.json', sessions._users, IDLE_S, clock).visitor(token) is None


def test_who_is_no_user_any_more_is_logged_out(tmp_path: Path, clock: Clock) -> None:
    token = begin(sessions_of(tmp_path, clock))
    assert sessions_of(tmp_path, clock, 'rita').visitor(token) is None


def test_there_are_so_many_logins_at_most(tmp_path: Path, clock: Clock) -> None:
    sessions = sessions_of(tmp_path, clock)
    sessions._save = lambda: None  # type: ignore[method-assign]  # a thousand files take their time
    first = begin(sessions)
    for _ in range(MOST_LOGINS):
        clock.now_s += 1
        last = begin(sessions)
    assert sessions.visitor(first) is None
    assert sessions.visitor(last) is not None


def test_only_its_owner_can_read_the_file_and_no_token_is_in_it(tmp_path: Path, clock: Clock) -> None:
    token = begin(sessions_of(tmp_path, clock))
    file = tmp_path / 'web' / 'sessions.json'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text()


@pytest.mark.parametrize('content', ['', '[]', '{"secret": "x"}', '{"secret": "x", "logins": {"a": [1]}}'])
def test_a_file_that_is_broken_is_told(tmp_path: Path, clock: Clock, content: str) -> None:
    (tmp_path / 'web').mkdir()
    (tmp_path / 'web' / 'sessions.json').write_text(content)
    with pytest.raises(SettingsError, match='remove it'):
        sessions_of(tmp_path, clock)


@pytest.mark.parametrize('token', [None, '', 'x', 7])
def test_what_is_no_token_is_nobody(tmp_path: Path, clock: Clock, token: object) -> None:
    assert sessions_of(tmp_path, clock).visitor(token) is None
