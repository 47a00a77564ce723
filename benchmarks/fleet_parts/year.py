"""Measure how fast a year of 100 devices is asked for, over HTTP as a page or a person asks."""

import datetime as dt
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.fleet_parts.scene import PATIENCE_S, Kind, scene
from parking_fleet.live.fleet import now_ms
from parking_fleet.places.facilities import place_id
from parking_fleet.store.database import Database
from parking_fleet.store.tables import CAMERAS, DAYS, DEVICES, FLOW_DAYS, FLOW_QUARTERS, MINUTES, QUARTERS

DEVICES_NUMBER = 100
FACILITIES = 10
DAY_S = 86_400
QUARTER_S = 900
MINUTE_S = 60
KEPT_DAYS = {MINUTES: 1, QUARTERS: 90, DAYS: 365, FLOW_QUARTERS: 90, FLOW_DAYS: 365}
"""So many days of each are filled. The default policy keeps minutes for seven; one is enough to be asked."""

_AT_ONCE = 20_000
_ROUNDS = 15
_CAPACITY = 40
_ASKED = place_id('Garage 1')


@dataclass(frozen=True, slots=True)
class Question:
    """Hold what is asked for: `/api/v1/<of>` of so many days in such steps, of a facility or of all."""

    text: str
    of: str
    days: int
    step: str
    facility: str | None = _ASKED


QUESTIONS = (
    Question('a year of one facility, by day', 'history', 365, 'day'),
    Question('a year of the whole fleet, by day', 'history', 365, 'day', None),
    Question('a month of one facility, by 15 minutes', 'history', 30, 'quarter'),
    Question('a day of one facility, by minute', 'history', 1, 'minute'),
    Question('a year of its gates, by day', 'flow', 365, 'day'),
)
"""The first is the one of the summary."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold how long one question took.

    Attributes:
        question: in words.
        points: of the answer.
        median_ms, worst_ms: of the rounds.
    """

    question: str
    points: int
    median_ms: float
    worst_ms: float


def measure(folder: Path, kind: Kind) -> tuple[list[Answer], int]:
    """Fill a store, ask it; return the answers, and how many rows there were."""
    with scene(folder, kind) as here:
        rows = _fill(here.url)
        until = dt.datetime.now(dt.UTC)
        with here.serve() as service:
            return [_ask(service.url, question, until) for question in QUESTIONS], rows


def _ask(url: str, question: Question, until: dt.datetime) -> Answer:
    asked = {'step': question.step, 'since': (until - dt.timedelta(days=question.days)).isoformat()}
    if question.facility is not None:
        asked['facility'] = question.facility
    took_ms = []
    for _ in range(_ROUNDS):
        begun_s = time.perf_counter()
        answer = httpx.get(f'{url}/api/v1/{question.of}', params=asked, timeout=PATIENCE_S).raise_for_status()
        took_ms.append((time.perf_counter() - begun_s) * 1000)
    return Answer(question.text, len(answer.json()), statistics.median(took_ms), max(took_ms))


def _fill(url: str) -> int:
    database = Database(url)
    try:
        database.migrate()
        now_s = now_ms() // 1000
        total = 0
        with database.writing() as connection:
            connection.execute(DEVICES.insert(), [_device(number) for number in range(DEVICES_NUMBER)])
            connection.execute(CAMERAS.insert(), [_camera(number) for number in range(DEVICES_NUMBER)])
        for table, step_s, make in (
            (MINUTES, MINUTE_S, _summary),
            (QUARTERS, QUARTER_S, _summary),
            (DAYS, DAY_S, _summary),
            (FLOW_QUARTERS, QUARTER_S, _flow),
            (FLOW_DAYS, DAY_S, _flow),
        ):
            moments = range(
                (now_s - KEPT_DAYS[table] * DAY_S) // step_s * step_s, now_s // step_s * step_s, step_s
            )
            made: Iterator[dict[str, Any]] = (
                make(camera, start_s) for camera in range(1, DEVICES_NUMBER + 1) for start_s in moments
            )
            while part := list(islice(made, _AT_ONCE)):
                with database.writing() as connection:
                    connection.execute(table.insert(), part)
                total += len(part)
        return total
    finally:
        database.close()


def _device(number: int) -> dict[str, Any]:
    return {'id': number + 1, 'uuid': f'device-{number}', 'first_ms': 0, 'last_ms': now_ms()}


def _camera(number: int) -> dict[str, Any]:
    facility = f'Garage {number % FACILITIES + 1}'
    return {
        'id': number + 1,
        'device_id': number + 1,
        'name': 'lane',
        'facility': facility,
        'floor': f'P{number // FACILITIES + 1}',
        'seq': 1,
        'observed_ms': now_ms(),
        'received_ms': now_ms(),
        'state': 'OK',
    }


def _summary(camera: int, start_s: int) -> dict[str, Any]:
    cars = (start_s // QUARTER_S * 7 + camera * 13) % (_CAPACITY + 1)
    return {
        'camera_id': camera,
        'start_s': start_s,
        'samples': 8,
        'known': 8,
        'cars_sum': 8 * cars,
        'occupied_sum': 8 * cars,
        'last_ms': start_s * 1000,
        'last_seq': start_s,
        'last_cars': cars,
        'last_capacity': _CAPACITY,
        'last_occupied': cars,
        'last_free': _CAPACITY - cars,
        'last_unknown': 0,
        'cars_min': cars,
        'cars_max': cars,
        'occupied_min': cars,
        'occupied_max': cars,
    }


def _flow(camera: int, start_s: int) -> dict[str, Any]:
    return {'camera_id': camera, 'start_s': start_s, 'gate': 'gate', 'entered': camera % 7, 'left': 3}
