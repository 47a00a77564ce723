"""Decide when an alert begins, is told again, and ends; pure: the time is passed in.

    pending --for_s--> open --acknowledge--> acknowledged --clear_for_s--> cleared
                        |  ^--until is over-- snoozed
                        '--clear_for_s--> cleared

A value counts as bad at the threshold, and as good on the other side of the clear threshold; what lies
between changes nothing. A reading that is not certain counts as neither: a dark camera raises nothing
and ends nothing.
"""

from dataclasses import dataclass, replace
from typing import Literal

from parking_fleet.alerts.values import Alert, Change, Said

Verdict = Literal['bad', 'between', 'good', 'unclear']


@dataclass(frozen=True, slots=True)
class Timing:
    """Hold the times of a rule, in milliseconds; `repeat_ms` 0: never."""

    for_ms: int = 0
    clear_for_ms: int = 0
    repeat_ms: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Hold what is remembered of one subject; times are 0 while it is not so."""

    bad_since_ms: int = 0
    good_since_ms: int = 0
    alert: Alert | None = None

    @property
    def is_idle(self) -> bool:
        """Return whether there is nothing to remember."""
        return self.alert is None and not self.bad_since_ms


def judge(least: float, most: float, begins: float, ends: float, *, low_is_bad: bool) -> Verdict:
    """Return what a value between `least` and `most` means.

    >>> judge(95, 95, 95, 92, low_is_bad=False), judge(93, 93, 95, 92, low_is_bad=False)
    ('bad', 'between')
    >>> judge(60, 100, 95, 92, low_is_bad=False)
    'unclear'
    """
    if low_is_bad:
        least, most, begins, ends = -most, -least, -begins, -ends
    if least >= begins:
        return 'bad'
    if most < ends:
        return 'good'
    return 'between' if least == most or least >= ends else 'unclear'


def step(
    watch: Watch, verdict: Verdict, now_ms: int, timing: Timing, *, may_open: bool = True
) -> tuple[Watch, Change | None]:
    """Return what is remembered next, and what has changed; whoever calls makes the alert at `opened`.

    Args:
        watch: what was remembered.
        verdict: of this moment.
        now_ms: Unix milliseconds.
        timing: of the rule.
        may_open: false outside of the opening hours, for rules that hold only then.
    """
    if watch.alert is None:
        return _before(watch, verdict, now_ms, timing, may_open=may_open)
    if verdict == 'good':
        since_ms = watch.good_since_ms or now_ms
        if now_ms - since_ms >= timing.clear_for_ms:
            return Watch(alert=replace(watch.alert, cleared_ms=now_ms)), 'cleared'
        watch = replace(watch, good_since_ms=since_ms)
    elif watch.good_since_ms:
        watch = replace(watch, good_since_ms=0)
    return _remind(watch, now_ms, timing, may_tell=may_open)


def opened(watch: Watch, subject: Alert, said: Said, now_ms: int) -> Watch:
    """Return the watch with its alert begun."""
    begun = replace(
        subject,
        place=said.place,
        text=said.text,
        latest=said.text,
        advice=said.advice,
        link=said.link,
        opened_ms=now_ms,
        notified_ms=now_ms,
    )
    return Watch(bad_since_ms=watch.bad_since_ms, alert=begun)


def acknowledge(alert: Alert, who: str, now_ms: int) -> Alert:
    """Return it acknowledged: it is told no more until it ends; a second time changes nothing."""
    if alert.acknowledged_ms or alert.cleared_ms:
        return alert
    return replace(alert, acknowledged_ms=now_ms, acknowledged_by=who, snoozed_until_ms=0, snoozed_by='')


def snooze(alert: Alert, who: str, until_ms: int) -> Alert:
    """Return it snoozed: it is told again at that time, if it has not ended and nobody acknowledged it."""
    if alert.cleared_ms:
        return alert
    return replace(alert, snoozed_until_ms=until_ms, snoozed_by=who, acknowledged_ms=0, acknowledged_by='')


def _before(
    watch: Watch, verdict: Verdict, now_ms: int, timing: Timing, *, may_open: bool
) -> tuple[Watch, Change | None]:
    if verdict == 'good' or not may_open:
        return Watch(), None
    if verdict != 'bad':
        return watch, None
    since_ms = watch.bad_since_ms or now_ms
    is_long = now_ms - since_ms >= timing.for_ms
    return Watch(bad_since_ms=since_ms), 'opened' if is_long else None


def _remind(watch: Watch, now_ms: int, timing: Timing, *, may_tell: bool) -> tuple[Watch, Change | None]:
    alert = watch.alert
    if alert is None or watch.good_since_ms or alert.status(now_ms) != 'open' or not may_tell:
        return watch, None
    if alert.snoozed_until_ms:
        # The time is over that it was put off for.
        woken = replace(alert, snoozed_until_ms=0, snoozed_by='', notified_ms=now_ms)
        return replace(watch, alert=woken), 'reminder'
    if timing.repeat_ms and now_ms - alert.notified_ms >= timing.repeat_ms:
        return replace(watch, alert=replace(alert, notified_ms=now_ms)), 'reminder'
    return watch, None
