"""The annotator draws while somebody watches, and rests otherwise."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import BayCount, BayState, Count, CountState
from tests.support.builders import car, seen
from tests.support.repeating import repeated
from tests.support.ros_graph import RosGraph, is_about, values_of

STAMP_NS = 5_000_000_000
STEP_NS = 100_000_000


def a_grey_picture(stamp_ns: int = STAMP_NS) -> CompressedImage:
    picture = jpeg.encode(np.full((480, 640, 3), 90, np.uint8))
    return convert_images.to_compressed_image(picture, convert.to_header(stamp_ns, 'lane'))


def one_car(stamp_ns: int = STAMP_NS) -> DetectionsMessage:
    return convert.to_detections_message(
        seen(car(200, 200, 100, 60), stamp_ns=stamp_ns), convert.to_header(stamp_ns, 'lane')
    )


@contextmanager
def shown(ros: RosGraph) -> Iterator[None]:
    """Show the picture and what is detected in it, ten times a second with a later stamp each."""
    pictures = ros.publisher(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
    detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
    stamps_ns = count(STAMP_NS, STEP_NS)

    def show() -> None:
        stamp_ns = next(stamps_ns)
        pictures.publish(a_grey_picture(stamp_ns))
        detections.publish(one_car(stamp_ns))

    with repeated(show):
        yield


def test_the_box_and_the_stamp_are_on_the_picture_that_is_watched() -> None:
    with RosGraph() as ros:
        ros.start('annotator', {'camera': 'lane'})
        watched = ros.listen(CompressedImage, 'annotated/compressed', qos.COMPRESSED_IMAGE)
        with shown(ros):
            drawn = watched.wait_for()
    stamp_ns = convert.to_stamp_ns(drawn.header.stamp)
    assert (stamp_ns >= STAMP_NS, stamp_ns % STEP_NS) == (True, 0)
    image = jpeg.decode(bytes(drawn.data))
    edge, middle = image[200, 200:300].mean(axis=0), image[230, 250]
    assert edge[1] > edge[0] + 60  # the box is green
    assert abs(int(middle[1]) - 90) < 10  # its inside is as it was


def test_bays_and_gates_are_drawn_with_what_is_known_of_them() -> None:
    bay = json.dumps({'name': 'A1', 'polygon': [[0.6, 0.6], [0.9, 0.6], [0.9, 0.9], [0.6, 0.9]]})
    gate = json.dumps({'name': 'in', 'line': [[0.1, 0.5], [0.3, 0.5]], 'inside': [0.2, 0.9]})
    counted = Count(
        stamp_ns=1,
        state=CountState.OK,
        cars=1,
        bays=(BayCount(name='A1', state=BayState.OCCUPIED, last=BayState.OCCUPIED),),
    )
    with RosGraph() as ros:
        ros.start('annotator', {'bays': [bay], 'gates': [gate]})
        watched = ros.listen(CompressedImage, 'annotated/compressed', qos.COMPRESSED_IMAGE)
        counts = ros.publisher(CarCount, 'car_count', qos.CAR_COUNT)
        counts.publish(convert.to_count_message(counted, convert.to_header(1, 'lane'), 'lane'))
        with shown(ros):
            drawn = watched.wait_for(bay_is_filled)
    image = jpeg.decode(bytes(drawn.data))
    line = image[239:242, 80:180].reshape(-1, 3).mean(axis=0)
    assert line[1] > line[0] + 60  # yellow


def bay_is_filled(drawn: CompressedImage) -> bool:
    blue, _, red = (int(value) for value in jpeg.decode(bytes(drawn.data))[300, 400])
    return red > blue + 40


def test_nobody_watching_costs_no_subscription() -> None:
    with RosGraph() as ros:
        ros.start('annotator')
        diagnostics = ros.diagnostics()
        assert (
            values_of(diagnostics.wait_for(is_about('annotator', text='nobody watches')))['watchers'] == '0'
        )
        assert ros.node.count_subscribers('/device/camera/image_raw/compressed') == 0
        subscription = ros.node.create_subscription(
            CompressedImage,
            '/device/camera/annotated/compressed',
            lambda _message: None,
            qos.COMPRESSED_IMAGE,
        )
        diagnostics.wait_for(is_about('annotator', text='drawing'))
        ros.node.destroy_subscription(subscription)
        diagnostics.wait_for(is_about('annotator', text='nobody watches'))
