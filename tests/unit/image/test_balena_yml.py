"""balena.yml, against what balena documents: docs.balena.io, "Deploy with balena button"."""

import re
from typing import Any

import yaml

from parking_monitor import config
from tests.support.workspace import ROOT

KEYS = {'name', 'type', 'description', 'assets', 'data', 'version', 'post-provisioning'}
DATA_KEYS = {
    *('applicationEnvironmentVariables', 'applicationConfigVariables'),
    *('defaultDeviceType', 'supportedDeviceTypes'),
}
# raspberrypi3 and fincm3 are 32-bit, for which there is no ROS 2 image.
DEVICE_TYPES = ['raspberrypi3-64', 'raspberrypi4-64', 'raspberrypi5', 'generic-amd64']


def content() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / 'balena.yml').read_text())
    return found


def variables(section: str) -> dict[str, Any]:
    """Return a section that is a list of maps with one key each."""
    items = content()['data'][section]
    assert all(len(item) == 1 for item in items)
    found = {name: value for item in items for name, value in item.items()}
    assert len(found) == len(items), 'a variable is named twice'
    return found


def test_its_keys_are_those_that_are_documented() -> None:
    assert set(content()) <= KEYS
    assert content()['type'] == 'sw.application'
    assert set(content()['data']) <= DATA_KEYS


def test_it_is_for_the_devices_that_ros_runs_on() -> None:
    assert content()['data']['supportedDeviceTypes'] == DEVICE_TYPES
    assert content()['data']['defaultDeviceType'] in DEVICE_TYPES


def test_its_variables_and_their_defaults_make_a_configuration() -> None:
    set_by_default = variables('applicationEnvironmentVariables')
    assert all(isinstance(value, str) for value in set_by_default.values()), 'Y and N are words, not YAML'
    default = (ROOT / 'src/parking_monitor/config/device.yaml').read_text()
    fleet = config.parse(default, {**set_by_default, 'BALENA_DEVICE_UUID': '49418b480e408ef9'})
    assert fleet.mode == 'count'
    assert fleet.cloud
    assert (fleet.cloud.topic, fleet.cloud.interval_s) == ('EI_TOPIC', 120)
    assert fleet.telegram is None or fleet.telegram.token is None


def test_each_variable_is_read_somewhere_and_explained() -> None:
    readme = (ROOT / 'docker/README.md').read_text()
    read = (ROOT / 'src/parking_monitor/parking_monitor/config.py').read_text()
    for name in variables('applicationEnvironmentVariables'):
        assert f"'{name}'" in read, name
        assert f'`{name}`' in readme, name


def test_what_configures_the_host_begins_as_balena_wants_it() -> None:
    for name in variables('applicationConfigVariables'):
        assert re.match(r'(BALENA|RESIN)_', name)


def test_its_version_is_that_of_the_package() -> None:
    assert f"version='{content()['version']}'" in (ROOT / 'src/parking_monitor/setup.py').read_text()
