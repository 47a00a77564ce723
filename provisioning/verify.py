"""Connect with a device's own certificate, and show what it may do and what it may not."""

import datetime as dt
import json
import secrets
from dataclasses import replace
from pathlib import Path

from parking_monitor.cloud.connection_faults import ConnectionFault, FaultKind
from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.mqtt_settings import MqttSettings
from provisioning.device_settings import read_settings
from provisioning.errors import FolderError
from provisioning.identity_folder import ROOT_CA, IdentityFolder
from provisioning.ledger import Ledger, Outcome
from provisioning.mqtt_client import (
    Message,
    MqttClient,
    NoAnswerError,
    NoConnectionError,
    RefusedError,
    TalkError,
    find_fault,
)

_POLICY_ADVICE = (
    'a new policy or certificate takes up to 8 minutes to be in effect: wait, then verify again; '
    'if it stays, run `parking-provision register {thing}` again, which puts back what is missing'
)
_ADVICE = {
    FaultKind.CERTIFICATE: 'if the certificate ended, run `parking-provision rotate {thing}`; if it is new, '
    'wait a minute; else look at its status with `parking-provision list`',
    FaultKind.AUTHORITY: f'the file {ROOT_CA} must hold the root of the server that answers; '
    'a firewall that opens TLS shows a certificate of its own: let the endpoint pass',
    FaultKind.SERVER_NAME: 'give the name that the certificate is for: --endpoint',
    FaultKind.CLOCK: 'set this machine to network time: timedatectl set-ntp true',
    FaultKind.ADDRESS: 'check the network; `parking-provision register {thing}` writes the endpoint anew',
    FaultKind.PORT: 'try the other port: --port 443',
    FaultKind.SILENCE: 'a firewall may block the port: try --port 443, which most let out',
    FaultKind.REFUSED: _POLICY_ADVICE,
    FaultKind.UNCLEAR: _POLICY_ADVICE,
}


def mqtt_settings(
    thing: str, certs: Path, *, endpoint: str | None = None, port: int | None = None
) -> MqttSettings:
    """Return how a device connects, from the files that `register` wrote.

    Args:
        thing: the thing name.
        certs: the folder of the devices' folders.
        endpoint: another host name.
        port: another port.

    Raises:
        FolderError: when the files are missing or damaged.
    """
    folder = IdentityFolder(certs / thing)
    settings = read_settings(folder)
    try:
        found = MqttSettings(
            endpoint=settings.endpoint,
            port=settings.port,
            thing=thing,
            certificate=folder.certificate,
            private_key=folder.private_key,
            ca=folder.path / ROOT_CA,
        )
        return replace(found, endpoint=endpoint or found.endpoint, port=port or found.port)
    except InvalidNameError as error:
        raise FolderError(f'{folder.path}: {error}') from None


def verify_device(ledger: Ledger, settings: MqttSettings, now: dt.datetime) -> None:
    """Check files, connection, own topic, shadow and a foreign topic; stops where going on is pointless.

    The connection has the thing's client id, so a device that is running with it is
    disconnected for a moment.
    """
    fault = find_fault(settings, now)
    if fault is not None:
        _failed(ledger, settings, 'connection', settings.address, fault)
        return
    ledger.note(Outcome.PASSED, 'certificate', str(settings.certificate))
    try:
        with MqttClient(settings) as client:
            ledger.note(Outcome.PASSED, 'connection', settings.address, f'as {settings.thing}')
            _check_own_topic(ledger, client, settings)
            _check_shadow(ledger, client, settings)
            _check_foreign_topic(ledger, client, settings)
    except NoConnectionError as error:
        _failed(ledger, settings, 'connection', settings.address, error.fault)


def _check_own_topic(ledger: Ledger, client: MqttClient, settings: MqttSettings) -> None:
    topic, token = f'parking/{settings.thing}/verify', secrets.token_hex(8).encode()
    try:
        client.subscribe(topic)
        client.publish(topic, token)
        client.receive(lambda message: message.topic == topic and message.payload == token)
    except TalkError as error:
        _refused(ledger, client, settings, ('own topic', topic), error)
    else:
        ledger.note(Outcome.PASSED, 'own topic', topic, 'published and received')


def _check_shadow(ledger: Ledger, client: MqttClient, settings: MqttSettings) -> None:
    topic = f'$aws/things/{settings.thing}/shadow/get'
    answers = (f'{topic}/accepted', f'{topic}/rejected')
    try:
        client.subscribe(*answers)
        client.publish(topic, b'')
        answer = client.receive(lambda message: message.topic in answers)
    except TalkError as error:
        _refused(ledger, client, settings, ('shadow', topic), error)
    else:
        _read_shadow(ledger, topic, answer)


def _read_shadow(ledger: Ledger, topic: str, answer: Message) -> None:
    try:
        document = json.loads(answer.payload)
        if answer.topic.endswith('/accepted'):
            state = document['state']
            ledger.note(Outcome.PASSED, 'shadow', topic, f'{", ".join(sorted(state)) or "nothing"} in it')
            return
        code, message = document['code'], document.get('message', '')
    except (ValueError, KeyError, TypeError):
        ledger.note(Outcome.FAILED, 'shadow', topic, 'the answer is not what AWS documents; is this AWS IoT?')
        return
    if code == 404:
        ledger.note(Outcome.PASSED, 'shadow', topic, 'there is none yet; the device makes it')
    else:
        ledger.note(Outcome.FAILED, 'shadow', topic, f'refused with {code}: {message}')


def _check_foreign_topic(ledger: Ledger, client: MqttClient, settings: MqttSettings) -> None:
    topic = f'parking/not-{settings.thing}'[:200] + '/verify'
    try:
        client.publish(topic, b'{}')
    except RefusedError:
        ledger.note(Outcome.PASSED, 'foreign topic', topic, 'refused, as it should be')
    except NoAnswerError as error:
        _refused(ledger, client, settings, ('foreign topic', topic), error)
    else:
        ledger.note(
            Outcome.FAILED,
            'foreign topic',
            topic,
            'was allowed: this certificate can speak for other devices. Look at its policies: '
            f'`parking-provision register {settings.thing}` puts the right one in place',
        )


def _failed(ledger: Ledger, settings: MqttSettings, what: str, name: str, fault: ConnectionFault) -> None:
    advice = _ADVICE[fault.kind].format(thing=settings.thing)
    ledger.note(Outcome.FAILED, what, name, f'{fault.text}. What to do: {advice}')


def _refused(
    ledger: Ledger, client: MqttClient, settings: MqttSettings, check: tuple[str, str], error: TalkError
) -> None:
    if any('another client connected' in reason for reason in client.disconnects):
        advice = 'the device itself is running with this identity and works; stop it before you verify'
    else:
        advice = _POLICY_ADVICE.format(thing=settings.thing)
    ledger.note(Outcome.FAILED, *check, f'{error}. What to do: {advice}')
