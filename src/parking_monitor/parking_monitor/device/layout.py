"""Say where a device keeps what: the folders of the image and of its data volume."""

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from parking_monitor.durable_file import write_durably

_UUID_FILE = 'device-uuid'
_CLAIM_FILE = 'first-boot.json'


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the folders of a device.

    Attributes:
        data: outlives a restart and a release; the only such place (`PARKING_DATA`).
        run: forgotten with each start (`PARKING_RUN`).
        image_claim: where the image holds the claim that all its devices share (`PARKING_CLAIM`).
    """

    data: Path
    run: Path
    image_claim: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the folders that the environment names, or those of the image."""
        return cls(
            data=Path(environment.get('PARKING_DATA') or '/data'),
            run=Path(environment.get('PARKING_RUN') or '/run/parking'),
            image_claim=Path(environment.get('PARKING_CLAIM') or '/app/claim'),
        )

    @property
    def fleet_yaml(self) -> Path:
        """Return where an operator's own configuration lies."""
        return self.data / 'fleet.yaml'

    @property
    def identity(self) -> Path:
        """Return the folder of the device's own identity."""
        return self.data / 'identity'

    @property
    def status_file(self) -> Path:
        """Return what says what this device runs now, for the health check."""
        return self.run / 'device.json'

    def claim(self) -> Path | None:
        """Return the folder of a claim, the data volume's before the image's; None where there is none."""
        folders = (self.data / 'claim', self.image_claim)
        return next((folder for folder in folders if (folder / _CLAIM_FILE).is_file()), None)


def device_uuid(layout: Layout, environment: Mapping[str, str]) -> str:
    """Return what this device is called in messages, the same at each start.

    Balena gives each device a number. Elsewhere one is made once and kept, since a container has
    nothing else that outlives it: its host name and machine id come and go with it.
    """
    if given := environment.get('BALENA_DEVICE_UUID', '').strip():
        return given
    path = layout.data / _UUID_FILE
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if kept := path.read_text(encoding='ascii').strip():
            return kept
    made = uuid.uuid4().hex
    # Without a data volume that can be written the device counts all the same.
    with contextlib.suppress(OSError):
        write_durably(path, made)
    return made
