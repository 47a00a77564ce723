"""A frozen picture, a covered lens and a moved camera are noticed within 10 s."""

import dataclasses

import numpy as np
import pytest

from parking_monitor.counting.view import ViewWatch
from parking_monitor.counting.view_reference import Reference
from parking_monitor.simulation.scene import Lighting, Sun, load_scene
from parking_monitor.values import View
from tests.unit.counting.views import Showing, a_cover, pictures, settled, turned

SOON_S = 10
STEPS_S = (0.5, 1.0, 2.0)
DAY, NIGHT = 'day_lane', 'night_lamps'
NOTHING = np.zeros((480, 640, 3), np.uint8)


@pytest.mark.parametrize('step_s', STEPS_S)
def test_a_picture_that_comes_again_and_again_is_frozen(step_s: float) -> None:
    showing = settled(DAY)
    still = pictures(DAY, 20, seconds=1)[0]
    assert showing.seconds_until(View.FROZEN, [still] * 30, step_s) <= SOON_S


def test_at_15_frames_a_second_too() -> None:
    still = pictures(DAY, seconds=1)[0]
    assert 8 <= Showing().seconds_until(View.FROZEN, [still] * 200, 1 / 15) <= SOON_S


def test_three_pictures_are_the_least_for_frozen() -> None:
    still = pictures(DAY, seconds=1)[0]
    assert Showing().show([still] * 3, 60.0) == [View.CLEAR, View.CLEAR, View.FROZEN]


def test_one_differing_picture_ends_frozen() -> None:
    first, other = pictures(DAY, seconds=2)
    assert Showing().show([first] * 12 + [other, first])[-3:] == [View.FROZEN, View.CLEAR, View.CLEAR]


@pytest.mark.parametrize('step_s', STEPS_S)
@pytest.mark.parametrize('scene', [DAY, NIGHT])
@pytest.mark.parametrize(
    'cover',
    [
        pytest.param({'level': 0, 'noise': 0}, id='black'),
        pytest.param({'level': 6, 'noise': 12}, id='a cap, and the gain turned up'),
        pytest.param({'level': 125}, id='grey tape'),
        pytest.param({'level': 240}, id='a white bag'),
        pytest.param({'level': 70, 'unevenness': 50}, id='a hand'),
    ],
)
def test_a_covered_lens_is_noticed_and_so_is_its_end(
    cover: dict[str, float], scene: str, step_s: float
) -> None:
    showing = settled(scene)
    assert showing.seconds_until(View.COVERED, a_cover(**cover, count=30), step_s) <= SOON_S
    assert showing.seconds_until(View.CLEAR, pictures(scene, 40, seconds=11)) <= SOON_S


def test_no_signal_is_covered_even_from_the_start() -> None:
    assert Showing().seconds_until(View.COVERED, a_cover(0, noise=0)) <= SOON_S


def test_a_camera_uncovered_for_the_first_time_is_clear() -> None:
    showing = Showing()
    showing.show(a_cover(0, noise=0))
    assert showing.seconds_until(View.CLEAR, pictures(DAY)) <= SOON_S


@pytest.mark.parametrize('scene', [DAY, NIGHT])
@pytest.mark.parametrize(
    'turn',
    [
        pytest.param({'pan_deg': 3.5}, id='4 % sideways'),
        pytest.param({'tilt_deg': 3}, id='4 % down'),
        pytest.param({'roll_deg': 5}, id='rolled by 5 degrees'),
        pytest.param({'fov_deg': -7}, id='zoomed in by a tenth'),
        pytest.param({'pan_deg': 40}, id='another direction'),
    ],
)
def test_a_moved_camera_is_noticed_and_so_is_its_return(scene: str, turn: dict[str, float]) -> None:
    showing = settled(scene)
    assert showing.seconds_until(View.MOVED, pictures(turned(scene, **turn), 20, seconds=11)) <= SOON_S
    assert showing.seconds_until(View.CLEAR, pictures(scene, 40, seconds=11)) <= SOON_S


def test_a_moved_camera_is_noticed_at_one_frame_in_two_seconds() -> None:
    showing = settled(DAY)
    away = pictures(turned(DAY, pan_deg=3.5), 20, seconds=12, step_s=2)
    assert showing.seconds_until(View.MOVED, away, 2.0) <= SOON_S


def test_a_moved_camera_stays_moved_until_its_view_is_accepted() -> None:
    showing = settled(DAY)
    away = turned(DAY, pan_deg=12)
    assert showing.show(pictures(away, 20, seconds=60))[-1] is View.MOVED
    assert showing.watch.accept()
    assert showing.watch.view is View.CLEAR
    assert set(showing.show(pictures(away, 80, seconds=12))) == {View.CLEAR}
    assert showing.seconds_until(View.MOVED, pictures(DAY, 92, seconds=11)) <= SOON_S


def test_a_covered_view_cannot_be_accepted() -> None:
    showing = settled(DAY)
    showing.show(a_cover(125))
    assert not showing.watch.accept()
    assert showing.watch.view is View.COVERED
    assert not ViewWatch().accept()


def test_one_broken_picture_is_no_verdict() -> None:
    showing = settled(DAY)
    usual, other = pictures(DAY, 20, seconds=8), pictures(turned(DAY, pan_deg=40), 20, seconds=2)
    assert set(showing.show([*usual[:3], *other, *usual[3:]])) == {View.CLEAR}


def test_a_clock_that_jumps_is_no_verdict() -> None:
    showing = settled(DAY)
    other = pictures(turned(DAY, pan_deg=40), 20, seconds=2)
    showing.show(other[:1])
    showing.now_s += 3e8
    assert showing.show(other[1:]) == [View.CLEAR]
    showing.now_s -= 3e8
    assert set(showing.show(pictures(DAY, 22, seconds=6))) == {View.CLEAR}


def a_night(lit: bool) -> Lighting:
    lamps = load_scene(NIGHT).light.lamps if lit else ()
    return Lighting(sun=(Sun(elevation_deg=-20, strength=0, ambient=0.05 if lit else 0.005),), lamps=lamps)


@pytest.mark.parametrize('lit', [True, False], ids=['with lamps', 'without lamps'])
def test_a_night_fits_a_reference_of_the_day(lit: bool) -> None:
    day = load_scene(DAY)
    faults = dataclasses.replace(day.faults, noise=8)
    night = dataclasses.replace(day, light=a_night(lit), faults=faults)
    by_day = settled(day).watch.reference
    assert by_day is not None
    showing = Showing(ViewWatch(by_day))
    assert set(showing.show(pictures(night, seconds=30))) == {View.CLEAR}


def test_a_camera_moved_while_the_device_was_off_is_noticed() -> None:
    before = settled(DAY).watch.reference
    assert before is not None
    showing = Showing(ViewWatch(before))
    assert showing.seconds_until(View.MOVED, pictures(turned(DAY, pan_deg=3.5), seconds=11)) <= SOON_S


def test_a_view_without_edges_is_never_called_moved_or_covered() -> None:
    showing = Showing()
    plain = a_cover(125, count=20)
    for image in plain:
        image[100:140, 100:140] = 255
    assert set(showing.show(plain)) == {View.CLEAR}
    assert set(showing.show(a_cover(125, count=20))) == {View.CLEAR}


def test_the_same_pictures_give_the_same_verdicts() -> None:
    images = [*pictures(DAY), *pictures(turned(DAY, roll_deg=8), 20, seconds=9), *a_cover(30)]
    assert Showing().show(images) == Showing().show(images)


def test_a_picture_that_comes_too_soon_is_not_looked_at() -> None:
    watch = ViewWatch()
    watch.look(NOTHING, 10**9)
    assert not watch.is_due(10**9 + 400_000_000)
    assert watch.is_due(10**9 + 500_000_000)
    assert watch.is_due(0)  # a clock that was set back


def test_memory_stays_where_it_is() -> None:
    images = pictures(DAY, seconds=10)
    showing = Showing()
    showing.show(images * 5)
    assert len(showing.watch._recent) == showing.watch._recent.maxlen
    reference = showing.watch.reference
    assert isinstance(reference, Reference)
    assert reference.field.nbytes == 90 * 120 * 2 * 4
