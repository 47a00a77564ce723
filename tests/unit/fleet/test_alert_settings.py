"""`alerts:` in parking-fleet.yaml: what is there by itself, and what is wrong is told."""

from pathlib import Path

import pytest

from parking_fleet.alerts.settings import DEFAULT_RULES, Alerts
from parking_fleet.errors import SettingsError
from parking_fleet.settings import load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(folder: Path, text: str) -> Alerts:
    (folder / 'parking-fleet.yaml').write_text(text)
    return load_settings().alerts


def test_rules_are_on_without_being_named() -> None:
    assert set(load_settings().alerts.rules) == set(DEFAULT_RULES)
    assert all(rule.enabled for rule in load_settings().alerts.rules.values())


def test_a_rule_that_is_there_is_changed_by_its_name(folder: Path) -> None:
    rules = load(folder, 'alerts: {rules: {nearly-full: {threshold: 80}, camera: {enabled: false}}}').rules
    assert list(rules['nearly-full'].bounds) == [80, 77]
    assert rules['nearly-full'].for_s == 60
    assert not rules['camera'].enabled
    assert rules['full'].enabled


def test_an_alert_can_end_whatever_the_threshold(folder: Path) -> None:
    rules = load(
        folder, 'alerts: {rules: {invalid-messages: {threshold: 2}, gates-differ: {threshold: 3}}}'
    ).rules
    assert list(rules['invalid-messages'].bounds) == [2, 1]
    assert list(rules['gates-differ'].bounds) == [3, 1]


def test_a_secret_may_come_as_a_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PARKING_FLEET_ALERTS__CHANNELS__CHAT__TOKEN', '12:from-the-variable')
    alerts = load(folder, 'alerts: {channels: {chat: {kind: telegram, chat_id: -7}}}')
    assert alerts.channels['chat'].token.get_secret_value() == '12:from-the-variable'  # type: ignore[union-attr]  # it is of kind telegram
    assert 'from-the-variable' not in repr(alerts)


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('rules: {x: {threshold: 3}}', 'alerts.rules.x.kind'),
        ('rules: {x: {kind: flood}}', 'alerts.rules.x.kind'),
        ('rules: {full: {treshold: 3}}', 'alerts.rules.full.treshold'),
        ('rules: {full: {clear_threshold: 9, threshold: 10}}', 'clear_threshold must be threshold or more'),
        ('rules: {nearly-full: {clear_threshold: 99}}', 'clear_threshold must be threshold or less'),
        ('rules: {nearly-full: {threshold: 0}}', 'over 0'),
        ('rules: {camera: {threshold: 1}}', 'leave threshold and clear_threshold out'),
        ('rules: {invalid-messages: {facilities: [a]}}', 'belongs to no facility'),
        ('rules: {full: {channels: [pager]}}', "no channel is called 'pager'"),
        ('rules: {full: {for_s: -1}}', 'alerts.rules.full.for_s'),
        ('channels: {a: {kind: fax}}', 'alerts.channels.a'),
        ('channels: {a: {kind: telegram, token: hunter2, chat_id: 1}}', 'as @BotFather tells it'),
        ('channels: {a: {kind: webhook, url: "ftp://hunter2"}}', 'begins with'),
        ('channels: {a: {kind: mqtt, topic: "a/#"}}', 'alerts.channels.a.mqtt.topic'),
        (
            (
                'channels: {a: {kind: email, host: m.example, sender: a@b, recipients: [c@d], '
                'password: hunter2, security: none}}'
            ),
            'for all to read',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_field_and_without_secrets(folder: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(folder, f'alerts: {{{text}}}')
    assert told in str(caught.value)
    assert 'hunter2' not in str(caught.value)
