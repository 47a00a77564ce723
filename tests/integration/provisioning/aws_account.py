"""Stand in for an AWS account: moto's server on a free port, with what moto lacks put in.

moto's certificates are signed by nobody that a broker could know, those from a signing request
are not even for its key, and `setAsActive` is not looked at: here a test authority signs the key
that came. moto's endpoint has another name at each call: here it keeps one. moto has no
provisioning templates: here they are kept in a dictionary. All the rest (things, types, groups,
policies, attachments, the order of deletion, the index, tables) is moto's.
"""

import datetime as dt
import functools
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.session
import moto.iot.models as iot_models
import moto.iot.responses as iot_responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from moto.backends import get_backend
from moto.core.responses import ActionResult
from moto.server import ThreadedMotoServer

from demo.identity import CertificateAuthority

REGION = 'eu-west-1'
ACCOUNT = '123456789012'
TEN_YEARS = dt.timedelta(days=3650)
ENVIRONMENT = {
    'AWS_ACCESS_KEY_ID': 'testing',
    'AWS_SECRET_ACCESS_KEY': 'a-secret-that-moto-never-looks-at',
    'AWS_DEFAULT_REGION': REGION,
    'AWS_EC2_METADATA_DISABLED': 'true',
    'AWS_CONFIG_FILE': os.devnull,
    'AWS_SHARED_CREDENTIALS_FILE': os.devnull,
    'MOTO_IOT_USE_VALID_CERT': 'true',
}


@dataclass
class AwsAccount:
    """A running account.

    Attributes:
        authority: who signs its certificates, as Amazon's root does.
        url: where its control plane listens.
        life: how long a certificate is good for.
        templates: provisioning templates by name.
    """

    authority: CertificateAuthority
    url: str
    life: dt.timedelta = TEN_YEARS
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**ENVIRONMENT, 'AWS_ENDPOINT_URL': self.url}

    @property
    def backend(self) -> Any:
        return get_backend('iot')[ACCOUNT][REGION]

    def sign(self, public_key: Any, subject: x509.Name) -> str:
        """Sign a device's public key as AWS does, under the test authority's name."""
        now = dt.datetime.now(dt.UTC)
        start = min(now, now + self.life) - dt.timedelta(hours=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.authority._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(now + self.life)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        certificate = builder.sign(self.authority._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def ca_pem(self) -> bytes:
        return self.authority._certificate.public_bytes(serialization.Encoding.PEM)

    def certificates(self) -> dict[str, Any]:
        return dict(self.backend.certificates)

    def active_certificates(self) -> list[str]:
        return [name for name, one in self.certificates().items() if one.status == 'ACTIVE']

    def things(self) -> list[str]:
        return sorted(thing.thing_name for thing in self.backend.things.values())

    def thing(self, name: str) -> Any:
        return self.backend.describe_thing(name)


# Each session of botocore reads megabytes of descriptions anew; one reader keeps them for all.
_read_once = functools.cache(botocore.session.create_loader)

logging.getLogger('werkzeug').setLevel(logging.WARNING)


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server and give its URL: for many accounts, one after another, as its end takes a while."""
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f'http://{host}:{port}'
    finally:
        server.stop()


@contextmanager
def aws_account(authority: CertificateAuthority, url: str) -> Iterator[AwsAccount]:
    """Give an account at moto's server, empty again afterwards."""
    account = AwsAccount(authority, url)

    def from_request(backend: Any, csr: str, set_as_active: object) -> Any:
        request = x509.load_pem_x509_csr(csr.encode())
        assert request.is_signature_valid
        pem = account.sign(request.public_key(), request.subject)
        # A PEM that moto has seen before is refused there; a serial number makes each one new.
        return _keep(backend, pem, active=set_as_active)

    real_keys = iot_models.IoTBackend.create_keys_and_certificate

    def with_keys(backend: Any, set_as_active: object) -> Any:
        unsigned, pair = real_keys(backend, set_as_active)
        del backend.certificates[unsigned.certificate_id]
        public = serialization.load_pem_public_key(pair['PublicKey'].encode())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, 'AWS IoT Certificate')])
        return _keep(backend, account.sign(public, name), active=set_as_active), pair

    def endpoint(_: Any, endpoint_type: str) -> Any:
        assert endpoint_type == 'iot:Data-ATS'
        address = f'a1b2c3-ats.iot.{REGION}.amazonaws.com'
        return SimpleNamespace(to_dict=lambda: {'endpointAddress': address})

    with (
        patch.dict(os.environ, ENVIRONMENT),
        patch.object(botocore.session, 'create_loader', _read_once),
        patch.object(iot_models.IoTBackend, 'create_certificate_from_csr', from_request),
        patch.object(iot_models.IoTBackend, 'create_keys_and_certificate', with_keys),
        patch.object(iot_models.IoTBackend, 'describe_endpoint', endpoint),
        _templates(account),
    ):
        try:
            # Nothing in a test may look for the real one.
            with patch.dict(os.environ, account.environment):
                yield account
        finally:
            for service in ('iot', 'iotdata', 'dynamodb'):
                get_backend(service)[ACCOUNT][REGION].reset()


def _keep(backend: Any, pem: str, *, active: object) -> Any:
    # It comes as the text of the query string.
    status = 'ACTIVE' if str(active).lower() == 'true' else 'INACTIVE'
    certificate = iot_models.FakeCertificate(pem, status, backend.account_id, backend.region_name)
    backend.certificates[certificate.certificate_id] = certificate
    return certificate


@contextmanager
def _templates(account: AwsAccount) -> Iterator[None]:
    """Keep provisioning templates, of which moto knows nothing; the bodies must be JSON."""

    def create(response: Any) -> Any:
        body = json.loads(response.body)
        json.loads(body['templateBody'])
        account.templates[body['templateName']] = {'enabled': True, **body}
        return ActionResult({'templateName': body['templateName'], 'defaultVersionId': 1})

    def describe(response: Any) -> Any:
        name = response.path.rpartition('/')[2]
        if name not in account.templates:
            raise iot_models.ResourceNotFoundException
        return ActionResult(account.templates[name])

    def new_version(response: Any) -> Any:
        name = response.path.split('/')[-2]
        account.templates[name]['templateBody'] = json.loads(response.body)['templateBody']
        return ActionResult({'templateName': name, 'versionId': 2, 'isDefaultVersion': True})

    def update(response: Any) -> Any:
        name = response.path.rpartition('/')[2]
        account.templates[name] |= json.loads(response.body)
        return ActionResult({})

    methods = {
        'create_provisioning_template': create,
        'describe_provisioning_template': describe,
        'create_provisioning_template_version': new_version,
        'update_provisioning_template': update,
    }
    for name, method in methods.items():
        setattr(iot_responses.IoTResponse, name, method)
    try:
        yield
    finally:
        for name in methods:
            delattr(iot_responses.IoTResponse, name)
