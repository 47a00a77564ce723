"""Make what a broker of your own and one device need to meet: `python -m demo.laptop_broker certs/laptop`.

`broker/` is for mosquitto in a container, `device/` is the device's own identity, as its first boot
would have written it. docker/README.md says how to put them there.
"""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from demo.identity import CertificateAuthority
from parking_monitor.cloud.own_identity import CERTIFICATE, PRIVATE_KEY, ROOT_CA, THING_FILE
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC, check_thing_name

PORT = 8883
_CONFIGURATION = """\
listener {port}
cafile {folder}/ca.pem
certfile {folder}/certificate.pem.crt
keyfile {folder}/private.pem.key
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/acl
log_dest stdout
# The key is for this user alone.
user root
"""
# As the policies of AWS: a thing's own topics, and the one that all share. Operators read everything, and
# set devices.
_ACCESS = """\
pattern readwrite parking/%u/#
pattern readwrite $aws/things/%u/shadow/#
pattern write {topic}

user operator
topic read #
topic readwrite $aws/things/+/shadow/#
topic write parking/+/snapshot/request
topic write parking/alerts/#
"""


def write(
    folder: Path, thing: str, *, host: str = 'broker', inside: str = '/certs', port: int = PORT
) -> None:
    """Write the folders broker/, device/ and operator/ anew; what was signed before is worth nothing then.

    Args:
        folder: where they go.
        thing: the device's name.
        host: the broker's name, as the device calls it.
        inside: where the broker sees its folder.
        port: where the broker listens.
    """
    authority = CertificateAuthority()
    broker = folder / 'broker'
    authority.server(broker, (host, 'localhost', '127.0.0.1'))
    (broker / 'mosquitto.conf').write_text(_CONFIGURATION.format(folder=inside, port=port))
    (broker / 'acl').touch(mode=0o600)
    (broker / 'acl').write_text(_ACCESS.format(topic=DEFAULT_SHARED_TOPIC))
    authority.client(folder / 'operator', 'operator')
    made = authority.client(folder / 'made', thing)
    device = folder / 'device'
    device.mkdir(mode=0o700, exist_ok=True)
    for path, name in ((made.certificate, CERTIFICATE), (made.private_key, PRIVATE_KEY), (made.ca, ROOT_CA)):
        path.replace(device / name)
    shutil.rmtree(folder / 'made')
    (device / THING_FILE).write_text(json.dumps({'thing': thing, 'endpoint': host, 'port': port}))


def main(
    folder: Annotated[Path, typer.Argument(help='Where it goes; not into git.')],
    thing: Annotated[str, typer.Option(help="The device's name, and its MQTT client id.")] = 'laptop',
) -> None:
    """Make certificates for a broker of your own and one device, good for 90 days."""
    write(folder, check_thing_name(thing, '--thing'))
    typer.echo(f'{folder}/broker is for mosquitto, {folder}/device for the device, {folder}/operator for you')


if __name__ == '__main__':
    typer.run(main)
