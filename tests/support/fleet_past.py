"""Fill a store with weeks of plausible days of a car park, without a message for each."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from parking_fleet.store.database import Database
from parking_fleet.store.directory import Directory
from parking_fleet.store.summaries import DAY_S, QUARTER_S, local_day_s
from parking_fleet.store.tables import DAYS, FLOW_DAYS, FLOW_QUARTERS, QUARTERS

# Of a hundred places on a usual working day, by the hour.
_WORKDAY = (6, 5, 5, 5, 6, 10, 22, 55, 88, 101, 104, 103, 99, 101, 104, 98, 84, 60, 40, 26, 18, 13, 10, 8)
_WEEKEND = (8, 7, 6, 6, 6, 7, 9, 12, 20, 34, 48, 56, 58, 60, 61, 58, 50, 40, 32, 26, 22, 17, 13, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCamera:
    """Name a camera that was always there."""

    uuid: str
    name: str
    floor: str
    capacity: int
    gate: str = ''


def fill_past(
    database: Database,
    facility: str,
    cameras: list[PastCamera],
    zone: ZoneInfo,
    *,
    now_ms: int,
    quarter_days: int = 57,
    days: int = 57,
    seed: int = 1,
) -> None:
    """Write the summaries of days up to now.

    Args:
        database: an open one, whose tables are up to date.
        facility: where the cameras are.
        cameras: what looks at it.
        zone: of the car park.
        now_ms: Unix milliseconds.
        quarter_days: for so many days there are summaries of 15 minutes.
        days: for so many days there are summaries by the day.
        seed: of all chance.
    """
    directory = Directory(database, 0)
    devices = directory.devices({camera.uuid: now_ms for camera in cameras})
    ids = directory.cameras((devices[each.uuid], each.name, facility, each.floor) for each in cameras)
    for camera in cameras:
        camera_id = ids[devices[camera.uuid], camera.name, facility, camera.floor]
        quarters = list(_quarters(camera, camera_id, zone, now_ms=now_ms, days=quarter_days, seed=seed))
        with database.writing() as connection:
            connection.execute(insert(QUARTERS), quarters)
            connection.execute(
                insert(DAYS), list(_days(camera, camera_id, zone, now_ms=now_ms, days=days, seed=seed))
            )
            if camera.gate:
                flow = list(_flow(camera, quarters))
                connection.execute(insert(FLOW_QUARTERS), flow)
                connection.execute(insert(FLOW_DAYS), list(_by_day(flow, zone)))


def share(moment: dt.datetime, seed: int) -> float:
    """Return how full the car park is then, 0 to 1; each day is a little early or late, busy or quiet."""
    chance = random.Random(f'{seed}/{moment.date()}')
    hours = _WEEKEND if moment.weekday() >= 5 else _WORKDAY
    late_h, scale = chance.gauss(0, 0.35), chance.gauss(1.0, 0.05)
    hour = (moment.hour + moment.minute / 60 - late_h) % 24
    before, part = int(hour), hour % 1
    usual = hours[before] * (1 - part) + hours[(before + 1) % 24] * part
    return min(max(usual * scale / 100, 0.0), 1.0)


def _quarters(
    camera: PastCamera, camera_id: int, zone: ZoneInfo, *, now_ms: int, days: int, seed: int
) -> Iterator[dict[str, Any]]:
    chance = random.Random(f'{seed}/{camera.uuid}/{camera.name}')
    end_s = now_ms // 1000 // QUARTER_S * QUARTER_S
    for start_s in range(end_s - days * DAY_S, end_s, QUARTER_S):
        moment = dt.datetime.fromtimestamp(start_s + QUARTER_S, zone)
        taken = min(
            max(round(share(moment, seed) * camera.capacity + chance.gauss(0, 0.4)), 0), camera.capacity
        )
        yield _row(camera, camera_id, start_s, taken, taken)


def _days(
    camera: PastCamera, camera_id: int, zone: ZoneInfo, *, now_ms: int, days: int, seed: int
) -> Iterator[dict[str, Any]]:
    today_s = local_day_s(zone, now_ms)
    for start_s in range(today_s - days * DAY_S, today_s, DAY_S):
        noon = dt.datetime.fromtimestamp(start_s, dt.UTC).replace(hour=12, tzinfo=zone)
        most = share(noon, seed)
        yield _row(
            camera, camera_id, start_s, round(most * 0.55 * camera.capacity), round(most * camera.capacity)
        )


def _row(camera: PastCamera, camera_id: int, start_s: int, taken: int, most: int) -> dict[str, Any]:
    return {
        'camera_id': camera_id,
        'start_s': start_s,
        'samples': 8,
        'known': 8,
        'cars_sum': taken * 8,
        'occupied_sum': taken * 8,
        'last_ms': start_s * 1000 + 890_000,
        'last_seq': start_s,
        'last_cars': taken,
        'last_capacity': camera.capacity,
        'last_occupied': taken,
        'last_free': camera.capacity - taken,
        'last_unknown': 0,
        'cars_min': max(taken - 1, 0),
        'cars_max': most,
        'occupied_min': max(taken - 1, 0),
        'occupied_max': most,
    }


def _flow(camera: PastCamera, quarters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    before = 0
    for row in quarters:
        change, passing = row['last_occupied'] - before, row['start_s'] // QUARTER_S % 3
        before = row['last_occupied']
        entered, left = max(change, 0) + passing, max(-change, 0) + passing
        if entered or left:
            yield {
                'camera_id': row['camera_id'],
                'start_s': row['start_s'],
                'gate': camera.gate,
                'entered': entered,
                'left': left,
            }


def _by_day(flow: list[dict[str, Any]], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    days: dict[int, dict[str, Any]] = {}
    for row in flow:
        start_s = local_day_s(zone, row['start_s'] * 1000)
        day = days.setdefault(start_s, {**row, 'start_s': start_s, 'entered': 0, 'left': 0})
        day['entered'] += row['entered']
        day['left'] += row['left']
    yield from days.values()
