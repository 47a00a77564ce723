"""Offer detections as vision_msgs too, where installed, for nodes that people already have."""

from collections.abc import Callable

from parking_msgs.msg import Detections as DetectionsMessage
from rclpy.node import Node

from parking_monitor.nodes.qos import DETECTIONS

try:
    from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose
except ImportError:
    # vision_msgs comes with ROS, not with the wheels.
    Detection2DArray = None

VisionOutput = Callable[[DetectionsMessage], None]


def make_vision_output(node: Node) -> VisionOutput | None:
    """Return what publishes detections on `detections_2d`, or None without vision_msgs."""
    if Detection2DArray is None:
        return None
    publisher = node.create_publisher(Detection2DArray, 'detections_2d', DETECTIONS)

    def publish(message: DetectionsMessage) -> None:
        if publisher.get_subscription_count():
            publisher.publish(_to_array(message))

    return publish


def _to_array(message: DetectionsMessage) -> 'Detection2DArray':
    array = Detection2DArray(header=message.header)
    for item in message.detections:
        detection = Detection2D(header=message.header)
        detection.bbox.center.position.x = item.x + item.width / 2
        detection.bbox.center.position.y = item.y + item.height / 2
        detection.bbox.size_x = item.width
        detection.bbox.size_y = item.height
        result = ObjectHypothesisWithPose()
        result.hypothesis.class_id = item.label
        result.hypothesis.score = item.confidence
        detection.results.append(result)
        array.detections.append(detection)
    return array
