import cv2
import numpy as np
import pytest
from edge_impulse_linux.image import get_features_from_image_with_studio_mode
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from parking_monitor.detection.errors import FrameError
from parking_monitor.detection.features import FeaturePacker
from parking_monitor.detection.model_info import ResizeMode
from parking_monitor.values import Image


def a_picture(width: int, height: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def packed(picture: Image, model: tuple[int, int], channels: int, mode: ResizeMode) -> NDArray[np.float32]:
    features = np.full(model[0] * model[1], -1, np.float32)
    FeaturePacker(*model, channels, mode).pack(picture, features)
    return features


def sdk_features(
    picture: Image, model: tuple[int, int], channels: int, mode: ResizeMode
) -> NDArray[np.float32]:
    # For grey the SDK weighs the channels in BGR order, whatever it is given.
    given_picture = picture if channels == 1 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    features, _ = get_features_from_image_with_studio_mode(given_picture, str(mode), *model, channels == 1)
    return np.array(features, np.float32)


sides = st.integers(16, 400)
model_sides = st.integers(8, 160)


@settings(max_examples=150)
@given(
    size=st.tuples(sides, sides),
    model=st.tuples(model_sides, model_sides),
    channels=st.sampled_from([1, 3]),
    mode=st.sampled_from(ResizeMode),
    seed=st.integers(0, 9),
)
def test_features_equal_those_of_the_sdk_bit_for_bit(
    size: tuple[int, int], model: tuple[int, int], channels: int, mode: ResizeMode, seed: int
) -> None:
    picture = a_picture(*size, seed)
    try:
        expected = sdk_features(picture, model, channels, mode)
    except cv2.error:  # nothing is left of it: the SDK stumbles, we say so
        with pytest.raises(FrameError):
            packed(picture, model, channels, mode)
        return
    assert np.array_equal(packed(picture, model, channels, mode), expected)


@pytest.mark.parametrize('mode', ResizeMode)
@pytest.mark.parametrize('channels', [1, 3])
@pytest.mark.parametrize('size', [(640, 480), (1280, 720), (480, 640), (96, 96), (768, 432)])
@pytest.mark.parametrize('model', [(96, 96), (160, 160), (320, 320), (320, 192)])
def test_features_of_usual_sizes_equal_those_of_the_sdk(
    size: tuple[int, int], model: tuple[int, int], channels: int, mode: ResizeMode
) -> None:
    picture = a_picture(*size)
    assert np.array_equal(
        packed(picture, model, channels, mode), sdk_features(picture, model, channels, mode)
    )


def test_a_feature_of_an_rgb_model_is_red_green_blue_in_24_bits() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:] = (3, 2, 1)  # blue, green, red
    assert np.all(packed(picture, (8, 8), 3, ResizeMode.SQUASH) == (1 << 16) + (2 << 8) + 3)


@pytest.mark.parametrize(
    ('bgr', 'luma'), [((0, 0, 255), 76), ((0, 255, 0), 150), ((255, 0, 0), 29), ((255, 255, 255), 255)]
)
def test_a_feature_of_a_grey_model_is_the_luma_of_the_true_colours(
    bgr: tuple[int, int, int], luma: int
) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:] = bgr
    assert np.all(packed(picture, (8, 8), 1, ResizeMode.SQUASH) == luma * 0x010101)


def test_bars_stay_black_when_the_size_of_the_pictures_changes() -> None:
    packer = FeaturePacker(64, 64, 3, ResizeMode.FIT_LONGEST)
    features = np.empty(64 * 64, np.float32)
    packer.pack(np.full((64, 64, 3), 255, np.uint8), features)
    packer.pack(np.full((32, 64, 3), 255, np.uint8), features)
    rows = features.reshape(64, 64)
    assert np.all(rows[:16] == 0)
    assert np.all(rows[16:48] == 0xFFFFFF)
    assert np.all(rows[48:] == 0)


def test_a_part_of_a_larger_picture_can_be_packed_without_a_copy() -> None:
    part = a_picture(200, 100)[10:90, 20:180]
    expected = packed(np.ascontiguousarray(part), (48, 48), 3, ResizeMode.FIT_SHORTEST)
    assert np.array_equal(packed(part, (48, 48), 3, ResizeMode.FIT_SHORTEST), expected)


@pytest.mark.parametrize(
    'picture',
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32)],
    ids=['grey', 'four channels', 'float'],
)
def test_what_is_no_bgr_picture_is_refused(picture: Image) -> None:
    with pytest.raises(FrameError, match=r'\(height, width, 3\) uint8'):
        packed(picture, (8, 8), 3, ResizeMode.SQUASH)
