import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from parking_monitor.detection.errors import ModelError, ModelFileError, ModelStartError, ModelTimeout
from parking_monitor.detection.runner import Deadlines
from parking_monitor.detection.supervised import BackOff, DetectorState, SupervisedDetector
from parking_monitor.values import Detections, Frame
from tests.integration.detection.eim_client import FIXTURES
from tests.support.models import Script, write_fake_eim
from tests.support.patience import PATIENCE_S

SHORT = Deadlines(start_s=PATIENCE_S, hello_s=PATIENCE_S, classify_s=2.0, stop_s=0.2)
PATIENT = Deadlines(start_s=PATIENCE_S, hello_s=PATIENCE_S, classify_s=PATIENCE_S)
QUICK = BackOff(first_s=0.1, longest_s=1.0)
FRAME = Frame(stamp_ns=1, width=64, height=48, image=np.zeros((48, 64, 3), np.uint8))
ONE_CAR = [('car', 0.9, 8, 8, 8, 8)]
TWO_CARS = [*ONE_CAR, ('car', 0.8, 40, 40, 8, 8)]


@contextmanager
def supervised(path: Path, *, running: bool = True) -> Iterator[SupervisedDetector]:
    with SupervisedDetector(path, deadlines=SHORT, back_off=QUICK) as detector:
        if running:
            assert detector.wait_until_running(PATIENCE_S), detector.status
        yield detector


def count(detections: Detections | None) -> int | None:
    return None if detections is None else len(detections.items)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_running_detector_reports_how_it_is(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', name='lot', version=4, script=Script(answers=[ONE_CAR]))
    with supervised(path) as detector:
        assert count(detector.detect(FRAME)) == 1
        status = detector.status
    assert status.state is DetectorState.RUNNING
    assert status.info is not None
    assert (status.info.name, status.info.version, status.model_path) == ('lot', '4', path)
    assert (status.starts, status.restarts, status.last_error) == (1, 0, '')
    assert (status.frames_detected, status.frames_missed) == (1, 0)
    assert status.inference_ms > 0
    assert detector.status.state is DetectorState.CLOSED
    assert detector.detect(FRAME) is None


@pytest.mark.parametrize(
    ('script', 'reason'),
    [
        (Script(die_on_classify=3, answers=[ONE_CAR]), 'went away during classify_shm'),
        (Script(hang_on_classify=3, answers=[ONE_CAR]), 'did not answer classify_shm within 2 s'),
        (Script(garbage_on_classify=3, answers=[ONE_CAR]), 'not JSON'),
        (Script(answers=[ONE_CAR, ONE_CAR, {'car': None}]), "score of 'car' is None"),  # type: ignore[dict-item]  # wrong on purpose
    ],
    ids=['dies', 'hangs', 'answers garbage', 'answers nonsense'],
)
def test_a_model_that_fails_costs_frames_and_is_restarted_after_a_back_off(
    tmp_path: Path, script: Script, reason: str
) -> None:
    with supervised(write_fake_eim(tmp_path / 'm.eim', script=script)) as detector:
        first_pid = detector.status.pid
        assert first_pid is not None
        assert count(detector.detect(FRAME)) == 1  # the second classify: the first was the check
        failed_at = time.monotonic()
        assert detector.detect(FRAME) is None
        assert detector.status.state is DetectorState.WAITING
        assert reason in detector.status.last_error
        assert detector.detect(FRAME) is None
        assert detector.wait_until_running(PATIENCE_S)
        assert time.monotonic() - failed_at >= QUICK.first_s
        assert count(detector.detect(FRAME)) == 1
        status = detector.status
        assert (status.starts, status.restarts) == (2, 1)
        assert (status.frames_detected, status.frames_missed) == (2, 2)
        assert status.pid != first_pid
        assert not psutil.pid_exists(first_pid)
        assert reason in status.last_error


def test_a_model_that_is_killed_from_outside_is_restarted(tmp_path: Path) -> None:
    with supervised(write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[ONE_CAR]))) as detector:
        psutil.Process(detector.status.pid).kill()
        assert detector.detect(FRAME) is None
        assert detector.wait_until_running(PATIENCE_S)
        assert count(detector.detect(FRAME)) == 1


def test_waits_grow_up_to_the_longest() -> None:
    back_off = BackOff(first_s=0.5, longest_s=30.0)
    waits = [back_off.wait_s(failures) for failures in (1, 2, 3, 6, 7, 8, 10_000)]
    assert waits == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0, 30.0]


def test_a_file_that_is_missing_is_tried_again_until_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / 'late.eim'
    with supervised(path, running=False) as detector:
        wait_for(lambda: detector.status.restarts >= 2)
        assert detector.detect(FRAME) is None
        assert 'does not exist' in detector.status.last_error
        assert detector.status.info is None
        write_fake_eim(tmp_path / 'ready.eim').replace(path)
        assert detector.wait_until_running(PATIENCE_S)
        assert count(detector.detect(FRAME)) == 0


def test_an_onnx_that_is_missing_is_made_an_eim_once_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    path = tmp_path / 'late.onnx'
    with SupervisedDetector(path, deadlines=PATIENT, back_off=QUICK) as detector:
        wait_for(lambda: detector.status.restarts >= 2)
        assert 'late.onnx cannot be read: No such file' in detector.status.last_error
        shutil.copy(FIXTURES / 'yolox_1_class.onnx', tmp_path / 'ready.onnx')
        (tmp_path / 'ready.onnx').replace(path)
        assert detector.wait_until_running(PATIENCE_S), detector.status
        assert detector.status.model_path == path
        assert detector.swap(FIXTURES / 'centre_grey.onnx').channels == 1


def test_wanted_labels_that_the_model_never_answers_are_named(tmp_path: Path) -> None:
    cars = write_fake_eim(tmp_path / 'cars.eim', labels=['car'])
    lorries = write_fake_eim(tmp_path / 'lorries.eim', labels=['lorry'])
    with supervised(cars) as detector:
        unknown = [detector.status.unknown_labels]
        detector.labels = ['car', 'lorry']
        unknown.append(detector.status.unknown_labels)
        detector.swap(lorries)
        unknown.append(detector.status.unknown_labels)
    assert unknown == [(), ('lorry',), ('car',)]


def test_no_room_for_a_socket_is_tried_again_by_a_keeper_that_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_fake_eim(tmp_path / 'm.eim')
    with monkeypatch.context() as patch:
        patch.setattr('tempfile.tempdir', str(tmp_path / 'nowhere'))
        detector = SupervisedDetector(path, deadlines=SHORT, back_off=QUICK)
        wait_for(lambda: detector.status.restarts >= 1)
    with detector:
        assert detector.is_kept
        assert detector.wait_until_running(PATIENCE_S)
    assert not detector.is_kept


def test_a_model_that_fails_its_check_does_not_count_as_running(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(die_on_classify=1))
    with supervised(path, running=False) as detector:
        wait_for(lambda: detector.status.restarts >= 2)
        assert detector.status.starts == 0
        assert 'went away' in detector.status.last_error


def test_a_frame_that_cannot_be_decoded_costs_the_frame_alone(tmp_path: Path) -> None:
    with supervised(write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[ONE_CAR]))) as detector:
        assert detector.detect(Frame(stamp_ns=5, width=64, height=48, jpeg=b'no')) is None
        assert count(detector.detect(FRAME)) == 1
        status = detector.status
        assert (status.frames_refused, status.frames_missed, status.restarts) == (1, 0, 0)
        assert 'frame 5: not a JPEG' in status.last_error


def test_a_swap_replaces_the_model_and_ends_the_old_one(tmp_path: Path) -> None:
    old = write_fake_eim(tmp_path / 'old.eim', script=Script(answers=[ONE_CAR]))
    new = write_fake_eim(tmp_path / 'new.eim', name='new', script=Script(answers=[TWO_CARS]))
    with supervised(old) as detector:
        old_pid = detector.status.pid
        assert count(detector.detect(FRAME)) == 1
        assert detector.swap(new).name == 'new'
        assert count(detector.detect(FRAME)) == 2
        assert old_pid is not None
        assert not psutil.pid_exists(old_pid)
        assert detector.status.model_path == new
        assert (detector.status.starts, detector.status.restarts) == (2, 0)


@pytest.mark.parametrize(
    ('script', 'error', 'reason'),
    [
        (Script(exit_at_start=1, output='licence expired'), ModelStartError, 'licence expired'),
        (Script(hang_in_hello=True), ModelTimeout, 'did not answer hello'),
        (Script(hang_on_classify=1), ModelTimeout, 'did not answer classify_shm'),
        (Script(garbage_on_classify=1), ModelError, 'not JSON'),
        (None, ModelFileError, 'does not exist'),
    ],
    ids=['exits', 'mute', 'hangs', 'garbage', 'missing'],
)
def test_a_bad_model_is_refused_and_the_old_one_stays(
    tmp_path: Path, script: Script | None, error: type[ModelError], reason: str
) -> None:
    old = write_fake_eim(tmp_path / 'old.eim', script=Script(answers=[ONE_CAR]))
    bad = tmp_path / 'bad.eim'
    if script is not None:
        write_fake_eim(bad, script=script)
    deadlines = Deadlines(start_s=PATIENCE_S, hello_s=2.0, classify_s=2.0, stop_s=0.2)
    with SupervisedDetector(old, deadlines=deadlines, back_off=QUICK) as detector:
        assert detector.wait_until_running(PATIENCE_S)
        pid = detector.status.pid
        with pytest.raises(error, match=reason):
            detector.swap(bad)
        assert count(detector.detect(FRAME)) == 1
        status = detector.status
        assert (status.pid, status.model_path, status.state) == (pid, old, DetectorState.RUNNING)
        assert reason in status.last_error


def test_frames_go_to_the_old_model_while_the_new_one_starts_and_none_is_lost(tmp_path: Path) -> None:
    old = write_fake_eim(tmp_path / 'old.eim', script=Script(answers=[ONE_CAR]))
    new = write_fake_eim(tmp_path / 'new.eim', script=Script(answers=[TWO_CARS], slow_s=0.1))
    with supervised(old) as detector:
        swapper = threading.Thread(target=detector.swap, args=(new,))
        swapper.start()
        counts = []
        while swapper.is_alive():
            counts.append(count(detector.detect(FRAME)))
        counts.append(count(detector.detect(FRAME)))
        swapper.join()
    assert None not in counts
    assert counts[0] == 1
    assert counts == sorted(counts, key=lambda cars: cars or 0)
    assert counts[-1] == 2


def test_a_swap_rescues_a_detector_whose_model_cannot_start(tmp_path: Path) -> None:
    with supervised(tmp_path / 'missing.eim', running=False) as detector:
        wait_for(lambda: detector.status.state is DetectorState.WAITING)
        detector.swap(write_fake_eim(tmp_path / 'good.eim', script=Script(answers=[ONE_CAR])))
        assert count(detector.detect(FRAME)) == 1
        assert detector.status.state is DetectorState.RUNNING


def test_a_swap_overtakes_a_model_that_hangs_at_its_start(tmp_path: Path) -> None:
    hanging = write_fake_eim(tmp_path / 'hanging.eim', script=Script(hang_at_start=True))
    with supervised(hanging, running=False) as detector:
        good = write_fake_eim(tmp_path / 'good.eim', script=Script(answers=[ONE_CAR]))
        detector.swap(good)
        assert count(detector.detect(FRAME)) == 1
        assert detector.status.model_path == good


def test_settings_hold_after_a_restart_and_a_swap(tmp_path: Path) -> None:
    boxes = [('car', 0.9, 0, 0, 8, 8), ('van', 0.3, 16, 0, 8, 8)]
    script = Script(answers=[boxes], die_on_classify=4)
    path = write_fake_eim(tmp_path / 'm.eim', labels=['car', 'van'], script=script)
    with supervised(path) as detector:
        assert count(detector.detect(FRAME)) == 1
        detector.confidence = 0.2
        assert count(detector.detect(FRAME)) == 2
        detector.labels = ['van']
        assert detector.detect(FRAME) is None
        assert detector.wait_until_running(PATIENCE_S)
        assert count(detector.detect(FRAME)) == 1
        detector.swap(path)
        assert count(detector.detect(FRAME)) == 1
        assert (detector.labels, detector.confidence) == (('van',), 0.2)
        with pytest.raises(ValueError, match='0 to 1'):
            detector.confidence = 2


@pytest.mark.parametrize(
    'script',
    [Script(hang_at_start=True), Script(slow_s=60.0), Script(hang_on_classify=1)],
    ids=['starting', 'slow', 'hanging'],
)
def test_close_never_waits_for_a_model(tmp_path: Path, script: Script) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=script)
    deadlines = Deadlines(start_s=60, hello_s=60, classify_s=60, stop_s=0.2)
    detector = SupervisedDetector(path, deadlines=deadlines)
    wait_for(lambda: any(found._runner.pid is not None for found in detector._alive))
    begun = time.monotonic()
    detector.close()
    assert time.monotonic() - begun < 30  # where the model would take 60


def test_close_ends_a_swap_that_is_under_way(tmp_path: Path) -> None:
    hanging = write_fake_eim(tmp_path / 'hanging.eim', script=Script(hang_at_start=True))
    refused: list[ModelError] = []
    detector = SupervisedDetector(write_fake_eim(tmp_path / 'm.eim'), deadlines=Deadlines(start_s=60))

    def swap() -> None:
        try:
            detector.swap(hanging)
        except ModelError as error:
            refused.append(error)

    assert detector.wait_until_running(PATIENCE_S)
    swapper = threading.Thread(target=swap)
    swapper.start()
    wait_for(lambda: len(detector._alive) == 2)
    detector.close()
    swapper.join(PATIENCE_S)
    assert not swapper.is_alive()
    assert len(refused) == 1
    with pytest.raises(ModelStartError, match='closed'):
        detector.swap(hanging)


def test_a_detector_restarts_many_times_without_growing(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(die_on_classify=2))
    back_off = BackOff(first_s=0.01, longest_s=0.02)
    with SupervisedDetector(path, deadlines=SHORT, back_off=back_off) as detector:
        for _ in range(5):
            assert detector.wait_until_running(PATIENCE_S)
            assert detector.detect(FRAME) is None
        assert detector.wait_until_running(PATIENCE_S)
        process = psutil.Process()
        files, threads = process.num_fds(), process.num_threads()
        for _ in range(20):
            assert detector.detect(FRAME) is None
            assert detector.wait_until_running(PATIENCE_S)
        assert process.num_fds() <= files
        assert process.num_threads() <= threads
        assert detector.status.restarts == 25
        assert len(detector._alive) == 1
