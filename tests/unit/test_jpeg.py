import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor import jpeg


def picture(width: int = 64, height: int = 48) -> bytes:
    return jpeg.encode(np.full((height, width, 3), 90, np.uint8))


@settings(max_examples=40)
@given(width=st.integers(1, 200), height=st.integers(1, 200))
def test_the_size_is_read_from_the_header(width: int, height: int) -> None:
    assert jpeg.size(picture(width, height)) == (width, height)


@settings(max_examples=40)
@given(padding=st.integers(0, 5000))
def test_the_padding_that_a_camera_leaves_is_cut(padding: int) -> None:
    assert jpeg.trim(picture() + bytes(padding)) == picture()


@pytest.mark.parametrize('share', [0.2, 0.9])
def test_a_jpeg_that_is_cut_off_is_refused(share: float) -> None:
    data = picture()
    with pytest.raises(jpeg.JpegError, match='cut off'):
        jpeg.trim(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    'data', [b'', b'\xff\xd8', b'\x89PNG\r\n', b'\xff\xd8\xff\xe0\x00\x02', b'\xff\xd8' + bytes(50)]
)
def test_what_is_no_jpeg_has_no_size(data: bytes) -> None:
    with pytest.raises(jpeg.JpegError):
        jpeg.size(data)


@pytest.mark.parametrize(
    ('cover', 'decoded'),
    [
        (None, (640, 480)),
        ((320, 320), (640, 480)),
        ((320, 240), (320, 240)),
        ((96, 96), (160, 120)),
        ((40, 40), (80, 60)),
    ],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_covers(
    cover: tuple[int, int] | None, decoded: tuple[int, int]
) -> None:
    image = jpeg.decode(picture(640, 480), cover)
    assert image.shape == (decoded[1], decoded[0], 3)


def test_bytes_that_cannot_be_decoded_are_refused() -> None:
    with pytest.raises(jpeg.JpegError, match='cannot be decoded'):
        jpeg.decode(picture()[:40] + bytes(100))
