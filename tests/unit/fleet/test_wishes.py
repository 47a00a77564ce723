"""What may be wished for, and what became of it."""

from typing import Any

import pytest
from hypothesis import given, settings

from parking_fleet.dashboard.settings_text import field_values, told_text, wish_of
from parking_fleet.shadow.document import merged
from parking_fleet.shadow.layouts import as_sent, compact, digest, expanded
from parking_fleet.shadow.shadows import DeviceShadow
from parking_fleet.shadow.wishes import BY_NAME, KINDS, checked, layout_of, standings
from parking_monitor.cloud.shadow_settings import FIELDS, DesiredSettings
from parking_monitor.places_setting import digest as digest_on_the_device
from parking_monitor.places_setting import layout_text, read_zones
from tests.unit.cloud.shadow_builders import DESIRED

LAYOUT = {
    'zones': [{'name': 'a', 'polygon': [[0, 0], [0.123456, 0], [1, 1.0]], 'capacity': 0}],
    'bays': [],
    'gates': [{'name': 'in', 'line': [[0, 0.5], [1, 0.5]], 'inside': [0.5, 0.9]}],
}


def shadow(desired: dict[str, Any], reported: dict[str, Any], *, has_looked: bool = True) -> DeviceShadow:
    return DeviceShadow(
        thing='garage',
        desired=desired,
        reported=reported,
        desired_s=dict.fromkeys(desired, 100),
        reported_s=200 if has_looked else 50,
    )


def state_of(name: str, found: DeviceShadow) -> tuple[str, str]:
    return next((each.state, each.reason) for each in standings(found) if each.name == name)


@pytest.mark.parametrize(
    ('desired', 'reported', 'has_looked', 'state'),
    [
        ({}, {'interval_s': 120}, True, ('configured', '')),
        ({'interval_s': 60}, {'interval_s': 60.0}, True, ('applied', '')),
        ({'interval_s': 60}, {'interval_s': 120}, False, ('waiting', '')),
        ({'interval_s': 60}, {'interval_s': 120, 'refused': {'interval_s': 'no'}}, True, ('refused', 'no')),
        ({'interval_s': 60}, {'interval_s': 120, 'refused': {'interval_s': 'no'}}, False, ('waiting', '')),
        ({'interval_s': 60}, {'pending': {'interval_s': 'waits for x'}}, True, ('pending', 'waits for x')),
        ({'interval_s': 60}, {'pending': 'damaged', 'refused': 3}, True, ('waiting', '')),
    ],
)
def test_what_became_of_a_wish(
    desired: dict[str, Any], reported: dict[str, Any], has_looked: Any, state: tuple[str, str]
) -> None:
    assert state_of('interval_s', shadow(desired, reported, has_looked=has_looked)) == state


def test_a_setting_that_no_device_knows_is_told_too() -> None:
    found = shadow({'colour': 'red'}, {'refused': {'colour': 'is not a setting'}})
    assert state_of('colour', found) == ('refused', 'is not a setting')


def test_zones_are_applied_once_the_device_tells_the_same_digest() -> None:
    wished = {'zones': {'lane': compact(LAYOUT)}}
    assert state_of('zones', shadow(wished, {'zones': {'lane': {'digest': 'other'}}})) == ('waiting', '')
    told = {'lane': {'zones_count': 1, 'gates_count': 1, 'digest': digest(LAYOUT)}}
    found = shadow(wished, {'zones': told})
    assert state_of('zones', found) == ('applied', '')
    assert layout_of(found, 'lane') == expanded(compact(LAYOUT))


def test_a_layout_is_known_from_what_was_told_wished_for_or_heard_and_else_not() -> None:
    other = {'bays': [{'name': 'A1', 'polygon': [[0, 0], [1, 0], [1, 1]]}]}
    told_whole = {'lane': {**compact(other), 'digest': digest(other)}}
    found = shadow({'zones': {'lane': compact(LAYOUT)}}, {'zones': told_whole})
    assert layout_of(found, 'lane') == expanded(other)
    assert layout_of(found, 'lane', wished=True) == expanded(compact(LAYOUT))
    by_digest = shadow({}, {'zones': {'lane': {'bays_count': 1, 'digest': digest(other)}}})
    assert layout_of(by_digest, 'lane') is None
    assert layout_of(by_digest, 'lane', heard=LAYOUT) is None
    assert layout_of(by_digest, 'lane', heard=other) == expanded(other)
    assert layout_of(shadow({}, {}), 'lane') is None


def test_what_a_layout_has_no_more_of_is_taken_away() -> None:
    before = as_sent({'zones': {'lane': LAYOUT, 'exit': LAYOUT}, 'mode': 'count'})
    after = merged(merged({}, before), as_sent({'zones': {'lane': {'bays': []}, 'exit': None}}))
    assert after == {'zones': {'lane': {}}, 'mode': 'count'}
    assert merged({}, before)['zones']['lane'] == compact(LAYOUT)


def test_the_service_and_the_device_write_the_same_layout_in_the_same_way() -> None:
    text = read_zones({'lane': LAYOUT}, {'lane': '{}'})
    assert text == read_zones({'lane': compact(LAYOUT)}, {'lane': '{}'})
    assert digest({}) == digest_on_the_device(layout_text((), (), ()))


def test_the_service_knows_the_settings_that_a_device_knows() -> None:
    assert tuple(BY_NAME) == FIELDS


@settings(max_examples=100)
@given(DESIRED)
def test_what_a_device_would_take_by_its_form_may_be_sent(desired: dict[str, Any]) -> None:
    for name, value in desired.items():
        if value is None or name == 'mode':
            continue
        try:
            DesiredSettings.model_validate({name: value})
        except ValueError:
            is_allowed = False
        else:
            is_allowed = True
        if name != 'zones':
            assert (name not in checked({name: value})) == is_allowed


@pytest.mark.parametrize(
    'wishes',
    [{'mode': 'sleep'}, {'colour': None}, {'zones': {'lane': {'bays': [{'polygon': 'x'}]}}}, {'zones': []}],
)
def test_what_no_device_takes_is_refused_before_it_is_sent(wishes: dict[str, Any]) -> None:
    assert set(checked(wishes)) == set(wishes)


@pytest.mark.parametrize('value', [None, 3, 'x', {'lane': {'bays': 3}}, {'lane': None}, {'lane': {'a': 0.5}}])
def test_whatever_a_device_tells_there_are_words_for_it(value: Any) -> None:
    found = shadow(dict.fromkeys(BY_NAME, value), dict.fromkeys(BY_NAME, value))
    for standing in standings(found):
        assert told_text(standing)
        kind = BY_NAME[standing.name]
        if kind.kind != 'zones':
            wish_of(kind, field_values(kind, standing))


def test_empty_fields_wish_for_nothing() -> None:
    (model,) = (kind for kind in KINDS if kind.kind == 'model')
    assert wish_of(model, {'name': ' ', 'version': ''}) is None
    assert wish_of(model, {'name': ' lot ', 'version': '3'}) == {'name': 'lot', 'version': '3'}
