"""What the view should look like outlives a restart, whatever happens to its file."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from parking_monitor import jpeg
from parking_monitor.counting import view_reference
from parking_monitor.counting.view_guard import ViewGuard
from parking_monitor.counting.view_reference import Reference, ReferenceFileError
from parking_monitor.values import Frame, Image, View
from tests.unit.counting.views import a_cover, pictures, turned


def a_reference() -> Reference:
    field = np.random.default_rng(1).uniform(-0.5, 0.5, (90, 120, 2)).astype(np.float32)
    return Reference(field, 0.4, learnt_s=90.0, looks=50)


def look(guard: ViewGuard, images: list[Image], start_s: int = 0) -> View:
    for number, image in enumerate(images, start=start_s):
        guard.look(Frame(stamp_ns=number * 10**9, width=160, height=120, jpeg=jpeg.encode(image)))
    return guard.view


def test_a_reference_comes_back_from_its_file(tmp_path: Path) -> None:
    path, reference = tmp_path / 'deep' / 'view.npz', a_reference()
    view_reference.save(path, reference)
    again = view_reference.load(path)
    assert again is not None
    assert np.abs(again.field - reference.field).max() < 0.001
    assert (again.detail, again.learnt_s, again.looks) == (0.4, 90.0, 50)
    assert [found.name for found in path.parent.iterdir()] == ['view.npz']


def test_no_file_is_no_reference(tmp_path: Path) -> None:
    assert view_reference.load(tmp_path / 'view.npz') is None


@pytest.mark.parametrize('damage', ['empty', 'random', 'cut', 'flipped', 'huge', 'not finite', 'old'])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / 'view.npz'
    view_reference.save(path, a_reference())
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    contents = {
        'empty': b'',
        'random': os.urandom(5000),
        'cut': good[: len(good) // 2],
        'flipped': bytes(flipped),
        'huge': good + bytes(2_000_000),
    }
    if damage == 'not finite':
        view_reference.save(path, Reference(np.full((90, 120, 2), np.nan, np.float32), 0.4))
    elif damage == 'old':
        np.savez(path, version=0, field=a_reference().field, detail=0.4, learnt_s=9.0, looks=9)
    else:
        path.write_bytes(contents[damage])
    with pytest.raises(ReferenceFileError, match=r'view\.npz'):
        view_reference.load(path)


def test_a_camera_moved_while_the_device_was_off_is_noticed_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / 'view.npz'
    assert look(ViewGuard(path), pictures('day_lane')) is View.CLEAR
    assert path.exists()
    assert look(ViewGuard(path), pictures('day_lane', 30, seconds=8)) is View.CLEAR
    assert look(ViewGuard(path), pictures(turned('day_lane', pan_deg=3.5), seconds=8)) is View.MOVED


def test_places_drawn_anew_make_what_is_seen_then_the_right_view_and_told_again_they_do_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / 'view.npz'
    look(ViewGuard(path), pictures('day_lane'))
    away = pictures(turned('day_lane', pan_deg=12), seconds=16)
    guard = ViewGuard(path)
    assert look(guard, away[:8]) is View.MOVED
    assert guard.is_drawn_for('new places')
    assert look(guard, away[8:], start_s=8) is View.CLEAR

    again = ViewGuard(path)
    assert not again.is_drawn_for('new places')
    assert look(again, pictures('day_lane', seconds=8)) is View.MOVED
    assert not again.is_drawn_for('new places')
    assert look(again, pictures('day_lane', 8, seconds=8), start_s=8) is View.MOVED


def test_places_drawn_in_the_dark_wait_for_light(tmp_path: Path) -> None:
    path = tmp_path / 'view.npz'
    look(ViewGuard(path), pictures('day_lane'))
    guard = ViewGuard(path)
    assert guard.is_drawn_for('new places')
    look(guard, [np.zeros((480, 640, 3), np.uint8)] * 2)
    assert not ViewGuard(path).is_drawn_for('')
    assert ViewGuard(path).is_drawn_for('new places')
    assert look(guard, pictures(turned('day_lane', pan_deg=12), seconds=3)) is View.CLEAR
    assert not ViewGuard(path).is_drawn_for('new places')


def test_a_corrupt_file_is_set_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / 'view.npz'
    path.write_bytes(b'garbage')
    guard = ViewGuard(path)
    assert 'view.npz' in guard.problem
    assert 'set aside' in guard.problem
    assert (tmp_path / 'view.npz.corrupt').read_bytes() == b'garbage'
    look(guard, pictures('day_lane'))
    assert view_reference.load(path) is not None


def test_a_place_that_cannot_be_written_is_said_and_the_view_is_watched_all_the_same(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('not a folder')
    guard = ViewGuard(tmp_path / 'file' / 'view.npz')
    look(guard, pictures('day_lane'))
    assert 'goes unnoticed' in guard.problem
    assert look(guard, a_cover(0, noise=0), 100) is View.COVERED


def test_the_file_is_written_once_an_hour_and_on_accept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'view.npz'
    guard = ViewGuard(path)
    look(guard, pictures('day_lane'))
    first = path.stat().st_mtime_ns
    look(guard, pictures('day_lane', 20, seconds=8), 20)
    assert path.stat().st_mtime_ns == first
    assert guard.accept()
    accepted = path.stat().st_mtime_ns
    assert accepted > first
    now_s = time.monotonic()
    monkeypatch.setattr(time, 'monotonic', lambda: now_s + 3601)
    look(guard, pictures('day_lane', 30, seconds=1), 40)
    assert path.stat().st_mtime_ns > accepted
