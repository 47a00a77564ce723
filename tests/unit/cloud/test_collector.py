"""How a picture becomes a sample: what it may show, which labels go along."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from parking_monitor import jpeg
from parking_monitor.cloud.collect_memory import CollectMemory
from parking_monitor.cloud.collector import Collector, Picture, Privacy
from parking_monitor.cloud.sample import LabelledBox, Reason, Sample
from parking_monitor.cloud.sample_store import SampleStore
from tests.unit.cloud.sample_builders import NOON_NS, a_car, a_picture
from tests.unit.cloud.test_collect_memory import Calendar

CARS = [a_car(0.5)]


def picture(seed: int = 0) -> Picture:
    return Picture('lane', NOON_NS + seed, a_picture(seed))


def collector(folder: Path, hides: Privacy = Privacy.NONE, share: float = 0.0) -> Collector:
    memory = CollectMemory(folder / 'm.json', Calendar())
    return Collector(SampleStore(folder, 10**9), memory, hides=hides, testing_share=share)


def kept(folder: Path) -> bytes:
    stored = SampleStore(folder, 10**9).next()
    assert stored is not None
    return stored.read()


def taken(sample: Sample | None) -> Sample:
    assert sample is not None
    return sample


def test_an_unsure_picture_takes_the_boxes_along_as_suggested_labels(tmp_path: Path) -> None:
    sample = taken(collector(tmp_path).take(picture(), Reason.LOW_CONFIDENCE, CARS, 'lot 3'))
    assert sample.boxes == (LabelledBox('car', 40, 60, 80, 50),)
    assert sample.model == 'lot 3'


@pytest.mark.parametrize('reason', [Reason.PERIODIC, Reason.ASKED])
def test_other_pictures_are_left_to_be_labelled_by_a_person(tmp_path: Path, reason: Reason) -> None:
    assert taken(collector(tmp_path).take(picture(), reason, CARS)).boxes is None


def test_no_model_is_judged_by_its_own_word(tmp_path: Path) -> None:
    sample = taken(collector(tmp_path, share=1.0).take(picture(), Reason.LOW_CONFIDENCE, CARS))
    assert (sample.category, sample.boxes) == ('testing', None)


def test_the_same_picture_is_collected_once_also_after_it_was_uploaded(tmp_path: Path) -> None:
    one = collector(tmp_path, Privacy.BLUR)
    assert one.take(picture(), Reason.PERIODIC)
    store = SampleStore(tmp_path, 10**9)
    stored = store.next()
    assert stored is not None
    store.remove(stored)
    assert collector(tmp_path, Privacy.BLUR).take(picture(), Reason.PERIODIC) is None


def test_a_collected_scene_is_not_new_any_more(tmp_path: Path) -> None:
    one = collector(tmp_path)
    assert one.is_new_scene(picture(1))
    one.take(picture(1), Reason.NEW_SCENE)
    assert not one.is_new_scene(picture(1))
    assert one.is_new_scene(picture(2))


def test_without_privacy_a_picture_is_kept_as_the_camera_gave_it(tmp_path: Path) -> None:
    collector(tmp_path).take(picture(), Reason.PERIODIC)
    assert kept(tmp_path) == a_picture(0)


def test_with_blur_the_sharp_picture_never_reaches_the_disk(tmp_path: Path) -> None:
    fine = np.kron(np.indices((240, 320)).sum(axis=0) % 2, np.ones((2, 2))).astype(np.uint8) * 255
    sharp = jpeg.encode(np.asarray(cv2.cvtColor(fine, cv2.COLOR_GRAY2BGR), np.uint8), 95)
    collector(tmp_path, Privacy.BLUR).take(Picture('lane', NOON_NS, sharp), Reason.PERIODIC)
    blurred = jpeg.decode(kept(tmp_path))
    assert blurred.shape == (480, 640, 3)
    assert blurred.std() < 0.1 * jpeg.decode(sharp).std()
    assert not any(sharp in path.read_bytes() for path in tmp_path.rglob('*') if path.is_file())


def test_what_is_no_picture_is_told_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(jpeg.JpegError):
        collector(tmp_path).take(Picture('lane', NOON_NS, b'no picture'), Reason.PERIODIC)
    assert len(SampleStore(tmp_path, 10**9)) == 0
