"""A device decides what to run from its fleet.yaml and the environment."""

import shutil
from pathlib import Path

import pytest

from parking_monitor.config import ConfigError
from parking_monitor.device import studio_client
from parking_monitor.device.decision import Decision, Runs, decide
from parking_monitor.device.layout import Layout
from parking_monitor.supervisor import Command
from tests.support.workspace import ROOT

DEFAULT = ROOT / 'src/parking_monitor/config/device.yaml'
VARIABLE = 'facility: Variable\ncameras: [{name: gate, model: my.eim}]'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(data=tmp_path / 'data', run=tmp_path / 'run', image_claim=tmp_path / 'claim')


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder of programs with Edge Impulse's client in it."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    shutil.copy(shutil.which('true') or '/bin/true', folder / 'edge-impulse-linux')
    return folder


def of(layout: Layout, fleet_yaml: str = '', **environment: str) -> Decision:
    if fleet_yaml:
        layout.data.mkdir(exist_ok=True)
        layout.fleet_yaml.write_text(fleet_yaml)
    return decide(layout, DEFAULT, environment)


def test_a_device_without_a_fleet_yaml_has_one_camera_and_waits_for_its_identity(layout: Layout) -> None:
    decision = of(layout, FACILITY='Riverside', FLOOR='P1', INTERVAL_IN_SECONDS='60')
    (camera,) = decision.fleet.cameras
    assert (camera.source, camera.model, camera.floor) == ('auto', 'default', 'P1')
    assert decision.fleet.facility == 'Riverside'
    assert decision.fleet.cloud
    assert (decision.fleet.cloud.identity, decision.fleet.cloud.interval_s) == (layout.identity, 60)
    assert decision.fleet.waits_for_identity
    assert (decision.runs, decision.headline) == (Runs.GRAPH, 'COLLECTION MODE N')


def test_the_default_is_used_as_it_ships_where_the_data_volume_is_at_its_place(tmp_path: Path) -> None:
    layout = Layout(data=Path('/data'), run=tmp_path, image_claim=tmp_path)
    decision = decide(layout, DEFAULT, {'BALENA_DEVICE_UUID': 'abc'})
    assert decision.path == DEFAULT or layout.fleet_yaml.exists()


def test_a_fleet_yaml_on_the_data_volume_comes_first(layout: Layout) -> None:
    decision = of(layout, 'facility: Mine\ncameras: [{name: gate}]\n')
    assert (decision.path, decision.fleet.facility) == (layout.fleet_yaml, 'Mine')


def test_the_variable_comes_before_the_file(layout: Layout) -> None:
    decision = of(layout, 'facility: File\ncameras: [{name: gate}]\n', FLEET_YAML=VARIABLE)
    assert decision.fleet.facility == 'Variable'
    # What is relative in it is so to the operator's folder.
    assert decision.fleet.cameras[0].model == str(layout.data / 'my.eim')
    assert of(layout, FLEET_YAML=' ').fleet.facility == 'File'


def test_a_variable_that_cannot_be_kept_is_told(layout: Layout) -> None:
    layout.data.write_text('a file where the folder should be')
    with pytest.raises(ConfigError, match=r'FLEET_YAML: .* cannot be written'):
        of(layout, FLEET_YAML=VARIABLE)


def test_a_broken_one_is_not_replaced_by_the_default(layout: Layout) -> None:
    with pytest.raises(ConfigError, match='sauce'):
        of(layout, 'cameras: [{name: gate, sauce: auto}]\n')


def test_collection_with_a_key_leaves_the_camera_to_edge_impulses_client(
    layout: Layout, programs: Path
) -> None:
    collecting = {'EI_COLLECT_MODE_IMAGE': 'Y', 'PATH': str(programs)}
    decision = of(layout, EI_API_KEY_IMAGE='ei_key', **collecting)
    assert (decision.runs, decision.headline) == (Runs.STUDIO, 'COLLECTION MODE Y')
    assert of(layout, EI_API_KEY_IMAGE='ei_key', EI_COLLECT_WAY='ros', **collecting).runs is Runs.GRAPH
    assert of(layout, **collecting).runs is Runs.GRAPH, 'without a key there is nobody to show it to'


def test_a_device_keeps_the_uuid_that_it_gave_itself(layout: Layout) -> None:
    first, second = of(layout), of(layout)
    assert first.fleet.device.uuid == second.fleet.device.uuid == (layout.data / 'device-uuid').read_text()
    assert first.environment['BALENA_DEVICE_UUID'] == first.fleet.device.uuid


def test_the_uuid_of_balena_comes_first_and_that_of_the_file_second(layout: Layout) -> None:
    own = 'device: {uuid: mine}\ncameras: [{name: gate}]\n'
    assert of(layout, BALENA_DEVICE_UUID='abc').fleet.device.uuid == 'abc'
    assert of(layout, own).fleet.device.uuid == 'mine'
    assert of(layout, own, BALENA_DEVICE_UUID='abc').fleet.device.uuid == 'abc'
    assert not (layout.data / 'device-uuid').exists()


def test_a_data_volume_that_cannot_be_written_keeps_no_device_from_counting(layout: Layout) -> None:
    layout.data.write_text('a file where the folder should be')
    assert of(layout).fleet.device.uuid


def test_a_claim_on_the_data_volume_comes_before_that_of_the_image(layout: Layout) -> None:
    assert layout.claim() is None
    for folder in (layout.image_claim, layout.data / 'claim'):
        folder.mkdir(parents=True)
        (folder / 'first-boot.json').write_text('{}')
        assert layout.claim() == folder


def test_the_client_gets_its_key_by_the_environment_and_no_other_secret(layout: Layout) -> None:
    environment = {'EI_API_KEY_IMAGE': 'ei_key', 'TG_TOKEN': 'token'}
    command = studio_client.command(of(layout, 'cameras: [{name: gate, source: 2}]\n').fleet, environment)
    assert isinstance(command, Command)
    assert list(command.arguments)[-2:] == ['--camera', '/dev/video2']
    assert 'ei_key' not in command.arguments
    assert (command.environment['EI_API_KEY_IMAGE'], 'TG_TOKEN' in command.environment) == ('ei_key', False)


def test_the_client_looks_for_a_camera_itself_where_none_is_named(layout: Layout) -> None:
    command = studio_client.command(of(layout).fleet, {'EI_API_KEY_IMAGE': 'ei_key'})
    assert isinstance(command, Command)
    assert '--camera' not in command.arguments


def test_the_client_takes_no_network_camera(layout: Layout) -> None:
    fleet = of(layout, "cameras: [{name: gate, source: 'rtsp://me:secret@camera/x'}]\n").fleet
    command = studio_client.command(fleet, {'EI_API_KEY_IMAGE': 'ei_key'})
    assert isinstance(command, studio_client.CannotRun)
    assert 'gate.source' in command.reason
    assert 'secret' not in command.reason
