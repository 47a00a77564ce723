"""Ask the store what a facility was like, once for all pages that are open."""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from parking_fleet.dashboard.facility.spans import span_of_dates, span_of_days
from parking_fleet.dashboard.remembered import Remembered
from parking_fleet.forecast.curves import Curve, day_curves
from parking_fleet.forecast.full import WEEKS
from parking_fleet.store.reader import Place, Reader
from parking_fleet.store.values import FlowPoint, HistoryPoint

NEW_S = 60.0
"""So long an answer about today is good."""

OLD_S = 1_800.0
"""So long an answer about days that are over is good: counts that come late still correct them."""

DEADLINE_S = 60.0
"""A store that takes longer does not answer, as far as a page is concerned."""

YEAR = dt.timedelta(days=364)
_DAY = dt.timedelta(days=1)

Answer = TypeVar('Answer')


@dataclass(frozen=True, slots=True)
class Facility:
    """Name a facility to the store.

    Attributes:
        name: as the devices tell it.
        zone: its time zone.
        capacity: where its cameras see cars and no places; None: they see places.
    """

    name: str
    zone: ZoneInfo
    capacity: int | None


@dataclass(frozen=True, slots=True)
class Weeks:
    """Hold quarters of an hour with the curves of their days."""

    points: list[HistoryPoint]
    curves: dict[dt.date, Curve]


class Past:
    """Ask and remember; for the event loop of the pages.

    Every question raises what the store raises when it is away (`STORE_TROUBLES`).
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._remembered = Remembered()

    async def weeks(self, facility: Facility, today: dt.date) -> Weeks:
        """Return the last eight weeks up to yesterday."""
        first = today - dt.timedelta(weeks=WEEKS)
        return await self.ask(OLD_S, self._quarters, facility, first, today - _DAY)

    async def today(self, facility: Facility, today: dt.date) -> Weeks:
        """Return the day so far."""
        return await self.ask(NEW_S, self._quarters, facility, today, today)

    async def days(self, facility: Facility, today: dt.date) -> list[HistoryPoint]:
        """Return the last year by the day."""
        return await self.ask(OLD_S / 6, self._days, facility, today - YEAR, today)

    async def flow(self, facility: Facility, day: dt.date, today: dt.date) -> list[FlowPoint]:
        """Return the cars through the gates on a day, in quarters of an hour."""
        return await self.ask(NEW_S if day >= today else OLD_S, self._flow, facility, day)

    async def ask(self, keep_s: float, question: Callable[..., Answer], *about: object) -> Answer:
        """Return what a function answers that may block.

        It is remembered by the function's name and what it is about.
        """
        key = question.__qualname__, *about
        async with asyncio.timeout(DEADLINE_S):
            return await self._remembered.ask(key, keep_s, partial(question, *about))

    def _quarters(self, facility: Facility, first: dt.date, last: dt.date) -> Weeks:
        span = span_of_days(first, last, facility.zone)
        points = self._reader.history(Place(facility=facility.name), 'quarter', span)
        return Weeks(points, day_curves(points, facility.zone, facility.capacity))

    def _days(self, facility: Facility, first: dt.date, last: dt.date) -> list[HistoryPoint]:
        return self._reader.history(Place(facility=facility.name), 'day', span_of_dates(first, last))

    def _flow(self, facility: Facility, day: dt.date) -> list[FlowPoint]:
        span = span_of_days(day, day, facility.zone)
        return self._reader.flow(Place(facility=facility.name), 'quarter', span)
