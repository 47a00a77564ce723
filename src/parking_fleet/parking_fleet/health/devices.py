"""Say how a device is, and why what it told does not hold."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parking_fleet.store.values import CameraState, DeviceRecord

SILENT_AFTER_INTERVALS = 2.5
"""A device that said nothing for so many of its intervals is silent: one message may be lost or late."""

CLOCK_TOLERANCE_MS = 60_000
"""A fresh count comes in within 30 s; a clock that is further off is told."""

HOT_C = 80
"""From here on a Raspberry Pi slows down; at 85 °C it slows down much."""

CERTIFICATE_NOTICE_DAYS = 30
"""A certificate that holds for less is told."""

MANY_WAITING = 1_000
"""A device that reports every two minutes needs more than a day without a network for so many."""

_DAY_MS = 86_400_000

Standing = Literal['up', 'silent', 'offline', 'new']
_STATE_WORDS = {
    'UNKNOWN': 'has seen nothing yet',
    'STALE': 'sees nothing fresh',
    'FROZEN': 'shows the same picture again and again',
    'COVERED': 'is covered',
    'MOVED': 'looks elsewhere',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHealth:
    """Hold how a device is.

    Attributes:
        record: what the store knows of it.
        standing: `up`; `silent`: nothing came for 2.5 of its intervals; `offline`: it or the broker said
            so; `new`: it said that it is there, and nothing else so far.
        silent_s: how long ago its last message came in; None when none ever did.
        interval_s: how often it should report at least.
        problems: what a person should look at, in words.
        cameras: its cameras.
    """

    record: DeviceRecord
    standing: Standing
    silent_s: float | None
    interval_s: float
    problems: tuple[str, ...]
    cameras: tuple[CameraState, ...]


def standing_of(record: DeviceRecord, interval_s: float, now_ms: int) -> Standing:
    """Return whether a device is heard."""
    if record.presence == 'offline' and record.presence_ms >= record.last_ms:
        return 'offline'
    if record.last_ms == 0:
        return 'new'
    return 'silent' if now_ms - record.last_ms > SILENT_AFTER_INTERVALS * interval_s * 1000 else 'up'


def why_unknown(camera: CameraState, standing: Standing, interval_s: float, now_ms: int) -> str:
    """Return why what a camera told does not hold now; '' when it does."""
    if standing == 'offline':
        return 'the device is offline'
    if standing == 'silent':
        return 'the device is silent'
    if camera.state != 'OK':
        return f'the camera {_STATE_WORDS[camera.state]}'
    if now_ms - camera.observed_ms > SILENT_AFTER_INTERVALS * interval_s * 1000:
        return 'the camera is silent'
    return ''


def certificate_days(record: DeviceRecord, now_ms: int) -> float | None:
    """Return for how many days a device's certificate holds from now on; None when it never said."""
    if record.certificate_until_ms is None:
        return None
    return (record.certificate_until_ms - now_ms) / _DAY_MS


def rotate_command(record: DeviceRecord) -> str:
    """Return the command that gives a device a new certificate on AWS."""
    return f'parking-provision rotate {record.thing}'.rstrip()


def date_text(time_ms: int) -> str:
    """Return a date in UTC: '1 March 2027'."""
    return f'{dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC):%-d %B %Y}'


def device_health(
    record: DeviceRecord, cameras: Sequence[CameraState], interval_s: float, now_ms: int
) -> DeviceHealth:
    """Return how a device is."""
    standing = standing_of(record, interval_s, now_ms)
    problems = [
        f'camera {camera.camera or "without a name"} {_STATE_WORDS[camera.state]}'
        for camera in cameras
        if camera.state != 'OK'
    ]
    if record.clock_synced is False:
        problems.append('its clock is not kept by a time server')
    if record.clock_offset_ms is not None and abs(record.clock_offset_ms) > CLOCK_TOLERANCE_MS:
        direction = 'behind' if record.clock_offset_ms > 0 else 'ahead'
        problems.append(f'its clock is {abs(record.clock_offset_ms) / 1000:.0f} s {direction}')
    if record.dropped:
        problems.append(f'{record.dropped} messages were given up, its outbox being full')
    problems += _told_problems(record, standing, now_ms)
    return DeviceHealth(
        record=record,
        standing=standing,
        silent_s=None if record.last_ms == 0 else max(now_ms - record.last_ms, 0) / 1000,
        interval_s=interval_s,
        problems=tuple(problems),
        cameras=tuple(cameras),
    )


def _told_problems(record: DeviceRecord, standing: Standing, now_ms: int) -> list[str]:
    """Return what is wrong with what the device reports of itself.

    Of one that is not heard the temperature and what waits are of the past; its certificate is not.
    """
    problems = []
    days = certificate_days(record, now_ms)
    if days is not None and record.certificate_until_ms is not None and days < CERTIFICATE_NOTICE_DAYS:
        date = date_text(record.certificate_until_ms)
        left = f'{int(days)} {"day" if int(days) == 1 else "days"}'
        when = f'ends on {date}, in {left}' if days >= 0 else f'ended on {date}'
        problems.append(f'its certificate {when}; rotate it with `{rotate_command(record)}`')
    if standing != 'up':
        return problems
    if record.temperature_c is not None and record.temperature_c >= HOT_C:
        problems.append(f'it is hot: {record.temperature_c} °C; give it shade and air, for it may slow down')
    if record.waiting is not None and record.waiting >= MANY_WAITING:
        problems.append(f'about {record.waiting:,} messages wait to be sent')
    return problems
