"""Hours of the day in which nothing is sent, by the clock on the wall."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from parking_monitor.cloud.quiet_hours import QuietHours

BERLIN = ZoneInfo('Europe/Berlin')


def at(clock: str, day: int = 1, month: int = 3) -> dt.datetime:
    hour, minute = map(int, clock.split(':'))
    return dt.datetime(2026, month, day, hour, minute, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ('hours', 'clock', 'is_quiet'),
    [
        ('22:00-06:00', '21:59', False),
        ('22:00-06:00', '22:00', True),
        ('22:00-06:00', '00:00', True),
        ('22:00-06:00', '05:59', True),
        ('22:00-06:00', '06:00', False),
        ('12:30-14:00', '12:29', False),
        ('12:30-14:00', '13:00', True),
        ('12:30-14:00', '14:00', False),
        ('00:00-6:00', '00:00', True),
    ],
)
def test_they_begin_at_their_start_and_are_over_at_their_end(hours: str, clock: str, is_quiet: bool) -> None:
    assert QuietHours.parse(hours).contain(at(clock)) is is_quiet


def test_they_follow_the_clock_when_summer_begins() -> None:
    quiet = QuietHours.parse('22:00-06:00')
    # On 29 March 2026 Berlin's clocks go from 2 to 3: 04:30 UTC is 06:30 there, a day before it was 05:30.
    assert quiet.contain(dt.datetime(2026, 3, 28, 4, 30, tzinfo=dt.UTC).astimezone(BERLIN))
    assert not quiet.contain(dt.datetime(2026, 3, 29, 4, 30, tzinfo=dt.UTC).astimezone(BERLIN))


def test_they_are_written_as_they_are_read() -> None:
    assert str(QuietHours.parse(' 9:05 - 17:00 ')) == '09:05-17:00'


@pytest.mark.parametrize('text', ['', '22', '22:00', '22:00-24:00', '22:60-06:00', '22:00-06:00 and more'])
def test_what_is_not_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='must be hours such as 22:00-06:00'):
        QuietHours.parse(text)


def test_a_day_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match='must not end when they begin'):
        QuietHours.parse('06:00-6:00')
