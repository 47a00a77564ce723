"""The launcher of Edge Impulse's client, run by Node.js with a stand-in for the client's package."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.node import node
from tests.support.patience import PATIENCE_S
from tests.support.workspace import ROOT

LAUNCHER = ROOT / 'docker' / 'studio_client' / 'edge-impulse-linux.cjs'
KEY = 'ei_0123456789abcdef-the-key'
# Says what the client would see, then stays until it is interrupted.
CLIENT = """
const fs = require('fs'), os = require('os');
console.log(JSON.stringify({
    arguments: process.argv.slice(2),
    commandLine: fs.readFileSync('/proc/self/cmdline', 'utf8'),
    key: process.env.EI_API_KEY_IMAGE ?? null,
    macs: Object.values(os.networkInterfaces()).flat().filter((one) => !one.internal).map((one) => one.mac),
}));
process.on('SIGINT', () => { console.log('camera given back'); process.exit(0); });
setInterval(() => {}, 1000);
"""


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    package = tmp_path / 'node_modules/edge-impulse-linux/build/cli/linux'
    package.mkdir(parents=True)
    (package / 'linux.js').write_text(CLIENT)
    return Path(shutil.copy(LAUNCHER, tmp_path))


def test_the_key_is_on_no_command_line_and_the_device_has_a_name_of_its_own(launcher: Path) -> None:
    process = subprocess.Popen(
        [node(), str(launcher), '--disable-microphone'],
        env={'PATH': os.environ['PATH'], 'EI_API_KEY_IMAGE': KEY, 'PARKING_DEVICE_UUID': '49418b480e408ef9'},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        seen = json.loads(process.stdout.readline())
        assert seen['arguments'] == ['--disable-microphone', '--api-key', KEY]
        assert KEY not in seen['commandLine']
        assert seen['key'] is None, 'programs that the client starts need no key'
        assert set(seen['macs']) <= {'02:49:41:8b:48:0e'}
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert (process.returncode, rest) == (0, 'camera given back\n')


def test_the_package_that_it_starts_is_pinned_with_its_hash() -> None:
    lock = json.loads((LAUNCHER.parent / 'package-lock.json').read_text())
    packages = {name: entry for name, entry in lock['packages'].items() if name}
    assert packages['node_modules/edge-impulse-linux']['version'] == '1.25.2'
    assert packages['node_modules/sharp']['version'] == '0.33.5', 'older ones download a binary'
    assert not [name for name, entry in packages.items() if 'integrity' not in entry]
    for processor in ('x64', 'arm64'):
        assert f'node_modules/@img/sharp-linux-{processor}' in packages
