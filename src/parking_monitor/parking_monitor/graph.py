"""Describe what runs: from fleet.yaml to the nodes to start.

The one description of the graph. `launch/fleet.launch.py` turns it into launch
actions and `fleet` into child processes; neither knows a node by name.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parking_monitor.config import Camera, Device, Fleet
from parking_monitor.config_cloud import Cloud
from parking_monitor.config_collect import Collect
from parking_monitor.config_fields import Section
from parking_monitor.config_places import Bay, Gate, Zone
from parking_monitor.config_telegram import Telegram
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.places_setting import layout_text

PACKAGE = 'parking_monitor'

ParameterValue = bool | int | float | str | list[str]

ENVIRONMENT: Mapping[str, str] = {
    # The graph keeps to this machine unless the operator says otherwise.
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    # Each pool of threads costs memory, and no node has a use for one.
    'OPENBLAS_NUM_THREADS': '1',
    'OMP_NUM_THREADS': '1',
    'MALLOC_ARENA_MAX': '2',
}
"""What every node's environment has, where the operator did not set it himself."""

SECRETS = frozenset({'TG_TOKEN', 'EI_API_KEY_IMAGE'})
"""Environment variables that only the nodes which ask for them get."""


# Camera, detector and counter come first: on a small computer the others would delay the first count.
_AFTER_THE_COUNT_S = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSpec:
    """Hold one node to start: an executable of this package, its name and its parameters.

    Attributes:
        secrets: the variables of `SECRETS` which this node reads.
        start_delay_s: seconds by which it may start later than the others.
    """

    executable: str
    namespace: str
    name: str
    parameters: Mapping[str, ParameterValue]
    secrets: frozenset[str] = field(default_factory=frozenset)
    start_delay_s: float = 0.0

    @property
    def full_name(self) -> str:
        """Return the name that ROS tools show, for example `/device/camera/usb_cam`."""
        return f'{self.namespace}/{self.name}'


@dataclass(frozen=True, slots=True)
class Graph:
    """Hold everything that runs on one device."""

    nodes: tuple[NodeSpec, ...]
    environment: Mapping[str, str]


def _node(
    executable: str,
    namespace: str,
    parameters: Mapping[str, ParameterValue],
    *,
    secrets: frozenset[str] = frozenset(),
    start_delay_s: float = 0.0,
) -> NodeSpec:
    """Leave out empty lists, which parameter files cannot carry; they are every node's default."""
    return NodeSpec(
        executable=executable,
        namespace=namespace,
        name=executable,
        parameters={name: value for name, value in parameters.items() if value != []},
        secrets=secrets,
        start_delay_s=start_delay_s,
    )


def build(fleet: Fleet) -> Graph:
    """Describe the nodes of a device.

    In the mode `collect` nothing is counted: cameras and collector run, and the detectors, for they
    know which pictures a model needs and suggest labels. Collecting by Edge Impulse's own client, the
    way `studio`, leaves the camera to that client: then nothing of this graph runs.
    """
    nodes: list[NodeSpec] = []
    if fleet.mode == 'collect' and fleet.collect.way == 'studio':
        return Graph(nodes=(), environment=ENVIRONMENT)
    for camera in fleet.cameras:
        namespace = f'/{fleet.device.name}/{camera.name}'
        nodes.append(_usb_cam(camera, namespace))
        if fleet.mode == 'collect':
            nodes.append(_ei_detector(fleet, camera, namespace))
        if fleet.mode == 'count':
            nodes += [_ei_detector(fleet, camera, namespace), _car_counter(fleet, camera, namespace)]
            if camera.annotate:
                nodes.append(_annotator(camera, namespace))
    if fleet.mode == 'count':
        if len(fleet.cameras) > 1 and any(camera.zones or camera.bays for camera in fleet.cameras):
            nodes.append(_lot_counter(fleet))
        if fleet.edge_impulse_api_key:
            nodes.append(_model_keeper(fleet))
        if fleet.cloud:
            nodes.append(_aws_iot_bridge(fleet, fleet.device, fleet.cloud))
        if fleet.telegram and fleet.telegram.token and fleet.telegram.chat_id:
            nodes.append(_telegram_notifier(fleet, fleet.telegram, fleet.telegram.chat_id))
    if fleet.runs_collector:
        nodes.append(_sample_collector(fleet, fleet.collect))
    return Graph(nodes=tuple(nodes), environment=ENVIRONMENT)


def environment_of(node: NodeSpec, plan: Graph, environment: Mapping[str, str]) -> dict[str, str]:
    """Return a node's environment: the operator's over the graph's, without secrets that are not for it."""
    withheld = SECRETS - node.secrets
    inherited = {name: value for name, value in environment.items() if name not in withheld}
    return {**plan.environment, **inherited}


def _usb_cam(camera: Camera, namespace: str) -> NodeSpec:
    return _node(
        'usb_cam',
        namespace,
        {
            'source': camera.source,
            'width': camera.width,
            'height': camera.height,
            'rate_hz': camera.rate_hz,
            'pace': camera.pace,
            'loop': camera.loop,
            'calibration': _text(camera.calibration),
            'frame_id': camera.name,
        },
    )


def _ei_detector(fleet: Fleet, camera: Camera, namespace: str) -> NodeSpec:
    return _node(
        'ei_detector',
        namespace,
        {
            'model': camera.model,
            'models_folder': _models_folder(fleet),
            'labels': list(camera.labels),
            'confidence': _least_confidence(fleet, camera),
            'watch_view': camera.watch_view,
            'view_reference': str(_view_reference(fleet, camera)),
        },
    )


def _least_confidence(fleet: Fleet, camera: Camera) -> float:
    """Return from where on a detection is told; where nothing counts, cars that are unsure too."""
    if fleet.mode == 'collect':
        return min(camera.confidence, fleet.collect.unsure_confidence[0])
    return camera.confidence


def _models_folder(fleet: Fleet) -> str:
    return str(fleet.state_folder / 'models')


def _model_keeper(fleet: Fleet) -> NodeSpec:
    return _node(
        'model_keeper',
        f'/{fleet.device.name}',
        {
            'uuid': fleet.device.uuid,
            'models_folder': _models_folder(fleet),
            'project': fleet.studio.project or '',
            'interval_s': fleet.studio.interval_s,
            'api': fleet.studio.api,
            'follow': any(camera.model == DEFAULT_MODEL for camera in fleet.cameras),
        },
        secrets=frozenset({'EI_API_KEY_IMAGE'}),
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _view_reference(fleet: Fleet, camera: Camera) -> Path:
    """Name the file of a camera's view; another source is another view."""
    source = hashlib.sha256(f'{camera.source} {camera.width}x{camera.height}'.encode()).hexdigest()[:8]
    return fleet.state_folder / fleet.device.name / f'{camera.name}-view-{source}.npz'


def _car_counter(fleet: Fleet, camera: Camera, namespace: str) -> NodeSpec:
    return _node(
        'car_counter',
        namespace,
        {
            'camera': camera.name,
            'labels': list(camera.labels),
            'stale_after_s': camera.stale_after_s,
            'zones': _as_json(camera.zones),
            'bays': _as_json(camera.bays),
            'gates': _as_json(camera.gates),
            'car_width': camera.car_size[0] if camera.car_size else 0.0,
            'car_height': camera.car_size[1] if camera.car_size else 0.0,
            'time_zone': fleet.time_zone,
            'state_file': str(fleet.state_folder / fleet.device.name / f'{camera.name}.json'),
        },
    )


def _annotator(camera: Camera, namespace: str) -> NodeSpec:
    return _node(
        'annotator',
        namespace,
        {
            'camera': camera.name,
            'zones': _as_json(camera.zones),
            'bays': _as_json(camera.bays),
            'gates': _as_json(camera.gates),
        },
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _lot_counter(fleet: Fleet) -> NodeSpec:
    return _node(
        'lot_counter',
        f'/{fleet.device.name}',
        {'cameras': [camera.name for camera in fleet.cameras], 'stale_after_s': _silence_s(fleet)},
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _aws_iot_bridge(fleet: Fleet, device: Device, cloud: Cloud) -> NodeSpec:
    return _node(
        'aws_iot_bridge',
        f'/{device.name}',
        {
            'uuid': device.uuid,
            **_who_and_where(fleet, device, cloud),
            'cameras': [camera.name for camera in fleet.cameras],
            'certificate': str(cloud.certificate),
            'private_key': str(cloud.private_key),
            'ca': str(cloud.ca),
            'interval_s': cloud.interval_s,
            'outbox_folder': str(fleet.state_folder / device.name / 'outbox'),
            'forward': [one.model_dump_json() for one in cloud.forward],
            'models_folder': _models_folder(fleet),
            'model_keeper': fleet.edge_impulse_api_key is not None,
            'models': [camera.model for camera in fleet.cameras],
            'confidences': [str(camera.confidence) for camera in fleet.cameras],
            'telegram': bool(fleet.telegram and fleet.telegram.token and fleet.telegram.chat_id),
            'collector': _collector_mode(fleet) if fleet.runs_collector else '',
            'snapshots': cloud.snapshots,
            'layouts': [layout_text(camera.zones, camera.bays, camera.gates) for camera in fleet.cameras],
            'annotated': [camera.name for camera in fleet.cameras if camera.annotate],
        },
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _who_and_where(fleet: Fleet, device: Device, cloud: Cloud) -> dict[str, ParameterValue]:
    """Return what the bridge needs to connect.

    While the device has no identity yet, what that is to say is left empty: the bridge waits for it.
    """
    waits = fleet.waits_for_identity

    def said(section: Section, field: str, otherwise: str | int) -> Any:
        return otherwise if waits and field not in section.model_fields_set else getattr(section, field)

    return {
        'thing': device.thing,
        'endpoint': cloud.endpoint or '',
        'port': said(cloud, 'port', 0),
        'topic': said(cloud, 'topic', ''),
        'facility': said(fleet, 'facility', ''),
        'floors': [said(camera, 'floor', '') for camera in fleet.cameras],
        **({'identity': str(cloud.identity)} if waits else {}),
    }


def _telegram_notifier(fleet: Fleet, telegram: Telegram, chat_id: str) -> NodeSpec:
    return _node(
        'telegram_notifier',
        f'/{fleet.device.name}',
        {
            'cameras': [camera.name for camera in fleet.cameras],
            'facility': fleet.facility,
            'chat_id': chat_id,
            'rules': [rule.to_json() for rule in telegram.rule_settings],
            'min_spacing_s': telegram.min_spacing_s,
            'quiet_hours': telegram.quiet_hours or '',
            'time_zone': fleet.time_zone,
            'commands': telegram.commands,
            'silence_s': _silence_s(fleet),
        },
        secrets=frozenset({'TG_TOKEN'}),
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _silence_s(fleet: Fleet) -> float:
    """Return after how long a counter counts as silent; one that hears nothing says so itself, before."""
    return max(30.0, *(2 * camera.stale_after_s for camera in fleet.cameras))


def _sample_collector(fleet: Fleet, collect: Collect) -> NodeSpec:
    cameras = [camera for camera in fleet.cameras if not collect.cameras or camera.name in collect.cameras]
    return _node(
        'sample_collector',
        f'/{fleet.device.name}',
        {
            'mode': _collector_mode(fleet),
            'cameras': [camera.name for camera in cameras],
            'labels': sorted({label for camera in cameras for label in camera.labels}),
            'privacy': collect.privacy,
            'every_s': collect.every_s or 0.0,
            'unsure': collect.unsure,
            'least_confidence': collect.unsure_confidence[0],
            'sure_confidence': collect.unsure_confidence[1],
            'min_spacing_s': collect.min_spacing_s,
            'suggest_labels': collect.suggest_labels,
            'label': collect.label or '',
            'testing_share': collect.testing_share,
            'daily_limit': collect.daily_limit,
            'spool_mb': collect.spool_mb,
            'folder': str(fleet.state_folder / fleet.device.name / 'samples'),
            'time_zone': fleet.time_zone,
        },
        # What keeps pictures on the device is not even given the means to upload them.
        secrets=frozenset() if collect.privacy == 'local' else frozenset({'EI_API_KEY_IMAGE'}),
        start_delay_s=_AFTER_THE_COUNT_S,
    )


def _collector_mode(fleet: Fleet) -> str:
    return 'collect' if fleet.mode == 'collect' or fleet.collect.while_counting else 'count'


def _as_json(places: Sequence[Zone | Bay | Gate]) -> list[str]:
    """Write each zone, bay or gate as JSON, since a ROS parameter cannot be a list of polygons."""
    return [json.dumps(place.model_dump(mode='json'), ensure_ascii=False) for place in places]


def _text(path: Path | None) -> str:
    return str(path) if path else ''
