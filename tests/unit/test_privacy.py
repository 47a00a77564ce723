"""How much of a picture is left where faces and plates are not to be seen."""

import cv2
import numpy as np
import pytest

from parking_monitor import privacy
from parking_monitor.values import Image


def a_plate(width: int, text: str = 'KA 471 XZ') -> Image:
    plate = np.full((60, 300, 3), 235, np.uint8)
    cv2.putText(plate, text, (8, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 4, cv2.LINE_AA)
    return np.asarray(cv2.resize(plate, (width, width // 5), interpolation=cv2.INTER_AREA), np.uint8)


def a_scene(plate: Image) -> Image:
    """Put a plate into a grey picture of 640 x 480."""
    image = np.full((480, 640, 3), 110, np.uint8)
    image[240 : 240 + plate.shape[0], 200 : 200 + plate.shape[1]] = plate
    return image


def contrast(first: str, second: str, car_px: float | None) -> float:
    """Return by how much two plates of one size differ in pictures, grey levels; None for as they are."""
    pictures = []
    for text in (first, second):
        scene = a_scene(a_plate(45, text))
        # Of many pictures the noise can be averaged away.
        shown = (
            scene if car_px is None else np.mean([privacy.blurred(scene, car_px) for _ in range(16)], axis=0)
        )
        pictures.append(shown[240:249, 200:245].astype(float))
    return float(np.abs(pictures[0] - pictures[1]).mean())


@pytest.mark.parametrize(
    ('size', 'car_px', 'left'),
    [
        ((640, 480), None, 0.25),
        ((480, 640), None, 0.25),
        ((640, 480), 72.0, 0.5),
        ((640, 480), 144.0, 0.25),
        # However small the cars are that were found, one that was missed may be larger.
        ((640, 480), 10.0, 0.5),
        ((160, 120), 10.0, 1.0),
        ((100, 80), None, 1.0),
    ],
)
def test_the_larger_a_car_is_the_less_is_left(
    size: tuple[int, int], car_px: float | None, left: float
) -> None:
    assert privacy.kept_share(*size, car_px) == left


def test_the_picture_keeps_its_size_and_what_is_large() -> None:
    image = a_scene(a_plate(30))
    image[:, :320] = 30
    blurred = privacy.blurred(image, 100.0)
    assert blurred.shape == image.shape
    assert blurred.dtype == np.uint8
    assert abs(float(blurred[:, :300].mean()) - 30) < 3
    assert abs(float(blurred[:, 340:].mean()) - 110) < 3


def test_less_than_half_of_what_tells_two_plates_apart_is_left_however_many_pictures() -> None:
    plates = ('KA 471 XZ', 'MB 886 QW')
    assert contrast(*plates, 145.0) < 0.5 * contrast(*plates, None)


def test_noise_is_never_the_same() -> None:
    image = a_scene(a_plate(30))
    assert (privacy.blurred(image, 100.0) != privacy.blurred(image, 100.0)).any()
