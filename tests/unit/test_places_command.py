"""The command `places`: a grid, a row of bays, and what fleet.yaml says, drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from parking_monitor import config, jpeg
from parking_monitor.places_command import app
from parking_monitor.simulation.fleet_section import camera_section
from parking_monitor.simulation.scene import load_scene
from parking_monitor.simulation.simulator import Simulator

GREEN_OF_BAYS = (160, 200, 0)


def places(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def grey(path: Path, width: int = 640, height: int = 480) -> Path:
    path.write_bytes(jpeg.encode(np.full((height, width, 3), 90, np.uint8)))
    return path


def image_of(path: Path) -> np.ndarray:
    return jpeg.decode(path.read_bytes())


def test_a_grid_has_its_lines_at_the_tenths(tmp_path: Path) -> None:
    result = places('grid', grey(tmp_path / 'look.jpg'), '--out', tmp_path / 'grid.jpg')
    assert result.exit_code == 0, result.output
    row = image_of(tmp_path / 'grid.jpg')[456].mean(axis=1)
    bright = [x for x in range(1, 639) if row[x] > 150 and row[x] >= row[x - 1] and row[x] > row[x + 1]]
    assert bright == pytest.approx([64 * tenth for tenth in range(1, 10)], abs=1)


def test_a_row_is_printed_as_bays_that_fleet_yaml_takes() -> None:
    result = places('row', 'A', 8, '0.15,0.54', '0.85,0.59', '0.95,0.78', '0.02,0.68', '--first', 3)
    assert result.exit_code == 0, result.output
    document = f'cameras:\n  - name: lot\n    bays:\n{result.output}'
    (camera,) = config.parse(document, {}).cameras
    assert [bay.name for bay in camera.bays] == [f'A{number}' for number in range(3, 11)]
    assert camera.bays[0].polygon[0] == pytest.approx((0.15, 0.54))
    assert camera.bays[-1].polygon[2] == pytest.approx((0.95, 0.78))


def test_the_places_of_each_camera_are_drawn_on_its_next_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    simulator = Simulator(load_scene('oblique_lot'), width=640, height=480)
    fleet = tmp_path / 'my.yaml'
    fleet.write_text('cameras:\n' + camera_section(simulator, 'lot', 'sim:oblique_lot'))
    result = places('draw', fleet)
    assert (result.exit_code, result.output) == (0, 'look at lot.jpg\n')
    drawn = image_of(tmp_path / 'lot.jpg')
    bay = yaml.safe_load(fleet.read_text())['cameras'][0]['bays'][0]
    corner = np.rint(np.array(bay['polygon'][0]) * (640, 480)).astype(int)
    near = drawn[corner[1] - 2 : corner[1] + 3, corner[0] - 2 : corner[0] + 3].reshape(-1, 3).astype(int)
    assert np.abs(near - GREEN_OF_BAYS).sum(axis=1).min() < 120


def test_they_can_be_drawn_on_a_picture_that_was_saved(tmp_path: Path) -> None:
    fleet = tmp_path / 'my.yaml'
    fleet.write_text(
        'cameras:\n  - {name: lane, source: /dev/video9, gates: '
        '[{name: in, line: [[0.1, 0.5], [0.9, 0.5]], inside: [0.5, 0.9]}]}\n  - name: lot\n'
    )
    picture = tmp_path / 'look.png'
    cv2.imwrite(str(picture), np.full((480, 640, 3), 90, np.uint8))
    out = tmp_path / 'places.jpg'
    result = places('draw', fleet, '--camera', 'lane', '--picture', picture, '--out', out)
    assert result.exit_code == 0, result.output
    blue, green, red = (int(value) for value in image_of(out)[240, 100])
    assert blue < 130 < green
    assert red > 180


def test_mistakes_are_told_with_what_to_do(tmp_path: Path) -> None:
    fleet = tmp_path / 'my.yaml'
    fleet.write_text('cameras: [{name: lane, source: /nowhere/clip.mp4}, {name: lot}]')
    (tmp_path / 'text.jpg').write_text('no picture')
    row = ('row', 'A', 2)
    cases = [
        (('draw', fleet, '--camera', 'lnae'), "--camera is 'lnae'; "),
        (('draw', fleet, '--out', tmp_path / 'x.jpg'), 'has 2 cameras; say which one --camera is to be'),
        (('draw', fleet, '--camera', 'lane'), 'lane: /nowhere/clip.mp4'),
        (('draw', tmp_path / 'none.yaml'), 'none.yaml'),
        (('grid', tmp_path / 'none.jpg'), 'none.jpg cannot be read: No such file or directory'),
        (('grid', tmp_path / 'text.jpg'), 'text.jpg is no picture; allowed: JPEG, PNG'),
        (('grid', grey(tmp_path / 'look.jpg'), '--out', tmp_path / 'no' / 'x.jpg'), 'cannot be written'),
        ((*row, '0,0', '1,0', '1,1'), '3 corners; a row has 4'),
        ((*row, '0,0', '1,0', '1,1', '0;1'), "corner '0;1'; allowed: X,Y in fractions"),
        ((*row, '0,0', '1,0', '1,1', '0,1.5'), "corner '0,1.5'; allowed: X,Y in fractions"),
        ((*row, '0,0', '1,0', '1,1', '0,1..5'), "corner '0,1..5'; allowed: X,Y in fractions"),
    ]
    for arguments, words in cases:
        result = places(*arguments)
        assert result.exit_code == 2, (arguments, result.output)
        assert words in result.output.replace('\n', ''), (arguments, result.output)
