"""Hold alerts; times are Unix milliseconds, 0 means never."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from parking_fleet.alerts.settings import Kind

Status = Literal['open', 'acknowledged', 'snoozed', 'cleared']
Change = Literal['opened', 'reminder', 'acknowledged', 'snoozed', 'cleared', 'test']


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Hold one alert from its beginning to its end.

    Attributes:
        id: its number; 0 before it is stored.
        rule: name of the rule.
        subject: what the rule is about: a facility, a device, a camera.
        facility: as the devices call it; empty where there is none.
        place: as people call it.
        text: what it was at the beginning.
        latest: what it is now.
        advice: what to do next.
        link: path of the page to look at.
        time_zone: of the place.
        notified_ms: it was last told to the channels.
        acknowledged_by, snoozed_by: who did it.
    """

    id: int = 0
    rule: str
    kind: Kind
    subject: str
    facility: str
    place: str
    text: str
    latest: str
    advice: str
    link: str
    time_zone: str
    opened_ms: int
    notified_ms: int = 0
    acknowledged_ms: int = 0
    acknowledged_by: str = ''
    snoozed_until_ms: int = 0
    snoozed_by: str = ''
    cleared_ms: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from every other open alert."""
        return self.rule, self.subject

    def status(self, now_ms: int) -> Status:
        """Return how it is now."""
        if self.cleared_ms:
            return 'cleared'
        if self.snoozed_until_ms > now_ms:
            return 'snoozed'
        return 'acknowledged' if self.acknowledged_ms else 'open'


@dataclass(frozen=True, slots=True)
class Said:
    """Hold what is said of a reading; `text` ends without a full stop."""

    place: str
    text: str
    advice: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Hold what is to be sent to one channel: an alert as it was when that was decided."""

    id: int
    channel: str
    change: Change
    made_ms: int
    alert: Alert


def utc_text(time_ms: int) -> str | None:
    """Return a time as messages have them; None for never."""
    if not time_ms:
        return None
    return (
        dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC)
        .isoformat(timespec='milliseconds')
        .replace('+00:00', 'Z')
    )
