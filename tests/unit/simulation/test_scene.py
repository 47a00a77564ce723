"""Test that scenes load, and that wrong ones are refused with a reason."""

from pathlib import Path

import pytest

from parking_monitor.simulation.errors import SceneError
from parking_monitor.simulation.scene import load_scene, scene_names

from .builders import scene_with

GOOD = """
description: A lane.
camera: {height: 6, tilt_deg: 40}
lanes: [{name: in, points: [[0, -10], [0, 10]]}]
bays: [{name: A, origin: [2, 0], direction_deg: 90, count: 2, angle_deg: 0}]
"""


def test_every_promised_scene_ships_with_a_description_a_rate_and_a_length() -> None:
    promised = {
        'day_lane', 'oblique_lot', 'night_lamps', 'rain', 'low_sun', 'delivery_truck', 'pedestrians',
        'crowded_exit', 'gate_turn', 'shaken', 'slow_device', 'fog', 'toy_table', 'empty_hour',
    }  # fmt: skip
    assert promised <= set(scene_names())
    for name in scene_names():
        scene = load_scene(name)
        assert scene.name == name
        assert scene.description.endswith('.')
        assert scene.rate_hz > 0
        assert scene.duration_s is None or scene.duration_s > 0


def test_a_new_file_is_a_new_scene(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(GOOD)
    assert load_scene(path).name == 'mine'
    assert load_scene(str(path)).lanes[0].name == 'in'


@pytest.mark.parametrize(
    ('old', 'new', 'field', 'says'),
    [
        ('height: 6', 'height: -6', 'camera.height', 'greater than 0.3'),
        ('height: 6', 'height: tall', 'camera.height', 'number'),
        ('height: 6', 'hight: 6', 'camera.hight', 'x, y, height, pan_deg'),
        ('count: 2', 'count: 2, number: 2', 'bays.0.number', 'count, angle_deg'),
        ('count: 2', 'count: 0', 'bays.0.count', 'greater than or equal to 1'),
        ('description: A lane.', 'seed: 1', 'description', 'required'),
        ('[[0, -10], [0, 10]]', '[[0, -10]]', 'lanes.0.points', 'at least 2'),
        ('angle_deg: 0', 'angle_deg: 0, lane: out', 'bays.0.lane', 'a lane: in'),
        (
            'description: A lane.',
            'description: A lane.\nweather: {wet: 3}',
            'weather.wet',
            'less than or equal to 1',
        ),
        (
            'description: A lane.',
            'description: A lane.\ntraffic: {script: [{lane: in, park: A9}]}',
            'traffic.script.0.park',
            'A1, A2',
        ),
        (
            'description: A lane.',
            'description: A lane.\ntraffic: {script: [{lane: in, parked: A1}]}',
            'traffic.script.0',
            'exactly one of lane, parked and place',
        ),
        ('name: A', 'name: A, lines: dotted', 'bays.0.lines', 'sides'),
    ],
)
def test_a_wrong_field_is_named_with_its_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, field: str, says: str
) -> None:
    path = tmp_path / 'wrong.yaml'
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SceneError) as caught:
        load_scene(path)
    assert caught.value.file == 'wrong.yaml'
    assert caught.value.field == field
    assert says in caught.value.allowed
    assert repr(caught.value.value) in str(caught.value)


@pytest.mark.parametrize('content', ['- a list', 'a: [unclosed', 'just words'])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / 'odd.yaml'
    path.write_text(content)
    with pytest.raises(SceneError, match=r'odd\.yaml: file is'):
        load_scene(path)


def test_an_unknown_name_is_answered_with_the_names_there_are() -> None:
    with pytest.raises(SceneError, match='day_lane'):
        load_scene('nowhere')
    with pytest.raises(SceneError, match='No such file'):
        load_scene('/nowhere/at_all.yaml')


def test_two_bays_of_one_name_are_refused() -> None:
    row = {'name': 'A', 'origin': [0, 0], 'direction_deg': 0, 'count': 2, 'angle_deg': 90}
    with pytest.raises(SceneError, match='a name that is used once'):
        scene_with(bays=[row, {**row, 'origin': [0, 9]}])
