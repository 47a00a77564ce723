from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.accuracy_parts.damage import RUN_LONGEST_S, Damage, Damager, MissRuns
from parking_monitor.simulation.truth import CarTruth
from parking_monitor.values import Detections, ModelType
from tests.unit.benchmarks.builders import HEIGHT, WIDTH, car, frame

RATE_HZ = 10.0
CLEAN = {'miss': 0.0, 'jitter': 0.0, 'false_share': 0.0, 'merged_share': 0.0, 'dropped': 0.0}
ROW = tuple(car(number, x=80.0 * (number - 1) + 10, y=200.0) for number in range(1, 8))


def damage(**wrong: float) -> Damage:
    settings = CLEAN | wrong
    return Damage(**settings)  # type: ignore[arg-type]  # is_fomo and seed keep their defaults


def stream(of: Damage, frames: int, cars: Sequence[CarTruth] = ROW) -> list[Detections | None]:
    damager = Damager(of)
    return [damager.detect(frame(number / RATE_HZ, *cars)) for number in range(frames)]


def arrived(found: Sequence[Detections | None]) -> list[Detections]:
    return [one for one in found if one is not None]


def test_undamaged_truth_gives_the_boxes_of_the_cars() -> None:
    (found,) = arrived(stream(damage(), 1))

    assert [item.box for item in found.items] == [one.box for one in ROW]


@pytest.mark.parametrize('miss', [0.1, 0.2, 0.4])
def test_as_many_boxes_are_missed_as_asked_for(miss: float) -> None:
    found = arrived(stream(damage(miss=miss), 5000))

    missed = 1 - sum(len(one.items) for one in found) / (len(found) * len(ROW))
    assert missed == pytest.approx(miss, abs=0.02)


def test_half_of_the_misses_come_in_runs_and_none_of_these_is_longer_than_ten_seconds() -> None:
    random = np.random.default_rng(3)
    runs = MissRuns(0.1, random, 0.0)
    missed = [runs.is_missed(number * 0.05) for number in range(200_000)]

    lengths = np.diff(np.flatnonzero(np.diff(np.array([False, *missed, False]).astype(int))))[::2]
    assert np.mean(missed) == pytest.approx(0.1, abs=0.015)
    assert lengths.max() * 0.05 <= RUN_LONGEST_S + 0.05
    assert lengths.max() * 0.05 > 0.5 * RUN_LONGEST_S


def test_the_same_seed_gives_the_same_stream_and_another_another() -> None:
    assert stream(Damage(), 200) == stream(Damage(), 200)
    assert stream(Damage(), 200) != stream(Damage(seed=8), 200)


def test_as_many_frames_are_dropped_as_asked_for() -> None:
    found = stream(damage(dropped=0.05), 8000, ROW[:1])

    assert found.count(None) / len(found) == pytest.approx(0.05, abs=0.006)


def test_false_boxes_begin_in_as_many_frames_as_asked_for_and_go_soon() -> None:
    found = arrived(stream(damage(false_share=0.02), 8000, ()))

    shown = np.array([len(one.items) for one in found])
    begins = np.sum(np.diff(shown, prepend=0) > 0) / len(shown)
    assert begins == pytest.approx(0.02, abs=0.004)
    assert shown.mean() < 4 * 0.02
    assert all(
        item.box.x > -5 and item.box.right < WIDTH + 5 and item.box.bottom < HEIGHT + 5
        for one in found
        for item in one.items
    )


def test_boxes_jitter_by_a_share_of_their_size() -> None:
    found = arrived(stream(damage(jitter=0.03), 2000, ROW[:1]))

    x = np.array([one.items[0].box.centre[0] for one in found])
    widths = np.array([one.items[0].box.width for one in found])
    assert x.std() == pytest.approx(0.03 * 60, rel=0.1)
    assert widths.std() == pytest.approx(0.03 * 60, rel=0.1)


def test_neighbours_become_one_box_around_both_now_and_then() -> None:
    pair = (car(1, x=100), car(2, x=140))
    found = arrived(stream(damage(merged_share=0.02), 2000, pair))

    merged = [one.items[0].box for one in found if len(one.items) == 1]
    assert 0.02 < len(merged) / len(found) < 0.1
    assert {(box.x, box.right) for box in merged} == {(100, 200)}


def test_cars_that_do_not_overlap_are_never_merged() -> None:
    found = arrived(stream(damage(merged_share=0.5), 500, ROW))

    assert {len(one.items) for one in found} == {len(ROW)}


@pytest.mark.parametrize(('visibility', 'share'), [(0.2, 0.0), (0.375, 0.5), (0.5, 1.0)])
def test_hidden_cars_are_found_less_often(visibility: float, share: float) -> None:
    found = arrived(stream(damage(), 2000, (car(1, visibility=visibility),)))

    assert np.mean([len(one.items) for one in found]) == pytest.approx(share, abs=0.03)


def test_fomo_gives_a_car_as_one_to_four_cells_within_it() -> None:
    fomo = Damage(miss=0.0, jitter=0.0, false_share=0.0, merged_share=0.0, dropped=0.0, is_fomo=True)
    found = arrived(stream(fomo, 500, (car(1, x=200, y=200),)))

    counts = {len(one.items) for one in found}
    assert counts <= {1, 2, 3, 4}
    assert len(counts) > 1
    assert {one.model_type for one in found} == {ModelType.FOMO}
    cell_w, cell_h = found[0].cell_size
    for one in found:
        for item in one.items:
            x, y = item.box.centre
            assert (item.box.width, item.box.height) == (cell_w, cell_h)
            assert 200 - cell_w < x < 260 + cell_w
            assert 200 - cell_h < y < 240 + cell_h
