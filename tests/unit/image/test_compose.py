"""docker-compose.yml, as balena's own parser and the Compose specification understand it."""

import json
import subprocess
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.support import dockerfile
from tests.support.node import NODE_MODULES, node
from tests.support.workspace import ROOT

COMPOSE = ROOT / 'docker-compose.yml'
OVERRIDE = ROOT / 'docker-compose.override.yml'
# What the supervisor on a device passes on (balena-supervisor, src/compose/sanitise.ts); the rest it ignores.
PASSED_ON = {
    *(
        'build',
        'cap_drop',
        'devices',
        'environment',
        'healthcheck',
        'image',
        'labels',
        'read_only',
        'restart',
    ),
    *('security_opt', 'shm_size', 'stop_grace_period', 'tmpfs', 'volumes'),
}


def service() -> dict[str, Any]:
    content = yaml.safe_load(COMPOSE.read_text())
    found: dict[str, Any] = content['services']['parking-monitor']
    return found


def as_balena_reads_it(text: str) -> subprocess.CompletedProcess[str]:
    if not NODE_MODULES.exists():
        pytest.skip("balena's parser is not installed; run: make setup")
    program = NODE_MODULES.parent / 'normalize.cjs'
    return subprocess.run([node(), program], input=text, capture_output=True, text=True, check=False)


def test_balena_takes_it() -> None:
    run = as_balena_reads_it(COMPOSE.read_text())
    assert run.returncode == 0, run.stderr
    (image,) = json.loads(run.stdout)['images']
    assert image['image'] == {'context': '.', 'dockerfile': 'docker/Dockerfile'}


@pytest.mark.parametrize(
    ('fields', 'complaint'),
    [
        ({'profiles': ['broker']}, 'should NOT have additional properties'),
        ({'volumes': ['/dev:/dev']}, 'Bind mounts are not allowed'),
        ({'depends_on': {'broker': {'condition': 'service_healthy'}}}, 'Only "service_started"'),
    ],
    ids=['profiles', 'bind mounts', 'waiting for health'],
)
def test_balena_refuses_what_is_left_to_the_laptop(fields: dict[str, object], complaint: str) -> None:
    content = yaml.safe_load(COMPOSE.read_text())
    content['services']['parking-monitor'].update(fields)
    run = as_balena_reads_it(yaml.safe_dump(content))
    assert run.returncode != 0
    assert complaint in run.stderr


def test_the_supervisor_of_balena_passes_all_of_it_on() -> None:
    assert set(service()) <= PASSED_ON
    # It hands paths of tmpfs on without options, and puts no variables in.
    assert not [path for path in service()['tmpfs'] if ':' in path]
    assert '$' not in ''.join(
        line for line in COMPOSE.read_text().splitlines() if not line.lstrip().startswith('#')
    )


@pytest.mark.parametrize('path', [COMPOSE, OVERRIDE], ids=lambda path: path.name)
def test_it_is_what_the_compose_specification_allows(path: Any) -> None:
    PyCompose.from_yaml(path.read_text()).validate()


def test_the_specification_is_looked_at() -> None:
    with pytest.raises(ValueError, match='restrat'):
        PyCompose.from_yaml(COMPOSE.read_text().replace('restart:', 'restrat:'))


def test_it_gets_the_camera_and_nothing_else() -> None:
    assert service()['devices'] == ['/dev/video0:/dev/video0']
    assert service()['cap_drop'] == ['ALL']
    assert service()['read_only'] is True
    assert not {'privileged', 'cap_add', 'network_mode', 'pid', 'user'} & set(service())


def test_the_folders_that_the_image_writes_to_can_be_written() -> None:
    written = {volume.split(':')[1] for volume in service()['volumes']} | set(service()['tmpfs'])
    (environment,) = dockerfile.of('ENV', 'device')
    for word in environment.arguments.split():
        name, _, value = word.partition('=')
        if name in {'HOME', 'PARKING_STATE', 'ROS_LOG_DIR', 'XDG_CACHE_HOME'}:
            assert any(value == path or value.startswith(f'{path}/') for path in written), name


def test_a_stop_leaves_time_for_what_is_under_way() -> None:
    """From SIGTERM, fleet ends its nodes in 1.2 s, the client gives the camera back in 5 s."""
    assert service()['stop_grace_period'] == '15s'


def test_the_laptop_hands_on_every_variable_of_balena_yml() -> None:
    names = {name for one in balena_variables() for name in one}
    handed_on = set(yaml.load(OVERRIDE.read_text(), _AnyTag)['services']['parking-monitor']['environment'])  # noqa: S506
    assert names <= handed_on


def balena_variables() -> list[dict[str, str]]:
    content = yaml.safe_load((ROOT / 'balena.yml').read_text())
    found: list[dict[str, str]] = content['data']['applicationEnvironmentVariables']
    return found


class _AnyTag(yaml.SafeLoader):
    """Read `!reset`, which Compose knows, as if it were not there."""


_AnyTag.add_constructor('!reset', lambda _loader, _node: [])
