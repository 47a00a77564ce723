"""Bring the settings of the cloud to the nodes of a device, and know how they stand there."""

import time
from collections.abc import Callable, Mapping, Sequence

from rcl_interfaces.msg import ParameterEvent
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import qos_profile_parameter_events

from parking_monitor.cloud.shadow_report import Standing
from parking_monitor.cloud.shadow_settings import Value
from parking_monitor.nodes.model_fetch import ModelFetch
from parking_monitor.nodes.node_setting import NodeSetting, Place

_STEP_S = 0.2
_LOOK_S = 1.0
_EVENTS = '/parameter_events'


class SettingsClient:
    """Keep the settings of several nodes as they are wanted, through their restarts.

    Args:
        node: that asks the others; all happens on the thread of its executor.
        places: the parameters that settings belong to.
        changed: called soon after anything stands differently, and at least once a second.
        fetch: brings models to the device.
    """

    def __init__(
        self, node: Node, places: Sequence[Place], changed: Callable[[], None], fetch: ModelFetch
    ) -> None:
        self._node = node
        self._changed = changed
        self._settings = [NodeSetting(node, place, self._note_change, fetch) for place in places]
        self._at = {(one.place.node, one.place.parameter): one for one in self._settings}
        self._has_changed = False
        node.create_subscription(ParameterEvent, _EVENTS, self._on_event, qos_profile_parameter_events)
        self._processes: dict[str, frozenset[bytes]] = {}
        node.create_timer(_LOOK_S, self._look)
        # Runs only while there is a question to ask or an answer to wait for.
        self._steps = node.create_timer(_STEP_S, self._step)

    @property
    def is_busy(self) -> bool:
        """Return whether a node that is there may soon tell another value than it did."""
        return not self._processes or any(setting.is_busy for setting in self._settings)

    def want(self, wanted: Mapping[str, Value]) -> None:
        """Want settings by name; those that are not named are to be as configured."""
        now_s = time.monotonic()
        for setting in self._settings:
            setting.want(setting.place.value_in(wanted.get(setting.place.setting)), now_s)
        if self.is_busy and self._steps.is_canceled():
            self._steps.reset()

    def standings(self) -> dict[str, Standing]:
        """Return how each setting stands."""
        names = dict.fromkeys(setting.place.setting for setting in self._settings)
        return {name: self._standing(name) for name in names}

    def _standing(self, name: str) -> Standing:
        settings = [setting for setting in self._settings if setting.place.setting == name]
        by_camera: dict[str, Value] = {}
        for setting in settings:
            value, other = setting.standing, by_camera.get(setting.place.camera)
            if value is not None:
                # Of two nodes of a camera that leave out what is not sure enough, the stricter decides.
                by_camera[setting.place.camera] = value if other is None else max(value, other)
        return Standing(
            by_camera=by_camera,
            pending=next((setting.pending for setting in settings if setting.pending), ''),
            refused=next((setting.refused for setting in settings if setting.refused), ''),
        )

    def _look(self) -> None:
        self._processes = self._processes_now()
        self._has_changed = True
        self._step()
        if self.is_busy and self._steps.is_canceled():
            self._steps.reset()

    def _step(self) -> None:
        now_s = time.monotonic()
        for setting in self._settings:
            setting.step(now_s, self._processes.get(setting.place.node, frozenset()))
        if self._has_changed:
            self._has_changed = False
            self._changed()
        if not self.is_busy:
            self._steps.cancel()

    def _processes_now(self) -> dict[str, frozenset[bytes]]:
        """Return an id of each process of the nodes by their full names: that of an endpoint of its own."""
        found: dict[str, frozenset[bytes]] = {}
        for info in self._node.get_publishers_info_by_topic(_EVENTS):
            name = f'{info.node_namespace.rstrip("/")}/{info.node_name}'
            found[name] = found.get(name, frozenset()) | {bytes(info.endpoint_gid)}
        return found

    def _note_change(self) -> None:
        self._has_changed = True

    def _on_event(self, event: ParameterEvent) -> None:
        for parameter in (*event.new_parameters, *event.changed_parameters):
            setting = self._at.get((event.node, parameter.name))
            value = parameter_value_to_python(parameter.value) if setting else None
            if setting is not None and isinstance(value, bool | float | str):
                setting.note(value)
