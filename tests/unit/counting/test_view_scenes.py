"""No scene of the simulator, and no real footage of one place, is called frozen, covered or moved."""

from functools import lru_cache

import cv2
import pytest

from parking_monitor import jpeg
from parking_monitor.counting.view import ViewWatch
from parking_monitor.simulation.scene import load_scene, scene_names
from parking_monitor.values import Image, View
from tests.support.shared import shared_path
from tests.unit.counting.views import Showing, as_image, pictures

TORN = '2013-03-03_11_25_06.jpg'  # strips of another part of the picture lie in its lower half


@pytest.mark.parametrize('name', [name for name in scene_names() if name != 'shaken'])
def test_a_scene_is_clear_throughout(name: str) -> None:
    seconds = min(load_scene(name).duration_s or 120, 120)
    assert set(Showing().show(pictures(name, seconds=seconds))) == {View.CLEAR}


def test_a_shaken_camera_is_not_moved() -> None:
    assert set(Showing().show(pictures('shaken', seconds=120, width=640))) == {View.CLEAR}


def test_fog_that_hides_everything_and_lifts_is_neither_covered_nor_moved() -> None:
    fog = pictures('fog', 55, seconds=200)
    showing = Showing()
    assert set(showing.show(pictures('fog', seconds=20))) == {View.CLEAR}
    assert set(showing.show(fog)) == {View.CLEAR}
    showing = Showing(ViewWatch(showing.watch.reference))  # restarted, and the first it sees is fog
    assert set(showing.show(fog[70:120])) == {View.CLEAR}


@lru_cache(maxsize=1)
def lot_pictures() -> dict[str, Image]:
    paths = sorted(shared_path('footage/lot').glob('*/*.jpg'), key=lambda path: path.name)
    return {path.name: jpeg.decode(path.read_bytes(), (160, 90)) for path in paths}


def test_seven_weeks_of_a_real_lot_are_one_view() -> None:
    showing = Showing()
    for name, image in lot_pictures().items():
        verdict = showing.show([image], 1200.0)
        assert verdict == [View.CLEAR], name
        assert showing.watch.sight.elsewhere < (1.0 if name == TORN else 0.5), name


def test_a_real_lot_shown_in_place_of_a_lane_is_a_moved_camera() -> None:
    lot = list(lot_pictures().values())
    showing = Showing()
    assert set(showing.show(lane_pictures()[:120:6])) == {View.CLEAR}
    assert showing.seconds_until(View.MOVED, lot[:10]) <= 10


@lru_cache(maxsize=1)
def lane_pictures() -> list[Image]:
    clip = cv2.VideoCapture(str(shared_path('footage/lane/car-detection.mp4')))
    images = []
    while (read := clip.read())[0]:
        images.append(as_image(read[1]))
    clip.release()
    return images


@pytest.mark.parametrize('every', [6, 25])
def test_a_real_lane_whose_exposure_jumps_is_clear_over_and_over(every: int) -> None:
    images = lane_pictures()[::every]
    assert set(Showing().show(images * 3, every / 12.5)) == {View.CLEAR}
