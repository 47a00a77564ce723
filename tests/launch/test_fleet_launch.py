"""`fleet.launch.py` starts what graph.py describes; needs `ros2 launch`, which the wheels do not have."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch_ros', reason='ros2 launch is not in the wheels; source a ROS 2 Jazzy to run this')

LAUNCH_FILES = Path(__file__).parents[2] / 'src/parking_monitor/launch'


def described(name: str) -> Any:
    """Return the launch description of a file."""
    spec = importlib.util.spec_from_file_location('launch_file', LAUNCH_FILES / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def started_nodes(description: Any, **arguments: str) -> list[Any]:
    """Return the node actions that a launch file would start."""
    from launch_ros.actions import Node  # noqa: PLC0415

    from launch import LaunchContext  # noqa: PLC0415

    context = LaunchContext()
    context.launch_configurations.update(arguments)
    actions = [action for entity in description.entities for action in entity.visit(context) or ()]
    return [action for action in actions if isinstance(action, Node)]


def test_the_nodes_of_the_graph_are_started_and_respawned(tmp_path: Path) -> None:
    (tmp_path / 'my.yaml').write_text('device: {uuid: abc, name: garage}\ncameras: [{name: gate}]\n')
    nodes = started_nodes(described('fleet.launch.py'), config=str(tmp_path / 'my.yaml'))
    assert [node.node_executable for node in nodes] == ['usb_cam', 'ei_detector', 'car_counter', 'annotator']


def test_a_mistake_in_the_file_is_told_as_fleet_tells_it(tmp_path: Path) -> None:
    from parking_monitor.config import ConfigError  # noqa: PLC0415

    (tmp_path / 'my.yaml').write_text('cameras: [{name: gate, confidence: 7}]\n')
    with pytest.raises(ConfigError, match='confidence: 7 is not valid'):
        started_nodes(described('fleet.launch.py'), config=str(tmp_path / 'my.yaml'))


@pytest.mark.parametrize('name', ['fleet.launch.py', 'view.launch.py'])
def test_every_argument_is_explained(name: str) -> None:
    from launch.actions import DeclareLaunchArgument  # noqa: PLC0415

    arguments = [entity for entity in described(name).entities if isinstance(entity, DeclareLaunchArgument)]
    assert arguments
    assert all(len(argument.description) > 20 for argument in arguments)
