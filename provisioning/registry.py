"""Make sure that the account has what all devices share, and the things and their groups."""

import json
from typing import Any

from botocore.exceptions import ClientError

from provisioning.aws import Aws, error_code, is_missing
from provisioning.errors import AwsError
from provisioning.ledger import Ledger, Outcome
from provisioning.names import GROUP_PREFIX, THING_TYPE, Place
from provisioning.policy_documents import Document, same_document

MAX_POLICY_VERSIONS = 5
_PAGE = 250


def ensure_thing_type(aws: Aws, ledger: Ledger) -> None:
    """Make the thing type of all parking monitors, with attributes that can be searched by.

    Raises:
        AwsError: when the type was deprecated.
    """
    found = _look(lambda: aws.iot.describe_thing_type(thingTypeName=THING_TYPE))
    if found is None:
        properties = {
            'thingTypeDescription': 'A camera that counts cars',
            'searchableAttributes': ['facility', 'floor'],
        }
        _make(
            ledger,
            'thing type',
            THING_TYPE,
            lambda: aws.iot.create_thing_type(thingTypeName=THING_TYPE, thingTypeProperties=properties),
        )
        return
    if found.get('thingTypeMetadata', {}).get('deprecated'):
        raise AwsError(
            f"thing type '{THING_TYPE}' is deprecated, so no thing can be given it; undo that: "
            f'aws iot deprecate-thing-type --thing-type-name {THING_TYPE} --undo-deprecate'
        )
    ledger.there('thing type', THING_TYPE)


def ensure_policy(aws: Aws, ledger: Ledger, name: str, document: Document) -> None:
    """Make a policy, or give it a new default version when it says something else."""
    found = _look(lambda: aws.iot.get_policy(policyName=name))
    text = json.dumps(document)
    if found is None:
        _make(ledger, 'policy', name, lambda: aws.iot.create_policy(policyName=name, policyDocument=text))
    elif same_document(found['policyDocument'], document):
        ledger.there('policy', name)
    else:
        ledger.act(
            Outcome.CHANGED,
            'policy',
            name,
            lambda: _new_version(aws, name, text),
            'a new version; devices have it within 8 minutes',
        )


def ensure_indexing(aws: Aws, ledger: Ledger) -> None:
    """Turn on the fleet index of things and their connections, leaving the rest of it as it is."""
    current = aws.iot.get_indexing_configuration()['thingIndexingConfiguration']
    wanted = {
        key: value for key, value in current.items() if key != 'managedFields' and value not in ([], {}, None)
    }
    if wanted.get('thingIndexingMode', 'OFF') == 'OFF':
        wanted['thingIndexingMode'] = 'REGISTRY'
    wanted['thingConnectivityIndexingMode'] = 'STATUS'
    if all(current.get(key) == value for key, value in wanted.items()):
        ledger.there('fleet indexing', 'AWS_Things')
        return
    ledger.act(
        Outcome.CHANGED,
        'fleet indexing',
        'AWS_Things',
        lambda: aws.iot.update_indexing_configuration(thingIndexingConfiguration=wanted),
        'things and connections; the first build takes minutes',
    )


def find_endpoint(aws: Aws, ledger: Ledger) -> str:
    """Return the host name that devices connect to."""
    endpoint: str = aws.iot.describe_endpoint(endpointType='iot:Data-ATS')['endpointAddress']
    ledger.there('endpoint', endpoint)
    return endpoint


def ensure_groups(aws: Aws, ledger: Ledger, place: Place) -> None:
    """Make the groups of a facility and its floor; the floor's is a child of the facility's."""
    if not place.facility:
        return
    _ensure_group(aws, ledger, place.facility_group, f'Facility {place.facility}')
    if place.floor:
        _ensure_group(
            aws,
            ledger,
            place.floor_group,
            f'Floor {place.floor} of {place.facility}',
            parentGroupName=place.facility_group,
        )


def find_thing(aws: Aws, thing: str) -> dict[str, Any] | None:
    """Return what the registry knows of a thing; None when it is not there."""
    return _look(lambda: aws.iot.describe_thing(thingName=thing))


def ensure_thing(aws: Aws, ledger: Ledger, thing: str, place: Place) -> None:
    """Make a thing, or correct its type and place; attributes of others are left alone."""
    found = find_thing(aws, thing)
    attributes = {'attributes': place.attributes}
    if found is None:
        _make(
            ledger,
            'thing',
            thing,
            lambda: aws.iot.create_thing(
                thingName=thing, thingTypeName=THING_TYPE, attributePayload=attributes
            ),
        )
        return
    changes: dict[str, Any] = {}
    if found.get('thingTypeName') != THING_TYPE:
        changes['thingTypeName'] = THING_TYPE
    present = found.get('attributes', {})
    if any(present.get(key) != value for key, value in place.attributes.items()):
        changes['attributePayload'] = {**attributes, 'merge': True}
    if changes:
        detail = ', '.join('type' if key == 'thingTypeName' else 'place' for key in changes)
        ledger.act(
            Outcome.CHANGED, 'thing', thing, lambda: aws.iot.update_thing(thingName=thing, **changes), detail
        )
    else:
        ledger.there('thing', thing)


def ensure_membership(aws: Aws, ledger: Ledger, thing: str, place: Place) -> None:
    """Put a thing into the group of its place, and out of the groups of other places."""
    if not place.group:
        return
    groups = thing_groups(aws, thing) if find_thing(aws, thing) else []
    if place.group in groups:
        ledger.there('in group', place.group)
    else:
        ledger.act(
            Outcome.MADE,
            'in group',
            place.group,
            lambda: aws.iot.add_thing_to_thing_group(thingName=thing, thingGroupName=place.group),
        )
    for other in groups:
        if other.startswith(GROUP_PREFIX) and other not in {place.group, place.facility_group}:
            leave_group(aws, ledger, thing, other)


def thing_groups(aws: Aws, thing: str) -> list[str]:
    """Return the names of the groups that a thing was put into."""
    names: list[str] = []
    options: dict[str, Any] = {'thingName': thing, 'maxResults': _PAGE}
    while True:
        page = aws.iot.list_thing_groups_for_thing(**options)
        names += [group['groupName'] for group in page['thingGroups']]
        if not page.get('nextToken'):
            return names
        options['nextToken'] = page['nextToken']


def leave_group(aws: Aws, ledger: Ledger, thing: str, group: str) -> None:
    """Take a thing out of a group."""
    ledger.act(
        Outcome.REMOVED,
        'in group',
        group,
        lambda: aws.iot.remove_thing_from_thing_group(thingName=thing, thingGroupName=group),
    )


def _ensure_group(aws: Aws, ledger: Ledger, name: str, description: str, **options: str) -> None:
    if _look(lambda: aws.iot.describe_thing_group(thingGroupName=name)) is not None:
        ledger.there('group', name)
        return
    properties = {'thingGroupDescription': description.encode('ascii', 'replace').decode()}
    _make(
        ledger,
        'group',
        name,
        lambda: aws.iot.create_thing_group(thingGroupName=name, thingGroupProperties=properties, **options),
    )


def _look(call: Any) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = call()
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return found


def _make(ledger: Ledger, what: str, name: str, create: Any) -> None:
    """Create something that was not there; another run may have been quicker, which is as good."""
    try:
        ledger.act(Outcome.MADE, what, name, create)
    except ClientError as error:
        if error_code(error) != 'ResourceAlreadyExistsException':
            raise
        ledger.there(what, name, 'made by another run just now')


def _new_version(aws: Aws, name: str, text: str) -> None:
    versions = aws.iot.list_policy_versions(policyName=name)['policyVersions']
    if len(versions) >= MAX_POLICY_VERSIONS:
        unused = (version for version in versions if not version['isDefaultVersion'])
        oldest = min(unused, key=lambda version: int(version['versionId']))
        aws.iot.delete_policy_version(policyName=name, policyVersionId=oldest['versionId'])
    aws.iot.create_policy_version(policyName=name, policyDocument=text, setAsDefault=True)
