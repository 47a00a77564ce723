"""The annotator draws while somebody watches, and rests otherwise."""

import numpy as np
from parking_msgs.msg import Detections as DetectionsMessage
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images, qos
from tests.support.builders import car, seen
from tests.support.ros_graph import RosGraph, is_about, values_of

STAMP_NS = 5_000_000_000


def a_grey_picture() -> CompressedImage:
    picture = jpeg.encode(np.full((480, 640, 3), 90, np.uint8))
    return convert_images.to_compressed_image(picture, convert.to_header(STAMP_NS, 'lane'))


def one_car() -> DetectionsMessage:
    return convert.to_detections_message(
        seen(car(200, 200, 100, 60), stamp_ns=STAMP_NS), convert.to_header(STAMP_NS, 'lane')
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
