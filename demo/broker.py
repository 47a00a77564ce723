"""Run mosquitto on this machine as AWS IoT Core would be: mutual TLS, one identity a thing."""

import datetime as dt
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path
from typing import Self

from demo.identity import DEFAULT_LIFE, CertificateAuthority, Identity

HOST = 'localhost'
OPERATOR = 'operator'
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 5.0
# Another program may take the free port between our look and mosquitto's start.
START_ATTEMPTS = 3
LOG_TAIL_CHARACTERS = 2_000

_CONFIGURATION = """\
listener {port} 127.0.0.1
cafile {ca}
certfile {certificate}
keyfile {private_key}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {acl}
log_dest file {log}
log_timestamp_format %Y-%m-%dT%H:%M:%S
# A receiver that is away for a while finds what came.
max_queued_messages 100000
# The key lies in a folder that only the user who starts the broker can read.
user root
"""

# What the AWS policy allows, in mosquitto's words; %u is the certificate's common name.
_ACL_FOR_THINGS = """\
pattern readwrite parking/%u/#
pattern readwrite $aws/things/%u/shadow/#
pattern write {shared_topic}
"""

_ACL_FOR_OPERATOR = """\
user {name}
topic read #
topic readwrite $aws/things/+/shadow/#
topic write parking/+/snapshot/request
topic write parking/alerts/#
"""


class BrokerError(Exception):
    """Say why the local broker could not be started, and what to do."""


class LocalBroker:
    """Own a mosquitto on a free loopback port, with an authority of its own.

    A thing may publish and subscribe below `parking/<its name>/` and publish to the
    shared topic; an operator may read everything, write to every thing's shadow, ask for
    snapshots, and publish alerts. MQTT client ids are the certificates' common names, so each
    operator name serves one connection at a time.

    Args:
        folder: where configuration, certificates, log and stored messages go.
        shared_topic: the topic that every thing may publish to (`AWS_TOPIC`).
        operators: common names that may read everything, and set devices.
        server_names: host names and addresses that the server's certificate is good for.
        persistence: whether retained messages and sessions survive `restart()`.

    Raises:
        BrokerError: from `start()`, when mosquitto is missing, does not come up, or runs already.
    """

    def __init__(
        self,
        folder: Path,
        *,
        shared_topic: str = 'EI_TOPIC',
        operators: tuple[str, ...] = (OPERATOR,),
        server_names: tuple[str, ...] = (HOST, '127.0.0.1'),
        persistence: bool = False,
    ) -> None:
        self.folder = folder.resolve()
        self.host = HOST
        self.authority = CertificateAuthority()
        self._shared_topic = shared_topic
        self._operators = operators
        self._persistence = persistence
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._identities: dict[str, Identity] = {}
        self._server = self.authority.server(self.folder / 'server', server_names)
        self._write_access_rules()

    @property
    def port(self) -> int:
        """Return the port that it listens on; 0 before the first start."""
        return self._port

    @property
    def process_id(self) -> int:
        """Return the process id of the running mosquitto.

        Raises:
            BrokerError: when it is not running.
        """
        if self._process is None:
            raise BrokerError('the local broker is not running; call start()')
        return self._process.pid

    @property
    def log(self) -> str:
        """Return what mosquitto has logged since the first start."""
        return self._log_file.read_text(errors='replace') if self._log_file.exists() else ''

    def identity(self, name: str, life: dt.timedelta = DEFAULT_LIFE) -> Identity:
        """Return the certificate of a thing or an operator, made at the first call and valid for so long."""
        if name not in self._identities:
            self._identities[name] = self.authority.client(self.folder / 'certs' / name, name, life)
        return self._identities[name]

    def revoke(self, *names: str) -> None:
        """Refuse the certificates of these things from the next start on; the others stay good."""
        certificates = [self.identity(name).certificate for name in names]
        self._revocations_file.write_bytes(self.authority.revocation_list(certificates))

    def start(self) -> None:
        """Start mosquitto and wait until it answers, 60 s at most."""
        if self._process is not None:
            raise BrokerError('the local broker runs already; call restart()')
        program = _find_mosquitto()
        for _ in range(START_ATTEMPTS):
            port = self._port or _free_port()
            if self._start_on(program, port):
                self._port = port
                return
            if self._port or 'Address already in use' not in self.log:
                break
        raise BrokerError(f'mosquitto did not start on port {port}; its log ends with: {self._log_tail()}')

    def stop(self) -> None:
        """Stop mosquitto with SIGTERM, after 5 s with SIGKILL; does nothing when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End mosquitto with SIGKILL, as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stop mosquitto if it runs and start it on the same port."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _log_file(self) -> Path:
        return self.folder / 'mosquitto.log'

    @property
    def _revocations_file(self) -> Path:
        return self.folder / 'revoked.pem'

    def _log_tail(self) -> str:
        return self.log[-LOG_TAIL_CHARACTERS:].strip() or 'nothing'

    @property
    def _acl_file(self) -> Path:
        return self.folder / 'acl'

    def _write_access_rules(self) -> None:
        things = _ACL_FOR_THINGS.format(shared_topic=self._shared_topic)
        operators = [_ACL_FOR_OPERATOR.format(name=name) for name in self._operators]
        # Mosquitto warns about an access file that others can read.
        self._acl_file.touch(mode=0o600)
        self._acl_file.write_text('\n'.join([things, *operators]))

    def _configuration(self, port: int) -> str:
        text = _CONFIGURATION.format(
            port=port,
            ca=self._server.ca,
            certificate=self._server.certificate,
            private_key=self._server.private_key,
            acl=self._acl_file,
            log=self._log_file,
        )
        if self._revocations_file.exists():
            text += f'crlfile {self._revocations_file}\n'
        if self._persistence:
            text += f'persistence true\npersistence_location {self.folder}/\n'
        return text

    def _start_on(self, program: Path, port: int) -> bool:
        configuration = self.folder / 'mosquitto.conf'
        configuration.write_text(self._configuration(port))
        # A group of its own: Ctrl-C reaches the demo alone, which says goodbye to the broker first.
        process = subprocess.Popen(
            [program, '-c', configuration],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        self._process = process
        answers = False
        try:
            answers = self._wait_for_answer(process, port)
        finally:
            # Whatever ended the wait, a Ctrl-C included: no mosquitto is left behind.
            if not answers:
                self.kill()
        return answers

    def _wait_for_answer(self, process: subprocess.Popen[bytes], port: int) -> bool:
        deadline_s = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline_s and process.poll() is None:
            # Another program may answer at the port, while mosquitto gives up.
            if self._answers(port) and process.poll() is None:
                return True
            time.sleep(0.02)
        return False

    def _answers(self, port: int) -> bool:
        visitor = self.identity(OPERATOR)
        context = ssl.create_default_context(cafile=str(visitor.ca))
        context.load_cert_chain(visitor.certificate, visitor.private_key)
        try:
            with (
                socket.create_connection(('127.0.0.1', port), timeout=1.0) as plain,
                context.wrap_socket(plain, server_hostname=self._server.name),
            ):
                return True
        except OSError:
            return False


def _find_mosquitto() -> Path:
    # Debian installs it where an ordinary user's PATH does not look.
    found = shutil.which('mosquitto') or shutil.which('mosquitto', path='/usr/sbin:/usr/local/sbin')
    if found is None:
        raise BrokerError('mosquitto is not installed; install it: apt-get install mosquitto')
    return Path(found)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port: int = probe.getsockname()[1]
        return port
