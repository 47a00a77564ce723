"""The camera's node: frames while there are any, an error and patience while there are none."""

import itertools
from pathlib import Path
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from parking_monitor import jpeg
from parking_monitor.nodes import convert, qos
from tests.support.patience import PATIENCE_S
from tests.support.pictures import squares_jpeg, write_clip
from tests.support.ros_graph import Inbox, RosGraph, is_about, values_of

CALIBRATION = """\
image_width: 640
image_height: 480
camera_name: lane
camera_matrix: {rows: 3, cols: 3, data: [500, 0, 320, 0, 500, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}
"""


def a_folder_of_stills(folder: Path, pictures: int = 3) -> Path:
    folder.mkdir()
    for number in range(pictures):
        (folder / f'{number}.jpg').write_bytes(squares_jpeg(number))
    return folder


def test_pictures_are_passed_through_as_the_camera_made_them(tmp_path: Path) -> None:
    folder = a_folder_of_stills(tmp_path / 'stills', pictures=1)
    with RosGraph() as ros:
        pictures = ros.listen(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        ros.start('usb_cam', {'source': str(folder), 'rate_hz': 10.0, 'frame_id': 'lane'})
        message = pictures.wait_for()
    assert bytes(message.data) == (folder / '0.jpg').read_bytes()
    assert (message.format, message.header.frame_id) == ('jpeg', 'lane')


def stamp_of(message: Any) -> int:
    return convert.to_stamp_ns(message.header.stamp)


def of_one_stamp(one: Inbox, other: Inbox) -> tuple[Any, Any]:
    """Return the first two messages of one stamp; what came before both topics were heard has no other."""
    ones: dict[int, Any] = {}
    others: dict[int, Any] = {}
    while not (common := ones.keys() & others.keys()):
        for inbox, kept in ((one, ones), (other, others)):
            for message in (inbox.wait_for(), *inbox.drain()):
                kept[stamp_of(message)] = message
    return ones[min(common)], others[min(common)]


def test_raw_images_and_camera_info_go_with_the_same_stamp(tmp_path: Path) -> None:
    (tmp_path / 'lane.yaml').write_text(CALIBRATION)
    with RosGraph() as ros:
        raw = ros.listen(Image, 'image_raw', qos.RAW_IMAGE)
        info = ros.listen(CameraInfo, 'camera_info', qos.CAMERA_INFO)
        source = str(a_folder_of_stills(tmp_path / 'stills'))
        ros.start('usb_cam', {'source': source, 'rate_hz': 5.0, 'calibration': str(tmp_path / 'lane.yaml')})
        image, matching = of_one_stamp(raw, info)
    assert (image.encoding, image.width, image.height) == ('bgr8', 640, 480)
    assert list(matching.k) == [500, 0, 320, 0, 500, 240, 0, 0, 1]


def test_a_camera_that_is_not_there_is_an_error_until_it_comes(tmp_path: Path) -> None:
    clip = tmp_path / 'clip.mp4'
    with RosGraph() as ros:
        diagnostics = ros.diagnostics()
        pictures = ros.listen(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        ros.start('usb_cam', {'source': str(clip)})
        diagnostics.wait_for(is_about('usb_cam', DiagnosticStatus.ERROR, 'clip.mp4'))
        write_clip(tmp_path / 'made.mp4', [1] * 20).replace(clip)
        pictures.wait_for()
        diagnostics.wait_for(is_about('usb_cam', DiagnosticStatus.OK, 'capturing'))


def test_a_clip_that_does_not_loop_ends_and_says_so(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / 'clip.mp4', [0, 1, 2, 3])
    with RosGraph() as ros:
        diagnostics = ros.diagnostics()
        ros.start('usb_cam', {'source': str(clip), 'loop': False})
        status = diagnostics.wait_for(is_about('usb_cam', DiagnosticStatus.OK, 'source ended after'))
    # By the clock, what comes too late is left out.
    assert 1 <= int(values_of(status)['frames']) <= 4


def test_at_the_pace_of_the_graph_no_frame_is_given_before_the_last_was_counted(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / 'clip.mp4', [0, 1, 2, 3])
    with RosGraph() as ros:
        counts = ros.node.create_publisher(CarCount, '/device/camera/car_count', qos.CAR_COUNT)
        pictures = ros.listen(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        ros.start('usb_cam', {'source': str(clip), 'pace': 'graph', 'loop': False})
        stamps_ns: list[int] = []
        for _ in range(4):
            message = pictures.wait_for(lambda message: stamp_of(message) not in stamps_ns)
            stamps_ns.append(stamp_of(message))
            # On a slow machine it may have been sent again; another one was not.
            assert {stamp_of(more) for more in pictures.drain()} <= {stamps_ns[-1]}
            counts.publish(CarCount(header=message.header, state=CarCount.OK))
    steps_ms = [round((later - earlier) / 1e6) for earlier, later in itertools.pairwise(stamps_ns)]
    assert steps_ms == [100, 100, 100]  # the clip's own clock


def test_a_simulated_camera_tells_the_truth_of_each_frame() -> None:
    with RosGraph() as ros:
        truth = ros.listen(DetectionsMessage, 'truth', qos.DETECTIONS)
        pictures = ros.listen(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        ros.start('usb_cam', {'source': 'sim:day_lane', 'rate_hz': 5.0})
        picture, told = of_one_stamp(pictures, truth)
    assert jpeg.size(bytes(picture.data)) == (told.image_width, told.image_height) == (640, 480)


def test_a_source_that_cannot_be_read_ends_the_node_with_the_reason() -> None:
    with RosGraph() as ros:
        assert ros.start('usb_cam', {'source': 'gopher://camera'}).wait(PATIENCE_S) == 2
