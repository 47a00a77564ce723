import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.topics import (
    check_thing_name,
    check_topic,
    count_topic,
    live_topics,
    shadow_topic,
    status_topic,
)


def test_a_thing_publishes_below_its_own_name() -> None:
    assert count_topic('garage-2') == 'parking/garage-2/count'
    assert status_topic('garage-2') == 'parking/garage-2/status'


def test_a_shadow_is_asked_at_the_topics_of_the_broker() -> None:
    assert shadow_topic('garage', 'get') == '$aws/things/garage/shadow/get'
    with pytest.raises(InvalidNameError):
        shadow_topic('+', 'get')


def test_a_fresh_count_goes_to_the_shared_topic_and_the_own_one() -> None:
    assert live_topics('garage-2') == ('EI_TOPIC', 'parking/garage-2/count')
    assert live_topics('garage-2', 'lots/all') == ('lots/all', 'parking/garage-2/count')


@pytest.mark.parametrize('shared', ['', 'parking/garage-2/count'])
def test_without_another_topic_a_count_goes_out_once(shared: str) -> None:
    assert live_topics('garage-2', shared) == ('parking/garage-2/count',)


@pytest.mark.parametrize('topic', ['EI_TOPIC', 'a/b/c/d/e/f/g/h', 'ü' * 128, 'Parkhaus Süd/Ebene 2'])
def test_topics_within_the_rules_are_taken(topic: str) -> None:
    assert check_topic(topic) == topic


@pytest.mark.parametrize(
    ('topic', 'problem'),
    [
        ('', 'is empty'),
        ('ü' * 128 + 'x', 'has 257 bytes'),
        ('a/b/c/d/e/f/g/h/i', 'has 8 slashes'),
        ('parking/+/count', r"contains \['\+'\]"),
        ('parking/#', r"contains \['#'\]"),
        ('a\0b', 'contains'),
        ('$aws/things/x/shadow', r"begins with '\$'"),
        ('\ud800', 'not valid Unicode'),
    ],
)
def test_a_topic_outside_the_rules_is_refused_with_the_reason(topic: str, problem: str) -> None:
    with pytest.raises(InvalidNameError, match=problem) as refused:
        check_topic(topic, 'AWS_TOPIC')

    assert str(refused.value).startswith("AWS_TOPIC: topic '")
    assert '256 bytes' in str(refused.value)


@pytest.mark.parametrize('name', ['x', 'EI_BALENA_THING', 'a:b-c_9', 'n' * 128])
def test_thing_names_that_aws_allows_are_taken(name: str) -> None:
    assert check_thing_name(name) == name


@pytest.mark.parametrize('name', ['', 'n' * 129, 'two words', 'a/b', 'garage\n', 'gärage', 'a#'])
def test_a_thing_name_that_aws_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError, match=r'cloud\.thing.*1 to 128 characters'):
        check_thing_name(name)


@given(st.text(max_size=140))
def test_a_thing_with_an_allowed_name_has_allowed_topics(name: str) -> None:
    try:
        check_thing_name(name)
    except InvalidNameError:
        return
    for topic in (count_topic(name), status_topic(name)):
        assert check_topic(topic) == topic
