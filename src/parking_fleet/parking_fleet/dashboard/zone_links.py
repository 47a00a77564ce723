"""Say what the zone editor asks of a device: a picture, what it does now, and to do otherwise."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from parking_fleet.errors import FleetError
from parking_fleet.service import Service

ANSWER_S = 8.0
"""So long a device has to answer; one that is connected does within a second or two."""

_LOOK_S = 0.1
_PARTS = ('zones', 'bays', 'gates')

Found = TypeVar('Found')


class NoAnswerError(FleetError):
    """Say why a device did not answer, and what to do."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Say what became of zones that were sent: `reason` is why they were not taken."""

    is_taken: bool
    reason: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLinks:
    """Hold the ways to a device, each asked with its uuid and the camera's name, in a thread of its own.

    Attributes:
        send: takes zones, bays and gates, each point as x and y in turn, and has the device count there.
        picture: returns a JPEG or PNG of what the camera sees, or raises `NoAnswerError`.
        reported: returns where the camera counts now; None when that is not known.
        no_send: why there is no way to send, and what to do.
    """

    send: Callable[[str, str, Mapping[str, Any]], Sent] | None = None
    picture: Callable[[str, str], bytes] | None = None
    reported: Callable[[str, str], Mapping[str, Any] | None] | None = None
    no_send: str = 'This service has no way to devices. Download the section and put it into fleet.yaml.'


def links_of(service: Service) -> DeviceLinks:
    """Return the ways by the device shadow and by snapshots."""

    def send(uuid: str, camera: str, layout: Mapping[str, Any]) -> Sent:
        # A shadow keeps what is not named: what there is none of any more has to be taken away.
        wish = {part: layout.get(part) for part in _PARTS}
        outcome = service.shadows.desire(service.fleet.thing_of(uuid), {'zones': {camera: wish}})
        return Sent(outcome.is_taken, outcome.reason)

    def picture(uuid: str, camera: str) -> bytes:
        before = service.pictures.newest(uuid, camera)
        if why := service.pictures.ask(uuid, camera):
            raise NoAnswerError(why)
        found = _wait(lambda: _newer(service.pictures.newest(uuid, camera), before))
        # One that came a moment ago is not asked for again.
        found = found or service.pictures.newest(uuid, camera)
        if found is None:
            reason = service.pictures.reason(uuid, camera)
            raise NoAnswerError(
                reason or f'the device did not answer within {ANSWER_S:g} s; is it connected?'
            )
        return found.jpeg

    def reported(uuid: str, camera: str) -> Mapping[str, Any] | None:
        return _wait(lambda: service.layouts(uuid, camera, wished=True))

    return DeviceLinks(send=send, picture=picture, reported=reported)


def _newer(found: Found | None, before: Found | None) -> Found | None:
    return found if found is not before else None


def _wait(look: Callable[[], Found | None]) -> Found | None:
    """Return what is found, once it is; None when it is not within the time to answer."""
    deadline = time.monotonic() + ANSWER_S
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return found
