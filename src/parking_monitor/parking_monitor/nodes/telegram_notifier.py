"""Send the picture with its boxes and the count to a Telegram chat when the count changes."""

import os
import queue
import threading
import time
from dataclasses import dataclass
from functools import partial

from parking_msgs.msg import CarCount
from pydantic import SecretStr
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage

from parking_monitor.cloud.errors import TelegramError
from parking_monitor.cloud.telegram import TelegramClient
from parking_monitor.count_text import details, headline
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.running import run
from parking_monitor.values import Count, CountState

_TOKEN_VARIABLE = 'TG_TOKEN'  # noqa: S105 - its name, not its value
_PICTURE_WITHIN_S = 3.0
_MOST_WAITING = 16


@dataclass(slots=True)
class _Watched:
    """Hold what is known of one camera, and the picture that is waited for."""

    count: Count | None = None
    told_cars: int | None = None
    told_at_s: float = float('-inf')
    waiting_since_s: float = 0.0
    subscription: Subscription | None = None

    @property
    def cars(self) -> int | None:
        """Return the cars of the newest count; None before the first."""
        return self.count.cars if self.count else None


class TelegramNotifier(Node):
    """Tell a chat of each change, at most once in `min_interval_s` a camera.

    The picture comes from the annotator, which draws only while this node
    waits for one.
    """

    def __init__(self) -> None:
        super().__init__('telegram_notifier')
        cameras = declare(self, 'cameras', [], 'Names of the cameras to tell of')
        chat_id = declare(self, 'chat_id', '', 'Chat to send to: a number, or @channel')
        self._min_interval_s = declare(
            self, 'min_interval_s', 120.0, 'Shortest time between messages of a camera, s', limits=(1, 86_400)
        )
        base_url = declare(self, 'base_url', 'https://api.telegram.org', 'Where the Bot API is')
        token = os.environ.get(_TOKEN_VARIABLE, '')
        if not token:
            raise ValueError(f'{_TOKEN_VARIABLE} is not set; without a token there is no bot to send with')
        self._client = TelegramClient(SecretStr(token), chat_id, base_url=base_url)
        self._watched = {camera: _Watched() for camera in cameras}
        self._outgoing: queue.Queue[tuple[str, bytes | None] | None] = queue.Queue(_MOST_WAITING)
        self._sent = 0
        self._last_error = ''
        for camera in cameras:
            self.create_subscription(
                CarCount, f'{camera}/car_count', partial(self._on_count, camera), qos.CAR_COUNT
            )
        self.create_timer(0.5, self._look)
        self._health = Health(self, self._report)
        self._sender = threading.Thread(target=self._send_all, name='telegram', daemon=True)
        self._sender.start()

    def close(self) -> None:
        """Send nothing more."""
        while not self._outgoing.empty():
            self._outgoing.get_nowait()
        self._outgoing.put(None)
        self._client.close()
        self._sender.join(1.0)

    def _on_count(self, camera: str, message: CarCount) -> None:
        try:
            count = convert.to_count(message)
        except ValueError as error:
            self.get_logger().warning(f'{camera}: count left out: {error}', throttle_duration_sec=10)
            return
        if count.state is CountState.OK:
            self._watched[camera].count = count

    def _look(self) -> None:
        if not self._sender.is_alive():
            raise RuntimeError('the sending thread died; see its traceback above')
        now_s = time.monotonic()
        for camera, watched in self._watched.items():
            if watched.subscription is not None:
                if now_s - watched.waiting_since_s > _PICTURE_WITHIN_S:
                    self._tell(camera, None)  # nobody draws: the count alone is better than silence
            elif watched.cars != watched.told_cars and now_s - watched.told_at_s >= self._min_interval_s:
                watched.waiting_since_s = now_s
                watched.subscription = self.create_subscription(
                    CompressedImage,
                    f'{camera}/annotated/compressed',
                    partial(self._on_picture, camera),
                    qos.COMPRESSED_IMAGE,
                )

    def _on_picture(self, camera: str, message: CompressedImage) -> None:
        if self._watched[camera].subscription is not None:
            self._tell(camera, bytes(message.data))

    def _tell(self, camera: str, picture: bytes | None) -> None:
        watched = self._watched[camera]
        self.destroy_subscription(watched.subscription)
        watched.subscription = None
        watched.told_cars = watched.cars
        watched.told_at_s = time.monotonic()
        caption = '; '.join(filter(None, (headline(watched.count, camera), details(watched.count))))
        try:
            self._outgoing.put_nowait((caption, picture))
        except queue.Full:
            self._last_error = f'{_MOST_WAITING} messages wait already; the newest was dropped'

    def _send_all(self) -> None:
        while (item := self._outgoing.get()) is not None:
            caption, picture = item
            try:
                if picture is None:
                    self._client.send_message(caption)
                else:
                    self._client.send_photo(picture, caption)
            except (TelegramError, ValueError) as error:
                self._last_error = str(error)
                self.get_logger().warning(f'not sent: {error}')
            else:
                self._last_error = ''
                self._sent += 1

    def _report(self) -> Report:
        values = {'sent': self._sent, 'waiting': self._outgoing.qsize(), 'last_error': self._last_error}
        if self._last_error:
            return Report(Level.WARN, f'the last message was not sent: {self._last_error}', values)
        return Report(Level.OK, 'ready', values)


def main() -> None:
    """Run the node."""
    run(TelegramNotifier)
