"""A scene's places, printed for fleet.yaml, are read by it as they are."""

import pytest
from typer.testing import CliRunner

from parking_monitor import config
from parking_monitor.simulation.command import app
from parking_monitor.simulation.fleet_section import places
from parking_monitor.simulation.scene import load_scene, scene_names
from parking_monitor.simulation.simulator import Simulator


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, '--fleet-yaml'])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize('scene', scene_names())
def test_the_section_of_every_scene_is_a_valid_fleet_yaml(scene: str) -> None:
    camera = config.parse(printed(scene), {}).cameras[0]
    simulator = Simulator(load_scene(scene))
    assert (camera.name, camera.source, camera.rate_hz) == (scene, f'sim:{scene}', simulator.rate_hz)
    assert [gate.name for gate in camera.gates] == list(simulator.gates)
    assert [zone.name for zone in camera.zones] == list(simulator.zones)
    assert {bay.name for bay in camera.bays} <= set(simulator.bays)


def test_bays_that_the_edge_of_the_picture_cuts_off_are_left_out() -> None:
    simulator = Simulator(load_scene('rain'))
    names = {bay['name'] for bay in places(simulator)['bays']}
    cut = {
        name
        for name, polygon in simulator.bays.items()
        if any(value in {0.0, 1.0} for point in polygon for value in point)
    }
    assert cut
    assert names == set(simulator.bays) - cut


def test_the_size_of_the_picture_is_that_which_is_asked_for() -> None:
    camera = config.parse(printed('oblique_lot', '--size', '320x180'), {}).cameras[0]
    assert (camera.width, camera.height) == (320, 180)
