"""Write the settings that a device needs, as text for fleet.yaml and for balena."""

from dataclasses import dataclass
from typing import Any

import yaml

from provisioning.errors import FolderError
from provisioning.identity_folder import (
    BALENA_VARIABLES,
    CERTIFICATE,
    PRIVATE_KEY,
    ROOT_CA,
    SETTINGS,
    IdentityFolder,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """Hold what a device has to know to deliver its counts.

    Attributes:
        thing: thing name and MQTT client id.
        endpoint: host name of the account's data endpoint.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
        facility: the car park; empty when it is not said.
        floor: the floor; empty when it is not said.
        port: 8883, or 443.
    """

    thing: str
    endpoint: str
    topic: str
    facility: str = ''
    floor: str = ''
    port: int = 8883


def fleet_yaml(settings: DeviceSettings) -> str:
    """Return the sections of fleet.yaml that make a device this thing."""
    sections: dict[str, Any] = {'facility': settings.facility} if settings.facility else {}
    sections['device'] = {'thing': settings.thing}
    sections['cloud'] = {
        'endpoint': settings.endpoint,
        'port': settings.port,
        'certificate': f'certs/{CERTIFICATE}',
        'private_key': f'certs/{PRIVATE_KEY}',
        'ca': f'certs/{ROOT_CA}',
        'topic': settings.topic,
    }
    floor = f'# Give the cameras of this device their floor: {settings.floor!r}\n' if settings.floor else ''
    return (
        f'# Identity of {settings.thing}. Put these sections into its fleet.yaml, and copy {CERTIFICATE},\n'
        f'# {PRIVATE_KEY} and {ROOT_CA} from here into a folder certs/ beside it.\n'
        f'{floor}{yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)}'
    )


def balena_variables(settings: DeviceSettings) -> str:
    """Return the device variables to set in balenaCloud, one NAME=value a line; none is secret."""
    variables = {
        'AWS_ENDPOINT': settings.endpoint,
        'AWS_THING_NAME': settings.thing,
        'AWS_TOPIC': settings.topic,
        'FACILITY': settings.facility,
        'FLOOR': settings.floor,
    }
    return ''.join(f'{name}={value}\n' for name, value in variables.items() if value)


def write_settings(folder: IdentityFolder, settings: DeviceSettings) -> list[str]:
    """Write both files; return the names of those that were not so already."""
    texts = {SETTINGS: fleet_yaml(settings), BALENA_VARIABLES: balena_variables(settings)}
    return [name for name, text in texts.items() if folder.write_if_different(name, text.encode())]


def read_settings(folder: IdentityFolder) -> DeviceSettings:
    """Read back what `write_settings` wrote.

    Raises:
        FolderError: when the file is missing or damaged.
    """
    path = folder.path / SETTINGS
    try:
        sections = yaml.safe_load(path.read_text(encoding='utf-8'))
        cloud = sections['cloud']
        return DeviceSettings(
            thing=sections['device']['thing'],
            endpoint=cloud['endpoint'],
            topic=cloud['topic'],
            facility=sections.get('facility', ''),
            port=int(cloud['port']),
        )
    except OSError as error:
        raise FolderError(f'{path}: cannot be read: {error.strerror}; register the device first') from None
    except (yaml.YAMLError, ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise FolderError(f'{path}: is damaged; run register again, which writes it anew') from None
