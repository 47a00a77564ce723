"""Install the parking_monitor package, its launch files, scenes and rviz2 configuration."""

from pathlib import Path

from setuptools import find_packages, setup

NAME = 'parking_monitor'
NODES = (
    'usb_cam',
    'ei_detector',
    'car_counter',
    'lot_counter',
    'annotator',
    'aws_iot_bridge',
    'telegram_notifier',
    'sample_collector',
    'model_keeper',
)

setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={NAME: ['py.typed', 'simulation/scenes/*.yaml', 'cloud/schemas/*.json']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
        (f'share/{NAME}/launch', sorted(map(str, Path('launch').glob('*.launch.py')))),
        (f'share/{NAME}/models', sorted(map(str, Path('models').glob('*.onnx')))),
        (f'share/{NAME}/config', sorted(map(str, Path('config').glob('*')))),
    ],
    install_requires=['setuptools'],
    extras_require={'test': ['pytest']},
    zip_safe=False,
    maintainer='The parking monitor maintainers',
    maintainer_email='maintainers@users.noreply.b-seed-0d4d9677.example',
    description='Count the cars in a car park with cameras on small computers',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            *(f'{node} = {NAME}.nodes.{node}:main' for node in NODES),
            f'fleet = {NAME}.fleet:main',
            f'graph_health = {NAME}.nodes.graph_health:main',
            f'run_device = {NAME}.device.run_device:main',
            f'places = {NAME}.places_command:main',
            f'onnx_eim = {NAME}.detection.onnx_eim.cli:main',
            f'simulate = {NAME}.simulation.command:main',
        ],
    },
)
