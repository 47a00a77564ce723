"""Know where bays are on the pictures of cameras, and what they look like: as their devices tell it."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from parking_fleet.service import Service
from parking_fleet.zones.layout import Layout, Outline

OLD_S = 60.0
"""From this age on a picture is asked for anew by whoever looks."""


class DeviceLayouts:
    """Ask the shadows and the pictures of a service; what a device does not tell is not known.

    Args:
        service: which is connected to the devices.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def layouts(self, uuid: str, camera: str) -> Layout | None:
        """Return where the bays and zones of a camera are; None: not known."""
        found = self._service.layouts(uuid, camera)
        if found is None:
            return None
        return Layout(bays=_outlines(found.get('bays', ())), zones=_outlines(found.get('zones', ())))

    def picture(self, uuid: str, camera: str) -> bytes | None:
        """Return the last picture of a camera as JPEG; None where there is none, or none is allowed.

        One that is old, or missing, is asked for: the next to look sees it.
        """
        newest = self._service.pictures.newest(uuid, camera)
        if newest is None or newest.received_ms < (time.time() - OLD_S) * 1000:
            self._service.pictures.ask(uuid, camera)
        return newest.jpeg if newest is not None else None


def _outlines(shapes: Iterable[Mapping[str, Any]]) -> tuple[Outline, ...]:
    return tuple(
        Outline(str(shape['name']), tuple((float(x), float(y)) for x, y in shape['polygon']))
        for shape in shapes
    )
