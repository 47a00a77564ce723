"""Answer who asks what a camera sees: a picture where the operator allows it, and where it counts.

Pure: what was asked and the time in, what to answer out. A picture goes out when it is asked for and
is kept nowhere; not even the outbox has it.
"""

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any

from parking_monitor.cloud.errors import CloudError
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES, utc_text

SNAPSHOT_SCHEMA = 'parking.snapshot/1'
SPACING_S = 5.0
"""Shortest time between two answers of a device."""

NOT_ALLOWED = (
    'no picture leaves this device: its operator can allow it with cloud.snapshots: true in its fleet.yaml'
)
_MAX_REQUEST_BYTES = 1_024
_ROOM_BYTES = 1_024
_SMALLEST_PX = 160
_QUALITY = 80
_LONG_SIDES_PX = (1_280, 960, 640, 480, 320, _SMALLEST_PX)


class SnapshotError(CloudError):
    """Say why a request is none, or why there is no picture."""


class SnapshotQueue:
    """Take requests in, and give them out no faster than allowed; each camera is in it once.

    Args:
        cameras: the names of the device's cameras.
    """

    def __init__(self, cameras: Collection[str]) -> None:
        self._cameras = tuple(cameras)
        self._waiting: dict[str, None] = {}
        self._next_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self, payload: bytes) -> None:
        """Take a request in.

        Raises:
            SnapshotError: when it is none.
        """
        if len(payload) > _MAX_REQUEST_BYTES:
            raise SnapshotError(f'{len(payload)} bytes are more than a request has')
        try:
            content = json.loads(payload)
        except (ValueError, RecursionError):
            raise SnapshotError('is not JSON') from None
        camera = content.get('camera') if isinstance(content, dict) else None
        if camera not in self._cameras:
            raise SnapshotError(f'no camera is called {camera!r:.60}; there are {", ".join(self._cameras)}')
        self._waiting[camera] = None

    def next(self, now_s: float) -> str | None:
        """Return the camera to answer for now; None when there is none, or it is too soon."""
        if not self._waiting or now_s < self._next_s:
            return None
        self._next_s = now_s + SPACING_S
        camera = next(iter(self._waiting))
        del self._waiting[camera]
        return camera


def answer(
    uuid: str, camera: str, layout: Mapping[str, Any], *, jpeg: bytes | None, stamp_ns: int, reason: str = ''
) -> bytes:
    """Return an answer of at most 128 KB.

    Args:
        uuid: the device.
        camera: its name.
        layout: where it counts.
        jpeg: what it sees, as large as `room_bytes` says; None for no picture.
        stamp_ns: when that was taken, Unix nanoseconds.
        reason: why there is no picture.
    """
    content = {
        'uuid': uuid,
        'schema': SNAPSHOT_SCHEMA,
        'camera': camera,
        'observed_at': None if jpeg is None else utc_text(stamp_ns),
        'jpeg': None if jpeg is None else base64.b64encode(jpeg).decode(),
        'reason': reason,
        'layout': layout,
    }
    return json.dumps(content, ensure_ascii=False, separators=(',', ':')).encode()


def room_bytes(layout: Mapping[str, Any]) -> int:
    """Return how large a JPEG may be beside a layout."""
    taken = len(json.dumps(layout, ensure_ascii=False).encode())
    return (MAX_MESSAGE_BYTES - _ROOM_BYTES - taken) // 4 * 3


def fitted(jpeg: bytes, room: int) -> bytes:
    """Return a picture of at most so many bytes, scaled down as far as it takes.

    Raises:
        SnapshotError: when it is no JPEG, or there is no room for the smallest.
    """
    if len(jpeg) <= room:
        return jpeg
    # Only now: OpenCV takes 16 MB, and most pictures fit as they are.
    from parking_monitor.cloud.snapshot_scaling import scaled  # noqa: PLC0415

    for long_side_px in _LONG_SIDES_PX:
        try:
            smaller = scaled(jpeg, long_side_px, _QUALITY)
        except ValueError as error:
            raise SnapshotError(f'the camera gave no usable picture: {error}') from None
        if len(smaller) <= room:
            return smaller
    raise SnapshotError('there is no room for a picture beside so many zones and bays')
