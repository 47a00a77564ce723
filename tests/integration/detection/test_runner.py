import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from edge_impulse_linux.runner import ImpulseRunner

import parking_monitor
from parking_monitor.detection.errors import (
    ModelAnswerError,
    ModelDied,
    ModelError,
    ModelFileError,
    ModelRefusedError,
    ModelStartError,
    ModelTimeout,
)
from parking_monitor.detection.runner import Deadlines, EimRunner, Features
from tests.support.models import Script, write_fake_eim
from tests.support.patience import PATIENCE_S

SOON = Deadlines(start_s=PATIENCE_S, hello_s=PATIENCE_S, classify_s=PATIENCE_S, stop_s=0.3)
COUNT = 96 * 96
A_CAR = ('car', 0.9609375, 32, 32, 16, 8)


@contextmanager
def started(path: Path, deadlines: Deadlines = SOON) -> Iterator[EimRunner]:
    runner = EimRunner(path, deadlines)
    try:
        runner.init()
        yield runner
    finally:
        runner.stop()


def segment_of(runner: EimRunner) -> Path:
    shared = runner.info.features_shm
    assert shared is not None
    return Path('/dev/shm') / shared.name.lstrip('/')


def boxes_of(answer: dict[str, Any]) -> list[Any]:
    boxes: list[Any] = answer['result']['bounding_boxes']
    return boxes


def test_a_model_answers_as_the_sdk_would_have_it(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[[A_CAR]]))
    with started(path) as runner:
        assert isinstance(runner, ImpulseRunner)
        answer = runner.classify(np.zeros(COUNT, np.float32))
    box = {'height': 8, 'label': 'car', 'value': 0.9609375, 'width': 16, 'x': 32, 'y': 32}
    assert boxes_of(answer) == [box]
    assert 'timing' in answer
    assert 'id' not in answer


@pytest.mark.parametrize('shared_memory', [True, False], ids=['shared memory', 'JSON'])
def test_features_arrive_by_either_way(tmp_path: Path, shared_memory: bool) -> None:
    script = Script(blobs=True, shared_memory=shared_memory)
    path = write_fake_eim(tmp_path / 'm.eim', script=script)
    bright = np.zeros((96, 96), np.float32)
    bright[40:48, 16:24] = 0xFFFFFF

    def pack(features: Features) -> None:
        features[:] = bright.reshape(-1)

    with started(path) as runner:
        assert (runner.info.features_shm is not None) == shared_memory
        for data in (pack, bright.reshape(-1), bright.reshape(-1).tolist()):
            assert [(box['x'], box['y']) for box in boxes_of(runner.classify(data))] == [(16, 40)]


def test_a_wrong_number_of_features_is_refused_here(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        with pytest.raises(ValueError, match=r'5 features; model m.eim takes 9216'):
            runner.classify([0.0] * 5)
        runner.classify(runner.features)


def test_a_threshold_is_set_and_an_unknown_one_is_refused_without_harm(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[[('car', 0.4, 0, 0, 8, 8)]]))
    with started(path) as runner:
        assert boxes_of(runner.classify(runner.features)) == []
        runner.set_threshold({'id': 3, 'min_score': 0.3})
        assert len(boxes_of(runner.classify(runner.features))) == 1
        with pytest.raises(ModelRefusedError, match='refused set_threshold: Unknown threshold'):
            runner.set_threshold({'id': 99, 'min_score': 0.3})
        assert len(boxes_of(runner.classify(runner.features))) == 1


def test_a_model_runs_from_any_thread(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[[A_CAR]]))
    answers: list[Any] = []

    def work() -> None:
        with started(path) as runner:
            answers.append(runner.classify(runner.features))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE_S)
    assert len(boxes_of(answers[0])) == 1


def test_a_model_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    runner = EimRunner(write_fake_eim(tmp_path / 'm.eim'), SOON)
    thread = threading.Thread(target=runner.init)
    thread.start()
    thread.join(PATIENCE_S)
    try:
        assert boxes_of(runner.classify(runner.features)) == []
    finally:
        runner.stop()


def test_stop_leaves_no_process_no_socket_and_no_memory(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        pid, folder, segment = runner.pid, Path(str(runner._tempdir)), segment_of(runner)
        assert segment.exists()
        assert folder.exists()
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert not folder.exists()
    assert not segment.exists()
    assert runner.pid is None
    with pytest.raises(ModelDied, match='not running'):
        runner.classify([0.0] * COUNT)


def test_stop_may_be_called_again_and_before_a_start(tmp_path: Path) -> None:
    runner = EimRunner(write_fake_eim(tmp_path / 'm.eim'), SOON)
    runner.stop()
    runner.stop()
    with pytest.raises(ModelStartError, match='stopped before it started'):
        runner.init()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r'nowhere.eim does not exist'):
        EimRunner(tmp_path / 'nowhere.eim').init()


def test_a_file_that_is_not_executable_is_named(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim')
    path.chmod(0o644)
    with pytest.raises(ModelFileError, match=r'not executable; chmod \+x'):
        EimRunner(path).init()


def test_a_file_that_is_no_model_is_told_so_without_advice_to_make_it_executable(tmp_path: Path) -> None:
    path = tmp_path / 'm.eim'
    path.write_text('not a model')
    with pytest.raises(ModelFileError, match='neither a Linux executable nor a script') as caught:
        EimRunner(path, SOON).init()
    assert 'chmod' not in str(caught.value)


def test_a_broken_onnx_is_refused_for_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    path = tmp_path / 'm.onnx'
    path.write_text('not a model')
    with pytest.raises(ModelFileError, match='not an ONNX model'):
        EimRunner(path, SOON).init()


def test_stop_ends_the_making_of_an_eim_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / 'python'
    slow.write_text('#!/bin/sh\nexec sleep 60\n')
    slow.chmod(0o755)
    monkeypatch.setattr(sys, 'executable', str(slow))
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    path = tmp_path / 'm.onnx'
    path.write_text('any')
    runner = EimRunner(path, SOON)
    stopper = threading.Timer(0.3, runner.stop)
    stopper.start()
    begun = time.monotonic()
    with pytest.raises(ModelStartError, match='stopped before it started'):
        runner.init()
    assert time.monotonic() - begun < 30  # where the making takes 60
    stopper.join()


def test_a_file_that_is_still_open_for_writing_is_tried_again(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim')
    writer = path.open('ab')
    closer = threading.Timer(0.2, writer.close)
    closer.start()
    with started(path) as runner:
        assert runner.pid is not None
    closer.join()


def test_no_room_for_a_socket_is_a_failed_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'nowhere'))
    with pytest.raises(ModelStartError, match=r'no folder for the socket of model m\.eim'):
        EimRunner(write_fake_eim(tmp_path / 'm.eim'), SOON).init()


def test_a_file_for_another_machine_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'm.eim'
    path.write_bytes(b'\x7fELF' + bytes(60))
    path.chmod(0o755)
    with pytest.raises(ModelFileError, match='not a program for this machine'):
        EimRunner(path).init()


def test_a_script_whose_interpreter_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'm.eim'
    path.write_text('#!/nowhere/python\n')
    path.chmod(0o755)
    with pytest.raises(ModelFileError, match='cannot be run: No such file'):
        EimRunner(path).init()


def test_a_model_that_exits_at_the_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    script = Script(exit_at_start=3, output='no licence for this device')
    path = write_fake_eim(tmp_path / 'm.eim', script=script)
    with pytest.raises(ModelStartError, match=r'exit status 3\): no licence for this device'):
        EimRunner(path, SOON).init()


def test_a_model_that_hangs_at_the_start_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(hang_at_start=True))
    with pytest.raises(ModelTimeout, match=r'not up within 0.5 s'):
        EimRunner(path, Deadlines(start_s=0.5, stop_s=0.2)).init()


def test_a_model_that_never_says_hello_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(hang_in_hello=True))
    with pytest.raises(ModelTimeout, match=r'did not answer hello within 0.3 s'):
        EimRunner(path, Deadlines(hello_s=0.3, stop_s=0.2)).init()


def test_a_model_whose_hello_is_no_image_model_is_refused(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', channels=2)
    with pytest.raises(ModelAnswerError, match=r'model m.eim: model_parameters.image_channel_count is 2'):
        EimRunner(path, SOON).init()


def test_a_model_that_dies_is_named_with_its_status(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(die_on_classify=2))
    with started(path) as runner:
        segment = segment_of(runner)
        runner.classify(runner.features)
        with pytest.raises(ModelDied, match=r'went away during classify_shm \(exit status -9\)'):
            runner.classify(runner.features)
        assert segment.exists()
    assert not segment.exists()


@pytest.mark.parametrize(
    'script', [Script(hang_on_classify=1), Script(flood_on_classify=1)], ids=['silent', 'never ending']
)
def test_a_model_that_hangs_is_given_up_at_the_deadline_and_killed(tmp_path: Path, script: Script) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=script)
    with started(path, Deadlines(classify_s=0.3, stop_s=0.2)) as runner:
        segment, pid = segment_of(runner), runner.pid
        with pytest.raises(ModelTimeout, match=r'did not answer classify_shm within 0.3 s'):
            runner.classify(runner.features)
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert not segment.exists()


def test_a_stopped_process_is_killed_all_the_same(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        assert runner.pid is not None
        os.kill(runner.pid, signal.SIGSTOP)


def test_garbage_is_no_answer(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(garbage_on_classify=1))
    with started(path) as runner, pytest.raises(ModelAnswerError, match=r'asked classify_shm: .* not JSON'):
        runner.classify(runner.features)


def test_stop_from_another_thread_ends_a_request_at_once(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(slow_s=60.0))
    with started(path) as runner:
        stopper = threading.Timer(0.3, runner.stop)
        stopper.start()
        begun = time.monotonic()
        with pytest.raises(ModelDied):
            runner.classify(runner.features)
        assert time.monotonic() - begun < 30  # where the answer takes 60
        stopper.join()


def test_stop_from_another_thread_ends_a_start_at_once(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(hang_at_start=True))
    runner = EimRunner(path, SOON)
    stopper = threading.Timer(0.3, runner.stop)
    stopper.start()
    with pytest.raises(ModelError):
        runner.init()
    stopper.join()


def test_a_model_that_writes_without_end_does_not_block(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(output='noise ' * 100_000, answers=[[A_CAR]]))
    with started(path) as runner:
        assert len(boxes_of(runner.classify(runner.features))) == 1
        assert runner._process is not None
        assert len(runner._process.last_words()) <= 4096


def test_a_model_does_not_inherit_the_mark_of_the_ros_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('_ROS_WHEELS_BOOTSTRAP_COMPLETE', '1')
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        assert '_ROS_WHEELS_BOOTSTRAP_COMPLETE' not in psutil.Process(runner.pid).environ()


def test_a_model_has_a_process_session_of_its_own(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        assert runner.pid is not None
        assert os.getsid(runner.pid) == runner.pid != os.getsid(0)


def test_attaching_memory_starts_no_tracker_process(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        names = [' '.join(child.cmdline()) for child in psutil.Process().children()]
        assert len(names) == 2, names  # the model and its guard
        assert not any('resource_tracker' in name for name in names)
        assert runner.pid is not None


OWNER = """
import sys, time
from parking_monitor.detection.runner import Deadlines, EimRunner
runner = EimRunner(sys.argv[1], Deadlines(start_s=60, classify_s=60))
print('begun', flush=True)
runner.init()
print(runner.pid, runner.info.features_shm.name, runner._tempdir, flush=True)
runner.classify(runner.features)
time.sleep(60)
"""


def an_owner_of(path: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, 'PYTHONPATH': str(Path(parking_monitor.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, '-c', OWNER, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize(
    'script', [Script(), Script(hang_on_classify=1)], ids=['a model that is well', 'a model that hangs']
)
def test_a_model_does_not_outlive_an_owner_that_is_killed(tmp_path: Path, script: Script) -> None:
    with an_owner_of(write_fake_eim(tmp_path / 'm.eim', script=script)) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == 'begun\n'
        _, segment, folder = owner.stdout.readline().split()
        assert Path(folder).exists()
        children = psutil.Process(owner.pid).children()
        assert len(children) == 2  # the model and its guard
        owner.kill()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert not alive
    assert not (Path('/dev/shm') / segment.lstrip('/')).exists()
    assert not Path(folder).exists()


def test_a_model_without_a_client_does_not_outlive_an_owner_that_is_killed(tmp_path: Path) -> None:
    with an_owner_of(write_fake_eim(tmp_path / 'm.eim', script=Script(hang_at_start=True))) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == 'begun\n'
        while len(children := psutil.Process(owner.pid).children()) < 2:
            assert owner.poll() is None
            time.sleep(0.01)
        owner.kill()
    _, alive = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert not alive


def test_a_second_client_is_no_concern_because_each_runner_has_its_own_model(tmp_path: Path) -> None:
    path = write_fake_eim(tmp_path / 'm.eim', script=Script(answers=[[A_CAR]]))
    with started(path) as one, started(path) as other:
        assert one.pid != other.pid
        assert len(boxes_of(one.classify(one.features))) == 1
        assert len(boxes_of(other.classify(other.features))) == 1


def test_a_deadline_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match='classify_s is 0'):
        Deadlines(classify_s=0)


def test_a_runner_is_reachable_only_by_its_own_user(tmp_path: Path) -> None:
    with started(write_fake_eim(tmp_path / 'm.eim')) as runner:
        folder = Path(str(runner._tempdir))
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / 'runner.sock').is_socket()
        assert isinstance(runner._client, socket.socket)
