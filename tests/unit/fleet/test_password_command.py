import pytest
import yaml
from typer.testing import CliRunner

from parking_fleet.command import app
from parking_fleet.login.users import Users
from parking_fleet.settings import Web

PASSWORD = 'correct horse battery'


def run(name: str, typed: str, *options: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ['password', name, *options], input=typed)
    return ended.exit_code, ended.output


@pytest.mark.parametrize('name', ['anna', 'Änna: #1 "the boss"'])
def test_what_it_prints_is_a_user_of_the_settings(name: str) -> None:
    code, said = run(name, f'{PASSWORD}\n{PASSWORD}\n', '--role', 'operator')
    assert code == 0
    assert PASSWORD not in said
    web = Web(**yaml.safe_load(said[said.index('web:') :])['web'])
    found = Users(web.users).check(name, PASSWORD)
    assert found is not None
    assert found.role == 'operator'


def test_a_password_is_typed_twice_and_is_long_enough() -> None:
    assert run('anna', f'{PASSWORD}\nanother password\n')[0] != 0
    code, said = run('anna', 'short\nshort\n')
    assert code != 0
    assert 'password_hash' not in said


def test_a_role_that_there_is_not_is_refused() -> None:
    assert run('anna', '', '--role', 'boss')[0] != 0
