"""Set up provisioning by claim: a template, and a claim certificate that can do nothing else."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from provisioning.aws import Aws, is_missing
from provisioning.certificates import activate, attached_policies, ensure_certificate
from provisioning.errors import UsageError
from provisioning.first_boot.claim import CLAIM_FILE, SERIAL_PARAMETER
from provisioning.identity_folder import ROOT_CA, IdentityFolder
from provisioning.keys import KeyKind
from provisioning.ledger import Ledger, Outcome
from provisioning.names import THING_TYPE, Place
from provisioning.policy_documents import claim_policy, device_policy, device_policy_name
from provisioning.registry import (
    ensure_groups,
    ensure_indexing,
    ensure_policy,
    ensure_thing_type,
    find_endpoint,
)

TEMPLATE = 'fleet-template.json'
# AWS IoT: a template's name has at most 36 characters of a-z, A-Z, 0-9, underscore and hyphen.
MAX_TEMPLATE_NAME = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOptions:
    """Say how devices that share an image get their identities.

    Attributes:
        name: of the template.
        role_arn: the role with which AWS IoT registers the things; an output of provisioning/cloud.
        hook_arn: a Lambda that is asked for each device; empty for none.
        certs: the folder of the devices' folders.
        ca: PEM of the root certificates for the devices.
        place: facility and floor of all these devices.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
    """

    name: str
    role_arn: str
    certs: Path
    ca: bytes
    place: Place
    topic: str
    hook_arn: str = ''

    def __post_init__(self) -> None:
        allowed = self.name.replace('_', '').replace('-', '')
        if not (allowed.isascii() and allowed.isalnum() and len(self.name) <= MAX_TEMPLATE_NAME):
            raise UsageError(
                f'--name {self.name!r} is not allowed; give up to {MAX_TEMPLATE_NAME} letters, digits, '
                "'_' and '-'"
            )

    @property
    def folder(self) -> Path:
        """Return where the claim is kept; no thing's name has a dot in it."""
        return self.certs / f'claim.{self.name}'


def template_body(place: Place, policy: str) -> dict[str, Any]:
    """Return the template: one thing a serial number, with the device policy, in its group.

    A thing that exists already is refused, so a claim that leaked cannot take over a device.
    """
    properties: dict[str, Any] = {
        'ThingName': {'Ref': SERIAL_PARAMETER},
        'ThingTypeName': THING_TYPE,
    }
    if place.facility:
        properties['AttributePayload'] = place.attributes
        properties['ThingGroups'] = [place.group]
    return {
        'Parameters': {
            SERIAL_PARAMETER: {'Type': 'String'},
            'AWS::IoT::Certificate::Id': {'Type': 'String'},
        },
        'Resources': {
            'thing': {
                'Type': 'AWS::IoT::Thing',
                'Properties': properties,
                'OverrideSettings': {
                    'AttributePayload': 'FAIL',
                    'ThingTypeName': 'FAIL',
                    'ThingGroups': 'FAIL',
                },
            },
            'certificate': {
                'Type': 'AWS::IoT::Certificate',
                'Properties': {'CertificateId': {'Ref': 'AWS::IoT::Certificate::Id'}, 'Status': 'Active'},
            },
            'policy': {'Type': 'AWS::IoT::Policy', 'Properties': {'PolicyName': policy}},
        },
        'DeviceConfiguration': {'facility': place.facility, 'floor': place.floor},
    }


def set_up_claim(aws: Aws, ledger: Ledger, options: ClaimOptions) -> None:
    """Make sure of the template, the claim policy and the claim certificate, and write the claim's files.

    Idempotent as `register` is; the claim becomes active last.
    """
    policy = device_policy_name(options.topic)
    ensure_thing_type(aws, ledger)
    ensure_policy(aws, ledger, policy, device_policy(aws, options.topic))
    ensure_groups(aws, ledger, options.place)
    ensure_indexing(aws, ledger)
    body = template_body(options.place, policy)
    _ensure_template(aws, ledger, options, body)
    claim = f'parking-claim-{options.name}'
    ensure_policy(aws, ledger, claim, claim_policy(aws, options.name))
    folder = IdentityFolder(options.folder)
    ref = ensure_certificate(aws, ledger, folder, claim, kind=KeyKind.EC, aws_key=False)
    if ref is not None and claim in attached_policies(aws, ref):
        ledger.there('policy attached', claim)
    else:
        ledger.act(
            Outcome.MADE,
            'policy attached',
            claim,
            lambda: ref and aws.iot.attach_policy(policyName=claim, target=ref.arn),
        )
    activate(aws, ledger, ref)
    endpoint = find_endpoint(aws, ledger)
    if not ledger.dry_run:
        _ensure_files(ledger, folder, options, endpoint, body)


def _ensure_template(aws: Aws, ledger: Ledger, options: ClaimOptions, body: dict[str, Any]) -> None:
    name, text = options.name, json.dumps(body)
    hook = {'payloadVersion': '2020-04-01', 'targetArn': options.hook_arn} if options.hook_arn else None
    try:
        found = aws.iot.describe_provisioning_template(templateName=name)
    except ClientError as error:
        if not is_missing(error):
            raise
        extra = {'preProvisioningHook': hook} if hook else {}
        ledger.act(
            Outcome.MADE,
            'template',
            name,
            lambda: aws.iot.create_provisioning_template(
                templateName=name,
                templateBody=text,
                provisioningRoleArn=options.role_arn,
                description='Parking monitors that share an image',
                enabled=True,
                **extra,
            ),
        )
        return
    if json.loads(found['templateBody']) == body:
        ledger.there('template', name)
    else:
        ledger.act(
            Outcome.CHANGED,
            'template',
            name,
            lambda: aws.iot.create_provisioning_template_version(
                templateName=name, templateBody=text, setAsDefault=True
            ),
            'a new version',
        )
    changes: dict[str, Any] = {}
    if found.get('provisioningRoleArn') != options.role_arn:
        changes['provisioningRoleArn'] = options.role_arn
    if found.get('preProvisioningHook', {}).get('targetArn', '') != options.hook_arn:
        changes |= {'preProvisioningHook': hook} if hook else {'removePreProvisioningHook': True}
    if not found.get('enabled', True):
        changes['enabled'] = True
    if changes:
        ledger.act(
            Outcome.CHANGED,
            'template settings',
            name,
            lambda: aws.iot.update_provisioning_template(templateName=name, **changes),
            ', '.join(changes),
        )


def _ensure_files(
    ledger: Ledger, folder: IdentityFolder, options: ClaimOptions, endpoint: str, body: dict[str, Any]
) -> None:
    settings = {'endpoint': endpoint, 'port': 8883, 'template': options.name, 'topic': options.topic}
    files = {
        CLAIM_FILE: json.dumps(settings, indent=2).encode() + b'\n',
        TEMPLATE: json.dumps(body, indent=2).encode() + b'\n',
        ROOT_CA: options.ca,
    }
    written = [name for name, content in files.items() if folder.write_if_different(name, content)]
    if written:
        ledger.note(Outcome.MADE, 'claim', str(folder.path), ', '.join(written))
    else:
        ledger.there('claim', str(folder.path))
