"""What can be known of the image of the fleet's service without a Docker engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from parking_fleet.settings import load_settings
from tests.support import dockerfile
from tests.support.workspace import ROOT

PATH = ROOT / 'docker' / 'dashboard.Dockerfile'
IGNORED = ROOT / 'docker' / 'dashboard.Dockerfile.dockerignore'


class _AnyTag(yaml.SafeLoader):
    """Read `!reset`, which Compose knows, as if it were not there."""


_AnyTag.add_multi_constructor('!', lambda _loader, _suffix, _node: None)


def service() -> dict[str, Any]:
    content = yaml.load((ROOT / 'docker-compose.override.yml').read_text(), _AnyTag)  # noqa: S506
    found: dict[str, Any] = content['services']['dashboard']
    return found


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.prefix) / 'bin' / 'hadolint'
    if not hadolint.exists():
        pytest.skip('hadolint is not installed; run: make setup')
    run = subprocess.run([hadolint, PATH], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, '')


def test_what_is_copied_is_there_and_is_all_that_docker_gets_to_see() -> None:
    sources = dockerfile.copied(PATH)
    allowed = [line[1:] for line in IGNORED.read_text().splitlines() if line.startswith('!')]
    assert sorted(sources) == sorted(allowed)
    for source in sources:
        assert (ROOT / source).exists()


def test_no_link_in_what_is_copied_leads_out_of_it() -> None:
    sources = dockerfile.copied(PATH)
    for source in sources:
        for path in (ROOT / source).rglob('*'):
            if path.is_symlink():
                target = path.resolve().relative_to(ROOT)
                assert any(target.is_relative_to(one) for one in sources), path


def test_every_wheel_is_checked_against_its_hash() -> None:
    for one in dockerfile.of('RUN', 'build', PATH):
        for command in re.findall(r'pip install [^&]*', one.arguments):
            is_our_own = command.split()[-3:] == ['--no-deps', '--no-build-isolation', './src/parking_fleet']
            assert is_our_own or '--require-hashes' in command


def test_it_starts_the_program_of_the_package_as_nobody_special() -> None:
    (start,), (user,) = dockerfile.of('ENTRYPOINT', 'service', PATH), dockerfile.of('USER', 'service', PATH)
    (name,) = re.findall(r'"([\w-]+)"', start.arguments)
    assert f"f'{name} = " in (ROOT / 'src/parking_fleet/setup.py').read_text()
    assert user.arguments not in {'0', 'root'}


def test_compose_starts_it_where_only_this_machine_sees_it() -> None:
    assert service()['profiles'] == ['dashboard']
    assert service()['build']['dockerfile'] == str(PATH.relative_to(ROOT))
    # On the machine's own loopback: within a network of containers it would need a login.
    assert service()['network_mode'] == 'host'
    assert 'PARKING_FLEET_WEB__HOST' not in service()['environment']
    assert service()['read_only'] is True


def test_compose_names_settings_that_there_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in service()['environment'].items():
        monkeypatch.setenv(name, value)
    assert load_settings().broker.client_id == 'operator'
