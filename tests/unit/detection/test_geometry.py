import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from parking_monitor.detection.errors import FrameError
from parking_monitor.detection.features import FeaturePacker
from parking_monitor.detection.geometry import Fit, covering_size, fit, reduction
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import Box

VGA = (640, 480)
modes = st.sampled_from(ResizeMode)
sizes = st.tuples(st.integers(16, 2000), st.integers(16, 2000))
model_sizes = st.tuples(st.integers(8, 640), st.integers(8, 640))


def fitted(source: tuple[int, int], model: tuple[int, int], mode: ResizeMode) -> Fit:
    try:
        return fit(source, model, mode)
    except FrameError:
        assume(False)
        raise


def draw_box(data: st.DataObject, within: Box) -> Box:
    left, right = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    top, bottom = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    return Box(
        within.x + left * within.width,
        within.y + top * within.height,
        (right - left) * within.width,
        (bottom - top) * within.height,
    )


def edges(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.right, box.bottom


@settings(max_examples=400)
@given(source=sizes, model=model_sizes, mode=modes, data=st.data())
def test_a_box_comes_back_within_one_model_pixel_when_the_model_answers_in_whole_pixels(
    source: tuple[int, int], model: tuple[int, int], mode: ResizeMode, data: st.DataObject
) -> None:
    placed = fitted(source, model, mode)
    box = draw_box(data, placed.crop)
    seen = [round(edge) for edge in edges(placed.to_model(box))]
    back = placed.to_source(Box(seen[0], seen[1], seen[2] - seen[0], seen[3] - seen[1]))
    across, down = placed.scale
    for edge, original, pixel in zip(edges(back), edges(box), (across, down) * 2, strict=True):
        assert abs(edge - original) <= pixel


@settings(max_examples=60)
@given(
    source=st.tuples(st.integers(64, 500), st.integers(64, 500)),
    model=st.tuples(st.integers(32, 200), st.integers(32, 200)),
    mode=modes,
    data=st.data(),
)
@example(source=(641, 97), model=(96, 96), mode=ResizeMode.FIT_SHORTEST, data=None)
def test_a_box_drawn_in_a_picture_is_where_the_model_sees_it_within_one_pixel(
    source: tuple[int, int], model: tuple[int, int], mode: ResizeMode, data: st.DataObject | None
) -> None:
    placed = fitted(source, model, mode)
    across, down = placed.scale
    corners = draw_box(data, placed.crop) if data is not None else placed.crop
    drawn = [round(edge) for edge in edges(corners)]
    assume(drawn[2] - drawn[0] >= 2 * across + 2 and drawn[3] - drawn[1] >= 2 * down + 2)
    picture = np.zeros((source[1], source[0], 3), np.uint8)
    picture[drawn[1] : drawn[3], drawn[0] : drawn[2]] = 255
    features = np.empty(model[0] * model[1], np.float32)
    FeaturePacker(*model, 1, mode).pack(picture, features)
    ys, xs = np.nonzero(features.reshape(model[1], model[0]) >= 128 * 0x010101)
    seen = Box(int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    back = placed.to_source(seen)
    for edge, original, pixel in zip(edges(back), drawn, (across, down) * 2, strict=True):
        assert abs(edge - original) <= max(pixel, 1.0) + 1e-6


@given(source=sizes, model=model_sizes, mode=modes, data=st.data())
def test_a_box_of_the_model_comes_back_clipped_to_the_picture(
    source: tuple[int, int], model: tuple[int, int], mode: ResizeMode, data: st.DataObject
) -> None:
    placed = fitted(source, model, mode)
    back = placed.to_source(draw_box(data, Box(-50, -50, model[0] + 100, model[1] + 100)))
    assert 0 <= back.x <= back.right <= source[0] + 1e-9
    assert 0 <= back.y <= back.bottom <= source[1] + 1e-9


def test_fit_shortest_crops_the_middle() -> None:
    placed = fit(VGA, (96, 96), ResizeMode.FIT_SHORTEST)
    assert placed.crop == Box(80, 0, 480, 480)
    assert placed.to_source(Box(0, 0, 96, 96)) == Box(80, 0, 480, 480)


def test_fit_longest_adds_bars_above_and_below() -> None:
    placed = fit(VGA, (320, 320), ResizeMode.FIT_LONGEST)
    assert placed.inner == Box(0, 40, 320, 240)
    assert placed.to_source(Box(0, 40, 320, 240)) == Box(0, 0, *VGA)


def test_squash_stretches() -> None:
    placed = fit(VGA, (320, 320), ResizeMode.SQUASH)
    assert placed.to_source(Box(160, 160, 16, 16)) == Box(320, 240, 32, 24)


def test_a_box_on_the_bars_alone_has_no_area_left() -> None:
    placed = fit(VGA, (320, 320), ResizeMode.FIT_LONGEST)
    assert placed.to_source(Box(100, 0, 50, 40)).area == 0


def test_a_picture_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(FrameError, match='1x1000 leaves nothing in 96x96'):
        fit((1, 1000), (96, 96), ResizeMode.FIT_LONGEST)


@given(source=sizes, model=model_sizes, mode=modes)
def test_a_picture_of_the_covering_size_is_not_enlarged(
    source: tuple[int, int], model: tuple[int, int], mode: ResizeMode
) -> None:
    across, down = fitted(source, model, mode).scale
    width, height = covering_size(source, model, mode)
    assert width / source[0] * across >= 1 - 1e-9
    assert height / source[1] * down >= 1 - 1e-9


@given(source=sizes, factor=st.sampled_from([1, 2, 4, 8]))
def test_a_reduction_of_a_jpeg_is_recognised(source: tuple[int, int], factor: int) -> None:
    decoded = (-(-source[0] // factor), -(-source[1] // factor))
    assert reduction(source, decoded) == factor


def test_another_size_is_no_reduction() -> None:
    assert reduction(VGA, (320, 200)) is None


@given(model=model_sizes, mode=modes, factor=st.sampled_from([2, 4, 8]), data=st.data())
def test_a_box_found_in_a_reduced_picture_lies_at_the_same_place_in_the_whole_one(
    model: tuple[int, int], mode: ResizeMode, factor: int, data: st.DataObject
) -> None:
    small = fitted((160, 120), model, mode)
    large = small.enlarged(factor, 160 * factor, 120 * factor)
    box = draw_box(data, small.inner)
    expected = [edge * factor for edge in edges(small.to_source(box))]
    assert edges(large.to_source(box)) == pytest.approx(expected)
