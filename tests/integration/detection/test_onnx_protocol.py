"""Replay the recorded exchanges of the .eim protocol against a model made of ONNX."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from parking_monitor.detection.runner import EimRunner
from tests.integration.detection.eim_client import Client, an_eim_of, running, segment_of
from tests.support.patience import PATIENCE_S
from tests.unit.detection.test_model_info import RECORDED

COUNT = 96 * 96
BRIGHT = 0xFFFFFF
RECORDED_ANSWER = json.loads(
    '{"id":12,"result":{"bounding_boxes":[{"height":8,"label":"car","value":0.9609375,"width":16,"x":32,"y":32}]},'
    '"success":true,"timing":{"anomaly":0,"classification":15,"dsp":0,"json":0,"msg_handler":16,"stdin":4}}'
)


@pytest.fixture(scope='module')
def eim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model like the recorded one: 96x96 grey, fit-shortest, "car", threshold 0.5."""
    return an_eim_of('centre_grey', tmp_path_factory.mktemp('eim'))


@pytest.fixture
def client(eim: Path, tmp_path: Path) -> Iterator[Client]:
    with running(eim, tmp_path) as one:
        yield one


def one_bright_cell(brightness: float = 1.0) -> np.ndarray:
    """Return features with one cell of 4x4 pixels around (34, 50), so that the box is (26, 42, 16, 16)."""
    features = np.zeros((96, 96))
    features[48:52, 32:36] = int(255 * brightness) * 0x010101
    return features.reshape(-1)


def shape_of(value: Any) -> Any:
    """Return the keys and types of an answer, without its values."""
    if isinstance(value, dict):
        return {key: shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape_of(value[0])] if value else []
    return type(value)


def assert_refused(answer: dict[str, Any], number: int) -> None:
    assert answer.keys() == {'error', 'id', 'success'}
    assert answer['success'] is False
    assert answer['id'] == number
    assert answer['error']


def test_hello_has_every_recorded_key_with_a_value_of_its_kind(client: Client) -> None:
    hello = client.hello()
    expected = shape_of({**RECORDED, 'id': 1, 'success': True})
    expected['model_parameters']['thresholds'][0]['min_score'] = float
    assert shape_of(hello) == expected
    recorded, ours = RECORDED['model_parameters'], hello['model_parameters']
    # The model answers boxes, and 255 is Edge Impulse's number for an engine that is not its own.
    different = {'model_type', 'inferencing_engine', 'thresholds'}
    assert {key for key in recorded if recorded[key] != ours[key]} == different
    assert hello['features_shm']['elements'] == COUNT
    assert hello['features_shm']['size_bytes'] == segment_of(hello).stat().st_size == COUNT * 4


def test_an_answer_is_one_object_a_line_feed_and_a_nul(client: Client) -> None:
    client.send('{"hello":1,"id":1}')
    text = client.receive()
    assert text.endswith('}\n\0')
    assert json.loads(text.removesuffix('\n\0'))['id'] == 1


def test_features_in_shared_memory_are_classified(client: Client) -> None:
    client.write_features(client.hello(), one_bright_cell())
    answer = client.ask({'classify_shm': {'elements': COUNT}, 'id': 12})
    assert shape_of(answer) == shape_of(RECORDED_ANSWER)
    box = {'height': 16, 'label': 'car', 'value': pytest.approx(1.0), 'width': 16, 'x': 26, 'y': 42}
    assert answer['result'] == {'bounding_boxes': [box]}
    assert answer['id'] == 12


def test_features_as_json_are_classified_the_same(client: Client) -> None:
    client.hello()
    answer = client.ask({'classify': one_bright_cell().tolist(), 'id': 2})
    assert [(box['x'], box['y']) for box in answer['result']['bounding_boxes']] == [(26, 42)]


def test_a_dark_picture_has_an_empty_list_of_boxes(client: Client) -> None:
    client.hello()
    answer = client.ask({'classify_shm': {'elements': COUNT}, 'id': 2})
    assert answer['result'] == {'bounding_boxes': []}


def test_a_threshold_is_set(client: Client) -> None:
    hello = client.hello()
    client.write_features(hello, one_bright_cell(0.25))
    ask = {'classify_shm': {'elements': COUNT}, 'id': 2}
    client.ask({'set_threshold': {'id': 3, 'min_score': 0.5}, 'id': 3})
    assert client.ask(ask)['result']['bounding_boxes'] == []
    assert client.ask({'set_threshold': {'id': 3, 'min_score': 0.2}, 'id': 3}) == {'id': 3, 'success': True}
    assert len(client.ask(ask)['result']['bounding_boxes']) == 1


def test_an_unknown_key_of_a_threshold_is_accepted_in_silence(client: Client) -> None:
    client.hello()
    answer = client.ask({'set_threshold': {'id': 3, 'nonsense': 1}, 'id': 2})
    assert answer == {'id': 2, 'success': True}


@pytest.mark.parametrize(
    'message',
    [
        {'set_threshold': {'id': 99, 'min_score': 0.3}},
        {'set_threshold': {'min_score': 0.3}},
        {'set_threshold': {'id': 3, 'min_score': 'high'}},
        {'hello': 1},
        {'classify': [0.0] * (COUNT - 1)},
        {'classify': []},
        {'classify': ['a'] * COUNT},
        {'classify': None},
        {'classify_shm': {'elements': COUNT + 1}},
        {'classify_shm': {}},
        {'classify_shm': 7},
        {'reticulate': 1},
        {},
    ],
    ids=str,
)
def test_what_is_wrong_is_refused_and_the_model_goes_on(client: Client, message: dict[str, Any]) -> None:
    client.hello()
    assert_refused(client.ask({**message, 'id': 2}), 2)
    assert client.ask({'classify_shm': {'elements': COUNT}, 'id': 3})['success'] is True


@pytest.mark.parametrize(
    'message',
    [
        {'classify_shm': {'elements': COUNT}},
        {'classify': [0.0] * COUNT},
        {'set_threshold': {'id': 3, 'min_score': 0.3}},
    ],
    ids=lambda message: next(iter(message)),
)
def test_nothing_is_answered_before_hello(client: Client, message: dict[str, Any]) -> None:
    assert_refused(client.ask({**message, 'id': 1}), 1)
    assert client.hello()['success'] is True


def test_a_message_without_an_id_is_refused(client: Client) -> None:
    assert_refused(client.ask({'hello': 1}), 0)
    assert client.hello()['success'] is True


def test_what_is_no_json_is_refused(client: Client) -> None:
    client.send('{hello}')
    assert_refused(json.loads(client.receive().removesuffix('\n\0')), 0)
    assert client.hello()['success'] is True


def test_two_messages_at_once_are_both_answered(client: Client) -> None:
    client.send('{"hello":1,"id":1}{"set_threshold":{"id":3,"min_score":0.4},"id":2}')
    assert [json.loads(client.receive().removesuffix('\n\0'))['id'] for _ in range(2)] == [1, 2]


def test_a_message_in_pieces_is_answered_once_it_is_whole(client: Client) -> None:
    for letter in '{"hello":1,"id":1}':
        client.send(letter)
    assert json.loads(client.receive().removesuffix('\n\0'))['success'] is True


def test_a_message_of_more_than_32_mb_is_refused_and_ends_the_model(client: Client) -> None:
    client.hello()
    with pytest.raises(ConnectionError):
        client.send('{"classify":[' + '0,' * (20 << 20))
    assert client.process.wait(PATIENCE_S) == 0


def test_the_model_leaves_with_its_client_and_removes_its_memory_but_not_the_socket(
    eim: Path, tmp_path: Path
) -> None:
    with running(eim, tmp_path) as client:
        segment = segment_of(client.hello())
        assert segment.exists()
        assert segment.stat().st_mode & 0o077 == 0
        client.connection.close()
        assert client.process.wait(PATIENCE_S) == 0
        assert (tmp_path / 'model.sock').is_socket()
    assert not segment.exists()


def test_the_model_leaves_when_its_client_goes_without_a_hello(eim: Path, tmp_path: Path) -> None:
    with running(eim, tmp_path) as client:
        client.connection.close()
        assert client.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_model_and_its_memory(client: Client, number: signal.Signals) -> None:
    segment = segment_of(client.hello())
    client.process.send_signal(number)
    assert client.process.wait(PATIENCE_S) == 0
    assert not segment.exists()


def test_a_kill_leaves_the_memory_which_the_runner_removes(eim: Path) -> None:
    runner = EimRunner(eim)
    segment = segment_of(runner.init())
    psutil.Process(runner.pid).kill()
    psutil.wait_procs([psutil.Process(runner.pid)], timeout=PATIENCE_S)
    assert segment.exists()
    runner.stop()
    assert not segment.exists()


def test_there_is_one_client_alone(client: Client, tmp_path: Path) -> None:
    client.hello()
    other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with other, pytest.raises(ConnectionRefusedError):
        other.connect(str(tmp_path / 'model.sock'))


def test_the_model_is_one_process(client: Client) -> None:
    client.hello()
    assert psutil.Process(client.process.pid).children(recursive=True) == []


def test_print_info_prints_the_hello_object(eim: Path) -> None:
    printed = subprocess.run([str(eim), '--print-info'], capture_output=True, text=True, check=True).stdout
    info = json.loads(printed)
    assert info['success'] is True
    assert info['model_parameters'].keys() == RECORDED['model_parameters'].keys()
    assert info['project'].keys() == RECORDED['project'].keys()


@pytest.mark.parametrize('arguments', [[], ['--nonsense'], ['a', 'b']])
def test_other_arguments_are_explained(eim: Path, arguments: list[str]) -> None:
    ran = subprocess.run([str(eim), *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert 'usage: model.eim SOCKET' in ran.stderr


SDK_CLIENT = """
import json, sys
import cv2
from edge_impulse_linux.image import ImageImpulseRunner
runner = ImageImpulseRunner(sys.argv[1])
hello = runner.init()
picture = cv2.cvtColor(cv2.imread(sys.argv[2]), cv2.COLOR_BGR2RGB)
features, _ = runner.get_features_from_image_auto_studio_settings(picture)
answers = [runner.classify(features)]
runner.set_threshold({'id': 3, 'min_score': 0.95})
answers.append(runner.classify(features))
process = runner._runner
runner.stop()
process.wait(10)
print(json.dumps([hello, answers]))
"""


def test_the_sdk_itself_sees_no_difference(eim: Path, tmp_path: Path) -> None:
    import cv2  # noqa: PLC0415  (this test alone draws)

    picture = np.zeros((192, 256, 3), np.uint8)
    picture[96:104, 96:104] = 230  # the cell at (32, 48) of the 96x96 middle, which is 192x192
    cv2.imwrite(str(tmp_path / 'picture.png'), picture)
    command = [sys.executable, '-c', SDK_CLIENT, str(eim), str(tmp_path / 'picture.png')]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    hello, (first, second) = json.loads(ran.stdout)
    (box,) = first['result']['bounding_boxes']
    assert (box['x'], box['y'], box['width'], box['height']) == (26, 42, 16, 16)
    assert box['value'] == pytest.approx(230 / 255, abs=0.01)
    assert second['result']['bounding_boxes'] == []
    assert not segment_of(hello).exists()
