from pathlib import Path

import pytest

from parking_fleet.errors import SettingsError
from parking_fleet.settings import load_settings

HASH = 'a' * 64


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, without variables of ours."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_has_to_be_set() -> None:
    settings = load_settings()
    assert (settings.web.host, settings.web.port, settings.broker.host) == ('127.0.0.1', 8080, '')
    assert settings.store.raw_days == 7


def test_a_variable_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / 'parking-fleet.yaml').write_text('web: {port: 9000}\nstore: {raw_days: 3, quarter_days: 30}\n')
    monkeypatch.setenv('PARKING_FLEET_STORE__RAW_DAYS', '5')
    settings = load_settings()
    assert (settings.web.port, settings.store.raw_days, settings.store.quarter_days) == (9000, 5, 30)


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('web: {host: 0.0.0.0}', 'needs a login'),
        ('web: {host: "::"}', 'needs a login'),
        ('web: {host: fleet.example}', 'needs a login'),
        ('web: {prot: 1}', 'web.prot'),
        ('web: {users: [{name: anna, password_hash: hunter2}]}', 'web.users.0.password_hash'),
        ('broker: {host: a}', 'certificate and private_key'),
        ('broker: {topics: ["a/#"]}', 'broker.topics.0'),
        ('store: {url: "mysql://root:hunter2@h/d"}', 'store.url: not a database'),
        ('store: {raw_days: 0}', 'store.raw_days'),
        ('time_zone: Mars/Base', 'time_zone'),
        ('web: [', 'is not YAML'),
    ],
)
def test_what_is_wrong_is_told_with_its_field_and_without_secrets(folder: Path, text: str, told: str) -> None:
    (folder / 'parking-fleet.yaml').write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert told in str(caught.value)
    assert 'hunter2' not in str(caught.value)


def test_other_machines_are_served_once_there_is_a_login(folder: Path) -> None:
    (folder / 'parking-fleet.yaml').write_text(
        f'web: {{host: 0.0.0.0, tokens: [{{name: desk, sha256: {HASH}}}]}}\n'
    )
    assert load_settings().web.tokens[0].role == 'reader'


def test_a_password_is_not_shown() -> None:
    assert 'sqlite' not in repr(load_settings().store)


def test_a_file_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PARKING_FLEET_FILE', 'nowhere.yaml')
    with pytest.raises(SettingsError, match='nowhere'):
        load_settings()


def test_users_are_a_login_too(folder: Path) -> None:
    user = '{name: anna, role: operator, password_hash: "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"}'
    (folder / 'parking-fleet.yaml').write_text(f'web: {{host: 0.0.0.0, users: [{user}]}}\n')
    settings = load_settings()
    assert (settings.web.users[0].role, settings.web.needs_login) == ('operator', True)
    assert 'argon2' not in repr(settings.web)


@pytest.mark.parametrize(
    ('text', 'place'),
    [
        ('store: {url: "sqlite:///data/fleet.sqlite3"}', 'data/fleet.web'),
        ('store: {url: "postgresql://u:p@h/d"}', 'parking-fleet.web'),
        ('web: {folder: here}', 'here'),
    ],
)
def test_who_is_logged_in_is_kept_beside_the_store(folder: Path, text: str, place: str) -> None:
    (folder / 'parking-fleet.yaml').write_text(text)
    assert load_settings().web_folder == Path(place)
