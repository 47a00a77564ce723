"""Shadows by the rules of AWS IoT Core, and what the service learns from them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_fleet.live.events import LiveFeed
from parking_fleet.settings import Broker
from parking_fleet.shadow.answering import Answer, answer, shadow_topic, split_topic
from parking_fleet.shadow.document import Document, difference, merged, updated
from parking_fleet.shadow.link import LinkError
from parking_fleet.shadow.shadows import Shadows

THING = 'garage'
NOW_S = 1_770_000_000
VALUES = st.recursive(
    st.booleans() | st.integers(0, 9) | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from('abc'), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from('abcd'), VALUES, max_size=4)


def ask(document: Document, verb: Any, content: object, now_s: int = NOW_S) -> Answer:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return answer(document, THING, verb, payload, now_s)


def changed(*states: dict[str, Any]) -> Document:
    document = Document()
    for each in states:
        document = updated(document, {'state': each}, NOW_S)
    return document


def told(answered: Answer) -> dict[str, dict[str, Any]]:
    start = shadow_topic(THING, '')
    return {message.topic.removeprefix(start): message.content for message in answered.messages}


def test_an_update_is_accepted_its_delta_and_both_documents_told() -> None:
    before = changed({'reported': {'interval_s': 120}})
    request = {'state': {'desired': {'interval_s': 60}}, 'clientToken': 'mine'}
    answered = ask(before, 'update', request)
    common = {'version': 2, 'timestamp': NOW_S, 'clientToken': 'mine'}
    times = {'interval_s': {'timestamp': NOW_S}}
    assert told(answered) == {
        'update/accepted': {'state': request['state'], 'metadata': {'desired': times}, **common},
        'update/delta': {'state': {'interval_s': 60}, 'metadata': times, **common},
        'update/documents': {
            'previous': {'state': before.state, 'metadata': before.metadata, 'version': 1},
            'current': {
                'state': answered.document.state,
                'metadata': answered.document.metadata,
                'version': 2,
            },
            'timestamp': NOW_S,
            'clientToken': 'mine',
        },
    }


def test_what_agrees_has_no_delta() -> None:
    answered = ask(changed({'desired': {'a': {'b': 1}}}), 'update', {'state': {'reported': {'a': {'b': 1}}}})
    assert set(told(answered)) == {'update/accepted', 'update/documents'}
    (whole,) = told(ask(answered.document, 'get', b'')).values()
    assert whole['state'] == {'desired': {'a': {'b': 1}}, 'reported': {'a': {'b': 1}}}


def test_null_takes_a_key_or_a_section_away_with_its_metadata() -> None:
    document = changed({'desired': {'a': 1, 'b': {'c': 2, 'd': 3}}, 'reported': {'a': 1}})
    document = updated(document, {'state': {'desired': {'b': {'c': None}}, 'reported': None}}, NOW_S + 5)
    assert document.state == {'desired': {'a': 1, 'b': {'d': 3}}}
    assert document.metadata == {
        'desired': {'a': {'timestamp': NOW_S}, 'b': {'d': {'timestamp': NOW_S}}},
    }


@pytest.mark.parametrize(
    ('content', 'code', 'reason'),
    [
        (b'{', 400, 'Invalid JSON'),
        (b'[1]', 400, 'Invalid JSON'),
        ({}, 400, 'Missing required node: state'),
        ({'state': 3}, 400, 'State node must be an object'),
        ({'state': {'wanted': {}}}, 400, 'State contains an invalid node'),
        ({'state': {'desired': 3}}, 400, 'Desired node must be an object'),
        ({'state': {'desired': {}}, 'version': 'x'}, 400, 'Invalid version'),
        ({'state': {'desired': {}}, 'clientToken': 'x' * 65}, 400, 'Invalid clientToken'),
        ({'state': {'desired': {}}, 'version': 7}, 409, 'Version conflict'),
        ({'state': {'desired': {'a': 'x' * 8200}}}, 413, 'exceeds the maximum size'),
        ({'state': {'desired': json.loads('{"a":' * 9 + '1' + '}' * 9)}}, 400, 'levels of nesting'),
    ],
)
def test_what_is_wrong_is_refused_with_its_code_and_changes_nothing(
    content: object, code: int, reason: str
) -> None:
    before = changed({'desired': {'a': 1}})
    answered = ask(before, 'update', content)
    (refusal,) = told(answered).values()
    assert list(told(answered)) == ['update/rejected']
    assert (refusal['code'], answered.document is before) == (code, True)
    assert reason in refusal['message']


def test_an_update_for_the_version_that_is_there_is_taken() -> None:
    request = {'state': {'desired': {'a': 2}}, 'version': 1}
    assert ask(changed({'desired': {'a': 1}}), 'update', request).document.version == 2


def test_a_shadow_that_is_not_there_cannot_be_got_or_deleted_and_versions_outlive_a_deletion() -> None:
    for verb in ('get', 'delete'):
        (refusal,) = told(ask(Document(), verb, {'clientToken': 't'})).values()
        assert (refusal['code'], refusal['clientToken']) == (404, 't')
    deleted = ask(changed({'desired': {'a': 1}}), 'delete', b'').document
    assert deleted.state is None
    assert updated(deleted, {'state': {'desired': {'b': 1}}}, NOW_S).version == 2


@given(OBJECTS, OBJECTS)
def test_after_the_delta_is_reported_there_is_none(desired: dict[str, Any], reported: dict[str, Any]) -> None:
    delta = difference(desired, reported)
    assert difference(desired, merged(reported, delta)) == {}


@given(OBJECTS, st.dictionaries(st.sampled_from('abcd'), VALUES | st.none(), max_size=4))
def test_metadata_has_the_keys_of_the_state(first: dict[str, Any], change: dict[str, Any]) -> None:
    document = changed({'desired': first}, {'desired': change})
    assert set(document.metadata['desired']) == set((document.state or {})['desired'])


@pytest.mark.parametrize(
    ('topic', 'found'),
    [
        ('$aws/things/garage/shadow/update', ('garage', 'update')),
        ('$aws/things/garage/shadow/name/other/update', None),
        ('$aws/things//shadow/update', None),
        ('parking/garage/count', None),
    ],
)
def test_topics_of_classic_shadows_are_told_from_others(topic: str, found: object) -> None:
    assert split_topic(topic) == found


@pytest.mark.parametrize('host', ['a1-ats.iot.eu-central-1.amazonaws.com', 'x.amazonaws.com.cn'])
def test_where_aws_keeps_the_shadows_this_service_refuses_to(host: str) -> None:
    with pytest.raises(ValueError, match='keeps the device shadows itself'):
        Broker(host=host, certificate='c', private_key='k', answers_shadow=True)  # type: ignore[arg-type]  # made a path


class NoLink:
    def publish(self, topic: str, payload: bytes) -> Any:
        del topic, payload
        raise LinkError('the broker is away')


def test_a_wish_without_a_broker_or_a_name_or_room_is_told_at_once() -> None:
    shadows = Shadows(LiveFeed(), lambda _: '', NoLink())
    assert 'is being made' in shadows.desire(THING, {'interval_s': 60}).reason
    for topic_filter in shadows.topic_filters:
        shadows.subscribed(topic_filter, '')
    assert 'the broker is away' in shadows.desire(THING, {'interval_s': 60}).reason
    assert 'name on the broker is not known' in shadows.desire('', {'interval_s': 60}).reason
    assert shadows.desire(THING, {'zones': 'x' * 7_000}).code == 413
    assert shadows.desire(THING, {'interval_s': 2**80}).code == 400
    assert 'lists of zones' in shadows.desire(THING, {'zones': {'lane': 3}}).reason
    assert 'set broker.host' in Shadows(LiveFeed(), lambda _: '').desire(THING, {}).reason


def test_an_older_document_does_not_replace_a_newer_one() -> None:
    shadows = Shadows(LiveFeed(), lambda _: 'u', NoLink())
    assert shadows.document(THING) is None
    documents = [changed({'desired': {'a': 1}}, {'desired': {'a': 2}}), changed({'desired': {'a': 1}})]
    for document in documents:
        current = {'state': document.state, 'metadata': document.metadata, 'version': document.version}
        shadows.received(shadow_topic(THING, 'update/documents'), json.dumps({'current': current}).encode())
    known = shadows.document(THING)
    assert known is not None
    assert (known.desired, known.version, known.desired_s) == ({'a': 2}, 2, {'a': NOW_S})


def test_interval_and_model_are_noted_from_what_is_reported() -> None:
    shadows = Shadows(LiveFeed(), lambda _: 'u', NoLink())
    report = {'reported': {'interval_s': 60, 'model': {'name': 'lot', 'version': '3'}}}
    content = {'current': {'state': report, 'metadata': {}, 'version': 1}}
    shadows.received(shadow_topic(THING, 'update/documents'), json.dumps(content).encode())
    assert shadows.take_facts() == {THING: {'interval_s': 60.0, 'model': 'lot 3'}}
    assert shadows.take_facts() == {}
