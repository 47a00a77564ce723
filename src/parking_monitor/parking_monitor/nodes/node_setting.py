"""Bring one setting to one node, again after each of its restarts, and know how it truly stands."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from parking_msgs.srv import SetModel
from rcl_interfaces.srv import GetParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter, parameter_value_to_python

from parking_monitor.cloud.shadow_settings import Value
from parking_monitor.nodes.model_fetch import ModelFetch
from parking_monitor.nodes.service_question import ServiceQuestion

_ANSWER_S = 5.0
# A model is started and tried out before it is taken; an ONNX model may have to be wrapped first.
_MODEL_ANSWER_S = 150.0
_RETRY_MIN_S = 1.0
_RETRY_MAX_S = 30.0
# After so long it is no start-up any more, and a person should look.
_LONG_S = 60.0
_LOOK_AT_FETCH_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Name a parameter of a node that a setting of the cloud belongs to.

    Attributes:
        setting: the name that the cloud has for it.
        camera: the node's camera; empty for a node of the device as a whole.
        node: its full name.
        parameter: the parameter that holds it.
        configured: what it is when the cloud does not say.
        set_model: whether it is set by the service `set_model` instead of the parameter.
        is_part: whether the setting is JSON with a value for each camera.
    """

    setting: str
    camera: str
    node: str
    parameter: str
    configured: Value
    set_model: bool = False
    is_part: bool = False

    @property
    def short_node(self) -> str:
        """Return the name of the node below its device."""
        return self.node.split('/', 2)[-1]

    def value_in(self, wanted: Value | None) -> Value | None:
        """Return what of a setting is for this place; None when nothing is."""
        if not self.is_part or wanted is None:
            return wanted
        part: Value | None = json.loads(str(wanted)).get(self.camera)
        return part


class NodeSetting:
    """Hold what a parameter of a node should be, and see to it.

    A change by hand is taken note of, and left alone until the cloud says something new or the
    node begins anew.

    Args:
        asker: the node that asks.
        place: what is set where.
        changed: called when it stands differently.
        fetch: brings models to the device.
    """

    def __init__(self, asker: Node, place: Place, changed: Callable[[], None], fetch: ModelFetch) -> None:
        self.place = place
        self.standing: Value | None = None
        self.refused = ''
        self._asker = asker
        self._changed = changed
        self._fetch = fetch
        self._fetched = self._on_its_way = ''
        self._wanted: Value | None = None
        self._is_owed = False
        self._owed_since_s = 0.0
        self._processes: frozenset[bytes] = frozenset()
        self._is_read = False
        self._question: ServiceQuestion | None = None
        self._next_s = 0.0
        self._retries = 0
        self._now_s = 0.0

    @property
    def pending(self) -> str:
        """Return what is waited for before the setting stands; empty when nothing is."""
        if not self._is_owed or self.refused:
            return ''
        if self._on_its_way:
            return self._on_its_way
        if self._now_s - self._owed_since_s < _LONG_S:
            return f'waits for {self.place.short_node}'
        return f'{self.place.short_node} has not taken it for {_LONG_S:g} s; see its log and /diagnostics'

    @property
    def is_busy(self) -> bool:
        """Return whether a node that is there may soon tell another value than it did."""
        return bool(self._processes) and (not self._is_read or self._is_owed)

    def want(self, value: Value | None, now_s: float) -> None:
        """Want another value; None for what is configured."""
        if value == self._wanted:
            return
        self._wanted = value
        self.refused = ''
        self._drop()
        self._owe(now_s)

    def note(self, value: Value) -> None:
        """Hear how the parameter stands, whoever set it."""
        if value != self.standing:
            self.standing = value
            self._changed()

    def step(self, now_s: float, processes: frozenset[bytes]) -> None:
        """Do what is to be done now.

        Args:
            now_s: monotonic seconds.
            processes: an id of each process that the node seems to run in. One that was killed stays
                among them for up to 20 s.
        """
        self._now_s = now_s
        is_new = bool(processes - self._processes) or (bool(self._processes) and not processes)
        self._processes = processes
        if is_new:
            self._begin(now_s)
        if not processes:
            return
        if self._question is None and now_s >= self._next_s:
            self._ask()
        if self._question is not None:
            self._question.step(now_s)

    def _begin(self, now_s: float) -> None:
        """Begin with a node that has started, or is gone."""
        self._drop()
        self.refused = ''
        self._is_read = self._is_owed = False
        self._retries, self._next_s = 0, now_s
        if self._wanted is not None:
            self._owe(now_s)
        self._changed()

    def _owe(self, now_s: float) -> None:
        if not self._is_owed:
            self._owed_since_s = now_s
        self._is_owed = True
        self._fetched = self._on_its_way = ''
        self._retries, self._next_s = 0, now_s

    def _ask(self) -> None:
        if not self._is_read:
            request = GetParameters.Request(names=[self.place.parameter])
            self._question = self._make(GetParameters, 'get_parameters', request, self._on_value)
        elif self._is_owed and not self.refused:
            target = self.place.configured if self._wanted is None else self._wanted
            if target == self.standing:
                self._settle()
            elif self.place.set_model and self._fetch.is_needed(str(target), self._fetched):
                self._question = self._fetch.ask(str(target), self._now_s + _ANSWER_S, self._on_fetched)
            elif self.place.set_model:
                self._ask_for_model(str(target))
            else:
                self._ask_for_parameter(target)

    def _on_fetched(self, path: str, response: Any) -> None:
        """Hear how far a model of Studio is on its way to the device."""
        self._question = None
        self._on_its_way = ''
        if response is None and self._fetch.is_there(path):
            self._fetched = path  # nobody keeps it from being replaced later, but it is there
        elif response is None:
            self._pause()
        elif response.state == response.READY:
            self._fetched = path
        elif response.state == response.REFUSED:
            self._refuse(response.message)
        else:
            self._on_its_way = f'model_keeper fetches it: {response.message}'.removesuffix(': ')
            self._next_s = self._now_s + _LOOK_AT_FETCH_S
            self._changed()

    def _ask_for_model(self, path: str) -> None:
        def answered(response: Any) -> None:
            self._on_set(path, response, response and (response.success, response.message))

        request = SetModel.Request(path=path)
        self._question = self._make(SetModel, 'set_model', request, answered, deadline_s=_MODEL_ANSWER_S)

    def _ask_for_parameter(self, value: Value) -> None:
        def answered(response: Any) -> None:
            self._on_set(
                value, response, response and (response.results[0].successful, response.results[0].reason)
            )

        parameter = Parameter(self.place.parameter, value=value).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        self._question = self._make(SetParameters, 'set_parameters', request, answered)

    def _make(
        self,
        service_type: Any,
        service: str,
        request: Any,
        answered: Callable[[Any], None],
        *,
        deadline_s: float = _ANSWER_S,
    ) -> ServiceQuestion:
        return ServiceQuestion(
            self._asker,
            service_type,
            f'{self.place.node}/{service}',
            request,
            until_s=self._now_s + deadline_s,
            answered=answered,
        )

    def _on_value(self, response: Any) -> None:
        self._question = None
        value = parameter_value_to_python(response.values[0]) if response and response.values else None
        if isinstance(value, bool | float | str):
            self._is_read = True
            self.note(value)
        else:
            self._pause()

    def _on_set(self, value: Value, response: Any, outcome: tuple[bool, str] | None) -> None:
        self._question = None
        if response is None or outcome is None:
            self._pause()
            return
        is_set, reason = outcome
        if is_set:
            self.standing = value
            self._settle()
        else:
            self._refuse(f'{self.place.short_node}: {reason}')

    def _refuse(self, reason: str) -> None:
        self.refused = reason
        self._is_owed = False
        self._changed()

    def _settle(self) -> None:
        self._is_owed = False
        self._changed()

    def _pause(self) -> None:
        """Ask again later: a node that starts may not answer yet."""
        self._next_s = self._now_s + min(_RETRY_MAX_S, _RETRY_MIN_S * 2.0**self._retries)
        self._retries = min(self._retries + 1, 16)

    def _drop(self) -> None:
        if self._question is not None:
            self._question.drop()
            self._question = None
