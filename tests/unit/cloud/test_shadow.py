"""What holds on a device, what it reports, and what it goes back to."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.cloud.shadow import Look, Shadow
from parking_monitor.cloud.shadow_document import Json, encode_json
from parking_monitor.cloud.shadow_file import Kept
from parking_monitor.cloud.shadow_report import MAX_REPORT_BYTES, Standing
from tests.unit.cloud.shadow_builders import DESIRED, a_shadow, an_offer

MODEL_1: Json = {'name': 'lot', 'version': '1'}
MODEL_2: Json = {'name': 'lot', 'version': '2'}

HEALTH: dict[str, Json] = {
    'certificate_expires': '2027-03-01T08:15:30Z',
    'temperature_c': 65,
    'waiting': 100_000,
}


def standing(**values: Any) -> dict[str, Standing]:
    return {name: Standing(by_camera={'': value}) for name, value in values.items()}


def test_accepted_settings_are_wanted_and_reported_as_they_stand() -> None:
    shadow = a_shadow({'interval_s': 60, 'min_confidence': 0.7})
    assert shadow.wanted == {'interval_s': 60.0, 'min_confidence': 0.7}
    assert shadow.report(standing(interval_s=60.0, min_confidence=0.5)) == {
        'interval_s': 60,
        'min_confidence': 0.5,
        'desired_version': 1,
    }


def test_what_is_refused_is_reported_and_leaves_what_held_before() -> None:
    shadow = a_shadow({'interval_s': 60})
    shadow.look(Look({'interval_s': -5, 'colour': 'red'}, version=2))
    assert shadow.wanted == {'interval_s': 60.0}
    refused = shadow.report({})['refused']
    assert isinstance(refused, dict)
    assert 'from 1 to 86400' in str(refused['interval_s'])
    assert 'is not a setting' in str(refused['colour'])


def test_a_setting_that_is_not_desired_any_more_is_as_configured() -> None:
    shadow = a_shadow({'interval_s': 60, 'telegram': False})
    shadow.look(Look({'telegram': False, 'interval_s': None}, version=2))
    assert shadow.wanted == {'telegram': False}
    assert shadow.kept.settings == {'telegram': False}


def test_what_stands_is_said_by_camera_only_where_it_differs() -> None:
    shadow = a_shadow({'model': MODEL_1})
    same = {'model': Standing(by_camera={'a': '/models/lot-v1.eim', 'b': '/models/lot-v1.eim'})}
    assert shadow.report(same)['model'] == MODEL_1
    other = {'model': Standing(by_camera={'a': '/models/lot-v1.eim', 'b': 'default'})}
    assert shadow.report(other)['model'] == {'a': MODEL_1, 'b': {'name': 'default', 'version': ''}}


def test_what_nodes_have_not_taken_yet_is_pending() -> None:
    shadow = a_shadow({'min_confidence': 0.7})
    waiting = {'min_confidence': Standing(by_camera={'': 0.5}, pending='waits for lane/ei_detector')}
    report = shadow.report(waiting)
    assert report['pending'] == {'min_confidence': 'waits for lane/ei_detector'}
    assert report['min_confidence'] == 0.5


def test_a_model_that_a_node_refuses_gives_way_to_the_one_before() -> None:
    shadow = a_shadow({'model': MODEL_1})
    shadow.confirm('model')
    shadow.look(Look({'model': MODEL_2}, version=2))
    assert shadow.wanted == {'model': '/models/lot-v2.eim'}
    shadow.fail('model', 'lane/ei_detector: it does not start')
    assert shadow.wanted == {'model': '/models/lot-v1.eim'}
    assert shadow.kept == Kept(version=2, settings={'model': MODEL_1})
    shadow.confirm('model')
    assert shadow.refused == {'model': 'lane/ei_detector: it does not start'}


def test_of_two_models_refused_in_a_row_the_one_that_ran_comes_back() -> None:
    shadow = a_shadow({'min_confidence': 0.5})
    shadow.look(Look({'model': MODEL_1}, version=2))
    shadow.look(Look({'model': MODEL_2}, version=3))
    shadow.fail('model', 'it does not start')
    assert shadow.wanted == {}


def test_what_a_node_refused_is_tried_again_only_when_somebody_wrote_to_the_shadow() -> None:
    shadow = a_shadow({'model': MODEL_2})
    shadow.fail('model', 'it does not start')
    shadow.look(Look({'model': MODEL_2}, version=2, is_news=False))
    assert (shadow.wanted, shadow.refused) == ({}, {'model': 'it does not start'})
    shadow.look(Look({'model': MODEL_2}, version=3))
    assert (shadow.wanted, shadow.refused) == ({'model': '/models/lot-v2.eim'}, {})


def test_a_kept_model_that_fails_once_is_not_forgotten() -> None:
    shadow = a_shadow(kept=Kept(version=4, settings={'model': MODEL_1}))
    shadow.fail('model', 'too little memory now')
    assert shadow.wanted == {'model': '/models/lot-v1.eim'}
    assert 'model' in shadow.refused
    shadow.confirm('model')
    assert shadow.refused == {}


def test_settings_outlive_a_restart_and_one_on_trial_keeps_what_to_go_back_to() -> None:
    before = a_shadow({'interval_s': 60, 'model': MODEL_1})
    before.confirm('model')
    before.look(Look({'interval_s': 60, 'model': MODEL_2}, version=9))
    after = Shadow(an_offer(), before.kept)
    assert (after.version, after.wanted) == (9, before.wanted)
    after.fail('model', 'it does not start')
    assert after.wanted == {'interval_s': 60.0, 'model': '/models/lot-v1.eim'}


def test_kept_settings_that_cannot_be_any_more_are_left_out() -> None:
    kept = Kept(version=4, settings={'model': {'name': 'gone', 'version': '1'}, 'interval_s': 30, 'x': 1})
    assert a_shadow(kept=kept).wanted == {'interval_s': 30.0}


@settings(max_examples=50)
@given(
    st.lists(DESIRED, max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=10) | st.booleans() | st.just(0.5), max_size=16),
    st.text(max_size=20),
)
def test_whatever_is_desired_the_report_is_json_that_fits(
    documents: list[dict[str, Any]], by_camera: dict[str, Any], reason: str
) -> None:
    shadow = a_shadow()
    for version, desired in enumerate(documents):
        shadow.look(Look(desired, version))
        for name in list(shadow.wanted):
            shadow.fail(name, reason)
    # Longer than hypothesis likes to make them.
    longer = {64 * name: 20 * value if isinstance(value, str) else value for name, value in by_camera.items()}
    reason *= 100
    report = shadow.report(
        {
            'model': Standing(by_camera=longer, pending=reason),
            'interval_s': Standing(by_camera=longer, refused=reason),
        },
        HEALTH,
    )
    assert report['health'] == HEALTH
    encoded = encode_json(report)
    assert len(encoded) <= MAX_REPORT_BYTES
    assert json.loads(encoded) == report
    json.dumps(shadow.kept.settings)
