"""Turn the subjects' values into ROS messages and back; pictures are in convert_images.py.

Numbers are made floats on the way, since rclpy aborts the process when it is
asked to publish an int in a float field.
"""

from collections.abc import Iterable

from builtin_interfaces.msg import Time
from parking_msgs.msg import CarCount, LabelScore, ZoneOccupancy
from parking_msgs.msg import Detection as DetectionMessage
from parking_msgs.msg import Detections as DetectionsMessage
from std_msgs.msg import Header

from parking_monitor.values import (
    Box,
    Count,
    CountState,
    Detection,
    Detections,
    ModelType,
    ZoneCount,
)

_NS_PER_S = 1_000_000_000


def to_time(stamp_ns: int) -> Time:
    """Return a stamp of Unix nanoseconds as a message."""
    return Time(sec=stamp_ns // _NS_PER_S, nanosec=stamp_ns % _NS_PER_S)


def to_stamp_ns(time: Time) -> int:
    """Return a message's stamp in nanoseconds since the Unix epoch."""
    return int(time.sec) * _NS_PER_S + int(time.nanosec)


def to_header(stamp_ns: int, frame_id: str) -> Header:
    """Return a header with the stamp and the name of the image's frame."""
    return Header(stamp=to_time(stamp_ns), frame_id=frame_id)


def to_detections_message(detections: Detections, header: Header) -> DetectionsMessage:
    """Return detections as a message."""
    cell_width, cell_height = detections.cell_size
    return DetectionsMessage(
        header=header,
        image_width=detections.image_width,
        image_height=detections.image_height,
        detections=[_to_detection_message(item) for item in detections.items],
        model_name=detections.model_name,
        model_version=detections.model_version,
        model_type=detections.model_type.value,
        cell_width=float(cell_width),
        cell_height=float(cell_height),
        inference_ms=float(detections.inference_ms),
        label_scores=[
            LabelScore(label=label, score=float(score)) for label, score in detections.label_scores.items()
        ],
    )


def to_detections(message: DetectionsMessage) -> Detections:
    """Return a message's detections.

    Raises:
        ValueError: when the model type is not one that the message knows.
    """
    return Detections(
        stamp_ns=to_stamp_ns(message.header.stamp),
        image_width=message.image_width,
        image_height=message.image_height,
        items=tuple(
            Detection(item.label, item.confidence, Box(item.x, item.y, item.width, item.height))
            for item in message.detections
        ),
        model_type=ModelType(message.model_type),
        model_name=message.model_name,
        model_version=message.model_version,
        cell_size=(message.cell_width, message.cell_height),
        inference_ms=message.inference_ms,
        label_scores={item.label: item.score for item in message.label_scores},
    )


def to_count_message(count: Count, header: Header, camera: str) -> CarCount:
    """Return a count as a message."""
    return CarCount(
        header=header,
        camera=camera,
        state=count.state.value,
        cars=count.cars,
        zones=list(_to_zone_messages(count.zones)),
        entered=count.entered,
        left=count.left,
        net=count.net,
    )


def to_count(message: CarCount) -> Count:
    """Return a message's count."""
    return Count(
        stamp_ns=to_stamp_ns(message.header.stamp),
        state=CountState(message.state),
        cars=message.cars,
        zones=tuple(ZoneCount(zone.name, zone.cars, zone.capacity) for zone in message.zones),
        entered=message.entered,
        left=message.left,
    )


def _to_detection_message(item: Detection) -> DetectionMessage:
    return DetectionMessage(
        label=item.label,
        confidence=float(item.confidence),
        x=float(item.box.x),
        y=float(item.box.y),
        width=float(item.box.width),
        height=float(item.box.height),
    )


def _to_zone_messages(zones: Iterable[ZoneCount]) -> Iterable[ZoneOccupancy]:
    return (ZoneOccupancy(name=zone.name, cars=zone.cars, capacity=zone.capacity) for zone in zones)
