"""The detector's node says when its picture shows nothing of use, and what to do."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import Detections as DetectionsMessage
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from parking_monitor import jpeg
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import Image, View
from tests.support.builders import seen
from tests.support.pictures import write_square_finder
from tests.support.repeating import repeated
from tests.support.ros_graph import Inbox, RosGraph, is_about, values_of
from tests.unit.counting.views import pictures, turned


class Camera:
    """Show pictures to a detector, a second apart by their stamps and as fast as it answers."""

    def __init__(self, ros: RosGraph, tmp_path: Path, **parameters: object) -> None:
        self._detections = ros.listen(DetectionsMessage, 'detections', qos.DETECTIONS)
        self.diagnostics: Inbox = ros.diagnostics()
        model = write_square_finder(tmp_path / 'model.eim')
        self.process = ros.start('ei_detector', {'model': str(model), **parameters})
        self._publisher = ros.publisher(CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE)
        self.diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))
        self._stamp_s = 0
        self._is_connected = False

    def show(self, images: Iterable[Image]) -> list[int]:
        """Return the view in the detections of each picture."""
        return [self._show(jpeg.encode(image)) for image in images]

    def _show(self, picture: bytes) -> int:
        self._stamp_s += 1
        header = convert.to_header(self._stamp_s * 10**9, 'lane')
        message = convert_images.to_compressed_image(picture, header)
        if self._is_connected:
            self._publisher.publish(message)
            return self._view_at(header)
        with repeated(lambda: self._publisher.publish(message)):
            view = self._view_at(header)
        self._is_connected = True
        return view

    def _view_at(self, header: Header) -> int:
        return int(self._detections.wait_for(lambda message: message.header == header).view)


def test_the_views_of_a_message_are_those_of_detections() -> None:
    assert {view.name: view.value for view in View} == {
        name: getattr(DetectionsMessage, name) for name in ('CLEAR', 'FROZEN', 'COVERED', 'MOVED')
    }


def test_a_view_survives_the_wire() -> None:
    moved = dataclasses.replace(seen(stamp_ns=7), view=View.MOVED)
    message = convert.to_detections_message(moved, convert.to_header(7, 'lane'))
    assert convert.to_detections(message).view is View.MOVED
    message.view = 9
    with pytest.raises(ValueError, match='9'):
        convert.to_detections(message)


def test_the_same_picture_for_ten_seconds_is_frozen_and_another_ends_it(tmp_path: Path) -> None:
    first, other = pictures('day_lane', seconds=2)
    with RosGraph() as ros:
        camera = Camera(ros, tmp_path)
        views = camera.show([first] * 11)
        assert views[:7] == [DetectionsMessage.CLEAR] * 7
        assert views[-1] == DetectionsMessage.FROZEN
        status = camera.diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.ERROR, 'frozen'))
        assert values_of(status)['view'] == 'FROZEN'
        assert camera.show([other]) == [DetectionsMessage.CLEAR]
        camera.diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))


def test_a_camera_moved_while_the_device_was_off_is_noticed_and_its_view_can_be_accepted(
    tmp_path: Path,
) -> None:
    reference = tmp_path / 'state' / 'view.npz'
    away = pictures(turned('day_lane', pan_deg=12), seconds=22)
    with RosGraph() as ros:
        camera = Camera(ros, tmp_path, view_reference=str(reference))
        assert set(camera.show(pictures('day_lane'))) == {DetectionsMessage.CLEAR}
        ros.stop(camera.process)
        assert reference.exists()
    with RosGraph() as ros:
        camera = Camera(ros, tmp_path, view_reference=str(reference))
        assert camera.show(away[:8])[-1] == DetectionsMessage.MOVED
        text = 'ros2 service call /device/camera/ei_detector/accept_view std_srvs/srv/Trigger'
        camera.diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.ERROR, text))
        response = ros.call(Trigger, 'ei_detector/accept_view')
        assert response.success, response.message
        assert set(camera.show(away[8:])) == {DetectionsMessage.CLEAR}
        ros.stop(camera.process)
    with RosGraph() as ros:
        camera = Camera(ros, tmp_path, view_reference=str(reference))
        assert set(camera.show(away[:8])) == {DetectionsMessage.CLEAR}
        back = pictures('day_lane', seconds=12)
        assert camera.show(back[:8])[-1] == DetectionsMessage.MOVED
        assert not ros.set_parameter('ei_detector', 'places', 'no JSON').successful
        # What the dashboard's zone editor sends was drawn on what is seen now.
        drawn = json.dumps({'zones': [{'name': 'a', 'polygon': [0, 0, 1, 0, 1, 1]}]})
        assert ros.set_parameter('ei_detector', 'places', drawn).successful
        assert set(camera.show(back[8:])) == {DetectionsMessage.CLEAR}


def test_a_corrupt_reference_is_set_aside_and_warned_of(tmp_path: Path) -> None:
    reference = tmp_path / 'view.npz'
    reference.write_bytes(b'garbage')
    with RosGraph() as ros:
        diagnostics = ros.diagnostics()
        model = write_square_finder(tmp_path / 'model.eim')
        ros.start('ei_detector', {'model': str(model), 'view_reference': str(reference)})
        diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.WARN, 'view.npz'))
    assert (tmp_path / 'view.npz.corrupt').exists()


def test_a_view_that_is_not_watched_is_clear_and_cannot_be_accepted(tmp_path: Path) -> None:
    still = pictures('day_lane', seconds=1)
    with RosGraph() as ros:
        camera = Camera(ros, tmp_path, watch_view=False)
        assert set(camera.show(still * 12)) == {DetectionsMessage.CLEAR}
        response = ros.call(Trigger, 'ei_detector/accept_view')
        assert not response.success
        assert 'watch_view' in response.message
