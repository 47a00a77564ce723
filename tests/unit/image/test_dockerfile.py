"""What can be known of the image without a Docker engine."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support import dockerfile
from tests.support.workspace import ROOT

# Where a key of package.xml comes from where it is no `ros-jazzy-<key>`: a wheel of requirements/runtime.txt.
WHEELS = {
    'cv_bridge': 'cv-bridge',
    'python3-cryptography': 'cryptography',
    'python3-httpx': 'httpx',
    'python3-numpy': 'numpy',
    'python3-opencv': 'opencv-python-headless',
    'python3-pyaudio': 'pyaudio',
    'python3-pydantic': 'pydantic',
    'python3-rich': 'rich',
    'python3-six': 'six',
    'python3-typer': 'typer',
    'python3-yaml': 'pyyaml',
}
OURS = {'parking_monitor', 'parking_msgs'}
# In the image because rclpy talks through it; every ROS 2 has one, so that no package names it.
UNNAMED = {'rmw_fastrtps_cpp'}


def pinned(name: str) -> set[str]:
    text = (ROOT / 'requirements' / name).read_text()
    return set(re.findall(r'^([a-z0-9-]+)==', text, re.MULTILINE))


def needed_at_run_time() -> set[str]:
    """Return the keys that package.xml of both packages names."""
    keys = set()
    for package in sorted(OURS):
        tree = ET.parse(ROOT / 'src' / package / 'package.xml')  # noqa: S314 - our own file
        keys |= {str(one.text) for kind in ('exec_depend', 'depend') for one in tree.getroot().findall(kind)}
    return keys - OURS


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.prefix) / 'bin' / 'hadolint'
    if not hadolint.exists():
        pytest.skip('hadolint is not installed; run: make setup')
    run = subprocess.run([hadolint, dockerfile.PATH], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, '')


@pytest.mark.parametrize('source', dockerfile.copied())
def test_what_is_copied_is_there_and_docker_gets_to_see_it(source: str) -> None:
    assert (ROOT / source).exists()
    allowed = [line[1:] for line in (ROOT / '.dockerignore').read_text().splitlines() if line.startswith('!')]
    assert any(source == one or source.startswith(f'{one}/') for one in allowed)


def test_nothing_but_what_is_copied_goes_to_docker() -> None:
    lines = (ROOT / '.dockerignore').read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith('#')]
    assert rules[0] == '*'
    for rule in rules:
        if rule.startswith('!'):
            assert any(one == rule[1:] or one.startswith(f'{rule[1:]}/') for one in dockerfile.copied()), rule


def test_no_link_in_what_is_copied_leads_out_of_it() -> None:
    for source in dockerfile.copied():
        for path in [ROOT / source, *(ROOT / source).rglob('*')]:
            if path.is_symlink() and 'node_modules' not in path.parts:
                target = path.resolve().relative_to(ROOT)
                assert any(target.is_relative_to(one) for one in dockerfile.copied()), path


def test_the_last_stage_has_all_that_package_xml_names() -> None:
    apt, wheels = set(dockerfile.apt_packages('device')), pinned('runtime.txt')
    for key in needed_at_run_time():
        if key in WHEELS:
            assert WHEELS[key] in wheels, key
        else:
            assert f'ros-jazzy-{key.replace("_", "-")}' in apt, key


def test_every_ros_package_of_the_image_is_one_that_package_xml_names() -> None:
    wanted = {f'ros-jazzy-{key.replace("_", "-")}' for key in needed_at_run_time() | UNNAMED}
    assert {name for name in dockerfile.apt_packages() if name.startswith('ros-')} <= wanted


def test_every_other_package_is_one_that_debian_has() -> None:
    """Debian's names are Ubuntu's for what is installed here."""
    if shutil.which('apt-cache') is None:
        pytest.skip('there is no apt-cache here')
    names = {name for name in dockerfile.apt_packages() if not name.startswith('ros-')}
    known = apt_cache_knows(['bash', *names])
    if 'bash' not in known:
        pytest.skip('this machine has no package lists; run: apt-get update')
    assert names <= known


def apt_cache_knows(names: list[str]) -> set[str]:
    """Return those of the names that are packages."""
    run = subprocess.run(['apt-cache', 'show', *names], capture_output=True, text=True, check=False)
    return set(re.findall(r'^Package: (\S+)$', run.stdout, re.MULTILINE))


def test_it_runs_as_nobody_special_and_stops_on_sigterm() -> None:
    (user,) = dockerfile.of('USER', 'device')
    assert user.arguments not in {'0', 'root'}
    assert f'--uid {user.arguments} --groups video' in dockerfile.of('RUN', 'device')[0].arguments
    assert [one.arguments for one in dockerfile.of('STOPSIGNAL', 'device')] == ['SIGTERM']
    assert [one.arguments for one in dockerfile.of('ENTRYPOINT', 'device')] == [
        '["tini", "--", "/app/entrypoint.sh"]'
    ]


def test_what_it_starts_and_asks_are_programs_of_the_package() -> None:
    setup = (ROOT / 'src/parking_monitor/setup.py').read_text()
    (command,), (check,) = dockerfile.of('CMD', 'device'), dockerfile.of('HEALTHCHECK', 'device')
    for name in (*re.findall(r'"(\w+)"', command.arguments), *re.findall(r'"(\w+)"\]', check.arguments)):
        assert f"f'{name} = " in setup
    assert os.access(ROOT / 'docker/entrypoint.sh', os.X_OK)
    assert os.access(ROOT / 'docker/studio_client/edge-impulse-linux.cjs', os.X_OK)


def test_every_wheel_is_checked_against_its_hash() -> None:
    for one in dockerfile.of('RUN', 'build'):
        for command in re.findall(r'pip install [^&]*', one.arguments):
            assert '--require-hashes' in command
            for path in re.findall(r'-r (\S+)', command):
                assert fnmatch.fnmatch((ROOT / path).read_text(), '*--hash=sha256:*')


def test_what_it_writes_goes_to_the_data_volume_or_to_memory() -> None:
    """The root file system may be read-only."""
    (environment,) = dockerfile.of('ENV', 'device')
    values = dict(word.split('=', 1) for word in environment.arguments.split())
    for name in ('HOME', 'PARKING_STATE', 'ROS_LOG_DIR', 'XDG_CACHE_HOME'):
        assert values[name].startswith(('/data', '/run/parking', '/tmp'))
    # Programs are made and run there, and memory may be mounted without leave for that.
    assert values['XDG_CACHE_HOME'].startswith('/data/')
