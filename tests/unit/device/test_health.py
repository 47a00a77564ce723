"""What is heard of a graph says whether a device is healthy."""

from dataclasses import replace
from pathlib import Path

import pytest

from parking_monitor.device.health import Heard, HeardCount, HeardNode, all_said, judge
from parking_monitor.device.status import CameraTopic, NoStatusError, Status, read_status, write_status

NODES = ('/device/gate/usb_cam', '/device/gate/car_counter', '/device/aws_iot_bridge')
GATE = CameraTopic('gate', '/device/gate/car_count', stale_after_s=10)
STATUS = Status('graph', nodes=NODES, cameras=(GATE,))
WELL = HeardNode(True, 'running')
HEARD = Heard(dict.fromkeys(NODES, WELL), {'gate': HeardCount('OK', 3, age_s=0.4)})


def with_count(state: str, age_s: float) -> Heard:
    return replace(HEARD, counts={'gate': HeardCount(state, 3, age_s)})


def test_a_device_that_counts_is_healthy() -> None:
    verdict = judge(STATUS, HEARD)
    assert (verdict.healthy, verdict.reason) == (True, 'gate: 3 cars')
    assert all_said(STATUS, HEARD)


def test_a_node_that_says_nothing_is_unhealthy() -> None:
    heard = replace(HEARD, nodes={name: WELL for name in NODES if 'usb_cam' not in name})
    assert not all_said(STATUS, heard)
    verdict = judge(STATUS, heard)
    assert (verdict.healthy, verdict.reason) == (False, 'nothing is heard of /device/gate/usb_cam')


def test_a_camera_without_a_count_is_unhealthy() -> None:
    heard = replace(HEARD, counts={})
    assert not all_said(STATUS, heard)
    assert judge(STATUS, heard).reason == 'no count of gate'
    assert not judge(STATUS, heard).healthy


@pytest.mark.parametrize('state', ['UNKNOWN', 'STALE', 'FROZEN', 'COVERED', 'MOVED'])
def test_a_device_that_waits_for_its_camera_is_healthy_and_says_so(state: str) -> None:
    """No restart brings it a camera, however long it has been waiting."""
    heard = with_count(state, age_s=86_400)
    camera = HeardNode(False, 'no camera: is one plugged in?')
    heard = replace(heard, nodes={**heard.nodes, '/device/gate/usb_cam': camera})
    assert all_said(STATUS, heard)
    verdict = judge(STATUS, heard)
    assert verdict.healthy
    assert verdict.reason == f'gate: waits, {state}; usb_cam: no camera: is one plugged in?'


@pytest.mark.parametrize('age_s', [15.1, -15.1])
def test_a_count_that_calls_itself_fresh_and_is_not_is_unhealthy(age_s: float) -> None:
    assert not judge(STATUS, with_count('OK', age_s)).healthy
    assert not all_said(STATUS, with_count('OK', age_s)), 'a newer one may still come'
    assert judge(STATUS, with_count('OK', age_s * 0.99)).healthy


def test_nodes_of_others_do_not_matter() -> None:
    heard = replace(HEARD, nodes={**HEARD.nodes, '/other/robot': HeardNode(False, 'on fire')})
    assert judge(STATUS, heard).reason == 'gate: 3 cars'


def test_a_device_that_collects_has_no_counts() -> None:
    status = Status('graph', nodes=NODES[:1])
    assert judge(status, HEARD).reason == 'all nodes run'
    assert judge(status, HEARD).healthy


def test_a_device_that_waits_for_its_configuration_is_healthy_and_says_so() -> None:
    verdict = judge(Status('nothing', waits='cameras: is missing'), Heard({}, {}))
    assert (verdict.healthy, verdict.reason) == (True, 'waits: cameras: is missing')


def test_what_runs_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_status(tmp_path / 'device.json', STATUS)
    read = read_status(tmp_path / 'device.json')
    assert (read.runs, tuple(read.nodes), tuple(read.cameras)) == ('graph', NODES, (GATE,))


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"runs": "graph", "cameras": [{"name": 1}]}'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / 'device.json').write_text(text)
    with pytest.raises(NoStatusError, match='damaged'):
        read_status(tmp_path / 'device.json')
    with pytest.raises(NoStatusError, match='switched on'):
        read_status(tmp_path / 'absent.json')
