"""Put alerts into words for a person, and into JSON for a program."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from parking_fleet.alerts.settings import Kind
from parking_fleet.alerts.values import Alert, Change, Delivery, Status, utc_text

LISTED = 10
"""So many alerts are named when many are told in one message."""


class AlertAnswer(BaseModel):
    """An alert; times are UTC, null for never."""

    id: int
    rule: str = Field(description='Name of the rule in parking-fleet.yaml.')
    kind: Kind
    status: Status
    subject: str = Field(description='Facility, device or device/camera that it is about.')
    facility: str = Field(description='As the devices call it; empty where there is none.')
    place: str
    text: str = Field(description='What it was at the beginning.')
    latest: str = Field(description='What it is now.')
    advice: str = Field(description='What to do next.')
    opened_at: str
    acknowledged_at: str | None
    acknowledged_by: str
    snoozed_until: str | None
    snoozed_by: str
    cleared_at: str | None

    @classmethod
    def of(cls, alert: Alert, now_ms: int) -> Self:
        """Return it as it is told."""
        return cls(
            id=alert.id,
            rule=alert.rule,
            kind=alert.kind,
            status=alert.status(now_ms),
            subject=alert.subject,
            facility=alert.facility,
            place=alert.place,
            text=alert.text,
            latest=alert.latest,
            advice=alert.advice,
            opened_at=utc_text(alert.opened_ms) or '',
            acknowledged_at=utc_text(alert.acknowledged_ms),
            acknowledged_by=alert.acknowledged_by,
            snoozed_until=utc_text(alert.snoozed_until_ms),
            snoozed_by=alert.snoozed_by,
            cleared_at=utc_text(alert.cleared_ms),
        )


class AlertMessage(BaseModel):
    """What a webhook and MQTT get. The same one may come twice: `alert.id` and `change` tell."""

    message: Literal['parking.alert/1'] = Field(default='parking.alert/1', description='Name of this form.')
    change: Change
    text: str = Field(description='For a person.')
    url: str | None = Field(description='The page to look at, where `web: public_url` is set.')
    alert: AlertAnswer


@dataclass(frozen=True, slots=True)
class Message:
    """Hold what a channel sends: a line, the whole text, and the JSON of a single alert."""

    title: str
    text: str
    content: AlertMessage | None
    is_over: bool = False


def single(delivery: Delivery, now_ms: int, public_url: str) -> Message:
    """Return the message of one alert."""
    alert = delivery.alert
    line = sentence(alert, delivery.change, now_ms)
    url = f'{public_url}{alert.link}' if public_url and alert.link else None
    content = AlertMessage(change=delivery.change, text=line, url=url, alert=AlertAnswer.of(alert, now_ms))
    return Message(
        title=_title(alert, delivery.change),
        text=f'{line}\n{url}' if url else line,
        content=content,
        is_over=delivery.change == 'cleared',
    )


def digest(deliveries: Sequence[Delivery], now_ms: int, public_url: str) -> Message:
    """Return one message for many: forty silent devices are one cable more often than forty."""
    lines = [f'- {sentence(each.alert, each.change, now_ms)}' for each in deliveries[:LISTED]]
    if len(deliveries) > LISTED:
        lines.append(f'and {len(deliveries) - LISTED} more')
    head = f'{len(deliveries)} changes of alerts at once'
    places = sorted({each.alert.place for each in deliveries})
    where = ', '.join(places[:3]) + (' and more' if len(places) > 3 else '')
    link = [f'{public_url}/alerts'] if public_url else []
    return Message(title=f'{head}: {where}', text='\n'.join([f'{head}.', *lines, *link]), content=None)


def sentence(alert: Alert, change: Change, now_ms: int) -> str:
    """Return what a person is told.

    For example: 'Riverside is nearly full: 2 of 120 free (08:12). Next: open the overflow floor.'
    """
    begun = clock_text(alert.opened_ms, alert.time_zone, now_ms)
    following = f' Next: {alert.advice}.' if alert.advice else ''
    match change:
        case 'cleared':
            ended = clock_text(alert.cleared_ms, alert.time_zone, now_ms)
            return f'Over since {ended}: {alert.text} (began {begun}).'
        case 'reminder':
            return f'Still so since {begun}: {alert.latest}.{following}'
        case 'acknowledged':
            return f'{alert.acknowledged_by} takes care: {alert.text} ({begun}).'
        case 'snoozed':
            until = clock_text(alert.snoozed_until_ms, alert.time_zone, now_ms)
            return f'{alert.snoozed_by} put it off until {until}: {alert.text} ({begun}).'
        case 'test':
            return f'{alert.text} ({begun}).{following}'
        case _:
            return f'{alert.text} ({begun}).{following}'


def clock_text(time_ms: int, time_zone: str, now_ms: int) -> str:
    """Return a time where the place is: '08:12', with the date on other days."""
    zone = ZoneInfo(time_zone)
    moment = dt.datetime.fromtimestamp(time_ms / 1000, zone)
    today = dt.datetime.fromtimestamp(now_ms / 1000, zone).date()
    return f'{moment:%H:%M}' if moment.date() == today else f'{moment:%a %-d %b %H:%M}'


def trial_alert(channel: str, time_zone: str, now_ms: int) -> Alert:
    """Return an alert that says that it is a test."""
    return Alert(
        rule='test',
        kind='device_silent',
        subject='test',
        facility='',
        place='This service',
        text=f'This is a test of the channel {channel}: nothing is wrong',
        latest='This is a test',
        advice='nothing: alerts will come the same way',
        link='/alerts',
        time_zone=time_zone,
        opened_ms=now_ms,
    )


def _title(alert: Alert, change: Change) -> str:
    start = {'cleared': 'Over: ', 'reminder': 'Still so: ', 'test': 'Test: '}.get(change, '')
    return f'{start}{alert.latest if change == "reminder" else alert.text}'
