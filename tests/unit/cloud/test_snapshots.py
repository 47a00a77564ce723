"""Answers to who asks what a camera sees."""

import base64
import json

import numpy as np
import pytest

from parking_monitor import jpeg
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES
from parking_monitor.cloud.snapshots import (
    SPACING_S,
    SnapshotError,
    SnapshotQueue,
    answer,
    fitted,
    room_bytes,
)

LAYOUT = {'bays': [{'name': f'A{n}', 'polygon': [0.1234] * 8} for n in range(500)]}


def noise(width: int, height: int) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    return jpeg.encode(pixels, 90)


def asked(camera: object) -> bytes:
    return json.dumps({'camera': camera}).encode()


def test_each_camera_that_is_asked_for_has_its_turn_no_faster_than_allowed() -> None:
    queue = SnapshotQueue(['lane', 'exit'])
    for camera in ('lane', 'exit', 'lane'):
        queue.take(asked(camera))
    assert [queue.next(100.0), queue.next(100.0 + SPACING_S - 0.1)] == ['lane', None]
    assert [queue.next(100.0 + SPACING_S), queue.next(100.0 + 3 * SPACING_S)] == ['exit', None]


@pytest.mark.parametrize('payload', [b'', b'[]', b'{}', asked('road'), asked(3), asked([]), b'x' * 2_000])
def test_what_is_no_request_is_refused(payload: bytes) -> None:
    queue = SnapshotQueue(['lane'])
    with pytest.raises(SnapshotError):
        queue.take(payload)
    assert not queue


@pytest.mark.parametrize('layout', [{}, LAYOUT])
def test_a_large_picture_is_made_so_small_that_its_answer_fits(layout: dict[str, object]) -> None:
    large = noise(2_000, 1_500)
    picture = fitted(large, room_bytes(layout))
    payload = answer('u' * 128, 'lane', layout, jpeg=picture, stamp_ns=1_770_000_000_000_000_000)
    assert len(payload) <= MAX_MESSAGE_BYTES
    width, height = jpeg.size(picture)
    assert width / height == pytest.approx(4 / 3, abs=0.01)
    told = json.loads(payload)
    assert (told['observed_at'], told['reason']) == ('2026-02-02T02:40:00.000Z', '')
    assert base64.b64decode(told['jpeg']) == picture


def test_a_picture_that_fits_is_sent_as_the_camera_made_it() -> None:
    small = noise(64, 48)
    assert fitted(small, room_bytes({})) is small


def test_what_is_no_jpeg_is_no_picture() -> None:
    with pytest.raises(SnapshotError, match='no usable picture'):
        fitted(b'\xff\xd8' + bytes(200_000), room_bytes({}))
