"""List the devices of an account: certificate, end of its life, and when the device was last seen."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from cryptography import x509

from provisioning.aws import Aws, error_code
from provisioning.certificates import certificates_of, describe, ref_of
from provisioning.names import THING_TYPE

WARN_BEFORE = dt.timedelta(days=30)
# Enough to hide the network's delay, and below the account's default of ten calls a second.
_WORKERS = 4
_PAGE = 250
_INDEX_PAGE = 100
_INDEX_NOT_READY = frozenset(
    {'IndexNotReadyException', 'ResourceNotFoundException', 'InvalidRequestException'}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Hold one line of the list.

    Attributes:
        thing: thing name.
        facility: attribute of that name; empty when it has none.
        floor: attribute of that name; empty when it has none.
        certificates: how many are attached.
        status: of the certificate; of the first that is not active when there are several.
        expires: end of the life of the certificate that ends first; None without one.
        connected: whether it is connected; None when the fleet index does not say.
        last_seen: when it connected or disconnected last; None when the fleet index does not say.
        attention: what somebody should look at; empty when nothing.
    """

    thing: str
    facility: str
    floor: str
    certificates: int
    status: str
    expires: dt.datetime | None
    connected: bool | None
    last_seen: dt.datetime | None
    attention: str


def list_devices(aws: Aws, now: dt.datetime) -> list[Device]:
    """Return every thing of this tool's type, by name."""
    things = _things(aws)
    connectivity = _connectivity(aws)
    with ThreadPoolExecutor(_WORKERS) as pool:
        devices = pool.map(lambda thing: _device(aws, thing, connectivity, now), things)
        return sorted(devices, key=lambda device: device.thing)


def _things(aws: Aws) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    options: dict[str, Any] = {'thingTypeName': THING_TYPE, 'maxResults': _PAGE}
    while True:
        page = aws.iot.list_things(**options)
        found += page['things']
        if not page.get('nextToken'):
            return found
        options['nextToken'] = page['nextToken']


def _connectivity(aws: Aws) -> dict[str, dict[str, Any]]:
    """Return what the fleet index knows of connections, by thing; nothing while it is off or being built."""
    found: dict[str, dict[str, Any]] = {}
    options: dict[str, Any] = {'queryString': f'thingTypeName:{THING_TYPE}', 'maxResults': _INDEX_PAGE}
    while True:
        try:
            page = aws.iot.search_index(**options)
        except ClientError as error:
            if error_code(error) in _INDEX_NOT_READY:
                return found
            raise
        found |= {thing['thingName']: thing.get('connectivity', {}) for thing in page.get('things', [])}
        if not page.get('nextToken'):
            return found
        options['nextToken'] = page['nextToken']


def _device(
    aws: Aws, thing: dict[str, Any], connectivity: dict[str, dict[str, Any]], now: dt.datetime
) -> Device:
    name = thing['thingName']
    descriptions = [describe(aws, ref_of(arn).id) for arn in certificates_of(aws, name)]
    certificates = [description for description in descriptions if description is not None]
    states = [certificate['status'] for certificate in certificates]
    expires = min((_end(certificate['certificatePem']) for certificate in certificates), default=None)
    seen = connectivity.get(name, {})
    seen_ms = seen.get('timestamp')
    attributes = thing.get('attributes', {})
    return Device(
        thing=name,
        facility=attributes.get('facility', ''),
        floor=attributes.get('floor', ''),
        certificates=len(certificates),
        status=next((state for state in states if state != 'ACTIVE'), states[0] if states else ''),
        expires=expires,
        connected=seen.get('connected'),
        last_seen=dt.datetime.fromtimestamp(seen_ms / 1000, dt.UTC) if seen_ms else None,
        attention=attention(name, states, expires, now),
    )


def attention(thing: str, states: list[str], expires: dt.datetime | None, now: dt.datetime) -> str:
    """Return what somebody should look at and do about a thing; empty when nothing."""
    if expires is None:
        return f'no certificate: register {thing} again'
    if expires <= now:
        return f'expired: rotate {thing}'
    if 'ACTIVE' not in states:
        return f'certificate {states[0]}: register {thing} again'
    if expires - now <= WARN_BEFORE:
        return f'expires in {(expires - now).days} days: rotate {thing}'
    if len(states) > 1:
        return f'{len(states)} certificates: rotate {thing} to its end'
    return ''


def _end(pem: str) -> dt.datetime:
    return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
