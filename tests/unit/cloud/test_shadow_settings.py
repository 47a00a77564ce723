from typing import Any

import pytest
from hypothesis import given, settings

from parking_monitor.cloud.shadow_document import Json
from parking_monitor.cloud.shadow_settings import FIELDS, judge
from tests.unit.cloud.shadow_builders import DESIRED, an_offer


@pytest.mark.parametrize(
    ('name', 'written', 'value'),
    [
        ('interval_s', 60, 60.0),
        ('interval_s', 1, 1.0),
        ('interval_s', 86_400, 86_400.0),
        ('interval_s', 2.5, 2.5),
        ('min_confidence', 0, 0.0),
        ('min_confidence', 1, 1.0),
        ('mode', 'count', 'count'),
        ('model', {'name': 'lot', 'version': '1'}, '/models/lot-v1.eim'),
        ('model', {'name': 'lot', 'version': 2}, '/models/lot-v2.eim'),
        ('telegram', False, False),
        ('telegram', True, True),
        ('zones', {'lane': {}}, '{"lane": "{}"}'),
    ],
)
def test_a_good_setting_is_accepted_as_the_nodes_take_it(name: str, written: Json, value: object) -> None:
    verdict = judge({name: written}, an_offer())
    assert verdict.refused == {}
    assert verdict.accepted[name].value == value
    assert type(verdict.accepted[name].value) is type(value)
    assert verdict.accepted[name].written == written


@pytest.mark.parametrize(
    ('name', 'written', 'reason'),
    [
        ('interval_s', 0.9, 'interval_s 0.9 is not allowed; give a number of seconds from 1 to 86400'),
        ('interval_s', 1e9, 'interval_s 1000000000.0 is not allowed'),
        ('interval_s', '60', "interval_s '60' is not allowed"),
        ('interval_s', True, 'interval_s True is not allowed'),
        ('interval_s', 10**400, 'interval_s 1000000'),
        ('min_confidence', 1.7, 'min_confidence 1.7 is not allowed; give a number from 0 to 1'),
        ('min_confidence', [0.5], 'min_confidence [0.5] is not allowed'),
        ('mode', 'sleep', 'mode \'sleep\' is not allowed; give "count" or "collect"'),
        ('mode', 3, 'mode 3 is not allowed'),
        ('mode', 'collect', 'no collector runs here'),
        ('model', 'lot', "model 'lot' is not allowed; give an object with name and version"),
        ('model', {'name': 'lot'}, 'model.version is missing; give a whole number'),
        ('model', {'name': '../lot', 'version': '1'}, "model.name '../lot' is not allowed"),
        ('model', {'name': 'lot', 'version': 1.5}, 'model.version 1.5 is not allowed'),
        ('model', {'name': 'lot', 'version': '1', 'x': 1}, 'is not a setting; known are name, version'),
        ('model', {'name': 'lot', 'version': '9'}, 'model lot 9 is not there'),
        ('telegram', 'on', "telegram 'on' is not allowed; give true or false"),
        ('telegram', 1, 'telegram 1 is not allowed'),
        ('zones', [1], 'zones [1] is not allowed; give an object with zones, bays and gates by the name'),
        ('zones', {'road': {}}, "no camera is called 'road'; there are lane"),
        ('intervall_s', 60, 'is not a setting; did you mean interval_s? known are interval_s, min_conf'),
        ('x' * 9000, 60, 'is not a setting; known are'),
    ],
)
def test_a_bad_setting_is_refused_with_field_value_and_what_is_allowed(
    name: str, written: Json, reason: str
) -> None:
    verdict = judge({name: written, 'telegram' if name != 'telegram' else 'interval_s': None}, an_offer())
    assert verdict.accepted == {}
    assert list(verdict.refused) == [name]
    assert reason in verdict.refused[name]
    assert len(verdict.refused[name]) < 250


def test_a_bad_setting_takes_no_other_with_it() -> None:
    verdict = judge({'interval_s': 0, 'min_confidence': 0.5, 'what': 1}, an_offer())
    assert set(verdict.accepted) == {'min_confidence'}
    assert set(verdict.refused) == {'interval_s', 'what'}


def test_telegram_can_be_off_where_no_notifier_runs_and_not_on() -> None:
    offer = an_offer(no_telegram='no notifier runs here')
    assert judge({'telegram': False}, offer).accepted['telegram'].value is False
    assert judge({'telegram': True}, offer).refused == {'telegram': 'no notifier runs here'}


@settings(max_examples=60)
@given(DESIRED)
def test_whatever_is_desired_each_part_is_accepted_or_refused(desired: dict[str, Any]) -> None:
    verdict = judge(desired, an_offer())
    assert set(verdict.accepted) <= set(FIELDS)
    assert not set(verdict.accepted) & set(verdict.refused)
    wanted = {name for name, value in desired.items() if value is not None or name not in FIELDS}
    assert set(verdict.accepted) | set(verdict.refused) == wanted
    assert all(verdict.refused.values())
