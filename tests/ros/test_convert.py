"""What goes into a message comes out of it, as far as float32 carries it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parking_msgs.msg import BayOccupancy, CarCount
from parking_msgs.msg import Crossing as CrossingMessage
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.msg import LotOccupancy as LotOccupancyMessage
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.counting.lot_view import merge
from parking_monitor.nodes import convert, convert_images
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
    ZoneCount,
)

stamps = st.integers(0, 2**31 * 10**9 - 1)
names = st.text(st.characters(exclude_categories=['Cs', 'Cc']), max_size=20)
float32 = st.floats(-1e6, 1e6, width=32)
# Whole numbers too: rclpy aborts the process when it is handed an int for a float field.
pixels = float32 | st.integers(-4000, 4000)
scores = st.floats(0, 1, width=32) | st.sampled_from([0, 1])
boxes = st.builds(Box, pixels, pixels, pixels, pixels)
detections = st.builds(
    Detections,
    stamp_ns=stamps,
    image_width=st.integers(0, 8000),
    image_height=st.integers(0, 8000),
    items=st.lists(st.builds(Detection, names, scores, boxes), max_size=5).map(tuple),
    model_type=st.sampled_from(ModelType),
    model_name=names,
    model_version=names,
    cell_size=st.tuples(pixels, pixels),
    inference_ms=pixels,
    label_scores=st.dictionaries(names, scores, max_size=4),
)
unsigned = st.integers(0, 2**32 - 1)
places = st.builds(Occupancy, *[st.integers(0, 10**9)] * 3)
totals = st.integers(0, 10**8)
counts = st.builds(
    Count,
    stamp_ns=stamps,
    state=st.sampled_from(CountState),
    cars=unsigned,
    zones=st.lists(st.builds(ZoneCount, names, unsigned, places), max_size=4).map(tuple),
    bays=st.lists(
        st.builds(
            BayCount,
            name=names,
            zone=names,
            state=st.sampled_from(BayState),
            last=st.sampled_from(BayState),
            confidence=scores,
            since_ns=stamps,
        ),
        max_size=4,
    ).map(tuple),
    gates=st.lists(st.builds(GateCount, names, unsigned, unsigned), max_size=4).map(tuple),
    places=places,
    entered=totals,
    left=totals,
    entered_today=totals,
    left_today=totals,
    inside_at_start=st.integers(-(10**8), 10**8),
    set_by_hand=st.booleans(),
)


@given(stamps)
def test_a_stamp_keeps_its_nanoseconds(stamp_ns: int) -> None:
    assert convert.to_stamp_ns(convert.to_time(stamp_ns)) == stamp_ns


@given(detections)
def test_detections_survive_the_wire(value: Detections) -> None:
    message = convert.to_detections_message(value, convert.to_header(value.stamp_ns, 'lane'))
    received = deserialize_message(serialize_message(message), DetectionsMessage)
    assert convert.to_detections(received) == value


@given(counts)
def test_counts_survive_the_wire(value: Count) -> None:
    message = convert.to_count_message(value, convert.to_header(value.stamp_ns, 'lane'), 'lane')
    received = deserialize_message(serialize_message(message), CarCount)
    assert convert.to_count(received) == value
    assert received.net == value.net
    assert received.capacity == received.occupied + received.free + received.unknown


@given(stamps, names, st.sampled_from(Direction), st.integers(0, 2**64 - 1))
def test_a_crossing_says_when_where_which_way_and_who(
    stamp_ns: int, gate: str, direction: Direction, track_id: int
) -> None:
    crossing = Crossing(stamp_ns=stamp_ns, gate=gate, direction=direction, track_id=track_id)
    message = convert.to_crossing_message(crossing, 'lane')
    received = deserialize_message(serialize_message(message), CrossingMessage)
    assert convert.to_stamp_ns(received.header.stamp) == stamp_ns
    assert (received.gate, received.direction, received.track_id) == (gate, direction, track_id)
    assert convert.to_crossing(received) == crossing
    assert (received.header.frame_id, CrossingMessage.IN, CrossingMessage.OUT) == ('lane', 1, 2)


def test_a_crossing_that_goes_neither_in_nor_out_is_none() -> None:
    with pytest.raises(ValueError, match='not a valid Direction'):
        convert.to_crossing(CrossingMessage(direction=7))


@given(st.dictionaries(names, counts, max_size=3))
def test_a_lot_survives_the_wire(views: dict[str, Count]) -> None:
    lot = merge({camera: replace(count, zones=count.zones[:1]) for camera, count in views.items()})
    message = convert.to_lot_message(lot)
    received = deserialize_message(serialize_message(message), LotOccupancyMessage)
    assert received.capacity == received.occupied + received.free + received.unknown == lot.places.capacity
    assert [(one.camera, one.bay.name, one.bay.state) for one in received.bays] == [
        (one.camera, one.bay.name, one.bay.state) for one in lot.bays
    ]
    assert [(zone.name, zone.free) for zone in received.zones] == [
        (zone.name, zone.places.free) for zone in lot.zones
    ]


def test_the_states_of_a_message_are_those_of_a_count() -> None:
    assert {state.name: getattr(CarCount, state.name) for state in CountState} == dict(
        CountState.__members__.items()
    )
    assert {state.name: getattr(BayOccupancy, state.name) for state in BayState} == dict(
        BayState.__members__.items()
    )


def test_a_picture_survives_the_wire_byte_for_byte() -> None:
    picture = jpeg.encode(np.full((48, 64, 3), 90, np.uint8))
    message = convert_images.to_compressed_image(picture, convert.to_header(7, 'lane'))
    frame = convert_images.to_frame(deserialize_message(serialize_message(message), CompressedImage))
    assert (frame.jpeg, frame.width, frame.height, frame.stamp_ns) == (picture, 64, 48, 7)


def test_a_raw_image_keeps_its_pixels_and_their_order() -> None:
    image = np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3)
    message = convert_images.to_image(image, convert.to_header(7, 'lane'))
    assert (message.encoding, message.step, message.header.frame_id) == ('bgr8', 64 * 3, 'lane')
    assert bytes(message.data) == image.tobytes()
