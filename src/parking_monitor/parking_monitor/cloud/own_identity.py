"""Read what the first boot of a device keeps of its identity: which thing it is, and where it connects.

The folder is written by `provisioning/first_boot` on the data volume, once in a device's life.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from parking_monitor.cloud.errors import NoIdentityError
from parking_monitor.cloud.mqtt_settings import DEFAULT_PORT
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC, check_thing_name, check_topic

THING_FILE = 'thing.json'
CERTIFICATE = 'certificate.pem.crt'
PRIVATE_KEY = 'private.pem.key'
ROOT_CA = 'AmazonRootCA.pem'

DEFAULT_FACILITY = 'car park'
DEFAULT_FLOOR = '0'
"""What messages say where neither fleet.yaml nor the environment nor the identity does."""

# One line of text, or none.
_Line = Annotated[str, Field(max_length=200, pattern=r'^[^\x00-\x1f]*$'), AfterValidator(str.strip)]


class OwnIdentity(BaseModel):
    """Hold what a device is.

    Attributes:
        thing: its thing name, and its MQTT client id.
        endpoint: host name of the broker.
        port: its port.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
        facility: the car park; empty where the template does not say.
        floor: the floor of its cameras; empty where the template does not say.
    """

    model_config = ConfigDict(frozen=True)

    thing: Annotated[str, AfterValidator(check_thing_name)]
    endpoint: Annotated[str, Field(pattern=r'^[A-Za-z0-9.-]{1,253}$')]
    port: Annotated[int, Field(ge=1, le=65535)] = DEFAULT_PORT
    topic: Annotated[str, AfterValidator(check_topic)] = DEFAULT_SHARED_TOPIC
    facility: _Line = ''
    floor: _Line = ''


def read_identity(folder: Path) -> OwnIdentity:
    """Return what a device is.

    Args:
        folder: for example /data/identity.

    Raises:
        NoIdentityError: when it has no identity yet, or it cannot be used; says what to do.
    """
    path = folder / THING_FILE
    try:
        return OwnIdentity.model_validate(json.loads(path.read_text(encoding='utf-8')))
    except (FileNotFoundError, NotADirectoryError):
        problem = (
            'is not there yet; the first boot writes it (python -m provisioning.first_boot --data '
            f'{folder}), or name the thing and its endpoint: AWS_THING_NAME and AWS_ENDPOINT'
        )
    except OSError as error:
        problem = f'cannot be read: {error.strerror}; let this user read it'
    except ValidationError as error:
        fields = ', '.join(sorted({str(one['loc'][0]) for one in error.errors() if one['loc']}))
        problem = f'cannot be used ({fields or "no object"} is missing or not valid); {_START_OVER}'
    except ValueError:
        problem = f'is damaged; {_START_OVER}'
    raise NoIdentityError(f'{path} {problem}')


_START_OVER = (
    'decommission this device with parking-provision and delete the folder: its next first boot asks for a '
    'new identity'
)
