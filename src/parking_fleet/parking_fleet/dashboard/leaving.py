"""Close the pages of those who are logged in no more."""

import asyncio

from nicegui import Client, ui

from parking_fleet.login.sessions import Sessions, Visitor

SWEEP_S = 30.0
_GOODBYE_S = 1.0


async def close_pages(sessions: Sessions) -> None:
    """Send open pages whose login has ended to the login, and let them do nothing more."""
    ended = []
    for client in list(Client.instances.values()):
        visitor: Visitor | None = getattr(client.request.state, 'visitor', None)
        if visitor is not None and visitor.login and not sessions.holds(visitor.login):
            ended.append(client)
            with client:
                ui.navigate.reload()
    if ended:
        await asyncio.sleep(_GOODBYE_S)
    for client in ended:
        if not client.is_deleted:
            client.delete()
