"""Say of each alert what the page shows; pure, no browser."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from parking_fleet.alerts.messages import clock_text
from parking_fleet.alerts.values import Alert, Status
from parking_fleet.dashboard.words import length_text

_TOMORROW_HOUR = 7
_WORDS: dict[Status, str] = {
    'open': 'Needs somebody',
    'acknowledged': 'Taken care of',
    'snoozed': 'Put off',
    'cleared': 'Over',
}
_ICONS: dict[Status, str] = {
    'open': 'warning',
    'acknowledged': 'person',
    'snoozed': 'snooze',
    'cleared': 'check',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """Hold one alert as it is shown."""

    id: int
    status: Status
    word: str
    icon: str
    text: str
    place: str
    since: str
    advice: str
    care: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """Hold one alert that has ended."""

    id: int
    began: str
    lasted: str
    text: str
    care: str


def alert_row(alert: Alert, now_ms: int) -> AlertRow:
    """Return an open alert in words."""
    status = alert.status(now_ms)
    begun = clock_text(alert.opened_ms, alert.time_zone, now_ms)
    return AlertRow(
        id=alert.id,
        status=status,
        word=_WORDS[status],
        icon=_ICONS[status],
        text=alert.latest,
        place=alert.place,
        since=_since(begun, (now_ms - alert.opened_ms) // 60_000),
        advice=f'Next: {alert.advice}.' if alert.advice else '',
        care=_care(alert, now_ms),
        link='' if alert.link == '/alerts' else alert.link,
    )


def past_row(alert: Alert, now_ms: int) -> PastRow:
    """Return an alert that has ended in words."""
    return PastRow(
        id=alert.id,
        began=clock_text(alert.opened_ms, alert.time_zone, now_ms),
        lasted=length_text((alert.cleared_ms - alert.opened_ms) / 1000),
        text=alert.text,
        care=f'by {alert.acknowledged_by}' if alert.acknowledged_by else 'nobody',
    )


def tomorrow_ms(now_ms: int, time_zone: str) -> int:
    """Return when tomorrow begins for who works there: at 07:00, Unix milliseconds."""
    zone = ZoneInfo(time_zone)
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone).date()
    morning = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(_TOMORROW_HOUR), zone)
    return int(morning.timestamp() * 1000)


def heading_text(rows: list[AlertRow]) -> str:
    """Return how many alerts there are, in words."""
    waiting = sum(row.status == 'open' for row in rows)
    if not rows:
        return 'Nothing is wrong'
    if not waiting:
        return f'{_many(len(rows))} open, and somebody cares for {"it" if len(rows) == 1 else "each"}'
    others = len(rows) - waiting
    return f'{_many(waiting)} {"needs" if waiting == 1 else "need"} somebody' + (
        f', {others} more {"is" if others == 1 else "are"} cared for or put off' if others else ''
    )


def _care(alert: Alert, now_ms: int) -> str:
    status = alert.status(now_ms)
    if status == 'acknowledged':
        return (
            f'{alert.acknowledged_by} takes care since '
            f'{clock_text(alert.acknowledged_ms, alert.time_zone, now_ms)}'
        )
    if status == 'snoozed':
        until = clock_text(alert.snoozed_until_ms, alert.time_zone, now_ms)
        return f'{alert.snoozed_by} put it off until {until}'
    return ''


def _since(begun: str, minutes: int) -> str:
    return f'Since {begun}, just now' if minutes < 1 else f'Since {begun}, for {length_text(minutes * 60)}'


def _many(number: int) -> str:
    return f'{number} alert{"" if number == 1 else "s"}'
