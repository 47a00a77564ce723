"""Which file a camera's model is, and when the one it follows is given up."""

from pathlib import Path

import pytest

from parking_monitor.detection.choice import ModelChoice
from parking_monitor.detection.endurance import Endurance
from parking_monitor.detection.studio.store import StudioModel, StudioStore

SHIPPED = Path('/share/default.onnx')


class Camera:
    """Hold a camera's choice and the store that it follows; what it changes to always runs."""

    def __init__(self, folder: Path, name: str = 'default') -> None:
        self.store = StudioStore(folder)
        self.said: list[str] = []
        self.choice = ModelChoice(name, SHIPPED, self.store, self.said.append)

    def fetch(self, version: int) -> Path:
        model = StudioModel(project=7, name='lot', version=version)
        part = self.store.part_of(model)
        part.touch()
        self.store.make_current(model, part)
        return self.store.path_of(model)

    def look(self, failures: int = 0, now_s: float = 0.0) -> Path | None:
        path = self.choice.wanted(failures, 'it died', now_s)
        if path is not None:
            self.choice.is_used('default', path)
        return path


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path)


def test_the_default_is_what_ships_until_there_is_one_of_studio(camera: Camera) -> None:
    assert (camera.choice.in_use, camera.choice.origin_of(camera.choice.in_use)) == (SHIPPED, 'default')
    assert camera.look() is None
    path = camera.fetch(1)
    assert camera.look() == path
    assert (camera.choice.in_use, camera.choice.origin_of(camera.choice.in_use)) == (path, 'studio')
    assert camera.look() is None


def test_after_a_restart_the_model_of_studio_is_used_at_once(camera: Camera) -> None:
    path = camera.fetch(1)
    assert Camera(camera.store.folder).choice.in_use == path


def test_a_model_that_was_named_stays(tmp_path: Path) -> None:
    camera = Camera(tmp_path, '/srv/own.eim')
    camera.fetch(1)
    assert camera.look(failures=20) is None
    assert (camera.choice.in_use, camera.choice.origin_of(camera.choice.in_use)) == (
        Path('/srv/own.eim'),
        'file',
    )
    assert camera.store.state.refused == ()


def test_a_model_that_dies_three_times_gives_way_to_the_one_before(camera: Camera) -> None:
    first, second = camera.fetch(1), camera.fetch(2)
    assert camera.look() == second
    assert [camera.look(failures, 10.0 * failures) for failures in (1, 2, 3)] == [None, None, first]
    assert camera.said == [
        'model lot 2 is given up, lot 1 is taken instead: it failed again and again: it died'
    ]
    assert [camera.look(failures, 10.0 * failures) for failures in (4, 5, 6)] == [None, None, SHIPPED]
    assert [camera.look(failures, 10.0 * failures) for failures in (7, 8, 9, 10)] == [None] * 4


def test_another_camera_goes_back_with_it(camera: Camera) -> None:
    first, second = camera.fetch(1), camera.fetch(2)
    other = Camera(camera.store.folder)
    assert (camera.look(), other.choice.in_use) == (second, second)
    camera.look(3)
    assert other.look() == first


def test_a_model_that_dies_now_and_then_stays(camera: Camera) -> None:
    camera.fetch(1)
    camera.look()
    assert [camera.look(failures, 400.0 * failures) for failures in range(20)] == [None] * 20


def test_a_model_that_does_not_run_here_is_tried_twice_and_not_at_once(camera: Camera) -> None:
    path = camera.fetch(1)
    assert camera.choice.wanted(0, '', 0) == path
    camera.choice.is_refused(path, 'it hangs', 0)
    assert camera.choice.wanted(0, '', 1) is None
    assert camera.choice.wanted(0, '', 4) == path
    camera.choice.is_refused(path, 'it hangs', 4)
    assert camera.choice.wanted(0, '', 100) is None
    assert camera.store.state.why_refused(7, 1) == 'it hangs'
    assert camera.look(now_s=100) is None
    assert camera.fetch(2) == camera.look(now_s=100)


def test_failures_that_lie_far_apart_do_not_add_up() -> None:
    endurance = Endurance(failures=2, within_s=60)
    endurance.fail(0)
    assert not endurance.is_over(0)
    endurance.fail(100)
    assert not endurance.is_over(100)
    endurance.fail(150)
    assert endurance.is_over(150)
    endurance.begin()
    assert not endurance.is_over(150)
