"""Turn the subjects' values into ROS messages and back; pictures are in convert_images.py.

Numbers are made floats on the way, since rclpy aborts the process when it is
asked to publish an int in a float field.
"""

from builtin_interfaces.msg import Time
from parking_msgs.msg import BayOccupancy, CarCount, GateTotals, LabelScore, LotBay, ZoneOccupancy
from parking_msgs.msg import Crossing as CrossingMessage
from parking_msgs.msg import Detection as DetectionMessage
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.msg import LotOccupancy as LotOccupancyMessage
from std_msgs.msg import Header

from parking_monitor.counting.lot_view import LotOccupancy
from parking_monitor.values import (
    BayCount,
    BayState,
    Box,
    Count,
    CountState,
    Crossing,
    Detection,
    Detections,
    Direction,
    GateCount,
    ModelType,
    Occupancy,
    View,
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
        view=detections.view.value,
    )


def to_detections(message: DetectionsMessage) -> Detections:
    """Return a message's detections.

    Raises:
        ValueError: when the model type or the view is not one that the message knows.
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
        view=View(message.view),
    )


def to_count_message(count: Count, header: Header, camera: str) -> CarCount:
    """Return a count as a message; its crossings are messages of their own."""
    return CarCount(
        header=header,
        camera=camera,
        state=count.state.value,
        cars=count.cars,
        zones=[to_zone_message(zone) for zone in count.zones],
        bays=[to_bay_message(bay) for bay in count.bays],
        gates=[GateTotals(name=gate.name, entered=gate.entered, left=gate.left) for gate in count.gates],
        capacity=count.places.capacity,
        occupied=count.places.occupied,
        free=count.places.free,
        unknown=count.places.unknown,
        entered=count.entered,
        left=count.left,
        entered_today=count.entered_today,
        left_today=count.left_today,
        net=count.net,
        set_by_hand=count.set_by_hand,
    )


def to_count(message: CarCount) -> Count:
    """Return a message's count.

    Raises:
        ValueError: when a state is not one that the message knows.
    """
    return Count(
        stamp_ns=to_stamp_ns(message.header.stamp),
        state=CountState(message.state),
        cars=message.cars,
        zones=tuple(ZoneCount(zone.name, zone.cars, _to_places(zone)) for zone in message.zones),
        bays=tuple(_to_bay(bay) for bay in message.bays),
        gates=tuple(GateCount(gate.name, gate.entered, gate.left) for gate in message.gates),
        places=_to_places(message),
        entered=message.entered,
        left=message.left,
        entered_today=message.entered_today,
        left_today=message.left_today,
        inside_at_start=message.net - message.entered + message.left,
        set_by_hand=message.set_by_hand,
    )


def to_crossing_message(crossing: Crossing, frame_id: str) -> CrossingMessage:
    """Return a crossing as a message; `frame_id` names the image's frame."""
    return CrossingMessage(
        header=to_header(crossing.stamp_ns, frame_id),
        gate=crossing.gate,
        direction=crossing.direction.value,
        track_id=crossing.track_id,
    )


def to_crossing(message: CrossingMessage) -> Crossing:
    """Return a message's crossing.

    Raises:
        ValueError: when the direction is not one that the message knows.
    """
    return Crossing(
        stamp_ns=to_stamp_ns(message.header.stamp),
        gate=message.gate,
        direction=Direction(message.direction),
        track_id=message.track_id,
    )


def to_lot_message(lot: LotOccupancy) -> LotOccupancyMessage:
    """Return how full a whole lot is as a message; it has no image of its own, so no frame either."""
    return LotOccupancyMessage(
        header=to_header(lot.stamp_ns, ''),
        capacity=lot.places.capacity,
        occupied=lot.places.occupied,
        free=lot.places.free,
        unknown=lot.places.unknown,
        zones=[to_zone_message(zone) for zone in lot.zones],
        bays=[LotBay(camera=one.camera, bay=to_bay_message(one.bay)) for one in lot.bays],
    )


def to_zone_message(zone: ZoneCount) -> ZoneOccupancy:
    """Return a zone's cars and places as a message."""
    return ZoneOccupancy(
        name=zone.name,
        cars=zone.cars,
        capacity=zone.places.capacity,
        occupied=zone.places.occupied,
        free=zone.places.free,
        unknown=zone.places.unknown,
    )


def to_bay_message(bay: BayCount) -> BayOccupancy:
    """Return what is claimed of a bay as a message."""
    return BayOccupancy(
        name=bay.name,
        zone=bay.zone,
        state=bay.state.value,
        last=bay.last.value,
        confidence=float(bay.confidence),
        since=to_time(bay.since_ns),
    )


def _to_bay(message: BayOccupancy) -> BayCount:
    return BayCount(
        name=message.name,
        zone=message.zone,
        state=BayState(message.state),
        last=BayState(message.last),
        confidence=message.confidence,
        since_ns=to_stamp_ns(message.since),
    )


def _to_places(message: ZoneOccupancy | CarCount) -> Occupancy:
    return Occupancy(message.occupied, message.free, message.unknown)


def _to_detection_message(item: Detection) -> DetectionMessage:
    return DetectionMessage(
        label=item.label,
        confidence=float(item.confidence),
        x=float(item.box.x),
        y=float(item.box.y),
        width=float(item.box.width),
        height=float(item.box.height),
    )
