"""Fetch a camera's newest picture with its boxes; the annotator draws only while somebody waits for one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage

from parking_monitor.nodes import qos

WITHIN_S = 3.0
_LOOK_S = 0.1

PictureHandler = Callable[[bytes | None], None]


@dataclass(slots=True)
class _Wait:
    subscription: Subscription
    until_s: float
    handlers: list[PictureHandler] = field(default_factory=list)


class AnnotatedPictures:
    """Get pictures for those who ask; all happens on the thread of the node's executor.

    Args:
        node: subscribes to `<camera>/annotated/compressed` while a picture is waited for.
        within_s: how long to wait for one before there is none, seconds.
    """

    def __init__(self, node: Node, within_s: float = WITHIN_S) -> None:
        self._node = node
        self._within_s = within_s
        self._waits: dict[str, _Wait] = {}
        node.create_timer(_LOOK_S, self._give_up)

    def ask(self, camera: str, handler: PictureHandler) -> None:
        """Call the handler once: with the camera's next picture as JPEG, or None when none comes in time."""
        if camera not in self._waits:
            subscription = self._node.create_subscription(
                CompressedImage,
                f'{camera}/annotated/compressed',
                partial(self._on_picture, camera),
                qos.COMPRESSED_IMAGE,
            )
            self._waits[camera] = _Wait(subscription, time.monotonic() + self._within_s)
        self._waits[camera].handlers.append(handler)

    def _on_picture(self, camera: str, message: CompressedImage) -> None:
        self._end(camera, bytes(message.data))

    def _give_up(self) -> None:
        now_s = time.monotonic()
        for camera in [name for name, wait in self._waits.items() if now_s > wait.until_s]:
            self._end(camera, None)

    def _end(self, camera: str, picture: bytes | None) -> None:
        # A picture that came while the subscription was being destroyed finds nobody who waits.
        if (wait := self._waits.pop(camera, None)) is None:
            return
        self._node.destroy_subscription(wait.subscription)
        for handler in wait.handlers:
            handler(picture)
