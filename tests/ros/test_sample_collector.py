"""The collector's node: what the model is unsure about goes to Edge Impulse, only while that is wanted."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import CollectPicture
from sensor_msgs.msg import CompressedImage

from parking_monitor import jpeg
from parking_monitor.cloud.sample_store import LABELS_FILE
from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import Box, Count, CountState, Detection, Detections
from tests.support.ingestion_api import KEY, IngestionApi
from tests.support.patience import PATIENCE_S
from tests.support.pictures import bright_squares, squares_jpeg
from tests.support.ros_graph import NAMESPACE, RosGraph, is_about, values_of

NODE = 'sample_collector'


@pytest.fixture(scope='module')
def ros() -> Iterator[RosGraph]:
    with RosGraph() as graph:
        yield graph


class Lane:
    """Play camera, detector and counter of one camera, ten times a second: a lost picture is made up for."""

    def __init__(self, ros: RosGraph, below: str = 'lane') -> None:
        self.picture = squares_jpeg(1)
        self.confidence = 0.9
        self.counted = 1
        topic = f'{NAMESPACE}/{below}'
        self._picture, self._detections, self._count = (
            ros.node.create_publisher(kind, f'{topic}/{name}', profile)
            for kind, name, profile in (
                (CompressedImage, 'image_raw/compressed', qos.COMPRESSED_IMAGE),
                (DetectionsMessage, 'detections', qos.DETECTIONS),
                (CarCount, 'car_count', qos.CAR_COUNT),
            )
        )
        self._last_ns = 0
        ros.node.create_timer(0.1, self._play)

    @property
    def listeners(self) -> int:
        return int(self._picture.get_subscription_count())

    def _play(self) -> None:
        """Publish a picture, and what is seen in the one before: by now that has come."""
        stamp_ns, before_ns = time.time_ns(), self._last_ns
        header = convert.to_header(stamp_ns, 'lane')
        self._picture.publish(convert_images.to_compressed_image(self.picture, header))
        self._last_ns = stamp_ns
        if not before_ns:
            return
        car = Detection('car', self.confidence, Box(40.0, 200.0, 80.0, 80.0))
        seen = Detections(
            stamp_ns=before_ns, image_width=640, image_height=480, items=(car,), model_name='lot'
        )
        self._detections.publish(convert.to_detections_message(seen, convert.to_header(before_ns, 'lane')))
        count = Count(stamp_ns=before_ns, state=CountState.OK, cars=self.counted)
        self._count.publish(convert.to_count_message(count, convert.to_header(before_ns, 'lane'), 'lane'))


def parameters(folder: Path, api: IngestionApi, **more: Any) -> dict[str, Any]:
    return {
        'cameras': ['lane'],
        'labels': ['car'],
        'folder': str(folder),
        'base_url': api.base_url,
        'every_s': 0.0,
        'min_spacing_s': 1.0,
        'testing_share': 0.0,
        **more,
    }


def test_what_the_model_is_unsure_about_is_uploaded_while_the_mode_is_collect(
    ros: RosGraph, tmp_path: Path
) -> None:
    with IngestionApi() as api:
        diagnostics = ros.diagnostics()
        settings = parameters(tmp_path, api, mode='count', privacy='none', disagree_for_s=0.0)
        node = ros.start(NODE, settings, EI_API_KEY_IMAGE=KEY)
        lane = Lane(ros)

        # Counting alone, nothing is collected or even looked at.
        diagnostics.wait_for(is_about(NODE, DiagnosticStatus.OK, 'switched off'))
        refused = ros.call(CollectPicture, f'{NODE}/collect')
        assert (refused.success, refused.message.split(';')[0]) == (
            False,
            'the mode is count: nothing is collected',
        )
        assert not ros.set_parameter(NODE, 'mode', 'sleep').successful
        assert lane.listeners == 0

        # A scene that it has not collected yet.
        assert ros.set_parameter(NODE, 'mode', 'collect').successful
        assert api.wait_for_stored(1)[0].metadata['reason'] == 'new scene'

        # A car that may be none, with its box as a suggestion.
        lane.confidence, lane.picture = 0.5, squares_jpeg(2)
        unsure = api.wait_for_stored(2)[1]
        assert (unsure.category, unsure.metadata['reason']) == ('training', 'low confidence')
        assert unsure.boxes == [{'label': 'car', 'x': 40, 'y': 200, 'width': 80, 'height': 80}]
        assert unsure.jpeg == squares_jpeg(2)

        # A count that says something else than the boxes.
        lane.confidence, lane.counted, lane.picture = 0.9, 2, squares_jpeg(3)
        assert api.wait_for_stored(3)[2].metadata['reason'] == 'boxes and count differ'

        # Whatever a person asks for, without suggestions.
        lane.picture = squares_jpeg(4)
        asked = ros.call(CollectPicture, f'{NODE}/collect', camera='lane')
        assert (asked.success, asked.message) == (True, 'the next picture of lane')
        last = api.wait_for_stored(4)[3]
        assert (last.metadata['reason'], last.boxes) == ('asked for', None)
        unknown = ros.call(CollectPicture, f'{NODE}/collect', camera='lnae')
        assert (unknown.success, unknown.message) == (False, "no camera 'lnae'; there are: lane")
        status = diagnostics.wait_for(lambda one: values_of(one).get('uploaded_today') == '4 of 200')
        assert (status.level, status.message, values_of(status)['waiting']) == (
            DiagnosticStatus.OK,
            'collecting',
            '0',
        )

        # Switched off again, it does not even listen.
        assert ros.set_parameter(NODE, 'mode', 'count').successful
        end_s = time.monotonic() + PATIENCE_S
        while lane.listeners:
            assert time.monotonic() < end_s
            time.sleep(0.01)
        assert (len(api.stored), api.problems) == (4, [])
        assert ros.stop(node) == 0


def test_what_is_not_to_leave_stays_in_a_folder_and_what_cannot_waits_blurred(
    ros: RosGraph, tmp_path: Path
) -> None:
    with IngestionApi() as api:
        diagnostics = ros.diagnostics()
        folders = {name: tmp_path / name for name in ('local', 'keyless')}
        ros.start(
            NODE, parameters(folders['local'], api, privacy='local'), below='local', EI_API_KEY_IMAGE=KEY
        )
        ros.start(NODE, parameters(folders['keyless'], api), below='keyless', EI_API_KEY_IMAGE='')
        for name in folders:
            Lane(ros, f'{name}/lane').confidence = 0.5
        messages: dict[str, str] = {}

        def have_both(status: DiagnosticStatus) -> bool:
            values = values_of(status)
            for name, key in (('local', 'kept'), ('keyless', 'waiting')):
                if is_about(f'{name}/{NODE}')(status) and values.get(key) == '1':
                    messages[name] = status.message
            return len(messages) == 2

        diagnostics.wait_for(have_both)
        assert f'pictures stay in {folders["local"]}' in messages['local']
        kept = folders['local'] / 'kept' / 'training'
        (sharp,) = kept.glob('*.jpg')
        assert sharp.read_bytes() == squares_jpeg(1)
        assert list(json.loads((kept / LABELS_FILE).read_text())['boundingBoxes']) == [sharp.name]

        assert messages['keyless'].startswith('EI_API_KEY_IMAGE is not set: pictures wait on the device; ')
        (blurred,) = (folders['keyless'] / 'outgoing' / 'training').glob('*.jpg')
        assert (jpeg.decode(blurred.read_bytes()) != bright_squares([(40, 200)])).mean() > 0.5
        assert api.requests == 0
