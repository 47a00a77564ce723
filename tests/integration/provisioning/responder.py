"""Answer on the broker as AWS IoT Core does: shadows, and provisioning by claim.

The answers have the documented topics and payloads: developer guide, "Device provisioning MQTT API".
"""

import json
import secrets
from typing import Any

from cryptography import x509

from demo.broker import LocalBroker
from tests.integration.provisioning.aws_account import AwsAccount
from tests.support import aws_on_broker
from tests.support.aws_on_broker import AwsOnBroker
from tests.support.shadow_service import Message

CREATE = '$aws/certificates/create-from-csr/json'
PROVISION = '$aws/provisioning-templates/parking-fleet/provision/json'

ACCESS_RULES = f"""{aws_on_broker.ACCESS_RULES}
user parking-claim-parking-fleet
topic write {CREATE}
topic read {CREATE}/accepted
topic read {CREATE}/rejected
topic write {PROVISION}
topic read {PROVISION}/accepted
topic read {PROVISION}/rejected
"""
"""What the policies allow, in mosquitto's words."""


class Responder(AwsOnBroker):
    """Serve shadows and claims, and remember what was asked.

    Attributes:
        registered: thing names, in the order of their registration.
        refuse: an error code to answer the next registrations with.
    """

    def __init__(self, broker: LocalBroker, account: AwsAccount) -> None:
        super().__init__(broker, (CREATE, PROVISION))
        self.registered: list[str] = []
        self.refuse = ''
        self._account = account
        self._tokens: dict[str, str] = {}

    def answer(self, topic: str, payload: bytes) -> list[Message]:
        if topic == CREATE:
            verdict, content = self._create(json.loads(payload))
        elif topic == PROVISION:
            verdict, content = self._provision(json.loads(payload))
        else:
            return super().answer(topic, payload)
        return [(f'{topic}/{verdict}', content)]

    def _create(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        csr = x509.load_pem_x509_csr(request['certificateSigningRequest'].encode())
        pem = self._account.sign(csr.public_key(), csr.subject)
        token, certificate_id = secrets.token_hex(32), secrets.token_hex(32)
        self._tokens[token] = certificate_id
        return 'accepted', {
            'certificateOwnershipToken': token,
            'certificateId': certificate_id,
            'certificatePem': pem,
        }

    def _provision(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        serial = request['parameters']['SerialNumber']
        if self.refuse:
            return 'rejected', {
                'statusCode': 400,
                'errorCode': self.refuse,
                'errorMessage': 'as the test asked',
            }
        if request['certificateOwnershipToken'] not in self._tokens:
            code = 'InvalidCertificateOwnershipToken'
            return 'rejected', {'statusCode': 400, 'errorCode': code, 'errorMessage': 'unknown or too old'}
        if serial in self.registered:
            code = 'ResourceConflict'
            return 'rejected', {'statusCode': 409, 'errorCode': code, 'errorMessage': 'thing exists'}
        self.registered.append(serial)
        return 'accepted', {
            'deviceConfiguration': {'facility': 'North', 'floor': '2'},
            'thingName': serial,
        }
