"""Say what the zone editor asks of a device: a picture, what it does now, and to do otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


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
        picture: returns a JPEG or PNG of what the camera sees; None when there is none now.
        reported: returns what the device says that it counts by, as `send` takes it; None when unknown.
        no_send: why there is no way to send, and what to do.
    """

    send: Callable[[str, str, Mapping[str, Any]], Sent] | None = None
    picture: Callable[[str, str], bytes | None] | None = None
    reported: Callable[[str, str], Mapping[str, Any] | None] | None = None
    no_send: str = 'This service has no way to devices. Download the section and put it into fleet.yaml.'
