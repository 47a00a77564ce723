"""Take settings from the device shadow to the nodes, and report back how they stand."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from rclpy.node import Node

from parking_monitor.cloud import shadow_file
from parking_monitor.cloud.connection_faults import ConnectionFault
from parking_monitor.cloud.device_health import HealthReport
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.shadow import Shadow
from parking_monitor.cloud.shadow_document import Json, ShadowError
from parking_monitor.cloud.shadow_exchange import ShadowExchange
from parking_monitor.cloud.shadow_report import Report, Standing, plain
from parking_monitor.cloud.shadow_settings import FIELDS, Offer, Value
from parking_monitor.detection import model_store
from parking_monitor.detection.errors import ModelFileError
from parking_monitor.detection.model_file import DEFAULT_MODEL
from parking_monitor.detection.studio.store import FOLDER, StudioStore
from parking_monitor.nodes.model_fetch import ModelFetch
from parking_monitor.nodes.node_setting import Place
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.settings_client import SettingsClient
from parking_monitor.places_setting import describe_layouts, read_zones

# A change of several nodes is reported once, when all of them have taken it.
_HOLD_REPORT_S = 2.0
_SAVE_AGAIN_S = 60.0
# AWS needs 6 to 8 minutes to put a changed policy into effect.
_SUBSCRIBE_AGAIN_S = 600.0
_MOST_WAITING = 64
_NEVER_S = float('inf')
# Zones are long, and a line of a log is for people.
_LONGEST_TEXT = 1_000

_NO_COLLECTOR = (
    'mode "collect" is not possible: no collector runs on this device; set EI_API_KEY_IMAGE, or in its '
    'fleet.yaml collect.privacy: local'
)
_NO_TELEGRAM = (
    'telegram true is not possible: no telegram_notifier runs on this device; set TG_TOKEN and TG_CHAT_ID'
)


class CloudSettings:
    """Keep a device as its shadow desires, also while there is no connection.

    Declares what it needs to know of the device as parameters of the node.

    Args:
        node: the bridge; all but the session's calls happens on the thread of its executor.
        session: the connection; not started yet.
        thing: whose shadow it is.
        cameras: names of the device's cameras.
        state_folder: where accepted settings outlive a restart.
        health: how the device is, which is reported too.
    """

    def __init__(
        self,
        node: Node,
        session: MqttSession,
        *,
        thing: str,
        cameras: Sequence[str],
        state_folder: Path,
        health: HealthReport,
    ) -> None:
        self._node = node
        self._session = session
        self._thing = thing
        self._health = health
        self._file = state_folder / shadow_file.FILE_NAME
        self._layouts = dict(zip(cameras, _declare_layouts(node, cameras), strict=True))
        places = _declare_places(node, cameras)
        has_collector, has_telegram = (
            any(place.setting == name for place in places) for name in ('mode', 'telegram')
        )
        self._models = Path(
            declare(node, 'models_folder', '', f'Folder of models, named {model_store.RULE}; empty for none')
        )
        self._store = StudioStore(self._models / FOLDER)
        self._fetch = ModelFetch(node, self._store)
        self._fixed: dict[str, Standing] = {}
        if not has_collector:
            self._fixed['mode'] = Standing(by_camera={'': 'count'})
        if not has_telegram:
            self._fixed['telegram'] = Standing(by_camera={'': False})
        loaded = shadow_file.load(self._file, thing)
        if loaded.problem:
            node.get_logger().error(loaded.problem)
        offer = self._offer(has_collector=has_collector, has_telegram=has_telegram)
        self._shadow = Shadow(offer, loaded.kept)
        self._saved, self._next_save_s = loaded.kept, 0.0
        self._problem = loaded.problem
        self._last_error = ''
        self._exchange = ShadowExchange(thing, loaded.kept.version)
        self._told: dict[str, str] = {}
        self._told_fault = ''
        self._held_since_s: float | None = None
        self._subscribe_s = _NEVER_S
        self._inbox: deque[Callable[[], None]] = deque()
        self._is_closed = False
        self._guard = node.create_guard_condition(self._work)
        self._client = SettingsClient(node, places, self._work, self._fetch)
        self._client.want(self._shadow.wanted)
        session.add_listener(self)
        session.subscribe(self._exchange.topics, self)

    @property
    def problem(self) -> str:
        """Return why settings would not outlive a restart; empty while they would."""
        return self._problem

    @property
    def values(self) -> dict[str, object]:
        """Return what /diagnostics shows."""
        standings = self._standings()
        report = self._shadow.report(standings)
        settings = {name: report[name] for name in FIELDS if name in report}
        return {
            'shadow_version': self._shadow.version,
            'shadow_settings': _text(settings),
            'shadow_pending': _text(report.get('pending', {})),
            'shadow_refused': _text(report.get('refused', {})),
            'shadow_fault': self._problem or self._last_error or self._exchange.fault,
        }

    def close(self) -> None:
        """Take nothing more from the session; call it before the session and the node end."""
        self._is_closed = True

    def connected(self) -> None:
        """Wait for the subscription; called by the session."""

    def connection_failed(self, fault: ConnectionFault) -> None:
        """Go on with the settings that hold; called by the session."""

    def disconnected(self, reason: str) -> None:  # noqa: ARG002 - the bridge tells it
        """Hear that the shadow cannot be reached; called by the session."""
        self._put(self._exchange.disconnected)

    def subscribed(self) -> None:
        """Hear that the shadow can be reached; called by the session."""
        self._put(self._on_subscribed)

    def subscription_failed(self, reason: str) -> None:
        """Hear why it cannot; called by the session."""
        self._put(partial(self._on_subscription_failed, reason))

    def received(self, topic: str, payload: bytes) -> None:
        """Take a message of the shadow service; called by the session."""
        if len(self._inbox) < _MOST_WAITING:
            self._put(partial(self._on_received, topic, payload))

    def _put(self, event: Callable[[], None]) -> None:
        """Let something happen on the executor's thread."""
        if not self._is_closed:
            self._inbox.append(event)
            self._guard.trigger()

    def _work(self) -> None:
        while self._inbox:
            self._inbox.popleft()()
        now_s = time.monotonic()
        if now_s >= self._subscribe_s:
            self._subscribe_s = _NEVER_S
            self._session.renew_subscriptions()
        self._settle(now_s)
        outgoing = self._exchange.next(now_s)
        if outgoing is not None:
            sent = self._session.publish(outgoing.topic, outgoing.payload)
            sent.add_done_callback(self._on_sent)

    def _on_sent(self, sent: Future[None]) -> None:
        error = sent.exception()
        if error is not None:
            self._put(partial(self._on_not_sent, str(error)))

    def _on_not_sent(self, reason: str) -> None:
        self._exchange.failed(reason, time.monotonic())
        self._tell_trouble(reason)

    def _on_subscribed(self) -> None:
        self._last_error = ''
        self._exchange.connected(time.monotonic())

    def _on_subscription_failed(self, reason: str) -> None:
        self._subscribe_s = time.monotonic() + _SUBSCRIBE_AGAIN_S
        self._tell_trouble(reason)

    def _on_received(self, topic: str, payload: bytes) -> None:
        try:
            look = self._exchange.received(topic, payload, time.monotonic())
        except ShadowError as error:
            self._tell_trouble(f'{topic.partition("/shadow/")[2]}: {error}; nothing is changed')
            return
        if look is not None:
            self._last_error = ''
            self._shadow.look(look)
            self._client.want(self._shadow.wanted)

    def _tell_trouble(self, reason: str) -> None:
        self._last_error = reason
        self._node.get_logger().warning(f'shadow: {reason}', throttle_duration_sec=10)

    def _settle(self, now_s: float) -> None:
        """Hear of the nodes how the settings stand, and make that known."""
        standings = self._client.standings()
        for name in self._shadow.wanted:
            standing = standings.get(name, Standing())
            if standing.refused:
                self._shadow.fail(name, standing.refused)
            elif not standing.pending:
                self._shadow.confirm(name)
        self._client.want(self._shadow.wanted)
        self._save(now_s)
        report = self._shadow.report(self._standings(), self._health.section(now_s))
        is_held = self._is_held(now_s)
        self._tell_changes(report, is_held=is_held)
        if not is_held:
            self._exchange.report(report)

    def _is_held(self, now_s: float) -> bool:
        if not self._client.is_busy:
            self._held_since_s = None
            return False
        if self._held_since_s is None:
            self._held_since_s = now_s
        return now_s - self._held_since_s < _HOLD_REPORT_S

    def _standings(self) -> dict[str, Standing]:
        return {**self._fixed, **self._client.standings()}

    def _save(self, now_s: float) -> None:
        kept = self._shadow.kept
        if kept == self._saved or now_s < self._next_save_s:
            return
        try:
            shadow_file.save(self._file, self._thing, kept)
        except shadow_file.ShadowFileError as error:
            self._next_save_s = now_s + _SAVE_AGAIN_S
            if str(error) != self._problem:
                self._node.get_logger().error(str(error))
            self._problem = str(error)
        else:
            self._saved, self._problem = kept, ''

    def _tell_changes(self, report: Report, *, is_held: bool) -> None:
        """Log what has become of each setting, once; of what is pending only if that lasts."""
        if self._exchange.fault != self._told_fault:
            self._told_fault = self._exchange.fault
            if self._told_fault:
                self._node.get_logger().info(f'shadow: {self._told_fault}; it is asked again')
        pending, refused = _texts(report, 'pending'), _texts(report, 'refused')
        wanted = self._shadow.kept.settings
        self._told = {name: text for name, text in self._told.items() if name in FIELDS or name in refused}
        for name in dict.fromkeys((*FIELDS, *refused)):
            if name in refused:
                self._tell(name, f'refused: {refused[name]}', is_good=False)
            elif name in pending:
                if not is_held:
                    self._tell(
                        name, f'is not yet {_text(wanted.get(name, "as configured"))}: {pending[name]}'
                    )
            elif name in wanted:
                self._tell(name, f'is {_text(wanted[name])}')
            elif name in self._told:
                self._tell(name, 'is not set any more, and as configured')

    def _tell(self, name: str, text: str, *, is_good: bool = True) -> None:
        if self._told.get(name) == text:
            return
        self._told[name] = text
        line = f'setting from the cloud: {name} {text} (shadow version {self._shadow.version})'
        if is_good:  # rclpy refuses two severities from one line
            self._node.get_logger().info(line)
        else:
            self._node.get_logger().warning(line)

    def _offer(self, *, has_collector: bool, has_telegram: bool) -> Offer:
        return Offer(
            find_model=self._find_model,
            describe_model=self._describe_model,
            read_zones=lambda wanted: read_zones(wanted, self._layouts),
            describe_zones=self._describe_zones,
            refused_modes={} if has_collector else {'collect': _NO_COLLECTOR},
            no_telegram='' if has_telegram else _NO_TELEGRAM,
        )

    def _find_model(self, name: str, version: str) -> str:
        try:
            return str(model_store.find_model(self._models, name, version))
        except ModelFileError as error:
            path = self._store.path_for(name, version)
            if path.is_file() or self._fetch.is_possible:
                return str(path)
            raise ValueError(str(error)) from None

    def layout_of(self, camera: str) -> str:
        """Return where a camera counts, as JSON with zones, bays and gates."""
        stands = self._client.standings().get('zones', Standing()).by_camera
        return str(stands.get(camera, '')) or self._layouts.get(camera, '{}')

    def _describe_zones(self, stands: Mapping[str, Value]) -> Json:
        return describe_layouts(
            {camera: str(text) or self._layouts[camera] for camera, text in stands.items()}
        )

    def _describe_model(self, path: str) -> Json:
        if path == DEFAULT_MODEL and (best := self._store.best):
            return {'name': best.name, 'version': str(best.version)}
        model = model_store.model_of(path)
        return {'name': model.name, 'version': model.version}


def _declare_layouts(node: Node, cameras: Sequence[str]) -> list[str]:
    what = (
        'Zones, bays and gates of each camera when the cloud sets none, as JSON, in the order of the cameras'
    )
    layouts = declare(node, 'layouts', [], what) or ['{}'] * len(cameras)
    if len(layouts) != len(cameras):
        raise ValueError(f'layouts: {len(layouts)} for {len(cameras)} cameras; give one for each, or none')
    return layouts


def _declare_places(node: Node, cameras: Sequence[str]) -> list[Place]:
    """Return which parameters the settings belong to."""
    what = 'of each camera when the cloud sets none, in the order of the cameras'
    confidences = declare(node, 'confidences', [], f'Least confidence {what}') or ['0.5'] * len(cameras)
    models = declare(node, 'models', [], f'Model {what}') or ['default'] * len(cameras)
    telegram = declare(node, 'telegram', False, 'Whether a telegram_notifier runs on this device')
    annotated = declare(node, 'annotated', [], 'Names of the cameras whose pictures are annotated')
    collector = declare(
        node, 'collector', '', 'Mode of the sample_collector of this device; empty: none runs'
    )
    if not len(confidences) == len(models) == len(cameras):
        raise ValueError(
            f'confidences: {len(confidences)}, models: {len(models)} for {len(cameras)} cameras; '
            'give one for each, or none'
        )
    device = node.get_namespace().rstrip('/')
    bridge = node.get_fully_qualified_name()
    interval_s = node.get_parameter('interval_s').value
    places = [
        Place(setting='interval_s', camera='', node=bridge, parameter='interval_s', configured=interval_s)
    ]
    for camera, confidence, model in zip(cameras, confidences, models, strict=True):
        places += _camera_places(f'{device}/{camera}', camera, float(confidence), model)
        # The detector watches the view that they were drawn on.
        counting = ['ei_detector', 'car_counter', *(['annotator'] if camera in annotated else [])]
        places += [
            Place(
                setting='zones',
                camera=camera,
                node=f'{device}/{camera}/{name}',
                parameter='places',
                configured='',
                is_part=True,
            )
            for name in counting
        ]
    if telegram:
        notifier = f'{device}/telegram_notifier'
        places.append(
            Place(setting='telegram', camera='', node=notifier, parameter='enabled', configured=True)
        )
    if collector:
        node_name = f'{device}/sample_collector'
        places.append(
            Place(setting='mode', camera='', node=node_name, parameter='mode', configured=collector)
        )
    return places


def _camera_places(namespace: str, camera: str, confidence: float, model: str) -> list[Place]:
    detector, counter = f'{namespace}/ei_detector', f'{namespace}/car_counter'
    sure = 'min_confidence'
    return [
        Place(setting=sure, camera=camera, node=detector, parameter='confidence', configured=confidence),
        Place(setting=sure, camera=camera, node=counter, parameter='min_confidence', configured=0.0),
        Place(
            setting='model',
            camera=camera,
            node=detector,
            parameter='model',
            configured=model,
            set_model=True,
        ),
    ]


def _texts(report: Report, name: str) -> Mapping[str, Json]:
    texts = report.get(name)
    return texts if isinstance(texts, dict) else {}


def _text(content: object) -> str:
    return plain(json.dumps(content, ensure_ascii=False), _LONGEST_TEXT)
