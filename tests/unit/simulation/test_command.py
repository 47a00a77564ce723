"""Test the command that writes clips."""

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from parking_monitor.simulation.command import app
from parking_monitor.simulation.scene import scene_names
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import write_lines

from .builders import scripted

CAR = {'at_s': 0.2, 'lane': 'lane', 'body': 'suv'}


def test_a_clip_and_its_truth_are_written_frame_by_frame(tmp_path: Path) -> None:
    out = tmp_path / 'clip.mp4'
    options = ['--out', str(out), '--seconds', '2', '--rate', '5', '--size', '160x120', '--seed', '3']
    result = CliRunner().invoke(app, ['gate_turn', *options])
    assert result.exit_code == 0, result.output
    clip = cv2.VideoCapture(str(out))
    assert int(clip.get(cv2.CAP_PROP_FRAME_COUNT)) == 10
    assert clip.get(cv2.CAP_PROP_FRAME_WIDTH) == 160
    lines = [json.loads(line) for line in (tmp_path / 'clip.truth.jsonl').read_text().splitlines()]
    assert lines[0]['scene']['name'] == 'gate_turn'
    assert lines[0]['scene']['gates'].keys() == {'gate'}
    assert [line['frame']['time_s'] for line in lines if 'frame' in line] == [n / 5 for n in range(10)]
    assert [line['event']['kind'] for line in lines if 'event' in line] == ['arrived']


def test_the_list_names_every_scene() -> None:
    result = CliRunner().invoke(app, ['--list'])
    assert result.exit_code == 0
    assert all(name in result.output for name in scene_names())


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['nowhere'], 'day_lane'),
        (['day_lane', '--size', 'large'], 'WIDTHxHEIGHT'),
        (['day_lane', '--out', 'clip.gif'], '.mp4 or .avi'),
        (['day_lane', '--out', '/nowhere/clip.mp4'], 'create it first'),
        ([], 'missing'),
    ],
)
def test_a_wrong_call_is_answered_with_what_is_allowed(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code != 0
    assert says in ' '.join(result.output.split())


def test_truth_is_written_as_json_lines(tmp_path: Path) -> None:
    simulator = Simulator(scripted(CAR))
    path = tmp_path / 'truth.jsonl'
    write_lines(path, [simulator.truth(5.0)], simulator.events(5.0))
    frame, arrived, *_ = [json.loads(line) for line in path.read_text().splitlines()]
    assert frame['frame']['cars'][0]['body'] == 'suv'
    assert frame['frame']['cars'][0]['box'].keys() == {'x', 'y', 'width', 'height'}
    assert arrived['event'] == {'time_s': 0.2, 'kind': 'arrived', 'car_id': 1, 'gate': None, 'bay': None}
