"""The guide to alerts: what it shows is valid, and what it lists is so."""

import json
import re

import pytest
import yaml

from parking_fleet.alerts.messages import AlertMessage
from parking_fleet.alerts.settings import DEFAULT_RULES
from parking_fleet.settings import Settings
from tests.support.guides import ROOT

GUIDE = (ROOT / 'docs/alerts.md').read_text(encoding='utf-8')


def block(language: str) -> str:
    found = re.search(rf'^```{language}\n(.*?)^```', GUIDE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_settings_of_the_guide_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PARKING_FLEET_ALERTS__CHANNELS__NIGHT__TOKEN', '12:AA')
    settings = Settings(**yaml.safe_load(block('yaml')))
    assert set(settings.alerts.channels) == {'office', 'night', 'signs', 'broker'}
    assert set(settings.alerts.told_by('full')) == {'office', 'night', 'signs', 'broker'}
    assert settings.alerts.told_by('riverside-by-day') == ['night', 'signs']


def test_the_message_of_the_guide_is_one_of_ours() -> None:
    told = AlertMessage.model_validate(json.loads(block('json')))
    assert told.alert.id == 7


def test_the_guide_lists_every_rule_that_is_on_by_itself() -> None:
    assert re.findall(r'^\| `([a-z-]+)` \|', GUIDE, re.MULTILINE)[: len(DEFAULT_RULES)] == list(DEFAULT_RULES)
