"""Decide what a device runs, from its fleet.yaml and the environment."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parking_monitor import config, graph
from parking_monitor.device.layout import Layout, device_uuid
from parking_monitor.durable_file import write_durably
from parking_monitor.yaml_source import YamlError, read_yaml

_UUID = 'BALENA_DEVICE_UUID'
_FLEET_YAML = 'FLEET_YAML'
_USUAL_IDENTITY = Path('/data/identity')


class Runs(enum.Enum):
    """Name what a device can run; the values are those of the status file."""

    GRAPH = 'graph'
    STUDIO = 'studio'
    NOTHING = 'nothing'


@dataclass(frozen=True, slots=True)
class Decision:
    """Hold what is to run.

    Attributes:
        runs: the graph of ROS nodes, or Edge Impulse's own client.
        path: the fleet.yaml.
        fleet: what it says, with the environment's variables over it.
        environment: of what runs.
    """

    runs: Runs
    path: Path
    fleet: config.Fleet
    environment: Mapping[str, str]

    @property
    def headline(self) -> str:
        """Return the line that the reference system prints at its start."""
        return f'COLLECTION MODE {"Y" if self.fleet.mode == "collect" else "N"}'


def decide(layout: Layout, default: Path, environment: Mapping[str, str]) -> Decision:
    """Return what to run.

    Args:
        layout: where the data volume is, whose fleet.yaml comes before the default. Before that comes
            the variable FLEET_YAML, which is set where nobody can write to the volume.
        default: the fleet.yaml of a device that has none.
        environment: of this process.

    Raises:
        ConfigError: when the configuration is not valid; says what is wrong, a problem a line.
    """
    path = _fleet_yaml(layout, default, environment)
    environment = dict(environment)
    if not _names_its_uuid(path):
        environment[_UUID] = device_uuid(layout, environment)
    fleet = config.load(path, environment)
    # A graph without nodes leaves the camera to Edge Impulse's own client.
    runs = Runs.GRAPH if graph.build(fleet).nodes else Runs.STUDIO
    return Decision(runs, path, fleet, environment)


def _fleet_yaml(layout: Layout, default: Path, environment: Mapping[str, str]) -> Path:
    """Return the file to follow; a variable's text is put beside the operator's, for its relative paths."""
    if text := environment.get(_FLEET_YAML, '').strip():
        path = layout.data / 'fleet-of-variable.yaml'
        try:
            write_durably(path, f'{text}\n')
        except OSError as error:
            raise config.ConfigError(
                f'{_FLEET_YAML}: {path} cannot be written: {error.strerror}; give the device a data volume'
            ) from None
        return path
    return layout.fleet_yaml if layout.fleet_yaml.exists() else _default(layout, default)


def _default(layout: Layout, default: Path) -> Path:
    """Return the configuration of a device without one, with its identity where this device keeps it."""
    if layout.identity == _USUAL_IDENTITY:
        return default
    path = layout.run / 'fleet.yaml'
    write_durably(path, default.read_text().replace(str(_USUAL_IDENTITY), str(layout.identity)))
    return path


def _names_its_uuid(path: Path) -> bool:
    try:
        content = read_yaml(path).content
    except YamlError:
        return False  # what is wrong with it, loading says
    device = content.get('device') if isinstance(content, dict) else None
    return isinstance(device, dict) and 'uuid' in device
