"""Alerts over a store: what is open outlives a restart, and operators act on it over the API."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parking_fleet.alerts.book import AlertBook
from parking_fleet.alerts.engine import AlertEngine
from parking_fleet.alerts.settings import Alerts
from parking_fleet.api.app import make_app
from parking_fleet.live.fleet import Fleet, now_ms
from parking_fleet.places.facilities import Facilities
from parking_fleet.service import Service
from parking_fleet.settings import Settings, StoreSettings, Web
from parking_fleet.store.batch import Batch, RejectedEntry
from parking_fleet.store.database import Database
from parking_fleet.store.reader import Reader
from parking_fleet.store.writer import Writer
from tests.support.fleet_messages import NOON_MS, count_entry

DAY_MS = 86_400_000
HOOK = {'hook': {'kind': 'webhook', 'url': 'http://127.0.0.1:9/'}}
RULES = {'device-silent': {'for_s': 0}, 'nearly-full': {'for_s': 60, 'clear_for_s': 60}}
CONFIG = {
    'facilities': [
        {
            'name': 'Riverside',
            'time_zone': 'Europe/Berlin',
            'opening_hours': {'mon-sun': '06:00-22:00'},
        }
    ]
}


class Lot:
    """Hold a store, a live state and an engine whose clock the test sets."""

    def __init__(self, database: Database, **alerts: Any) -> None:
        self.database = database
        self.now_ms = NOON_MS
        self.settings = Settings(
            alerts=Alerts(**{'channels': HOOK, 'rules': RULES, **alerts}),
            web=Web(public_url='https://parking.example.org'),
        )
        self.fleet = Fleet(Reader(database), Facilities(**CONFIG), clock_ms=lambda: self.now_ms)  # type: ignore[arg-type]  # pydantic makes sections of it
        self.book = AlertBook(database)
        self.engine = self.new_engine()
        self._writer = Writer(database, lambda _, time_ms: time_ms // 86_400_000 * 86_400)
        self._seq = 0

    def new_engine(self) -> AlertEngine:
        return AlertEngine(
            self.settings, self.fleet, self.book, lambda *_: None, clock_ms=lambda: self.now_ms
        )

    def say(self, **changes: Any) -> None:
        self._seq += 1
        entry = count_entry(at_ms=self.now_ms, seq=self._seq, **changes)
        self.fleet.apply(self._writer.write(Batch(counts=[entry])))

    def reject(self, number: int) -> None:
        entries = [RejectedEntry('parking/x/count', 'not JSON', b'no', self.now_ms) for _ in range(number)]
        self._writer.write(Batch(rejected=entries))

    def taken(self, occupied: int, unknown: int = 0) -> None:
        self.say(capacity=120, occupied=occupied, unknown=unknown, free=120 - occupied - unknown)

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    def rules_open(self) -> list[str]:
        return sorted(alert.rule for alert in self.engine.open_alerts())

    def nearly_full(self) -> None:
        self.taken(118)
        self.engine.look()
        self.pass_s(60)
        self.engine.look()


@pytest.fixture
def lot(database: Database) -> Lot:
    return Lot(database)


def changes_waiting(lot: Lot) -> list[str]:
    return [delivery.change for delivery in lot.book.waiting('hook', 100)]


def test_an_alert_says_what_where_and_what_to_do(lot: Lot) -> None:
    lot.nearly_full()
    (alert,) = lot.engine.open_alerts()
    assert alert.text == 'Riverside is nearly full: 2 of 120 free'
    assert (alert.place, alert.time_zone) == ('Riverside', 'Europe/Berlin')
    assert alert.advice == 'open the overflow floor, or send cars elsewhere'
    assert changes_waiting(lot) == ['opened']
    lot.taken(119)
    lot.engine.look()
    assert lot.engine.open_alerts()[0].latest == 'Riverside is nearly full: 1 of 120 free'


def test_a_restart_neither_forgets_nor_repeats_an_alert(lot: Lot) -> None:
    lot.nearly_full()
    (before,) = lot.engine.open_alerts()
    lot.engine.acknowledge(before.id, 'Ada')
    lot.engine = lot.new_engine()
    lot.engine.load()
    lot.engine.look()
    (after,) = lot.engine.open_alerts()
    assert (after.id, after.acknowledged_by, after.opened_ms) == (before.id, 'Ada', before.opened_ms)
    assert changes_waiting(lot) == ['opened', 'acknowledged']


def test_a_second_process_that_alerts_by_mistake_opens_nothing_twice(lot: Lot) -> None:
    second = lot.new_engine()
    lot.taken(118)
    for engine in (lot.engine, second):
        engine.look()
    lot.pass_s(60)
    for engine in (lot.engine, second):
        engine.look()
    assert changes_waiting(lot) == ['opened']
    assert [alert.id for alert in second.open_alerts()] == [alert.id for alert in lot.engine.open_alerts()]


def test_an_alert_that_has_ended_is_kept_as_long_as_the_settings_say(lot: Lot) -> None:
    lot.nearly_full()
    lot.taken(60)
    lot.engine.look()
    lot.pass_s(60)
    lot.engine.look()
    assert lot.engine.open_alerts() == []
    (past,) = lot.book.past_alerts(10)
    assert past.cleared_ms == lot.now_ms
    assert changes_waiting(lot) == ['opened', 'cleared']
    assert lot.book.remove_old(lot.now_ms, keep_days=1, keep_rows=100) == 0
    assert lot.book.remove_old(lot.now_ms + 2 * 86_400_000, keep_days=1, keep_rows=100) == 1


def test_a_dark_camera_neither_fills_nor_empties_a_car_park(lot: Lot) -> None:
    lot.nearly_full()
    lot.say(state='COVERED', capacity=120, unknown=120)
    for _ in range(5):
        lot.engine.look()
        lot.pass_s(60)
        lot.say(state='COVERED', capacity=120, unknown=120)
    assert lot.rules_open() == ['camera', 'nearly-full']


def test_a_silent_device_is_told_and_its_return_too(lot: Lot) -> None:
    lot.taken(10)
    lot.pass_s(301)
    lot.engine.look()
    (alert,) = lot.engine.open_alerts()
    assert alert.text == 'Device thing-1 (Riverside, P1) is silent: nothing came for 5 min'
    lot.taken(10)
    lot.engine.look()
    lot.pass_s(10)
    lot.engine.look()
    assert lot.engine.open_alerts() == []


def test_count_and_gates_that_disagree_are_told(lot: Lot) -> None:
    gate = {'name': 'entrance', 'entered': 40, 'left': 0}
    for _ in range(16):
        lot.say(capacity=120, occupied=80, free=40, net=40, entered=40, gates=[gate])
        lot.engine.look()
        lot.pass_s(60)
    (alert,) = lot.engine.open_alerts()
    assert (
        alert.text == 'Riverside counts differ: 40 cars inside by its gates, 80 places taken by its cameras'
    )


def test_what_only_grows_is_told_by_how_much_it_grew(lot: Lot) -> None:
    lot.say(dropped=500)
    lot.engine.look()
    assert lot.engine.open_alerts() == []
    lot.say(dropped=507)
    lot.engine.look()
    (alert,) = lot.engine.open_alerts()
    assert 'gave up 7 messages in the last hour' in alert.text


def test_the_certificate_of_a_device_that_ends_is_one_alert_until_it_was_rotated(lot: Lot) -> None:
    lot.say()
    lot.fleet.tell({'thing-1': {'certificate_until_ms': lot.now_ms + 31 * DAY_MS}})
    lot.engine.look()
    assert lot.rules_open() == []
    for _ in range(2):
        lot.pass_s(86_400)
        lot.say()
        lot.engine.look()
    (alert,) = lot.engine.open_alerts()
    assert (alert.rule, alert.subject, alert.facility) == ('certificate-expires', 'device-1', 'Riverside')
    assert alert.text == 'The certificate of device thing-1 (Riverside, P1) expires in 30 days'
    assert alert.latest == 'The certificate of device thing-1 (Riverside, P1) expires in 29 days'
    lot.fleet.tell({'thing-1': {'certificate_until_ms': lot.now_ms + 90 * DAY_MS}})
    lot.engine.look()
    lot.pass_s(60)
    lot.engine.look()
    assert lot.rules_open() == []


def test_invalid_messages_are_told_with_the_reason(lot: Lot) -> None:
    lot.reject(1)
    lot.engine.look()
    lot.reject(30)
    lot.pass_s(10)
    lot.engine.look()
    (alert,) = lot.engine.open_alerts()
    assert alert.text == '30 messages in the last hour could not be read. The newest: not JSON'


def test_rules_of_other_facilities_and_of_closed_ones_are_quiet(database: Database) -> None:
    rules = {
        'nearly-full': {'for_s': 0, 'facilities': ['Elsewhere']},
        'by-day': {'kind': 'nearly_full', 'when': 'open'},
    }
    lot = Lot(database, rules=rules)
    lot.now_ms += 11 * 3_600_000
    lot.taken(118)
    lot.engine.look()
    assert lot.rules_open() == []
    lot.now_ms += 11 * 3_600_000
    lot.taken(118)
    lot.engine.look()
    assert lot.rules_open() == ['by-day']


def test_a_rule_that_is_put_off_ends_its_alerts(lot: Lot) -> None:
    lot.nearly_full()
    lot.settings = Settings(alerts=Alerts(rules={'nearly-full': {'enabled': False}}))  # type: ignore[dict-item]  # pydantic makes a rule of it
    lot.engine = lot.new_engine()
    lot.engine.load()
    lot.engine.look()
    assert lot.engine.open_alerts() == []


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    tokens = [
        {'name': role, 'role': role, 'sha256': hashlib.sha256(role.encode()).hexdigest()}
        for role in ('reader', 'operator')
    ]
    settings = Settings(
        store=StoreSettings(url=f'sqlite:///{tmp_path}/f.sqlite3'),  # type: ignore[arg-type]  # pydantic makes a secret of it
        web=Web(tokens=tokens),  # type: ignore[arg-type]  # pydantic makes tokens of it
        alerts=Alerts.model_validate({'channels': HOOK, 'rules': {'camera': {'for_s': 0}}}),
    )
    with Service(settings) as running:
        writer = Writer(running.database, lambda _, time_ms: time_ms // 86_400_000 * 86_400)
        batch = Batch(counts=[count_entry(at_ms=now_ms() - 100, state='MOVED')])
        running.fleet.apply(writer.write(batch))
        running.alerts.look()
        yield running


def test_operators_act_on_alerts_and_readers_look(service: Service) -> None:
    client = TestClient(make_app(service), base_url='http://localhost')
    reader, operator = ({'Authorization': f'Bearer {role}'} for role in ('reader', 'operator'))
    (alert,) = client.get('/api/v1/alerts', headers=reader).json()
    assert (alert['rule'], alert['status'], alert['subject']) == ('camera', 'open', 'device-1/north')
    address = f'/api/v1/alerts/{alert["id"]}'
    assert client.get('/api/v1/alerts').status_code == 401
    assert client.post(f'{address}/acknowledge', headers=reader).status_code == 403
    elsewhere = {**operator, 'Sec-Fetch-Site': 'cross-site'}
    assert client.post(f'{address}/acknowledge', headers=elsewhere).status_code == 403
    told = client.post(f'{address}/snooze', headers=operator, json={'minutes': 15, 'by': 'Ada'}).json()
    assert (told['status'], told['snoozed_by']) == ('snoozed', 'Ada')
    told = client.post(f'{address}/acknowledge', headers=operator).json()
    assert (told['status'], told['acknowledged_by'], told['snoozed_until']) == ('acknowledged', 'API', None)
    assert client.post('/api/v1/alerts/999/acknowledge', headers=operator).status_code == 404
    assert client.get('/api/v1/alerts?which=past', headers=reader).json() == []
    assert client.post('/api/v1/alerts/channels/hook/test', headers=operator).status_code == 502
    metrics = client.get('/metrics', headers=reader).text
    assert 'parking_fleet_alerts{rule="camera",status="acknowledged"} 1.0' in metrics
    assert 'parking_fleet_alerts_waiting{channel="hook"}' in metrics
    assert 'AlertMessage' in client.get('/api/v1/openapi.json').json()['components']['schemas']
