"""Take a picture of a camera to the cloud when it is asked for, where the operator allows that."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage

from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.snapshots import (
    NOT_ALLOWED,
    SnapshotError,
    SnapshotQueue,
    answer,
    fitted,
    room_bytes,
)
from parking_monitor.cloud.topics import snapshot_request_topic, snapshot_topic
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.parameters import declare

_STEP_S = 0.25
_PICTURE_WITHIN_S = 10.0
_MOST_WAITING = 16


@dataclass(slots=True)
class _Open:
    camera: str
    until_s: float
    subscription: Subscription
    picture: CompressedImage | None = None


class Snapshots:
    """Answer requests for pictures; all but the session's calls happens on the executor's thread.

    Args:
        node: the bridge.
        session: the connection; not started yet.
        thing: whose topics they are.
        uuid: the device, in messages.
        layouts: by the name of each camera, what returns where it counts, as JSON.
    """

    def __init__(
        self,
        node: Node,
        session: MqttSession,
        *,
        thing: str,
        uuid: str,
        layouts: Mapping[str, Callable[[], str]],
    ) -> None:
        self._node = node
        self._session = session
        self._thing = thing
        self._uuid = uuid
        self._layouts = layouts
        self._is_allowed = declare(
            node, 'snapshots', False, 'Whether pictures leave the device when asked for'
        )
        self._queue = SnapshotQueue(tuple(layouts))
        self._inbox: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._open: _Open | None = None
        self._is_closed = False
        self._guard = node.create_guard_condition(self._take)
        # Runs only while there is somebody to answer.
        self._steps = node.create_timer(_STEP_S, self._step)
        self._steps.cancel()
        session.subscribe((snapshot_request_topic(thing),), self)

    def close(self) -> None:
        """Take nothing more from the session; call it before the session and the node end."""
        self._is_closed = True

    def subscribed(self) -> None:
        """Hear that requests come; called by the session."""

    def subscription_failed(self, reason: str) -> None:
        """Hear why they do not; called by the session."""
        self._node.get_logger().info(f'snapshots cannot be asked for: {reason}')

    def received(self, topic: str, payload: bytes) -> None:  # noqa: ARG002 - there is one topic
        """Take a request; called by the session."""
        if not self._is_closed:
            self._inbox.append(payload)
            self._guard.trigger()

    def _take(self) -> None:
        while self._inbox:
            try:
                self._queue.take(self._inbox.popleft())
            except SnapshotError as error:
                self._node.get_logger().warning(
                    f'a request for a snapshot: {error}', throttle_duration_sec=10
                )
        self._steps.reset()

    def _step(self) -> None:
        now_s = time.monotonic()
        if self._open is not None:
            self._finish(self._open, now_s)
        if self._open is None and (camera := self._queue.next(now_s)) is not None:
            self._begin(camera, now_s)
        if self._open is None and not self._queue:
            self._steps.cancel()

    def _begin(self, camera: str, now_s: float) -> None:
        if not self._is_allowed:
            self._send(camera, None, NOT_ALLOWED)
            return
        topic = f'{camera}/image_raw/compressed'
        subscription = self._node.create_subscription(
            CompressedImage, topic, self._on_picture, qos.COMPRESSED_IMAGE
        )
        self._open = _Open(camera, now_s + _PICTURE_WITHIN_S, subscription)

    def _on_picture(self, message: CompressedImage) -> None:
        if self._open is not None:
            self._open.picture = message

    def _finish(self, waiting: _Open, now_s: float) -> None:
        if waiting.picture is None and now_s < waiting.until_s:
            return
        self._node.destroy_subscription(waiting.subscription)
        self._open = None
        reason = (
            f'the camera gave no picture within {_PICTURE_WITHIN_S:g} s; usb_cam on /diagnostics says why'
        )
        self._send(waiting.camera, waiting.picture, '' if waiting.picture else reason)

    def _send(self, camera: str, picture: CompressedImage | None, reason: str) -> None:
        layout = json.loads(self._layouts[camera]())
        jpeg, stamp_ns = None, 0
        if picture is not None:
            try:
                jpeg = fitted(bytes(picture.data), room_bytes(layout))
                stamp_ns = convert.to_stamp_ns(picture.header.stamp)
            except SnapshotError as error:
                reason = str(error)
        payload = answer(self._uuid, camera, layout, jpeg=jpeg, stamp_ns=stamp_ns, reason=reason)
        sent = self._session.publish(snapshot_topic(self._thing, camera), payload)
        sent.add_done_callback(lambda done: self._tell(camera, done))

    def _tell(self, camera: str, sent: Future[None]) -> None:
        if (error := sent.exception()) is not None and not self._is_closed:
            self._node.get_logger().warning(f'the snapshot of {camera} was not sent: {error}')
