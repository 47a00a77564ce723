from pathlib import Path
from typing import Any

import pytest
import yaml

from parking_monitor.camera.calibration import read_calibration
from parking_monitor.camera.errors import CalibrationError

K = [600.0, 0, 320, 0, 610, 240, 0, 0, 1]
P = [590.0, 0, 321, 0, 0, 605, 241, 0, 0, 0, 1, 0]


def content(**changes: Any) -> dict[str, Any]:
    """Return what camera_calibration writes; None leaves a field out."""
    fields = {
        'image_width': 640,
        'image_height': 480,
        'camera_name': 'lane',
        'camera_matrix': {'rows': 3, 'cols': 3, 'data': K},
        'distortion_model': 'plumb_bob',
        'distortion_coefficients': {'rows': 1, 'cols': 5, 'data': [0.1, -0.2, 0.001, 0, 0]},
        'rectification_matrix': {'rows': 3, 'cols': 3, 'data': [1, 0, 0, 0, 1, 0, 0, 0, 1]},
        'projection_matrix': {'rows': 3, 'cols': 4, 'data': P},
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


def write(folder: Path, value: object) -> Path:
    path = folder / 'lane.yaml'
    path.write_text(yaml.safe_dump(value))
    return path


def test_a_file_of_camera_calibration_is_read(tmp_path: Path) -> None:
    calibration = read_calibration(write(tmp_path, content()))
    assert (calibration.image_width, calibration.image_height, calibration.camera_name) == (640, 480, 'lane')
    assert calibration.camera_matrix == tuple(K)
    assert list(calibration.distortion) == [0.1, -0.2, 0.001, 0, 0]
    assert calibration.projection == tuple(P)


def test_without_rectification_and_projection_the_lens_is_taken_alone(tmp_path: Path) -> None:
    calibration = read_calibration(
        write(tmp_path, content(rectification_matrix=None, projection_matrix=None, camera_name=None))
    )
    assert list(calibration.rectification) == [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert list(calibration.projection) == [600, 0, 320, 0, 0, 610, 240, 0, 0, 0, 1, 0]


def test_each_distortion_model_has_its_number_of_coefficients(tmp_path: Path) -> None:
    eight = {'data': [0.0] * 8}
    calibration = read_calibration(
        write(tmp_path, content(distortion_model='rational_polynomial', distortion_coefficients=eight))
    )
    assert len(calibration.distortion) == 8


@pytest.mark.parametrize(
    ('changes', 'complaint'),
    [
        ({'image_width': None}, 'image_width is missing; it must be a whole number'),
        ({'image_height': 'tall'}, "image_height is 'tall'"),
        ({'image_height': True}, 'image_height is True'),
        ({'distortion_model': 'barrel'}, "distortion_model is 'barrel'; it must be one of plumb_bob"),
        ({'distortion_model': ['plumb_bob']}, r"distortion_model is \['plumb_bob'\]"),
        ({'distortion_coefficients': {'data': [0.0] * 4}}, 'distortion_coefficients.data is .* a list of 5'),
        ({'camera_matrix': {'data': K[:8]}}, 'camera_matrix.data is .* a list of 9'),
        ({'camera_matrix': {'data': [float('nan'), *K[1:]]}}, 'camera_matrix.data is .* finite'),
        ({'camera_matrix': {'data': [0.0, *K[1:]]}}, 'focal lengths'),
        ({'camera_matrix': K}, 'camera_matrix.data is'),
        ({'projection_matrix': {'data': 'P'}}, "projection_matrix.data is 'P'"),
    ],
)
def test_a_wrong_field_is_named_with_its_file_and_value(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(CalibrationError, match=complaint) as error:
        read_calibration(write(tmp_path, content(**changes)))
    assert 'lane.yaml' in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r'nowhere\.yaml'):
        read_calibration(tmp_path / 'nowhere.yaml')


@pytest.mark.parametrize('text', ['[1, 2]', 'a: [', '', '\0'])
def test_what_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / 'lane.yaml'
    path.write_text(text)
    with pytest.raises(CalibrationError, match=r'lane\.yaml'):
        read_calibration(path)
