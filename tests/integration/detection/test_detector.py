from pathlib import Path

import numpy as np
import pytest

from parking_monitor import jpeg
from parking_monitor.detection.detector import Detector
from parking_monitor.detection.errors import FrameError, ModelDied, ModelStartError
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.detection.runner import Deadlines
from parking_monitor.values import Box, Frame, Image, ModelType
from tests.support.models import Script, write_fake_eim
from tests.support.patience import PATIENCE_S

VGA = (640, 480)
SQUARE = Box(256, 192, 64, 64)
PATIENT = Deadlines(start_s=PATIENCE_S, hello_s=PATIENCE_S, classify_s=PATIENCE_S)


def a_picture(size: tuple[int, int] = VGA, *squares: Box) -> Image:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for square in squares:
        picture[int(square.y) : int(square.bottom), int(square.x) : int(square.right)] = 255
    return picture


def a_frame(picture: Image, *, as_jpeg: bool = False) -> Frame:
    height, width = picture.shape[:2]
    if as_jpeg:
        return Frame(stamp_ns=7, width=width, height=height, jpeg=jpeg.encode(picture))
    return Frame(stamp_ns=7, width=width, height=height, image=picture)


def assert_near(box: Box, expected: Box, tolerance: float) -> None:
    edges = (box.x, box.y, box.right, box.bottom)
    assert edges == pytest.approx((expected.x, expected.y, expected.right, expected.bottom), abs=tolerance)


@pytest.mark.parametrize('as_jpeg', [False, True], ids=['pixels', 'JPEG'])
@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('mode', ResizeMode)
@pytest.mark.parametrize('size', [VGA, (1280, 720), (480, 640), (1279, 719)], ids=str)
def test_a_square_is_found_where_it_is(
    tmp_path: Path, mode: ResizeMode, channels: int, as_jpeg: bool, size: tuple[int, int]
) -> None:
    path = write_fake_eim(
        tmp_path / 'm.eim',
        width=96,
        height=80,
        channels=channels,
        model_type=ModelType.BOXES,
        resize_mode=mode,
        script=Script(blobs=True),
    )
    square = Box(size[0] // 2 - 60, size[1] // 2 - 60, 120, 120)
    with Detector(path, deadlines=PATIENT) as detector:
        detections = detector.detect(a_frame(a_picture(size, square), as_jpeg=as_jpeg))
    (found,) = detections.items
    assert found.label == 'car'
    assert found.confidence == pytest.approx(0.9)
    pixel = max(size[0] / 96, size[1] / 80)
    assert_near(found.box, square, pixel * 1.01)
    assert (detections.image_width, detections.image_height, detections.stamp_ns) == (*size, 7)
    assert detections.inference_ms > 0
    assert detections.model_name == 'fake'
    assert detections.model_version == '1'


def test_fomo_cells_come_with_their_size_in_the_frame(tmp_path: Path) -> None:
    with Detector(
        write_fake_eim(tmp_path / 'm.eim', script=Script(blobs=True)), deadlines=PATIENT
    ) as detector:
        detections = detector.detect(a_frame(a_picture(VGA, Box(80 + 40 * 3, 40 * 5, 80, 40))))
    assert detections.model_type is ModelType.FOMO
    assert detections.cell_size == (40.0, 40.0)  # 8 of 96 pixels, of a crop of 480
    assert [found.box for found in detections.items] == [Box(200, 200, 40, 40), Box(240, 200, 40, 40)]


def test_a_classification_has_label_scores(tmp_path: Path) -> None:
    scores = {'car': 0.75, 'empty': 0.25}
    path = write_fake_eim(
        tmp_path / 'm.eim',
        model_type=ModelType.CLASSIFICATION,
        labels=list(scores),
        script=Script(answers=[scores]),
    )
    with Detector(path, deadlines=PATIENT) as detector:
        detections = detector.detect(a_frame(a_picture()))
    assert detections.label_scores == scores
    assert detections.items == ()
    assert detections.cell_size == (0.0, 0.0)


def test_labels_and_confidence_choose_and_may_change(tmp_path: Path) -> None:
    boxes = [('car', 0.9, 0, 0, 8, 8), ('van', 0.6, 16, 0, 8, 8), ('car', 0.2, 32, 0, 8, 8)]
    path = write_fake_eim(tmp_path / 'm.eim', labels=['car', 'van'], script=Script(answers=[boxes]))
    frame = a_frame(a_picture())
    with Detector(path, deadlines=PATIENT) as detector:

        def found() -> list[tuple[str, float]]:
            return [(one.label, one.confidence) for one in detector.detect(frame).items]

        assert found() == [('car', 0.9), ('van', 0.6)]
        detector.labels = ['car']
        assert found() == [('car', 0.9)]
        detector.confidence = 0.1  # the model itself has to be told: it keeps back what is below 0.5
        assert found() == [('car', 0.9), ('car', 0.2)]
        detector.labels = ()
        detector.confidence = 0.95
        assert found() == []
        detector.labels = ['car', 'bicycle']
        assert detector.unknown_labels == ('bicycle',)


@pytest.mark.parametrize('threshold', [None, 0.5], ids=['none', 'one that is of no effect'])
def test_confidence_holds_for_a_model_without_a_threshold(tmp_path: Path, threshold: float | None) -> None:
    boxes = [('car', 0.9, 0, 0, 8, 8), ('car', 0.6, 16, 0, 8, 8)]
    script = Script(answers=[boxes], threshold=threshold, drop_below_threshold=False)
    with Detector(
        write_fake_eim(tmp_path / 'm.eim', script=script), confidence=0.7, deadlines=PATIENT
    ) as detector:
        assert [one.confidence for one in detector.detect(a_frame(a_picture())).items] == [0.9]


@pytest.mark.parametrize('confidence', [-0.1, 1.1, float('nan')])
def test_a_confidence_beyond_0_to_1_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match='0 to 1 is allowed'):
        Detector('m.eim', confidence=confidence)


def test_a_box_on_the_black_bars_is_not_answered(tmp_path: Path) -> None:
    boxes = [('car', 0.9, 10, 0, 8, 8), ('car', 0.8, 10, 40, 8, 8)]
    path = write_fake_eim(
        tmp_path / 'm.eim', resize_mode=ResizeMode.FIT_LONGEST, script=Script(answers=[boxes])
    )
    with Detector(path, deadlines=PATIENT) as detector:
        assert [one.confidence for one in detector.detect(a_frame(a_picture())).items] == [0.8]


@pytest.mark.parametrize(
    ('frame', 'named'),
    [
        (Frame(stamp_ns=7, width=640, height=480, jpeg=b'not a picture'), 'frame 7: not a JPEG'),
        (Frame(stamp_ns=7, width=600, height=480, jpeg=jpeg.encode(a_picture())), 'says 600x480'),
        (Frame(stamp_ns=7, width=640, height=480, image=np.zeros((480, 640), np.uint8)), 'shape'),
    ],
    ids=['no JPEG', 'another size', 'grey'],
)
def test_a_bad_frame_is_named_and_the_model_goes_on(tmp_path: Path, frame: Frame, named: str) -> None:
    with Detector(
        write_fake_eim(tmp_path / 'm.eim', script=Script(blobs=True)), deadlines=PATIENT
    ) as detector:
        with pytest.raises(FrameError, match=named):
            detector.detect(frame)
        assert len(detector.detect(a_frame(a_picture(VGA, Box(200, 200, 40, 40)))).items) == 1


def test_frames_of_changing_sizes_are_found_in_one_after_another(tmp_path: Path) -> None:
    path = write_fake_eim(
        tmp_path / 'm.eim',
        model_type=ModelType.BOXES,
        resize_mode=ResizeMode.FIT_LONGEST,
        script=Script(blobs=True),
    )
    with Detector(path, deadlines=PATIENT) as detector:
        for size in (VGA, (480, 640), (320, 320), VGA):
            square = Box(size[0] // 2 - 40, size[1] // 2 - 40, 80, 80)
            (found,) = detector.detect(a_frame(a_picture(size, square))).items
            assert_near(found.box, square, 7.0)


def test_a_detector_that_is_not_running_says_so(tmp_path: Path) -> None:
    detector = Detector(write_fake_eim(tmp_path / 'm.eim'))
    with pytest.raises(ModelStartError, match='not started'):
        detector.detect(a_frame(a_picture()))
    with detector:
        detector.check()
    with pytest.raises(ModelDied, match='not running'):
        detector.detect(a_frame(a_picture()))
