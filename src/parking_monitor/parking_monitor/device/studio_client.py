"""Run Edge Impulse's own client, which shows this device's camera in Studio under "Record new data"."""

from collections.abc import Mapping
from dataclasses import dataclass

from parking_monitor import graph
from parking_monitor.camera.address import AUTO, AddressKind, parse_source
from parking_monitor.config import SOURCE_SCHEMES, Fleet
from parking_monitor.config_collect import STUDIO_CLIENT
from parking_monitor.supervisor import Command, Patience

KEY = 'EI_API_KEY_IMAGE'
# Without a camera or a network the client ends at once; each start costs a small computer seconds.
PATIENCE = Patience(first_delay_s=5.0, longest_delay_s=60.0, grace_s=5.0)


@dataclass(frozen=True, slots=True)
class CannotRun:
    """Say what is missing for the client, and what to do."""

    reason: str


def command(fleet: Fleet, environment: Mapping[str, str]) -> Command | CannotRun:
    """Return how to start the client, for the first camera of the configuration.

    The key goes by the environment: a command line can be read by everybody on the machine. The
    client of the image (`docker/studio_client`) takes it from there.
    """
    if not environment.get(KEY, '').strip():
        return CannotRun(f'{KEY} is not set; copy a key from Studio, Dashboard, Keys')
    camera = fleet.cameras[0]
    address = parse_source(camera.source, SOURCE_SCHEMES)
    if address.kind is not AddressKind.DEVICE:
        return CannotRun(
            f'{camera.name}.source {address} is no camera of this device, and the client takes no other; '
            'give collect.way: ros'
        )
    arguments = [
        STUDIO_CLIENT,
        '--disable-microphone',
        '--dont-prompt-for-device-name',
        *('--width', str(camera.width), '--height', str(camera.height)),
    ]
    if address.target != AUTO:
        arguments += ['--camera', address.target]
    withheld = graph.SECRETS - {KEY}
    kept = {name: value for name, value in environment.items() if name not in withheld}
    return Command(STUDIO_CLIENT, arguments, {**kept, 'PARKING_DEVICE_UUID': fleet.device.uuid})
