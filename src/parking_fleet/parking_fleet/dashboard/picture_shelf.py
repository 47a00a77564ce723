"""Keep the pictures that are drawn on now, for as long as their pages are open."""

import secrets
from collections import OrderedDict

from fastapi import Response
from nicegui import app

from parking_fleet.zones.picture import Picture

MOST_BYTES = 48_000_000
"""So much is kept of all pictures together; the oldest go first, and browsers that show them keep them."""

_PATH = '/zones/picture'


class PictureShelf:
    """Hold pictures in memory, and serve each under an address that cannot be guessed.

    Args:
        most_bytes: of all pictures together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pictures: OrderedDict[str, Picture] = OrderedDict()

    def serve(self) -> None:
        """Serve the pictures; once a process."""

        @app.get(_PATH + '/{key}', include_in_schema=False)
        def picture(key: str) -> Response:
            found = self._pictures.get(key)
            if found is None:
                return Response('this picture is not kept any more', status_code=404)
            headers = {'Cache-Control': 'private, no-store', 'X-Content-Type-Options': 'nosniff'}
            return Response(found.content, media_type=found.media_type, headers=headers)

    def put(self, picture: Picture) -> str:
        """Keep a picture, and return its address."""
        key = secrets.token_urlsafe(18)
        self._pictures[key] = picture
        while sum(len(kept.content) for kept in self._pictures.values()) > self._most_bytes:
            self._pictures.popitem(last=False)
        return f'{_PATH}/{key}'

    def drop(self, address: str) -> None:
        """Forget a picture."""
        self._pictures.pop(address.rpartition('/')[2], None)
