"""Draw what is known of a camera onto its pictures, only while somebody watches."""

from collections import OrderedDict
from typing import Any

from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from rclpy.event_handler import PublisherEventCallbacks, QoSPublisherMatchedInfo
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage

from parking_monitor import drawing, jpeg
from parking_monitor.nodes import convert, convert_images, places, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.values import Count

# Pictures that wait for their detections; a slow model makes the older ones useless.
_MOST_WAITING = 10


class Annotator(Node):
    """Subscribe to pictures, detections and counts while `annotated/compressed` has a subscriber."""

    def __init__(self) -> None:
        super().__init__('annotator')
        self._camera = declare(self, 'camera', 'camera', 'Name of the camera, drawn on the picture')
        self._places_told = places.declared(self)
        self._places = _to_draw(self._places_told.now)
        on_change(self, {'places': self._set_places})
        self._quality = declare(self, 'jpeg_quality', 80, 'Quality of the JPEG, 1 to 100', limits=(1, 100))
        self._pictures: OrderedDict[int, CompressedImage] = OrderedDict()
        self._count: Count | None = None
        self._drawn = 0
        self._subscriptions_while_watched: list[Subscription] = []
        self._publisher = self.create_publisher(
            CompressedImage,
            'annotated/compressed',
            qos.COMPRESSED_IMAGE,
            event_callbacks=PublisherEventCallbacks(matched=self._on_matched),
        )
        Health(self, self._report)

    def close(self) -> None:
        """Put nothing away: this node holds no threads, processes or connections."""

    def _set_places(self, text: str) -> None:
        self._places = _to_draw(self._places_told.set(text))

    def _on_matched(self, info: QoSPublisherMatchedInfo) -> None:
        is_watched = info.current_count > 0
        if is_watched and not self._subscriptions_while_watched:
            self._subscriptions_while_watched = [
                self.create_subscription(message_type, topic, callback, profile)
                for message_type, topic, callback, profile in self._inputs()
            ]
        elif not is_watched:
            for subscription in self._subscriptions_while_watched:
                self.destroy_subscription(subscription)
            self._subscriptions_while_watched = []
            self._pictures.clear()

    def _inputs(self) -> list[tuple[Any, str, Any, Any]]:
        return [
            (CompressedImage, 'image_raw/compressed', self._on_picture, qos.COMPRESSED_IMAGE),
            (DetectionsMessage, 'detections', self._on_detections, qos.DETECTIONS),
            (CarCount, 'car_count', self._on_count, qos.CAR_COUNT),
        ]

    def _on_picture(self, message: CompressedImage) -> None:
        self._pictures[convert.to_stamp_ns(message.header.stamp)] = message
        while len(self._pictures) > _MOST_WAITING:
            self._pictures.popitem(last=False)

    def _on_count(self, message: CarCount) -> None:
        try:
            self._count = convert.to_count(message)
        except ValueError as error:
            self.get_logger().warning(f'count left out: {error}', throttle_duration_sec=10)

    def _on_detections(self, message: DetectionsMessage) -> None:
        stamp_ns = convert.to_stamp_ns(message.header.stamp)
        picture = self._pictures.pop(stamp_ns, None)
        if picture is None:
            return
        for older in [stamp for stamp in self._pictures if stamp < stamp_ns]:
            del self._pictures[older]
        try:
            image = jpeg.decode(bytes(picture.data))
            detections = convert.to_detections(message)
        except ValueError as error:
            self.get_logger().warning(f'picture left out: {error}', throttle_duration_sec=10)
            return
        drawn = drawing.annotate(image, detections.items, self._places, self._count, self._camera)
        self._publisher.publish(
            convert_images.to_compressed_image(jpeg.encode(drawn, self._quality), picture.header)
        )
        self._drawn += 1

    def _report(self) -> Report:
        watched = bool(self._subscriptions_while_watched)
        message = 'drawing' if watched else 'nobody watches'
        return Report(
            Level.OK, message, {'watchers': self._publisher.get_subscription_count(), 'drawn': self._drawn}
        )


def _to_draw(found: places.Places) -> drawing.Places:
    return drawing.Places(
        zones=[drawing.Outline(area.name, area.polygon) for area in found.zones],
        bays=[drawing.Outline(area.name, area.polygon) for area in found.bays],
        gates=[drawing.GateLine(*line) for line in found.gates],
    )


def main() -> None:
    """Run the node."""
    run(Annotator)
