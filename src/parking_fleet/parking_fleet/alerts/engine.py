"""Look at the fleet again and again, begin and end alerts, and hand them to the channels.

One process of an installation does so: the one that runs `parking-fleet serve`. Workers never do.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from parking_fleet.alerts.book import AlertBook
from parking_fleet.alerts.certificate import days_left
from parking_fleet.alerts.channels.mqtt import Publish
from parking_fleet.alerts.channels.sending import make_sender
from parking_fleet.alerts.errors import UnknownAlertError
from parking_fleet.alerts.picture import Growth, Picture
from parking_fleet.alerts.post import ChannelState, Postman
from parking_fleet.alerts.rules import Reading, readings
from parking_fleet.alerts.settings import LOW_IS_BAD, Rule
from parking_fleet.alerts.states import Timing, Watch, acknowledge, judge, opened, snooze, step
from parking_fleet.alerts.values import Alert, Change
from parking_fleet.health.devices import DeviceHealth
from parking_fleet.ingest.statistics import IngestState
from parking_fleet.live.events import AlertChanged
from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.places.views import FacilityView
from parking_fleet.settings import Settings
from parking_fleet.store.database import STORE_TROUBLES

LOG = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""So often the fleet is looked at. Events would not make it quicker: most alerts wait for time to pass."""

REST_FACTOR = 20.0
LOOK_AT_LEAST_S = 10.0
"""A look that takes long is followed by a rest of 20 times that, of 10 s at most."""

QUARANTINE_EVERY_MS = 10_000
CERTIFICATE_EVERY_MS = 600_000
LOOKED_AT_ONCE = 50
PAUSE_FACTOR = 4.0
"""After so many facilities, devices or readings others get their turn, for so many times as long as the
processor worked on these: messages and pages go first."""

OPENED_AT_ONCE = 500
"""So many alerts begin in one look at most; the others begin in the next ones."""

_Item = TypeVar('_Item')
_GONE = Timing()
_FOR_PROGRAMS = ('webhook', 'mqtt')


class AlertEngine:
    """Own the alerts: what is open, who did what about it, and who is told.

    Args:
        settings: of the whole service.
        fleet: the live state.
        book: keeps alerts.
        publish: the connection to the broker.
        ingest_state: how the ingest of this process is; None where there is none.
        clock_ms: gives the present time in Unix milliseconds.
    """

    def __init__(
        self,
        settings: Settings,
        fleet: Fleet,
        book: AlertBook,
        publish: Publish,
        *,
        ingest_state: Callable[[], IngestState] | None = None,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        self.book = book
        self._settings = settings
        self._alerts = settings.alerts
        self._fleet = fleet
        self._ingest_state = ingest_state
        self._clock_ms = clock_ms
        self._lock = threading.RLock()
        self._watches: dict[tuple[str, str], Watch] = {}
        self._growth = Growth()
        self._rejected = Growth()
        self._invalid = (0, '')
        self._quarantine_ms = self._certificate_ms = 0
        self._certificate_days: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='alerts', daemon=True)
        self._postmen = {
            name: Postman(
                name,
                channel,
                make_sender(channel, publish),
                book,
                public_url=settings.web.public_url,
                clock_ms=clock_ms,
            )
            for name, channel in self._alerts.channels.items()
            if channel.enabled
        }

    def start(self) -> None:
        """Take up what was open, and begin to look and to send.

        Raises:
            sqlalchemy.exc.DBAPIError: when the store cannot be read.
        """
        self.load()
        self.book.forget_channels(self._postmen)
        for postman in self._postmen.values():
            postman.start()
        self._thread.start()

    def stop(self) -> None:
        """End; what was not sent is sent after the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        for postman in self._postmen.values():
            postman.stop()

    def load(self) -> None:
        """Take up what was open when the service last ran."""
        with self._lock:
            self._watches = {alert.key: Watch(alert=alert) for alert in self.book.open_alerts()}

    def open_alerts(self) -> list[Alert]:
        """Return what is open: first what nobody cares for yet, then by time, the newest first."""
        with self._lock:
            found = [watch.alert for watch in self._watches.values() if watch.alert is not None]
        moment_ms = self._clock_ms()
        return sorted(
            found, key=lambda alert: (alert.status(moment_ms) != 'open', -alert.opened_ms, -alert.id)
        )

    def channels(self) -> list[ChannelState]:
        """Return how the channels are."""
        return [postman.state for postman in self._postmen.values()]

    def acknowledge(self, number: int, who: str) -> Alert:
        """Note that somebody takes care: it is told no more until it ends.

        Raises:
            UnknownAlertError: when it is not open.
        """
        return self._change(number, 'acknowledged', lambda alert: acknowledge(alert, who, self._clock_ms()))

    def snooze(self, number: int, who: str, until_ms: int) -> Alert:
        """Put it off until then.

        Raises:
            UnknownAlertError: when it is not open.
        """
        return self._change(number, 'snoozed', lambda alert: snooze(alert, who, until_ms))

    def look(self) -> None:
        """Look at everything once.

        Raises:
            sqlalchemy.exc.DBAPIError: when the store does not answer; the next look makes up for it.
        """
        picture = self._picture()
        seen: set[tuple[str, str]] = set()
        begun = 0
        for name, rule in self._alerts.rules.items():
            if not rule.enabled:
                continue
            for some in self._in_turns(readings(rule.kind, picture)):
                with self._lock:
                    for reading in some:
                        if self._concerns(rule, reading) and (name, reading.subject) not in seen:
                            seen.add((name, reading.subject))
                            may_begin = begun < OPENED_AT_ONCE
                            begun += self._judge(name, rule, reading, picture.now_ms, may_begin=may_begin)
        with self._lock:
            self._end_what_is_gone(seen, picture.now_ms)

    def _run(self) -> None:
        rest_s = 0.0
        while not self._stopping.wait(rest_s):
            began_s = time.monotonic()
            try:
                self.look()
            except STORE_TROUBLES as error:
                LOG.warning('alerts: the store does not answer (%s); trying again', type(error).__name__)
            took_s = time.monotonic() - began_s
            rest_s = min(max(LOOK_EVERY_S, REST_FACTOR * took_s), LOOK_AT_LEAST_S)

    def _picture(self) -> Picture:
        moment_ms = self._clock_ms()
        devices = self._devices()
        state = self._ingest_state() if self._ingest_state is not None else None
        if moment_ms - self._quarantine_ms >= QUARANTINE_EVERY_MS:
            self._quarantine_ms = moment_ms
            newest = self._fleet.reader.quarantine(1)
            total = newest[0].id if newest else 0
            grown = self._rejected.take({'messages': total}, moment_ms)['messages']
            self._invalid = (grown, newest[0].reason if newest else '')
        if moment_ms - self._certificate_ms >= CERTIFICATE_EVERY_MS:
            self._certificate_ms = moment_ms
            broker = self._settings.broker
            self._certificate_days = days_left(broker.certificate, moment_ms) if broker.host else None
        return Picture(
            now_ms=moment_ms,
            facilities=self._facilities(),
            devices=devices,
            hears=state is None or (state.connected and not state.trouble),
            dropped=self._growth.take(
                {device.record.uuid: device.record.dropped for device in devices}, moment_ms
            ),
            invalid=self._invalid[0],
            invalid_reason=self._invalid[1],
            certificate_days=self._certificate_days,
        )

    def _facilities(self) -> list[FacilityView]:
        names = self._in_turns(sorted(self._fleet.facility_names()))
        return [view for some in names for view in self._fleet.facilities_named(some)]

    def _devices(self) -> list[DeviceHealth]:
        uuids = self._in_turns(self._fleet.uuids())
        return [device for some in uuids for device in self._fleet.devices_named(some)]

    def _in_turns(self, items: Iterable[_Item]) -> Iterator[list[_Item]]:
        """Give some at a time, and let others work before the next."""
        waiting = iter(items)
        began_s = time.thread_time()
        while some := list(islice(waiting, LOOKED_AT_ONCE)):
            yield some
            self._stopping.wait(PAUSE_FACTOR * (time.thread_time() - began_s))
            began_s = time.thread_time()

    def _concerns(self, rule: Rule, reading: Reading) -> bool:
        if not rule.facilities:
            return True
        section = self._fleet.config.section(reading.facility)
        return reading.facility in rule.facilities or (
            section is not None and section.title in rule.facilities
        )

    def _judge(self, name: str, rule: Rule, reading: Reading, moment_ms: int, *, may_begin: bool) -> bool:
        """Take one reading in, and return whether an alert began."""
        key = name, reading.subject
        begins, ends = rule.bounds
        verdict = (
            'unclear'
            if reading.least is None or reading.most is None
            else judge(reading.least, reading.most, begins, ends, low_is_bad=rule.kind in LOW_IS_BAD)
        )
        if verdict != 'bad' and key not in self._watches:
            return False  # as nearly all are: of 10,000 devices, 30,000 readings at each look
        watch = self._watches.get(key, Watch())
        may_open = rule.when == 'always' or reading.is_open
        following, change = step(watch, verdict, moment_ms, _timing(rule), may_open=may_open)
        if change == 'opened':
            if not may_begin:
                return False
            said = reading.say()
            said = replace(said, advice=rule.next_step.rstrip('.')) if rule.next_step else said
            following = opened(following, self._blank(name, rule, reading), said, moment_ms)
        elif watch.alert is not None and verdict == 'bad':
            following = self._with_latest(following, reading)
        if change is None:
            self._remember(key, following)
            if following.alert is not None and watch.alert != following.alert:
                self._publish(following.alert)
        else:
            self._keep(key, following, change)
        return change == 'opened'

    def _blank(self, name: str, rule: Rule, reading: Reading) -> Alert:
        zone = self._fleet.config.zone(reading.facility) if reading.facility else None
        return Alert(
            rule=name,
            kind=rule.kind,
            subject=reading.subject,
            facility=reading.facility,
            place='',
            text='',
            latest='',
            advice=rule.next_step,
            link='',
            time_zone=zone.key if zone is not None else self._settings.time_zone,
            opened_ms=0,
        )

    @staticmethod
    def _with_latest(watch: Watch, reading: Reading) -> Watch:
        text = reading.say().text
        if watch.alert is None or watch.alert.latest == text:
            return watch
        return replace(watch, alert=replace(watch.alert, latest=text))

    def _end_what_is_gone(self, seen: set[tuple[str, str]], moment_ms: int) -> None:
        for key in [key for key in self._watches if key not in seen]:
            watch, change = step(self._watches[key], 'good', moment_ms, _GONE)
            if change is None:
                self._remember(key, watch)
            else:
                self._keep(key, watch, change)

    def _keep(self, key: tuple[str, str], watch: Watch, change: Change) -> None:
        """Store what has changed, and only then remember it: what could not be stored comes again."""
        if watch.alert is None:
            return
        stored = self.book.write(watch.alert, change, self._told(watch.alert, change), self._clock_ms())
        if stored is None:
            # Another process was quicker: what it has stored is what is so.
            LOG.warning('alerts: another process alerts too; run `parking-fleet serve` once')
            self.load()
            return
        self._remember(key, Watch() if change == 'cleared' else replace(watch, alert=stored))
        if change in ('opened', 'cleared'):
            LOG.info('alert %d %s: %s', stored.id, change, stored.text)
        self._publish(stored)
        for postman in self._postmen.values():
            postman.wake()

    def _remember(self, key: tuple[str, str], watch: Watch) -> None:
        if watch.is_idle:
            self._watches.pop(key, None)
        else:
            self._watches[key] = watch

    def _told(self, alert: Alert, change: Change) -> list[str]:
        names = self._alerts.told_by(alert.rule)
        channels = self._alerts.channels
        if change == 'cleared':
            # MQTT keeps what is open: it must learn of the end.
            return [name for name in names if channels[name].tell_end or channels[name].kind == 'mqtt']
        if change in ('acknowledged', 'snoozed'):
            return [name for name in names if channels[name].kind in _FOR_PROGRAMS]
        return names

    def _change(self, number: int, change: Change, act: Callable[[Alert], Alert]) -> Alert:
        with self._lock:
            for key, watch in self._watches.items():
                if watch.alert is not None and watch.alert.id == number:
                    changed = act(watch.alert)
                    if changed != watch.alert:
                        self._keep(key, replace(watch, alert=changed), change)
                    return changed
        raise UnknownAlertError(f'no open alert has the number {number}; it may have ended')

    def _publish(self, alert: Alert) -> None:
        self._fleet.feed.publish([AlertChanged(alert)])


def _timing(rule: Rule) -> Timing:
    return Timing(
        for_ms=int(rule.for_s * 1000),
        clear_for_ms=int(rule.clear_for_s * 1000),
        repeat_ms=int(rule.repeat_s * 1000),
    )


def rule_lines(rules: Iterable[tuple[str, Rule]]) -> list[str]:
    """Return a line for each rule, for `parking-fleet check`."""
    lines = []
    for name, rule in rules:
        begins, ends = rule.bounds
        what = '' if rule.kind in ('device_silent', 'camera') else f' from {begins:g}, over at {ends:g}'
        state = '' if rule.enabled else ', off'
        lines.append(f'{name}: {rule.kind}{what}, for {rule.for_s:g} s{state}')
    return lines
