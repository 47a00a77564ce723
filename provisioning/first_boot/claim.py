"""Read the claim that all devices of an image share."""

import json
from dataclasses import dataclass
from pathlib import Path

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.topics import check_thing_name
from provisioning.errors import FirstBootError

CLAIM_FILE = 'first-boot.json'
CERTIFICATE = 'certificate.pem.crt'
PRIVATE_KEY = 'private.pem.key'
ROOT_CA = 'AmazonRootCA.pem'
CLIENT_ID_PREFIX = 'first-boot-'
"""How the MQTT client id of a device begins that has no identity of its own yet."""
SERIAL_PARAMETER = 'SerialNumber'
"""The template's parameter that becomes the thing name."""
# AWS IoT takes MQTT client ids of at most 128 bytes.
MAX_SERIAL_CHARACTERS = 128 - len(CLIENT_ID_PREFIX)


@dataclass(frozen=True, slots=True)
class Claim:
    """Hold what `parking-provision fleet-template` put into the image.

    Attributes:
        folder: where certificate, key and root are.
        endpoint: host name of the broker.
        port: its port.
        template: name of the provisioning template.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
    """

    folder: Path
    endpoint: str
    port: int
    template: str
    topic: str

    @property
    def root_ca(self) -> Path:
        """Return the path of the roots that the broker is checked against."""
        return self.folder / ROOT_CA

    def settings(self, serial: str) -> MqttSettings:
        """Return how a device connects with the claim."""
        return MqttSettings(
            endpoint=self.endpoint,
            port=self.port,
            thing=f'{CLIENT_ID_PREFIX}{serial}',
            certificate=self.folder / CERTIFICATE,
            private_key=self.folder / PRIVATE_KEY,
            ca=self.root_ca,
        )


def read_claim(folder: Path) -> Claim:
    """Read the claim's settings.

    Raises:
        FirstBootError: when they are missing or damaged.
    """
    path = folder / CLAIM_FILE
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        return Claim(
            folder,
            str(content['endpoint']),
            int(content['port']),
            str(content['template']),
            str(content['topic']),
        )
    except OSError as error:
        raise FirstBootError(
            f'{path}: cannot be read: {error.strerror}; put the folder that `parking-provision '
            'fleet-template` made into the image'
        ) from None
    except (ValueError, KeyError, TypeError):
        raise FirstBootError(f'{path}: is damaged; make it anew with fleet-template') from None


def check_serial(serial: str) -> str:
    """Return a serial number that can be a thing's name.

    Raises:
        FirstBootError: when it cannot.
    """
    try:
        check_thing_name(serial, 'serial')
    except InvalidNameError as error:
        raise FirstBootError(str(error)) from None
    if len(serial) > MAX_SERIAL_CHARACTERS:
        raise FirstBootError(
            f'serial: {serial!r} is over {MAX_SERIAL_CHARACTERS} characters; give a shorter one'
        )
    return serial
