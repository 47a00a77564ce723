"""The detector's node: a picture in, detections out, whatever becomes of the model."""

import itertools
import os
import signal
import threading
import time
from pathlib import Path

import psutil
from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetModel
from rcl_interfaces.srv import GetParameters

from parking_monitor.nodes import convert, qos
from tests.support.camera_topic import Pictures
from tests.support.models import Script
from tests.support.patience import PATIENCE_S
from tests.support.pictures import write_square_finder
from tests.support.ros_graph import Inbox, RosGraph, is_about, values_of


def start_detector(ros: RosGraph, model: Path, **parameters: object) -> tuple[Inbox, Inbox]:
    """Start the node and return its detections and diagnostics."""
    detections = ros.listen(DetectionsMessage, 'detections', qos.DETECTIONS)
    diagnostics = ros.diagnostics()
    ros.start('ei_detector', {'model': str(model), **parameters})
    return detections, diagnostics


def model_pid(diagnostics: Inbox) -> int:
    status = diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK, 'detecting'))
    return int(values_of(status)['model_pid'])


def test_boxes_come_back_in_pixels_of_the_picture_with_its_stamp_and_that_there_are_none_too(
    tmp_path: Path,
) -> None:
    with RosGraph() as ros:
        detections, _ = start_detector(ros, write_square_finder(tmp_path / 'model.eim'))
        with Pictures(ros, cars=2):
            message = detections.wait_for()
        with Pictures(ros, cars=0):
            detections.wait_for(lambda later: len(later.detections) == 0)
    assert (message.header.frame_id, message.image_width, message.image_height) == ('lane', 640, 480)
    assert convert.to_stamp_ns(message.header.stamp) % 50_000_000 == 0
    assert (message.model_type, message.model_name) == (DetectionsMessage.OBJECT_DETECTION, 'squares')
    lefts = sorted(item.x for item in message.detections)
    assert [abs(found - drawn) <= 4 for found, drawn in zip(lefts, (40, 190), strict=True)] == [True, True]


def test_a_killed_model_is_restarted_and_the_next_pictures_are_detected(tmp_path: Path) -> None:
    with RosGraph() as ros:
        detections, diagnostics = start_detector(ros, write_square_finder(tmp_path / 'model.eim'))
        with Pictures(ros, cars=3):
            detections.wait_for()
            pid = model_pid(diagnostics)
            os.kill(pid, signal.SIGKILL)
            diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.ERROR))
            status = diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))
            assert values_of(status)['model_restarts'] == '1'
            detections.drain()
            detections.wait_for()


def test_a_hung_model_is_killed_and_restarted(tmp_path: Path) -> None:
    with RosGraph() as ros:
        model = write_square_finder(tmp_path / 'model.eim', Script(blobs=True, hang_on_classify=4))
        detections, diagnostics = start_detector(ros, model)
        with Pictures(ros, cars=3):
            pid = model_pid(diagnostics)
            detections.wait_for()
            status = diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.ERROR, 'restart'))
            assert 'within' in values_of(status)['last_error']
            diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))
    assert not psutil.pid_exists(pid)


def test_a_model_that_is_garbage_leaves_the_node_up_and_saying_why(tmp_path: Path) -> None:
    model = tmp_path / 'model.eim'
    model.write_bytes(os.urandom(4096))
    model.chmod(0o755)
    with RosGraph() as ros:
        detections, diagnostics = start_detector(ros, model)
        diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.ERROR, 'model.eim'))
        # The operator replaces the file; nothing has to be started again.
        write_square_finder(tmp_path / 'good.eim').replace(model)
        with Pictures(ros, cars=3):
            detections.wait_for()


def test_a_bad_model_is_refused_by_the_service_and_a_good_one_swapped_in_without_losing_the_node(
    tmp_path: Path,
) -> None:
    bad = tmp_path / 'bad.eim'
    bad.write_text('not a model')
    with RosGraph() as ros:
        detections, _ = start_detector(ros, write_square_finder(tmp_path / 'model.eim'))
        with Pictures(ros, cars=3):
            detections.wait_for()
            response = ros.call(SetModel, 'ei_detector/set_model', path=str(bad))
            assert not response.success
            assert 'bad.eim' in response.message
            detections.drain()
            assert detections.wait_for().model_name == 'squares'

            other = write_square_finder(tmp_path / 'other.eim', name='other')
            response = ros.call(SetModel, 'ei_detector/set_model', path=str(other))
            assert response.success, response.message
            assert 'other' in response.message
            detections.wait_for(lambda message: message.model_name == 'other')
            response = ros.call(GetParameters, 'ei_detector/get_parameters', names=['model'])
            assert response.values[0].string_value == str(other)
            untried = ros.set_parameter('ei_detector', 'model', str(tmp_path / 'model.eim'))
            assert not untried.successful
            assert '~/set_model' in untried.reason


def test_while_a_model_is_tried_out_all_else_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    hanging = write_square_finder(tmp_path / 'hanging.eim', Script(hang_at_start=True))
    with RosGraph() as ros:
        detections, diagnostics = start_detector(ros, write_square_finder(tmp_path / 'model.eim'))
        with Pictures(ros, cars=3):
            detections.wait_for()
            responses: list[SetModel.Response] = []
            first = threading.Thread(
                target=lambda: responses.append(
                    ros.call(SetModel, 'ei_detector/set_model', path=str(hanging))
                )
            )
            first.start()
            process = process_of(hanging)
            second = ros.call(SetModel, 'ei_detector/set_model', path=str(tmp_path / 'model.eim'))
            assert not second.success
            assert 'hanging.eim is being tried out' in second.message
            detections.drain()
            diagnostics.drain()
            for _ in range(3):
                assert detections.wait_for().model_name == 'squares'
                diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))
            assert ros.set_parameter('ei_detector', 'confidence', 0.4).successful
            assert responses == []
            process.kill()
            first.join(PATIENCE_S)
            assert not responses[0].success
            assert 'hanging.eim' in responses[0].message
            assert detections.wait_for().model_name == 'squares'


def process_of(model: Path) -> psutil.Process:
    """Wait until a model runs and return its process."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for process in psutil.process_iter(['cmdline']):
            if str(model) in (process.info['cmdline'] or ()):
                return process
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_label_that_the_model_never_answers_is_warned_of(tmp_path: Path) -> None:
    with RosGraph() as ros:
        model = write_square_finder(tmp_path / 'model.eim')
        _, diagnostics = start_detector(ros, model, labels=['car', 'lorry'])
        text = 'answers car; lorry never comes'
        status = diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.WARN, text))
        assert values_of(status)['unknown_labels'] == 'lorry'
        assert ros.set_parameter('ei_detector', 'labels', ['car']).successful
        diagnostics.wait_for(is_about('ei_detector', DiagnosticStatus.OK))


def test_labels_and_confidence_change_at_run_time(tmp_path: Path) -> None:
    with RosGraph() as ros:
        detections, _ = start_detector(ros, write_square_finder(tmp_path / 'model.eim'))
        with Pictures(ros, cars=3):
            detections.wait_for(lambda message: len(message.detections) > 0)
            assert ros.set_parameter('ei_detector', 'confidence', 0.99).successful
            detections.wait_for(lambda message: len(message.detections) == 0)
            assert ros.set_parameter('ei_detector', 'confidence', 0.3).successful
            detections.wait_for(lambda message: len(message.detections) > 0)
            assert ros.set_parameter('ei_detector', 'labels', ['bus']).successful
            detections.wait_for(lambda message: len(message.detections) == 0)


def test_a_slow_model_lowers_the_rate_and_not_the_freshness(tmp_path: Path) -> None:
    with RosGraph() as ros:
        model = write_square_finder(tmp_path / 'model.eim', Script(blobs=True, slow_s=0.3))
        detections, _ = start_detector(ros, model)
        with Pictures(ros, cars=1):
            stamps_ns = [convert.to_stamp_ns(detections.wait_for().header.stamp) for _ in range(4)]
    steps = [(later - earlier) / 1e9 for earlier, later in itertools.pairwise(stamps_ns)]
    # Each detection skips the pictures that came meanwhile: six of them at 20 Hz and 0.3 s, fewer
    # where the camera of this test is slow too. In a queue no picture would be skipped.
    assert sum(steps) / len(steps) > 0.1
