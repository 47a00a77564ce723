"""Read the calibration files of ROS's camera_calibration (camera_info YAML)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parking_monitor.camera.errors import CalibrationError

COEFFICIENTS = {'plumb_bob': 5, 'rational_polynomial': 8, 'equidistant': 4}
"""Distortion models of sensor_msgs/distortion_models.hpp, and how many coefficients each has."""

_IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Hold what sensor_msgs/CameraInfo says of a lens; matrices row by row.

    Attributes:
        image_width: width in pixels of the pictures it was made from.
        image_height: height in pixels of the pictures it was made from.
        camera_name: name in the file, '' when there is none.
        distortion_model: one of `COEFFICIENTS`.
        distortion: the coefficients D.
        camera_matrix: the 3x3 matrix K; focal lengths and centre in pixels.
        rectification: the 3x3 matrix R; the identity when not in the file.
        projection: the 3x4 matrix P; K with a zero column when not in the file.
    """

    image_width: int
    image_height: int
    camera_name: str
    distortion_model: str
    distortion: tuple[float, ...]
    camera_matrix: tuple[float, ...]
    rectification: tuple[float, ...]
    projection: tuple[float, ...]


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        CalibrationError: names the file, the field, the value and what is allowed.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CalibrationError(f'{path} cannot be read as a calibration file: {error}') from error
    if not isinstance(content, Mapping):
        raise CalibrationError(
            f'{path} holds {content!r}; it must be the YAML that camera_calibration writes'
        )
    return _Fields(path, content).calibration()


class _Fields:
    """Take the fields out of one file, and complain of them with its name."""

    def __init__(self, path: Path, content: Mapping[str, Any]) -> None:
        self._path = path
        self._content = content

    def calibration(self) -> Calibration:
        model = self._content.get('distortion_model')
        if not isinstance(model, str) or model not in COEFFICIENTS:
            raise self._error('distortion_model', model, f'one of {", ".join(COEFFICIENTS)}')
        camera_matrix = self._camera_matrix()
        k = camera_matrix
        projection = (*k[0:3], 0.0, *k[3:6], 0.0, *k[6:9], 0.0)
        return Calibration(
            image_width=self._pixels('image_width'),
            image_height=self._pixels('image_height'),
            camera_name=str(self._content.get('camera_name', '')),
            distortion_model=model,
            distortion=self._matrix('distortion_coefficients', COEFFICIENTS[model]),
            camera_matrix=camera_matrix,
            rectification=self._matrix('rectification_matrix', 9, default=_IDENTITY),
            projection=self._matrix('projection_matrix', 12, default=projection),
        )

    def _pixels(self, field: str) -> int:
        value = self._content.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise self._error(field, value, 'a whole number of pixels above 0')
        return value

    def _camera_matrix(self) -> tuple[float, ...]:
        values = self._matrix('camera_matrix', 9)
        if values[0] <= 0 or values[4] <= 0:
            raise self._error(
                'camera_matrix.data', list(values), 'focal lengths (first and fifth number) above 0'
            )
        return values

    def _matrix(self, field: str, length: int, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        matrix = self._content.get(field)
        if matrix is None and default is not None:
            return default
        data = matrix.get('data') if isinstance(matrix, Mapping) else None
        if not isinstance(data, list) or len(data) != length or not all(_finite(value) for value in data):
            value = matrix if data is None else data
            raise self._error(f'{field}.data', value, f'a list of {length} finite numbers')
        return tuple(float(value) for value in data)

    def _error(self, field: str, value: object, allowed: str) -> CalibrationError:
        found = 'missing' if value is None else repr(value)
        return CalibrationError(f'{self._path}: {field} is {found}; it must be {allowed}')


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
