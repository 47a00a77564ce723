"""Build a car park with a past and a present, for its page to show."""

import datetime as dt
import random
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from parking_fleet.store.batch import Batch
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Place, Reader, Span
from parking_fleet.store.summaries import local_day_s
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import count_content, count_entry, crossing_entry
from tests.support.fleet_past import PastCamera, fill_past, share

FACILITY = 'Riverside garage'
FACILITY_TITLE = 'Riverside'
HOUR = 7.2
"""It is always about that late there, in the morning: then cars come, and no test depends on the hour."""

_CITIES = (
    'Pacific/Auckland', 'Australia/Brisbane', 'Asia/Tokyo', 'Asia/Shanghai', 'Asia/Bangkok', 'Asia/Dhaka',
    'Asia/Karachi', 'Asia/Dubai', 'Africa/Nairobi', 'Africa/Cairo', 'Europe/Berlin', 'Europe/London',
    'Atlantic/Azores', 'Atlantic/South_Georgia', 'America/Sao_Paulo', 'America/New_York', 'America/Chicago',
    'America/Denver', 'America/Los_Angeles', 'America/Anchorage', 'Pacific/Honolulu',
)  # fmt: skip
CAMERAS = [
    PastCamera(uuid='device-1', name='north', floor='P1', capacity=24, gate='entrance'),
    PastCamera(uuid='device-1', name='south', floor='P1', capacity=16),
    PastCamera(uuid='device-2', name='roof', floor='P2', capacity=20),
]
_HIDDEN = {'A20', 'B8', 'B9', 'C13'}
"""Bays that cannot be seen."""


def morning_zone(now_ms: int) -> ZoneInfo:
    """Return the time zone of a city where it is morning now."""

    def distance(name: str) -> float:
        moment = dt.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(name))
        return abs(moment.hour + moment.minute / 60 - HOUR)

    return ZoneInfo(min(_CITIES, key=distance))


def facilities_of(zone: ZoneInfo) -> dict[str, Any]:
    """Return the content of facilities.yaml."""
    return {
        'facilities': [
            {
                'name': FACILITY,
                'title': FACILITY_TITLE,
                'time_zone': zone.key,
                'opening_hours': {'mon-sun': '05:00-23:00'},
                'floors': [{'name': 'P1', 'title': 'Ground floor'}, {'name': 'P2', 'title': 'First floor'}],
            }
        ]
    }


def fill_example(folder: Path, zone: ZoneInfo, now_ms: int, weeks: int = 8) -> None:
    """Fill the store of a service that is to run in a folder."""
    database = Database(f'sqlite:///{folder}/parking-fleet.sqlite3')
    database.migrate()
    fill_past(
        database, FACILITY, CAMERAS, zone, now_ms=now_ms, quarter_days=7 * weeks + 1, days=7 * weeks + 1
    )
    writer = Writer(database, lambda _, time_ms: local_day_s(zone, time_ms))
    crossings = [
        crossing_entry(
            seq=number,
            at_ms=now_ms - number * 60_000,
            facility=FACILITY,
            direction='OUT' if number % 3 else 'IN',
        )
        for number in range(1, 31)
    ]
    writer.write(Batch(crossings=crossings))
    midnight = dt.datetime.fromtimestamp(now_ms / 1000, zone).replace(hour=0, minute=0, second=0)
    span = Span(since_ms=int(midnight.timestamp() * 1000), until_ms=now_ms + 1)
    flow = Reader(database).flow(Place(facility=FACILITY), 'quarter', span)
    through = sum(point.entered for point in flow), sum(point.left for point in flow)
    taken = share(dt.datetime.fromtimestamp(now_ms / 1000, zone), seed=1)
    contents = present_counts(now_ms - 1_000, seq=1_000, taken=taken, through=through)
    writer.write(
        Batch(counts=[count_entry(at_ms=now_ms - 1_000, **_without_time(content)) for content in contents])
    )
    database.close()


def present_counts(
    at_ms: int, seq: int, taken: float = 0.6, through: tuple[int, int] = (90, 46)
) -> list[dict[str, Any]]:
    """Return what each camera of the example tells now.

    Args:
        at_ms: Unix milliseconds.
        seq: number of the first message.
        taken: share of the bays that are occupied.
        through: cars in and out through the gate today.
    """
    north = _bays('A', 24, taken)
    # Both cameras look at these two, and do not agree about one of them.
    here = {bay['name']: bay['state'] for bay in north}
    other = 'FREE' if here['A23'] == 'OCCUPIED' else 'OCCUPIED'
    south = [*_bays('B', 14, taken), *_told({'A23': other, 'A24': here['A24']})]
    entered, left = through
    gates = {
        'entered': entered,
        'left': left,
        'net': entered - left,
        'entered_today': entered,
        'left_today': left,
        'gates': [{'name': 'entrance', 'entered': entered, 'left': left}],
    }
    told = [
        ('device-1', 'north', 'P1', north, gates),
        ('device-1', 'south', 'P1', south, {}),
        ('device-2', 'roof', 'P2', _bays('C', 20, taken - 0.15), {}),
    ]
    return [
        count_content(
            at_ms=at_ms,
            seq=seq + number,
            uuid=uuid,
            camera=camera,
            facility=FACILITY,
            floor=floor,
            bays=bays,
            zones=[
                {'name': f'{camera} left', **_sums(bays[: len(bays) // 2])},
                {'name': f'{camera} right', **_sums(bays[len(bays) // 2 :])},
            ],
            **_sums(bays),
            **more,
        )
        for number, (uuid, camera, floor, bays, more) in enumerate(told)
    ]


def _without_time(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != 'observed_at'}


def _bays(row: str, number: int, taken: float) -> list[dict[str, Any]]:
    order = list(range(1, number + 1))
    random.Random(row).shuffle(order)
    occupied = set(order[: round(taken * number)])
    states = {f'{row}{each}': 'OCCUPIED' if each in occupied else 'FREE' for each in range(1, number + 1)}
    return _told({name: 'UNKNOWN' if name in _HIDDEN else state for name, state in states.items()})


def _told(states: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {'name': name, 'state': state, 'confidence': 0.9, **({'last': 'FREE'} if state == 'UNKNOWN' else {})}
        for name, state in states.items()
    ]


def _sums(bays: list[dict[str, Any]]) -> dict[str, int]:
    states = [bay['state'] for bay in bays]
    return {
        'cars': states.count('OCCUPIED'),
        'capacity': len(bays),
        'occupied': states.count('OCCUPIED'),
        'free': states.count('FREE'),
        'unknown': states.count('UNKNOWN'),
    }
