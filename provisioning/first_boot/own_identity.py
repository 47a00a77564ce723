"""Keep a device's own identity on its data volume, and how far it has got with it."""

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from parking_monitor.cloud.mqtt_settings import MqttSettings
from provisioning.errors import FirstBootError
from provisioning.first_boot.claim import CERTIFICATE, PRIVATE_KEY, ROOT_CA, Claim
from provisioning.safe_files import make_private_folder, write_file

THING_FILE = 'thing.json'
_PENDING = 'pending.json'


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Hold what a device is, for good.

    Attributes:
        thing: its name, and its MQTT client id.
        endpoint: host name of the broker.
        port: its port.
        topic: the topic of all devices' counts (`AWS_TOPIC`).
        facility: as the template says; empty when it does not.
        floor: as the template says; empty when it does not.
    """

    thing: str
    endpoint: str
    port: int
    topic: str
    facility: str = ''
    floor: str = ''


@dataclass(frozen=True, slots=True)
class Pending:
    """Hold a certificate that is not registered yet.

    Attributes:
        certificate_id: which one it is.
        token: proves to AWS that this device asked for it; good for an hour, never shown.
        received_s: when it came, Unix seconds.
    """

    certificate_id: str
    token: str
    received_s: float

    def __repr__(self) -> str:
        return f'Pending({self.certificate_id!r})'


class OwnIdentity:
    """Read and write the folder on the data volume, mode 0700.

    Args:
        folder: for example /data/identity.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def private_key(self) -> Path:
        """Return the path of the key."""
        return self.folder / PRIVATE_KEY

    @property
    def certificate(self) -> Path:
        """Return the path of the certificate."""
        return self.folder / CERTIFICATE

    def thing(self) -> Thing | None:
        """Return what the device is; None while it has no identity of its own.

        Raises:
            FirstBootError: when the file says so, but key or certificate are not there.
        """
        path = self.folder / THING_FILE
        if not path.exists():
            return None
        try:
            thing = Thing(**json.loads(path.read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError):
            raise FirstBootError(f'{path}: is damaged; {_START_OVER}') from None
        missing = [str(file) for file in (self.private_key, self.certificate) if not file.exists()]
        if missing:
            raise FirstBootError(f'{" and ".join(missing)} went missing; {_START_OVER}')
        return thing

    def settings(self, thing: str, claim: Claim) -> MqttSettings:
        """Return how the device connects as itself."""
        return MqttSettings(
            endpoint=claim.endpoint,
            port=claim.port,
            thing=thing,
            certificate=self.certificate,
            private_key=self.private_key,
            ca=claim.root_ca,
        )

    def keep_key(self, private_key: bytes) -> None:
        """Keep a new key."""
        make_private_folder(self.folder)
        write_file(self.private_key, private_key)

    def keep_pending(self, certificate: str, pending: Pending) -> None:
        """Keep a certificate and its token; without the token it does not count as there."""
        write_file(self.certificate, certificate.encode())
        write_file(self.folder / _PENDING, json.dumps(asdict(pending)).encode())

    def pending(self) -> Pending | None:
        """Return the certificate that waits to be registered; a damaged record counts as none."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Pending(**json.loads((self.folder / _PENDING).read_text(encoding='utf-8')))
        return None

    def forget_pending(self) -> None:
        """Forget a certificate that cannot be registered any more."""
        (self.folder / _PENDING).unlink(missing_ok=True)

    def keep_thing(self, thing: Thing, root_ca: bytes) -> None:
        """Finish: from now on the device has an identity, and never asks again."""
        write_file(self.folder / ROOT_CA, root_ca)
        write_file(self.folder / THING_FILE, json.dumps(asdict(thing), indent=2).encode())
        self.forget_pending()


_START_OVER = (
    'decommission this device with parking-provision, delete the folder, and it asks for a new identity'
)
