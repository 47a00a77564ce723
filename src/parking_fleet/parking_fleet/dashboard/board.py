"""Keep the cards of the fleet page for everyone who looks at it: worked out once, told when they change."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from parking_fleet.dashboard.cards import (
    TREND_STEP_S,
    TREND_STEPS,
    Card,
    Tile,
    Trend,
    card_of,
    tiles_of,
    trend_text,
    trends_of,
)
from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.live.touched import TouchedFacilities
from parking_fleet.places.views import FacilityView
from parking_fleet.store.database import STORE_TROUBLES
from parking_fleet.store.reader import Span

LOG = logging.getLogger(__name__)

GATHER_S = 0.2
"""After one look at what has changed, the next waits so long: what changes meanwhile is looked at once."""

REST = 1.0
"""After working for a while, so many times as long is left to others."""

LOOK_EVERY_S = 10.0
"""What changes by time alone, such as opening hours, is looked at so often."""

TILES_REST = 40.0
"""The numbers of the whole fleet take a look at every device: after it, they rest so many times as long."""

TRENDS_EVERY_S = 120.0
NEW_TRENDS_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """Hold the cards that are not as they were, and the numbers of the whole fleet."""

    cards: tuple[Card, ...]
    tiles: tuple[Tile, ...]


Tell = Callable[[Change], None]


class Board:
    """Work while somebody watches; to be used on one event loop.

    Args:
        fleet: what is shown.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._cards: dict[str, Card] = {}
        self._views: dict[str, FacilityView] = {}
        self._seen_s: dict[str, float] = {}
        self._trends: dict[str, Trend] = {}
        self._tiles: tuple[Tile, ...] = ()
        self._is_summed = False
        self._summed_s = float('-inf')
        self._sum_took_s = 0.0
        self._watchers: dict[object, Tell] = {}
        self._task: asyncio.Task[None] | None = None
        self._trends_task: asyncio.Task[None] | None = None
        self._trends_s = float('-inf')
        self._is_there = asyncio.Event()

    async def present(self) -> Change:
        """Return everything as it is now; `watch` before anything else is awaited, and nothing is missed."""
        self._run()
        await self._is_there.wait()
        return Change(tuple(self._cards.values()), self._tiles)

    def watch(self, tell: Tell) -> Callable[[], None]:
        """Call `tell` with what changes, until what is returned here is called."""
        key = object()
        self._watchers[key] = tell
        self._run()

        def stop() -> None:
            self._watchers.pop(key, None)

        return stop

    def _run(self) -> None:
        if self._task is None or self._task.done():
            self._is_there.clear()
            self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async with TouchedFacilities(self._fleet) as touched:
            self._tell(await asyncio.to_thread(self._look, self._fleet.facility_names()))
            self._tell(await asyncio.to_thread(self._sum_up))
            self._is_there.set()
            rest_s = GATHER_S
            looked_s = time.monotonic()
            while True:
                self._start_trends()
                await touched.wait(LOOK_EVERY_S if self._is_summed else self._sum_rest_s())
                began_s = time.monotonic()
                if began_s - looked_s >= LOOK_EVERY_S:
                    looked_s = began_s
                    if not self._watchers:
                        return
                if names := touched.take() | self._old(began_s):
                    self._tell(await asyncio.to_thread(self._look, names))
                    rest_s = max(GATHER_S, REST * (time.monotonic() - began_s))
                if not self._is_summed and self._sum_rest_s() == 0:
                    self._tell(await asyncio.to_thread(self._sum_up))
                await asyncio.sleep(rest_s)

    def _old(self, now_s: float) -> set[str]:
        """Return the facilities that were not looked at for a while."""
        return {name for name, seen_s in self._seen_s.items() if now_s - seen_s >= LOOK_EVERY_S}

    def _look(self, names: Iterable[str]) -> Change:
        """Work out the cards of these facilities."""
        began_s = time.monotonic()
        changed = []
        for view in self._fleet.facilities_named(names):
            self._views[view.name] = view
            self._seen_s[view.name] = began_s
            card = card_of(view, self._trends.get(view.name, ()))
            if self._cards.get(view.id) != card:
                self._cards[view.id] = card
                changed.append(card)
        self._is_summed = False
        return Change(tuple(changed), self._tiles)

    def _sum_up(self) -> Change:
        """Work out the numbers of the whole fleet, for which every device is looked at."""
        self._is_summed = True
        began_s = time.monotonic()
        self._tiles = tiles_of(self._views.values(), self._fleet.devices())
        self._summed_s = time.monotonic()
        self._sum_took_s = self._summed_s - began_s
        return Change((), self._tiles)

    def _sum_rest_s(self) -> float:
        """Return for how long the sums rest still."""
        return max(self._summed_s + TILES_REST * self._sum_took_s - time.monotonic(), 0.0)

    def _tell(self, change: Change) -> None:
        for tell in list(self._watchers.values()):
            tell(change)

    def _start_trends(self) -> None:
        is_new = self._views.keys() - self._trends.keys()
        every_s = NEW_TRENDS_EVERY_S if is_new else TRENDS_EVERY_S
        if time.monotonic() - self._trends_s >= every_s:
            self._trends_s = time.monotonic()
            self._trends_task = asyncio.create_task(self._load_trends())

    async def _load_trends(self) -> None:
        now_s = now_ms() // 1000
        since_ms = (now_s - TREND_STEP_S * TREND_STEPS) * 1000
        try:
            points = await asyncio.to_thread(
                self._fleet.reader.facilities_history, Span(since_ms=since_ms, until_ms=now_s * 1000)
            )
        except STORE_TROUBLES as error:
            LOG.warning('the trends cannot be read now (%s); trying again', type(error).__name__)
            return
        self._trends = dict.fromkeys(self._views, ()) | trends_of(points, now_s)
        changed = []
        for view in list(self._views.values()):
            trend = self._trends.get(view.name, ())
            known = self._cards[view.id]
            card = replace(known, trend=trend, trend_text=trend_text(trend))
            if card != known:
                self._cards[view.id] = card
                changed.append(card)
        self._tell(Change(tuple(changed), self._tiles))
