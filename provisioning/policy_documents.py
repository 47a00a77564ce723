"""Write the policies: what a device may do, and the little that a claim may do."""

import json
from typing import Any

from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC
from provisioning.aws import Aws
from provisioning.first_boot.claim import CLIENT_ID_PREFIX
from provisioning.names import slug

_THING = '${iot:Connection.Thing.ThingName}'

Document = dict[str, Any]


def device_policy_name(shared_topic: str) -> str:
    """Return the name of the policy for devices that publish to a shared topic as well.

    Each shared topic has a policy of its own: a second fleet in the same account, on another
    topic, takes nothing away from the first.
    """
    name = 'parking-device'
    return name if shared_topic == DEFAULT_SHARED_TOPIC else f'{name}-{slug(shared_topic) or "own-topics"}'


def device_policy(aws: Aws, shared_topic: str) -> Document:
    """Return what a device may do: be itself, use its own topics and its own shadow.

    The client id must be the name of the thing that the certificate is attached to. A device
    cannot delete its shadow, and no other device can publish below its name.

    Args:
        aws: names account and region.
        shared_topic: the topic of all devices' counts (`AWS_TOPIC`); empty for none.
    """
    own = f'parking/{_THING}/*'
    shadow_requests = [f'$aws/things/{_THING}/shadow/{verb}' for verb in ('get', 'update')]
    shadow_answers = [f'{request}/*' for request in shadow_requests]
    publish = [own, *shadow_requests, *([shared_topic] if shared_topic else [])]
    return _document(
        _allow('Connect', ['iot:Connect'], [aws.iot_arn(f'client/{_THING}')], attached=True),
        _allow('Publish', ['iot:Publish'], [aws.iot_arn(f'topic/{topic}') for topic in publish]),
        _allow('Presence', ['iot:RetainPublish'], [aws.iot_arn(f'topic/parking/{_THING}/status')]),
        _allow(
            'Subscribe',
            ['iot:Subscribe'],
            [aws.iot_arn(f'topicfilter/{topic}') for topic in (own, *shadow_answers)],
        ),
        _allow(
            'Receive', ['iot:Receive'], [aws.iot_arn(f'topic/{topic}') for topic in (own, *shadow_answers)]
        ),
    )


def claim_policy(aws: Aws, template: str) -> Document:
    """Return what a claim may do: ask for a certificate and register one thing, nothing else."""
    requests = [
        '$aws/certificates/create-from-csr/json',
        f'$aws/provisioning-templates/{template}/provision/json',
    ]
    answers = [f'{request}/{answer}' for request in requests for answer in ('accepted', 'rejected')]
    return _document(
        _allow('Connect', ['iot:Connect'], [aws.iot_arn(f'client/{CLIENT_ID_PREFIX}*')]),
        _allow('Ask', ['iot:Publish'], [aws.iot_arn(f'topic/{topic}') for topic in requests]),
        _allow('Subscribe', ['iot:Subscribe'], [aws.iot_arn(f'topicfilter/{topic}') for topic in answers]),
        _allow('Receive', ['iot:Receive'], [aws.iot_arn(f'topic/{topic}') for topic in answers]),
    )


def same_document(one: Document | str, other: Document | str) -> bool:
    """Return whether two policies say the same, however they are laid out."""
    try:
        return bool(_parsed(one) == _parsed(other))
    except ValueError:
        return False


def _parsed(document: Document | str) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _allow(name: str, actions: list[str], resources: list[str], *, attached: bool = False) -> Document:
    statement: Document = {'Sid': name, 'Effect': 'Allow', 'Action': actions, 'Resource': resources}
    if attached:
        statement['Condition'] = {'Bool': {'iot:Connection.Thing.IsAttached': ['true']}}
    return statement


def _document(*statements: Document) -> Document:
    return {'Version': '2012-10-17', 'Statement': list(statements)}
