import inspect
import json
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any, cast

import pytest

from parking_monitor.cloud import topics
from provisioning.aws import Aws
from provisioning.policy_documents import (
    claim_policy,
    device_policy,
    device_policy_name,
    same_document,
)

# AWS IoT: a policy document has at most 2,048 characters, whitespace not counted.
MAX_POLICY_CHARACTERS = 2048


def account() -> Aws:
    return cast(
        'Aws',
        SimpleNamespace(iot_arn=lambda resource: f'arn:aws:iot:eu-west-1:123456789012:{resource}'),
    )


def allowed(document: dict[str, Any], action: str, resource: str, thing: str = 'garage-1') -> bool:
    """Return whether AWS would allow it: `*` stands for any characters, slashes too."""
    wanted = account().iot_arn(resource)
    return any(
        action in one['Action']
        and any(
            fnmatchcase(wanted, pattern.replace('${iot:Connection.Thing.ThingName}', thing))
            for pattern in one['Resource']
        )
        for one in document['Statement']
    )


def test_a_device_may_do_what_it_has_to() -> None:
    policy = device_policy(account(), 'EI_TOPIC')
    for action, resource in [
        ('iot:Connect', 'client/garage-1'),
        ('iot:Publish', 'topic/EI_TOPIC'),
        ('iot:Publish', 'topic/parking/garage-1/count'),
        ('iot:Publish', 'topic/parking/garage-1/history'),
        ('iot:RetainPublish', 'topic/parking/garage-1/status'),
        ('iot:Publish', 'topic/$aws/things/garage-1/shadow/update'),
        ('iot:Subscribe', 'topicfilter/$aws/things/garage-1/shadow/update/delta'),
        ('iot:Receive', 'topic/$aws/things/garage-1/shadow/get/accepted'),
        ('iot:Subscribe', 'topicfilter/parking/garage-1/verify'),
    ]:
        assert allowed(policy, action, resource), (action, resource)


def test_a_device_may_do_nothing_else() -> None:
    policy = device_policy(account(), 'EI_TOPIC')
    for action, resource in [
        ('iot:Connect', 'client/garage-2'),
        ('iot:Publish', 'topic/parking/garage-2/count'),
        ('iot:Publish', 'topic/parking/garage-10/count'),
        ('iot:Subscribe', 'topicfilter/#'),
        ('iot:Subscribe', 'topicfilter/parking/#'),
        ('iot:Subscribe', 'topicfilter/parking/+/count'),
        ('iot:Subscribe', 'topicfilter/EI_TOPIC'),
        ('iot:Receive', 'topic/EI_TOPIC'),
        ('iot:RetainPublish', 'topic/EI_TOPIC'),
        ('iot:Publish', 'topic/$aws/things/garage-2/shadow/update'),
        ('iot:Publish', 'topic/$aws/things/garage-1/shadow/delete'),
        ('iot:Publish', 'topic/$aws/rules/parking_count'),
        ('iot:Publish', 'topic/$aws/certificates/create-from-csr/json'),
    ]:
        assert not allowed(policy, action, resource), (action, resource)


PUBLISHED: dict[str, Callable[[str], Iterable[str]]] = {
    'count_topic': lambda thing: [topics.count_topic(thing)],
    'crossing_topic': lambda thing: [topics.crossing_topic(thing)],
    'history_topic': lambda thing: [topics.history_topic(thing)],
    'live_topics': topics.live_topics,
    'ros_topic': lambda thing: [topics.ros_topic(thing, 'lidar/scan')],
    'shadow_topic': lambda thing: [topics.shadow_topic(thing, verb) for verb in ('get', 'update')],
    'snapshot_topic': lambda thing: [topics.snapshot_topic(thing, 'lane')],
    'status_topic': lambda thing: [topics.status_topic(thing)],
}
"""What a thing publishes, by the function that names the topics."""


def test_every_function_that_names_topics_is_looked_at_here() -> None:
    named = {
        name
        for name, function in inspect.getmembers(topics, inspect.isfunction)
        if function.__module__ == topics.__name__ and name.endswith(('_topic', '_topics'))
    }
    # Where it is asked for a picture it listens, as below all of its own topics.
    assert named - {'check_topic', 'snapshot_request_topic'} == set(PUBLISHED)


@pytest.mark.parametrize('name', sorted(PUBLISHED))
def test_a_device_may_publish_what_it_does_and_not_in_the_name_of_another(name: str) -> None:
    policy = device_policy(account(), topics.DEFAULT_SHARED_TOPIC)
    for own, foreign in zip(PUBLISHED[name]('garage-1'), PUBLISHED[name]('garage-2'), strict=True):
        assert allowed(policy, 'iot:Publish', f'topic/{own}')
        assert own == foreign or not allowed(policy, 'iot:Publish', f'topic/{foreign}')


def test_a_device_may_hear_the_answers_to_what_it_asks_of_its_shadow() -> None:
    policy = device_policy(account(), topics.DEFAULT_SHARED_TOPIC)
    for verb, answers in (('get', ('accepted', 'rejected')), ('update', ('accepted', 'rejected', 'delta'))):
        for answer in answers:
            topic = f'{topics.shadow_topic("garage-1", verb)}/{answer}'
            assert allowed(policy, 'iot:Subscribe', f'topicfilter/{topic}')
            assert allowed(policy, 'iot:Receive', f'topic/{topic}')


def test_only_a_certificate_that_is_attached_to_its_thing_may_connect() -> None:
    connect = device_policy(account(), 'EI_TOPIC')['Statement'][0]
    assert connect['Condition'] == {'Bool': {'iot:Connection.Thing.IsAttached': ['true']}}


def test_a_claim_may_only_ask_for_an_identity() -> None:
    policy = claim_policy(account(), 'parking-fleet')
    assert allowed(policy, 'iot:Connect', 'client/first-boot-4941')
    assert allowed(policy, 'iot:Publish', 'topic/$aws/certificates/create-from-csr/json')
    for action, resource in [
        ('iot:Connect', 'client/garage-1'),
        ('iot:Publish', 'topic/parking/garage-1/count'),
        ('iot:Publish', 'topic/EI_TOPIC'),
        ('iot:Publish', 'topic/$aws/certificates/create/json'),
        ('iot:Publish', 'topic/$aws/provisioning-templates/other/provision/json'),
        ('iot:Subscribe', 'topicfilter/#'),
    ]:
        assert not allowed(policy, action, resource), (action, resource)


def test_the_policies_fit_into_what_aws_takes() -> None:
    long = 't' * 256
    for document in (device_policy(account(), long), claim_policy(account(), 'n' * 36)):
        assert len(''.join(json.dumps(document).split())) <= MAX_POLICY_CHARACTERS


def test_policies_are_compared_by_what_they_say() -> None:
    document = device_policy(account(), 'EI_TOPIC')
    assert same_document(json.dumps(document, indent=4, sort_keys=True), document)
    assert not same_document('{}', document)
    assert not same_document('no JSON', document)


def test_each_shared_topic_has_a_policy_of_its_own() -> None:
    names = {device_policy_name(topic) for topic in ('EI_TOPIC', 'a/b', 'a-b', 'a_b')}
    assert len(names) == 4
    assert device_policy_name('EI_TOPIC') == 'parking-device'
