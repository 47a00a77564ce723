"""Answer on the broker as AWS IoT Core does: shadows, and provisioning by claim.

mosquitto passes messages on and knows neither. The answers have the documented topics and
payloads: developer guide, "Device Shadow MQTT topics" and "Device provisioning MQTT API".
"""

import json
import secrets
import threading
from types import TracebackType
from typing import Any, Self

from awscrt import mqtt5
from awsiot import mqtt5_client_builder
from cryptography import x509

from demo.broker import LocalBroker
from tests.integration.provisioning.aws_account import AwsAccount

NAME = 'aws-itself'
DEADLINE_S = 60.0
CREATE = '$aws/certificates/create-from-csr/json'
PROVISION = '$aws/provisioning-templates/parking-fleet/provision/json'

ACCESS_RULES = f"""
pattern readwrite $aws/things/%u/shadow/#

user {NAME}
topic readwrite #
topic readwrite $aws/#

user parking-claim-parking-fleet
topic write {CREATE}
topic read {CREATE}/accepted
topic read {CREATE}/rejected
topic write {PROVISION}
topic read {PROVISION}/accepted
topic read {PROVISION}/rejected
"""
"""What the policies allow, in mosquitto's words."""


class Responder:
    """Serve shadows and claims, and remember what was asked.

    Attributes:
        shadows: by thing.
        registered: thing names, in the order of their registration.
        asked: topics of all requests.
        keep_back: how many answers to keep back, by topic.
        refuse: an error code to answer the next registrations with.
    """

    def __init__(self, broker: LocalBroker, account: AwsAccount) -> None:
        self.shadows: dict[str, dict[str, Any]] = {}
        self.registered: list[str] = []
        self.asked: list[str] = []
        self.keep_back: dict[str, int] = {}
        self.refuse = ''
        self._account = account
        self._tokens: dict[str, str] = {}
        self._ready, self._stopped = threading.Event(), threading.Event()
        identity = broker.identity(NAME)
        self._client = mqtt5_client_builder.mtls_from_path(
            str(identity.certificate),
            str(identity.private_key),
            endpoint=broker.host,
            port=broker.port,
            ca_filepath=str(identity.ca),
            client_id=NAME,
            enable_metrics_collection=False,
            on_publish_received=self._on_publish,
            on_lifecycle_connection_success=self._on_connected,
            on_lifecycle_stopped=lambda _: self._stopped.set(),
        )

    def __enter__(self) -> Self:
        self._client.start()
        assert self._ready.wait(DEADLINE_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.stop()
        self._stopped.wait(DEADLINE_S)

    def _on_connected(self, _: Any) -> None:
        topics = ('$aws/things/+/shadow/get', CREATE, PROVISION)
        wanted = [mqtt5.Subscription(topic_filter=topic, qos=mqtt5.QoS.AT_LEAST_ONCE) for topic in topics]
        done = self._client.subscribe(mqtt5.SubscribePacket(subscriptions=wanted))
        done.add_done_callback(lambda _: self._ready.set())

    def _on_publish(self, received: Any) -> None:
        topic, payload = received.publish_packet.topic, bytes(received.publish_packet.payload or b'')
        self.asked.append(topic)
        if topic == CREATE:
            verdict, answer = self._create(json.loads(payload))
        elif topic == PROVISION:
            verdict, answer = self._provision(json.loads(payload))
        else:
            verdict, answer = self._shadow(topic.split('/')[2])
        if self.keep_back.get(topic, 0) > 0:
            self.keep_back[topic] -= 1
            return
        packet = mqtt5.PublishPacket(
            topic=f'{topic}/{verdict}', payload=json.dumps(answer), qos=mqtt5.QoS.AT_LEAST_ONCE
        )
        self._client.publish(packet)

    def _shadow(self, thing: str) -> tuple[str, dict[str, Any]]:
        if thing in self.shadows:
            return 'accepted', {'state': self.shadows[thing], 'version': 1, 'timestamp': 1}
        return 'rejected', {'code': 404, 'message': f"No shadow exists with name: '{thing}'"}

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
