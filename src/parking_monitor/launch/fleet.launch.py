"""Start everything that a fleet.yaml describes: one graph, from parking_monitor.graph."""

import os
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from parking_monitor import config, graph
from parking_monitor.fleet import notes


def generate_launch_description() -> LaunchDescription:
    """Declare the arguments; the nodes follow from the file that they name."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'config',
                default_value=str(Path(get_package_share_directory(graph.PACKAGE)) / 'config' / 'fleet.yaml'),
                description='The fleet.yaml to run: cameras, models, zones, cloud. '
                '`fleet --example` prints a commented one.',
            ),
            DeclareLaunchArgument(
                'log_level',
                default_value='info',
                choices=['debug', 'info', 'warn', 'error', 'fatal'],
                description='What every node tells.',
            ),
            DeclareLaunchArgument(
                'respawn_delay_s',
                default_value='2.0',
                description='Seconds until a node that ended is started again.',
            ),
            OpaqueFunction(function=_start),
        ]
    )


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    configuration = config.load(Path(LaunchConfiguration('config').perform(context)))
    plan = graph.build(configuration)
    log_level = LaunchConfiguration('log_level').perform(context)
    respawn_delay_s = float(LaunchConfiguration('respawn_delay_s').perform(context))
    nodes = [
        Node(
            package=graph.PACKAGE,
            executable=node.executable,
            namespace=node.namespace,
            name=node.name,
            parameters=[dict(node.parameters)],
            ros_arguments=['--log-level', log_level],
            env=graph.environment_of(node, plan, os.environ),
            output='screen',
            respawn=True,
            respawn_delay=respawn_delay_s,
        )
        for node in plan.nodes
    ]
    return [*(LogInfo(msg=f'note: {note}') for note in notes(configuration)), *nodes]
