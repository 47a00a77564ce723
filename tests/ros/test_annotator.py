"""The annotator draws while somebody watches, and rests otherwise."""

import json

import numpy as np
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import BayCount, BayState, Count, CountState
from tests.support.builders import car, seen
from tests.support.ros_graph import RosGraph, is_about, values_of

STAMP_NS = 5_000_000_000


def a_grey_picture(stamp_ns: int = STAMP_NS) -> CompressedImage:
    picture = jpeg.encode(np.full((480, 640, 3), 90, np.uint8))
    return convert_images.to_compressed_image(picture, convert.to_header(stamp_ns, 'lane'))


def one_car(stamp_ns: int = STAMP_NS) -> DetectionsMessage:
    return convert.to_detections_message(
        seen(car(200, 200, 100, 60), stamp_ns=stamp_ns), convert.to_header(stamp_ns, 'lane')
    )


def test_the_box_and_the_stamp_are_on_the_picture_that_is_watched() -> None:
    with RosGraph() as ros:
        ros.start('annotator', {'camera': 'lane'})
        watched = ros.listen(CompressedImage, 'annotated/compressed', qos.COMPRESSED_IMAGE)
        pictures = ros.publisher(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        pictures.publish(a_grey_picture())
        detections.publish(one_car())
        drawn = watched.wait_for()
    assert convert.to_stamp_ns(drawn.header.stamp) == STAMP_NS
    image = jpeg.decode(bytes(drawn.data))
    edge, middle = image[200, 200:300].mean(axis=0), image[230, 250]
    assert edge[1] > edge[0] + 60  # the box is green
    assert abs(int(middle[1]) - 90) < 10  # its inside is as it was


def test_bays_and_gates_are_drawn_with_what_is_known_of_them() -> None:
    bay = json.dumps({'name': 'A1', 'polygon': [[0.6, 0.6], [0.9, 0.6], [0.9, 0.9], [0.6, 0.9]]})
    gate = json.dumps({'name': 'in', 'line': [[0.1, 0.5], [0.3, 0.5]], 'inside': [0.2, 0.9]})
    count = Count(
        stamp_ns=1,
        state=CountState.OK,
        cars=1,
        bays=(BayCount(name='A1', state=BayState.OCCUPIED, last=BayState.OCCUPIED),),
    )
    with RosGraph() as ros:
        ros.start('annotator', {'bays': [bay], 'gates': [gate]})
        watched = ros.listen(CompressedImage, 'annotated/compressed', qos.COMPRESSED_IMAGE)
        counts = ros.publisher(CarCount, 'car_count', qos.CAR_COUNT)
        pictures = ros.publisher(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        detections = ros.publisher(DetectionsMessage, 'detections', qos.DETECTIONS)
        counts.publish(convert.to_count_message(count, convert.to_header(1, 'lane'), 'lane'))
        is_filled = False
        for number in range(40):
            stamp_ns = STAMP_NS + number
            pictures.publish(a_grey_picture(stamp_ns))
            detections.publish(one_car(stamp_ns))
            image = jpeg.decode(bytes(watched.wait_for().data))
            blue, _, red = (int(value) for value in image[300, 400])
            is_filled = red > blue + 40
            if is_filled:
                break
    assert is_filled
    line = image[239:242, 80:180].reshape(-1, 3).mean(axis=0)
    assert line[1] > line[0] + 60  # yellow


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
