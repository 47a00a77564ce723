"""Training samples are what they claim, and the same ones for the same seed."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.training.cutouts import CutOut, cut_out_cars
from models.training.geometry import Placing, clip_boxes, move_boxes, place
from models.training.lot import SEQUENCES, read_frames, read_neutral_backgrounds, read_without
from models.training.mixture import Mixture, Sources
from models.training.recipe import STAGES
from models.training.rendered import RenderedSet, write_set
from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, NO_BOXES, Sample, as_boxes, letterbox
from models.training.targets import STRIDE, targets_of
from parking_monitor.values import Image
from tests.support.shared import shared_path


def picture(seed: int, width: int = 400, height: int = 300) -> Image:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def sample(*cars: tuple[float, float, float, float], seed: int = 0) -> Sample:
    return Sample(picture(seed), as_boxes(cars), NO_BOXES)


def sources(folder: Path) -> Sources:
    seen = np.array([1.0, 0.1], np.float32)
    rendered = [('one', sample((50, 50, 90, 80), (200, 100, 240, 130), seed=n), seen) for n in range(3)]
    write_set(folder / 'train', rendered)
    return Sources(
        rendered=[RenderedSet.load(folder / 'train')],
        lot=[sample((100, 100, 160, 140), seed=5)],
        backgrounds=[sample(seed=6)],
        cut_outs=[CutOut('car', picture(7, 60, 30), np.full((30, 60), 255, np.uint8))],
        shares=(0.4, 0.2, 0.3, 0.1),
    )


def test_the_same_seed_and_number_give_the_same_sample(tmp_path: Path) -> None:
    drawn = sources(tmp_path)
    for number in range(12):
        first, second = Mixture(drawn, 3).sample(number), Mixture(drawn, 3).sample(number)
        assert np.array_equal(first.image, second.image)
        assert np.array_equal(first.cars, second.cars)
        assert np.array_equal(first.ignored, second.ignored)


def test_another_seed_gives_other_samples(tmp_path: Path) -> None:
    drawn = sources(tmp_path)
    assert not np.array_equal(Mixture(drawn, 3).sample(0).image, Mixture(drawn, 4).sample(0).image)


def test_samples_have_the_models_size_and_boxes_within_it(tmp_path: Path) -> None:
    mixture = Mixture(sources(tmp_path), 1)
    for number in range(40):
        drawn = mixture.sample(number)
        assert drawn.image.shape == (INPUT_HEIGHT, INPUT_WIDTH, 3)
        for boxes in (drawn.cars, drawn.ignored):
            assert (boxes[:, :2] >= 0).all()
            assert (boxes[:, 2:] <= (INPUT_WIDTH, INPUT_HEIGHT)).all()
            assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_a_rendered_car_that_is_hardly_seen_is_ignored(tmp_path: Path) -> None:
    frame = sources(tmp_path).rendered[0].sample(0)
    assert frame.cars.tolist() == [[50, 50, 90, 80]]
    assert frame.ignored.tolist() == [[200, 100, 240, 130]]


def test_a_missing_set_is_refused_with_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'models\.training render'):
        RenderedSet.load(tmp_path / 'nothing')


def test_letterboxing_keeps_the_shape_and_adds_black_bars() -> None:
    boxed = letterbox(Sample(np.full((432, 768, 3), 200, np.uint8), as_boxes([[0, 0, 768, 432]]), NO_BOXES))
    assert boxed.image[0].max() == 0
    assert boxed.image[INPUT_HEIGHT // 2].min() == 200
    assert boxed.cars[0].tolist() == [0, 38, 320, 218]


def test_moving_a_box_by_scale_and_shift_moves_its_sides() -> None:
    moved = move_boxes(as_boxes([[10, 20, 30, 40]]), np.array([[2.0, 0, 5], [0, 3.0, 7]]))
    assert moved.tolist() == [[25, 67, 65, 127]]


def test_a_box_mostly_outside_is_ignored_and_a_vanished_one_is_gone() -> None:
    cars, ignored = clip_boxes(as_boxes([[-90, 10, 10, 60], [10, 10, 60, 60], [400, 10, 450, 60]]))
    assert cars.tolist() == [[10, 10, 60, 60]]
    assert ignored.tolist() == [[0, 10, 10, 60]]


def test_a_bright_car_stays_under_its_box_when_turned_and_zoomed() -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    cv2.ellipse(image, (200, 150), (40, 20), 0, 0, 360, (255, 255, 255), cv2.FILLED)
    drawn = Sample(image, as_boxes([[160, 130, 240, 170]]), NO_BOXES)
    for number in range(30):
        placed = place(drawn, Placing(whole=0.2, zoom=2.0, turn=0.5), np.random.default_rng(number))
        for left, top, right, bottom in placed.cars.round().astype(int):
            inside = placed.image[top:bottom, left:right] > 128
            assert inside.any()
            assert inside.sum() >= 0.85 * (placed.image > 128).sum()


def test_targets_peak_at_the_middle_and_give_the_way_to_the_sides() -> None:
    targets = targets_of(
        Sample(picture(0, INPUT_WIDTH, INPUT_HEIGHT), as_boxes([[40, 60, 100, 90]]), NO_BOXES)
    )
    row, column = np.argwhere(targets.heat == 1)[0]
    x, y = (column + 0.5) * STRIDE, (row + 0.5) * STRIDE
    assert abs(x - 70) <= STRIDE
    assert abs(y - 75) <= STRIDE
    assert targets.boxes[:, row, column].tolist() == [x - 40, y - 60, 100 - x, 90 - y]
    assert targets.box_weight.sum() == pytest.approx(1)


def test_nothing_is_asked_in_an_ignored_region() -> None:
    targets = targets_of(
        Sample(picture(0, INPUT_WIDTH, INPUT_HEIGHT), NO_BOXES, as_boxes([[40, 40, 80, 80]]))
    )
    assert targets.asked[10:20, 10:20].max() == 0
    assert targets.asked.sum() == targets.asked.size - 100


def test_two_neighbouring_small_cars_keep_two_peaks() -> None:
    targets = targets_of(
        Sample(
            picture(0, INPUT_WIDTH, INPUT_HEIGHT), as_boxes([[40, 60, 62, 70], [40, 72, 62, 82]]), NO_BOXES
        )
    )
    assert (targets.heat == 1).sum() == 2


def test_a_held_out_sequence_gives_neither_frames_nor_backgrounds_of_its_days() -> None:
    lot = shared_path('footage/lot')
    for held_out in SEQUENCES:
        days = {frame.day for frame in read_frames(lot, held_out)}
        kept = read_without(lot, held_out)
        assert kept
        assert not days & {frame.day for frame in kept}


def test_neutral_backgrounds_share_no_day_with_a_sequence() -> None:
    lot = shared_path('footage/lot')
    days = {frame.day for sequence in SEQUENCES for frame in read_frames(lot, sequence)}
    assert not days & {frame.day for frame in read_neutral_backgrounds(lot)}


def test_cut_outs_cover_most_of_a_car_and_not_its_corners() -> None:
    frames = read_frames(shared_path('footage/lot'), 'sequence2')
    cut_outs = cut_out_cars(frames)
    assert len(cut_outs) >= 10
    for cut_out in cut_outs:
        assert 0.4 < (cut_out.alpha > 128).mean() < 0.98


def test_every_stage_starts_from_one_before_it_and_its_shares_add_up() -> None:
    seen: set[str] = set()
    for name, stage in STAGES.items():
        assert stage.start is None or stage.start in seen
        assert sum(stage.shares.as_tuple()) == pytest.approx(1)
        seen.add(name)


def test_no_stage_that_a_model_left_without_a_sequence_builds_on_saw_that_sequence() -> None:
    for sequence in SEQUENCES:
        stage = STAGES[f'without_{sequence}']
        assert stage.held_out == sequence
        while stage.start is not None:
            stage = STAGES[stage.start]
            assert stage.held_out in {sequence, 'all'}


def test_cars_twice_as_long_as_high_are_asked_for_down_to_five_pixels_of_length() -> None:
    boxes = np.array([[50, 50, 56, 53.5], [90, 50, 94, 53], [120, 50, 130, 52]], np.float32)
    cars, ignored = clip_boxes(boxes)
    np.testing.assert_allclose(cars, boxes[:1])
    np.testing.assert_allclose(ignored, boxes[1:])
