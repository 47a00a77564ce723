"""Look at one camera in rviz2: the picture with its boxes, zones and count."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchDescription


def generate_launch_description() -> LaunchDescription:
    """Declare which camera to look at, and start rviz2 on it."""
    share = Path(get_package_share_directory('parking_monitor'))
    namespace = ['/', LaunchConfiguration('device'), '/', LaunchConfiguration('camera')]
    return LaunchDescription(
        [
            DeclareLaunchArgument('device', description='Name of the device, as `fleet --check` prints it.'),
            DeclareLaunchArgument('camera', description='Name of the camera, as in fleet.yaml.'),
            Node(
                package='rviz2',
                executable='rviz2',
                arguments=['-d', str(share / 'config' / 'camera.rviz')],
                remappings=[
                    ('/camera/annotated', [*namespace, '/annotated']),
                    ('/camera/annotated/compressed', [*namespace, '/annotated/compressed']),
                ],
            ),
        ]
    )
