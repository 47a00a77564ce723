"""The section `telegram` of fleet.yaml: what it means, and how a mistake in it is told."""

import json
import re

import pytest

from parking_monitor import config, graph
from parking_monitor.cloud.telegram_rule_settings import RuleSettings, When
from parking_monitor.config import ConfigError
from parking_monitor.config_telegram import Telegram
from tests.support.guides import ROOT, blocks

CAMERAS = """\
cameras:
  - name: lane
    zones: [{name: front row, polygon: [[0, 0], [1, 0], [1, 1]], capacity: 3}]
  - name: ramp
"""
BOT = {'TG_TOKEN': '123:hush', 'TG_CHAT_ID': '5'}


def telegram(text: str) -> Telegram:
    section = config.parse(f'{CAMERAS}telegram: {text}', {}).telegram
    assert section is not None
    return section


def notifiers(text: str, **environment: str) -> list[graph.NodeSpec]:
    nodes = graph.build(config.parse(CAMERAS + text, environment)).nodes
    return [node for node in nodes if node.executable == 'telegram_notifier']


def test_rules_have_the_interval_of_the_section_unless_they_have_their_own() -> None:
    section = telegram(
        '{min_interval_s: 60, rules: [{when: change}, {when: stale, for_s: 30, min_interval_s: 3600}]}'
    )
    assert section.rule_settings == (
        RuleSettings(when=When.CHANGE, min_interval_s=60),
        RuleSettings(when=When.STALE, for_s=30, min_interval_s=3600),
    )


def test_without_rules_changes_and_stale_counts_are_told() -> None:
    rules = telegram('{min_interval_s: 60}').rule_settings
    assert [(rule.when, rule.min_interval_s) for rule in rules] == [(When.CHANGE, 60), (When.STALE, 60)]


def test_quiet_hours_need_no_quotes() -> None:
    assert telegram('\n  quiet_hours: 22:00-6:30\n').quiet_hours == '22:00-06:30'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('{rules: [{when: full_moon}]}', "telegram.rules[0].when: 'full_moon' is not valid: "),
        ('{rules: []}', 'telegram.rules: [] is not valid: '),
        ('{rules: [{when: count_reached}]}', 'cars is missing; with when: count_reached, say how many'),
        ('{rules: [{when: count_reached, cars: 0}]}', 'telegram.rules[0].cars: 0 is not valid: '),
        ('{rules: [{when: stale, cars: 3}]}', 'cars has no meaning with when: stale; leave it out'),
        ('{rules: [{when: change, for: 3}]}', 'rules[0].for: is not a field; did you mean for_s? allowed: '),
        (
            '{rules: [{when: change}, {when: stale, cameras: [lnae]}]}',
            'telegram.rules[1].cameras',
        ),
        (
            '{rules: [{when: zone_full, zones: [back row]}]}',
            'back row is no zone of its cameras; there are: front row',
        ),
        ('{rules: [{when: zone_full, cameras: [ramp]}]}', 'its cameras have no zones; draw one'),
        ('{quiet_hours: "22-6"}', "telegram.quiet_hours: '22-6' is not valid: must be hours such as"),
        ('{quiet_hours: 6:00-06:00}', 'quiet hours must not end when they begin'),
        ('{min_spacing_s: 0.1}', 'telegram.min_spacing_s: 0.1 is not valid: '),
    ],
)
def test_a_mistake_is_told_with_its_field(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        telegram(text)
    assert words in str(refused.value)
    assert str(refused.value).startswith('fleet.yaml:')


def test_the_documented_examples_are_valid() -> None:
    (block,) = blocks(ROOT / 'docs/telegram.md', 'yaml')
    section = config.parse(CAMERAS.replace('lane', 'north_gate') + block.text, {}).telegram
    assert section is not None
    assert {rule.when for rule in section.rule_settings} == set(When)

    example = (ROOT / 'src/parking_monitor/config/fleet.yaml').read_text(encoding='utf-8')
    commented, _, _ = example[example.index('# telegram:') :].partition('\n\n')
    section = config.parse(example + re.sub('^# ', '', commented, flags=re.MULTILINE), {}).telegram
    assert section is not None
    assert {rule.when for rule in section.rule_settings} == set(When)


def test_everything_reaches_the_notifier() -> None:
    text = (
        'facility: North\ntime_zone: Europe/Berlin\ntelegram: {quiet_hours: 22:00-06:00, min_spacing_s: 5, '
        'commands: false, rules: [{when: zone_full}]}'
    )
    (node,) = notifiers(text, **BOT)
    rules = node.parameters['rules']
    assert isinstance(rules, list)
    assert [json.loads(rule) for rule in rules] == [{'when': 'zone_full', 'min_interval_s': 120.0}]
    assert {name: node.parameters[name] for name in node.parameters if name != 'rules'} == {
        'cameras': ['lane', 'ramp'],
        'facility': 'North',
        'chat_id': '5',
        'min_spacing_s': 5.0,
        'quiet_hours': '22:00-06:00',
        'time_zone': 'Europe/Berlin',
        'commands': False,
        'silence_s': 30.0,
    }


@pytest.mark.parametrize('environment', [{}, {'TG_CHAT_ID': '5'}, {'TG_TOKEN': '', 'TG_CHAT_ID': '5'}])
def test_without_a_token_there_is_no_notifier_and_all_else_is_as_with_one(
    environment: dict[str, str],
) -> None:
    text = f'{CAMERAS}telegram: {{chat_id: 5, rules: [{{when: change}}]}}\n'
    with_token = graph.build(config.parse(text, BOT)).nodes
    without = graph.build(config.parse(text, environment)).nodes
    assert without == tuple(node for node in with_token if node.executable != 'telegram_notifier')
    assert len(with_token) == len(without) + 1
