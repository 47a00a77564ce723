"""The broker of a laptop: what is made for it lets one device in, and nobody without a certificate."""

import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import laptop_broker
from demo.broker import _find_mosquitto, _free_port
from parking_monitor.cloud.own_identity import CERTIFICATE, PRIVATE_KEY, ROOT_CA, read_identity
from tests.support.patience import PATIENCE_S


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('laptop')
    port = _free_port()
    laptop_broker.write(folder, 'laptop', host='localhost', inside=str(folder / 'broker'), port=port)
    return folder


@pytest.fixture(scope='module')
def broker(made: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [_find_mosquitto(), '-c', made / 'broker' / 'mosquitto.conf'], stdout=subprocess.DEVNULL
    )
    yield
    process.terminate()
    process.wait(PATIENCE_S)


def connect(context: ssl.SSLContext, port: int) -> str | None:
    """Return the version of TLS, once the broker answers."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            with (
                socket.create_connection(('127.0.0.1', port), PATIENCE_S) as plain,
                context.wrap_socket(plain, server_hostname='localhost') as secure,
            ):
                secure.sendall(b'\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00')  # CONNECT, version 3.1.1
                assert secure.recv(4) == b'\x20\x02\x00\x00', 'CONNACK: accepted'
                return secure.version()
        except ConnectionRefusedError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.05)


@pytest.mark.usefixtures('broker')
def test_the_device_gets_in_with_its_identity(made: Path) -> None:
    identity = read_identity(made / 'device')
    assert (identity.thing, identity.endpoint, identity.topic) == ('laptop', 'localhost', 'EI_TOPIC')
    context = ssl.create_default_context(cafile=made / 'device' / ROOT_CA)
    context.load_cert_chain(made / 'device' / CERTIFICATE, made / 'device' / PRIVATE_KEY)
    assert connect(context, identity.port)


@pytest.mark.usefixtures('broker')
def test_nobody_gets_in_without_a_certificate(made: Path) -> None:
    context = ssl.create_default_context(cafile=made / 'device' / ROOT_CA)
    with pytest.raises(ssl.SSLError):
        connect(context, read_identity(made / 'device').port)


def test_keys_are_for_their_owner_alone(made: Path) -> None:
    for key in made.rglob('private.pem.key'):
        assert key.stat().st_mode & 0o077 == 0
