"""Follow what changes, for as long as a page is open."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import background_tasks, ui

from parking_fleet.live.events import Event, LiveFeed, MissedEvents

GATHER_S = 0.2
"""Events so close together are drawn at once: many devices must not mean many redraws."""


def follow(feed: LiveFeed, draw: Callable[[Sequence[Event]], object], *, gather_s: float = GATHER_S) -> None:
    """Call `draw` with what has changed, soon after it did, until the page is closed.

    Call it while a page is built. `draw` runs in the page's context, and may be a coroutine function. The
    first call says `MissedEvents`: what changed between drawing the page and listening is known to nobody.
    """
    client = ui.context.client

    async def run() -> None:
        async with feed.listen() as listener:
            events: Sequence[Event] = (MissedEvents(0),)
            while True:
                with client:
                    drawn = draw(events)
                    if isinstance(drawn, Awaitable):
                        await drawn
                event = await anext(listener)
                await asyncio.sleep(gather_s)
                events = (event, *listener.take_waiting())

    task = background_tasks.create(run(), name='follow')
    client.on_delete(task.cancel)
