"""From Studio to the detectors: a newer model is swapped in, and one that dies is given up."""

import os
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import FetchModel, SetModel
from std_srvs.srv import Trigger

from parking_monitor.detection.studio.api import KEY_VARIABLE, target_of
from parking_monitor.detection.studio.store import FOLDER, StudioModel, StudioStore
from parking_monitor.nodes import qos
from tests.support.camera_topic import Pictures
from tests.support.models import Script
from tests.support.pictures import write_square_finder
from tests.support.ros_graph import RosGraph, is_about, values_of
from tests.support.studio_api import KEY, FakeStudio

TYPE = target_of(os.uname().machine).type


def a_model(folder: Path, version: int, die_on_classify: int = 0) -> bytes:
    path = write_square_finder(
        folder / 'built.eim', Script(blobs=True, die_on_classify=die_on_classify), name='lot', version=version
    )
    return path.read_bytes()


def put_current(folder: Path, content: bytes, version: int) -> None:
    """Leave a model in a device's store, as it has it after a restart."""
    store = StudioStore(folder)
    model = StudioModel(project=7, name='lot', version=version)
    part = store.part_of(model)
    part.write_bytes(content)
    part.chmod(0o755)
    store.make_current(model, part)


def test_a_newer_model_is_swapped_in_and_one_that_dies_is_given_up_for_good(tmp_path: Path) -> None:
    models = tmp_path / 'models'
    put_current(models / FOLDER, a_model(tmp_path, 1), 1)
    with RosGraph() as ros, FakeStudio() as studio:
        detections = ros.listen(DetectionsMessage, 'lane/detections', qos.DETECTIONS)
        diagnostics = ros.diagnostics()
        ros.start('ei_detector', {'models_folder': str(models), 'watch_view': False}, below='lane')
        with Pictures(ros, 2, 'lane/image_raw/compressed'):
            # Without a network, and without the keeper: the model that counted before.
            assert detections.wait_for().model_version == '1'
            studio.build(a_model(tmp_path, 2), 2, TYPE)
            keeper = {'models_folder': str(models), 'api': studio.url, 'interval_s': 1.0, 'uuid': 'u'}
            process = ros.start('model_keeper', keeper, **{KEY_VARIABLE: KEY})
            assert len(detections.wait_for(lambda message: message.model_version == '2').detections) == 2
            values = values_of(
                diagnostics.wait_for(
                    lambda one: is_about('ei_detector')(one) and values_of(one)['version'] == '2'
                )
            )
            assert (values['origin'], values['file']) == ('studio', str(models / FOLDER / 'lot-v2.eim'))

            # It passes the check, and the first picture at the detector, and dies of the next.
            studio.build(a_model(tmp_path, 3, die_on_classify=3), 3, TYPE)
            detections.wait_for(lambda message: message.model_version == '3')
            detections.wait_for(lambda message: message.model_version == '2')
            looks = len(studio.requests)
            studio.wait_until(lambda: len(studio.requests) >= looks + 4)
            assert len(studio.downloads) == 2
            text = 'model lot 2 counts; model lot 3 is not taken: it failed again and again: '
            status = diagnostics.wait_for(is_about('model_keeper', DiagnosticStatus.WARN, text))
            assert values_of(status)['refused'].startswith('3: it failed')

            # A person may name a version; the detector then follows no more.
            response = ros.call(FetchModel, 'model_keeper/fetch', name='lot', version='2')
            while response.state == FetchModel.Response.FETCHING:
                response = ros.call(FetchModel, 'model_keeper/fetch', name='lot', version='2')
            assert response.state == FetchModel.Response.READY
            assert ros.call(SetModel, 'lane/ei_detector/set_model', path=response.path).success
            studio.build(a_model(tmp_path, 4), 4, TYPE)
            assert ros.call(Trigger, 'model_keeper/look').success
            diagnostics.wait_for(is_about('model_keeper', DiagnosticStatus.OK, 'model lot 4 counts'))
            detections.drain()
            assert detections.wait_for().model_version == '2'
            assert ros.call(SetModel, 'lane/ei_detector/set_model', path='default').success
            detections.wait_for(lambda message: message.model_version == '4')
        assert KEY.encode() not in Path(f'/proc/{process.pid}/cmdline').read_bytes()
        assert {request.headers['x-api-key'] for request in studio.requests} == {KEY}
