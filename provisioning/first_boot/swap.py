"""Swap the claim for an identity: CreateCertificateFromCsr, then RegisterThing, over MQTT.

https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
"""

import json
import time
from pathlib import Path
from typing import Any

from provisioning.errors import ClaimRefusedError, FirstBootError, FolderError
from provisioning.first_boot.claim import SERIAL_PARAMETER, Claim, check_serial
from provisioning.first_boot.own_identity import OwnIdentity, Pending, Thing
from provisioning.keys import KeyKind, belongs, make_private_key, signing_request
from provisioning.mqtt_client import Message, MqttClient, NoConnectionError, TalkError
from provisioning.safe_files import locked

CREATE_TOPIC = '$aws/certificates/create-from-csr/json'
PROVISION_TOPIC = '$aws/provisioning-templates/{template}/provision/json'
# The ownership token is good for an hour; one that is nearly over is not worth a try.
TOKEN_LIFE_S = 3_300.0
LOCK_DEADLINE_S = 120.0
_LATE_TOKEN = 'InvalidCertificateOwnershipToken'  # noqa: S105  (a code of the service, no secret)


def first_boot(claim: Claim, serial: str, folder: Path) -> Thing:
    """Return what this device is; at its first boot, ask for it.

    With an identity on the data volume, this reads one file and uses no network. Cut off
    anywhere, the next call goes on: the key is kept before a certificate is asked for, the
    certificate before it is registered.

    Args:
        claim: what the image holds.
        serial: this device's number, for example BALENA_DEVICE_UUID; becomes its thing name.
        folder: where the identity is kept, on the data volume.

    Raises:
        ClaimRefusedError: when AWS refuses; a person has to look.
        FirstBootError: when it did not come about; call again later.
    """
    own = OwnIdentity(folder)
    check_serial(serial)
    try:
        with locked(folder, LOCK_DEADLINE_S):
            return own.thing() or _Swap(claim, serial, own).run()
    except FolderError as error:
        raise FirstBootError(str(error)) from error


class _Swap:
    """Hold what the steps of one attempt share."""

    def __init__(self, claim: Claim, serial: str, own: OwnIdentity) -> None:
        self._claim = claim
        self._serial = serial
        self._own = own

    def run(self) -> Thing:
        if not self._own.private_key.exists():
            self._own.keep_key(make_private_key(KeyKind.EC))
        pending = self._own.pending()
        if pending is not None and self._connects():
            # AWS registered it, but its answer was lost.
            return self._finish(self._serial, {})
        if pending is not None and not -TOKEN_LIFE_S < time.time() - pending.received_s < TOKEN_LIFE_S:
            self._own.forget_pending()
            pending = None
        try:
            with MqttClient(self._claim.settings(self._serial)) as client:
                return self._register(client, pending or self._create(client))
        except NoConnectionError as error:
            raise FirstBootError(f'no connection with the claim: {error}') from None
        except TalkError as error:
            raise FirstBootError(f'the claim got no answer: {error}') from None

    def _connects(self) -> bool:
        try:
            with MqttClient(self._own.settings(self._serial, self._claim)):
                return True
        except NoConnectionError:
            return False

    def _create(self, client: MqttClient) -> Pending:
        private_key = self._own.private_key.read_bytes()
        request = {'certificateSigningRequest': signing_request(private_key, self._serial)}
        answer = self._ask(client, CREATE_TOPIC, request, 'the request for a certificate')
        certificate, token = _text(answer, 'certificatePem'), _text(answer, 'certificateOwnershipToken')
        if not belongs(certificate, private_key):
            raise FirstBootError('AWS answered with a certificate that is not for this device; trying again')
        pending = Pending(_text(answer, 'certificateId'), token, time.time())
        self._own.keep_pending(certificate, pending)
        return pending

    def _register(self, client: MqttClient, pending: Pending) -> Thing:
        topic = PROVISION_TOPIC.format(template=self._claim.template)
        request = {
            'certificateOwnershipToken': pending.token,
            'parameters': {SERIAL_PARAMETER: self._serial},
        }
        try:
            answer = self._ask(client, topic, request, f'the registration of {self._serial}')
        except ClaimRefusedError as error:
            if error.code != _LATE_TOKEN:
                raise
            self._own.forget_pending()
            raise FirstBootError(
                'the certificate came too late to be registered; asking for another'
            ) from None
        configuration = answer.get('deviceConfiguration', {})
        return self._finish(
            _text(answer, 'thingName'), configuration if isinstance(configuration, dict) else {}
        )

    def _ask(self, client: MqttClient, topic: str, request: dict[str, Any], what: str) -> dict[str, Any]:
        accepted, rejected = f'{topic}/accepted', f'{topic}/rejected'
        client.subscribe(accepted, rejected)
        client.publish(topic, json.dumps(request).encode())
        message = client.receive(lambda one: one.topic in {accepted, rejected})
        answer = _object(message)
        if message.topic == accepted:
            return answer
        raise ClaimRefusedError(
            what,
            str(answer.get('errorCode', 'no code')),
            str(answer.get('errorMessage', '')),
            'look at the template, its role and hook; a thing of that name that is there already must be '
            f'decommissioned first: parking-provision decommission {self._serial}',
        )

    def _finish(self, name: str, configuration: dict[str, Any]) -> Thing:
        thing = Thing(
            thing=name,
            endpoint=self._claim.endpoint,
            port=self._claim.port,
            topic=self._claim.topic,
            facility=str(configuration.get('facility', '')),
            floor=str(configuration.get('floor', '')),
        )
        self._own.keep_thing(thing, self._claim.root_ca.read_bytes())
        return thing


def _object(message: Message) -> dict[str, Any]:
    try:
        answer = json.loads(message.payload)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise FirstBootError(f'the answer on {message.topic} is not a JSON object; is this AWS IoT?')
    return answer


def _text(answer: dict[str, Any], key: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise FirstBootError(f"the answer lacks '{key}'; is this AWS IoT?")
    return value
