"""Whether a picture looks like another one."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from parking_monitor import jpeg
from parking_monitor.cloud.scene_hash import is_new_scene, scene_hash
from tests.support.shared import shared_path
from tests.unit.cloud.sample_builders import a_picture


def test_the_same_scene_in_other_light_with_noise_is_not_new() -> None:
    image = jpeg.decode(a_picture(1))
    noise = np.random.default_rng(1).normal(0, 6, image.shape)
    darker = np.clip(image * 0.7 + noise, 0, 255).astype(np.uint8)
    assert not is_new_scene(scene_hash(jpeg.encode(darker, 70)), [scene_hash(a_picture(1))])


def test_the_same_scene_in_another_size_is_not_new() -> None:
    image = jpeg.decode(a_picture(1))
    larger = cv2.resize(image, (1280, 960), interpolation=cv2.INTER_LINEAR)
    assert not is_new_scene(scene_hash(jpeg.encode(np.asarray(larger, np.uint8))), [scene_hash(a_picture(1))])


def test_another_scene_is_new_and_the_first_one_is() -> None:
    known = [scene_hash(a_picture(seed)) for seed in (1, 2)]
    assert is_new_scene(scene_hash(a_picture(3)), known)
    assert not is_new_scene(scene_hash(a_picture(2)), known)
    assert is_new_scene(known[0], [])


def test_what_is_no_picture_is_told() -> None:
    with pytest.raises(jpeg.JpegError):
        scene_hash(b'no picture')


def test_a_car_on_a_lane_is_news_and_five_weeks_of_one_lot_are_few_scenes() -> None:
    def kept(pictures: list[bytes]) -> int:
        known: list[int] = []
        for picture in pictures:
            scene = scene_hash(picture)
            if is_new_scene(scene, known):
                known.append(scene)
        return len(known)

    weeks = sorted(Path(shared_path('footage/lot/backgrounds')).glob('*.jpg'))
    assert len(weeks) == 42
    assert 2 <= kept([path.read_bytes() for path in weeks]) <= 12
    clip = cv2.VideoCapture(str(shared_path('footage/lane/car-detection.mp4')))
    frames = [np.asarray(clip.read()[1], np.uint8) for _ in range(240)][::12]
    assert 3 <= kept([jpeg.encode(frame) for frame in frames]) <= 12
