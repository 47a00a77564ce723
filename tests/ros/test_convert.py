"""What goes into a message comes out of it, as far as float32 carries it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images
from parking_monitor.values import Box, Count, CountState, Detection, Detections, ModelType, ZoneCount

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
totals = st.integers(0, 2**31 - 1)
counts = st.builds(
    Count,
    stamp_ns=stamps,
    state=st.sampled_from(CountState),
    cars=unsigned,
    zones=st.lists(st.builds(ZoneCount, names, unsigned, unsigned), max_size=4).map(tuple),
    entered=totals,
    left=totals,
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
    assert received.net == value.entered - value.left


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
