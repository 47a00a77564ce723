"""Install the parking_fleet package; it needs no ROS, and becomes a ROS package where colcon builds it."""

from setuptools import find_packages, setup

NAME = 'parking_fleet'

setup(
    name=NAME,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    # messages/schemas is a link to the one copy of the published schemas, in parking_monitor.
    package_data={
        NAME: ['py.typed', 'messages/schemas/*.json', 'dashboard/static/*', 'dashboard/zone_parts/*']
    },
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{NAME}']),
        (f'share/{NAME}', ['package.xml']),
    ],
    python_requires='>=3.11',
    install_requires=[
        'alembic',
        'argon2-cffi',
        'awsiotsdk>=1.31',
        'cryptography',
        'httpx',
        'jsonschema-rs',
        'nicegui',
        'orjson',
        'pg8000',
        'prometheus-client',
        'pydantic>=2',
        'pydantic-settings',
        'pyyaml',
        'rich',
        'setuptools',
        'sqlalchemy>=2',
        'typer',
        'tzdata',
    ],
    zip_safe=False,
    maintainer='The parking monitor maintainers',
    maintainer_email='maintainers@users.noreply.b-seed-0d4d9677.example',
    description='Store and serve the counts of a fleet of parking monitors',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'parking-fleet = {NAME}.command:main',
            f'fleet-sim = {NAME}.simulation.command:main',
        ],
    },
)
