"""What a device reports of itself: what is believed of it, and what is said about it."""

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_fleet.alerts.picture import Picture
from parking_fleet.alerts.rules import Reading, readings
from parking_fleet.api.models import DeviceAnswer
from parking_fleet.dashboard.device_facts import facts_of as told_facts_of
from parking_fleet.health.devices import DeviceHealth, device_health
from parking_fleet.live.events import LiveFeed
from parking_fleet.live.fleet import _camera
from parking_fleet.places.facilities import Facilities
from parking_fleet.shadow.answering import shadow_topic
from parking_fleet.shadow.facts import facts_of
from parking_fleet.shadow.shadows import Shadows
from parking_fleet.store.values import DeviceRecord
from tests.support.fleet_messages import NOON_MS, count_entry

DAY_MS = 86_400_000
MARCH_MS = int(dt.datetime(2027, 3, 1, 8, 15, 30, tzinfo=dt.UTC).timestamp()) * 1000
HEALTH = {'certificate_expires': '2027-03-01T08:15:30Z', 'temperature_c': 65, 'waiting': 4_000}
NOTHING = {'certificate_until_ms': None, 'temperature_c': None, 'waiting': None}


def health(*, is_heard: bool = True, now_ms: int = NOON_MS, **told: Any) -> DeviceHealth:
    record = DeviceRecord(
        uuid='u', thing='garage-1', first_ms=1, last_ms=now_ms if is_heard else 1, presence='', presence_ms=0,
        clock_synced=True, clock_offset_ms=0, dropped=0, interval_s=None, model=None, **told,
    )  # fmt: skip
    return device_health(record, [_camera(count_entry(uuid='u'))], 120.0, now_ms)


def certificate_readings(*devices: DeviceHealth, now_ms: int, own: float | None = None) -> list[Reading]:
    picture = Picture(
        now_ms=now_ms, facilities=[], devices=devices, hears=True, dropped={}, invalid=0, invalid_reason='',
        certificate_days=own,
    )  # fmt: skip
    return list(readings('certificate_expires', picture))


def test_what_a_device_says_of_its_health_is_taken() -> None:
    assert facts_of({'health': HEALTH}) == {
        'certificate_until_ms': MARCH_MS,
        'temperature_c': 65,
        'waiting': 4_000,
    }


def test_what_it_says_no_more_is_not_known_any_more() -> None:
    assert facts_of({'health': {}}) == NOTHING
    assert facts_of({}) == {}


@pytest.mark.parametrize(
    'health',
    [
        {'certificate_expires': 1_803_888_930},
        {'certificate_expires': 'soon'},
        {'certificate_expires': '2027-03-01T08:15:30'},
        {'certificate_expires': '1970-01-01T00:00:00Z'},
        {'certificate_expires': '9999-12-31T23:59:59-05:00'},
        {'temperature_c': 200},
        {'temperature_c': -273.15},
        {'temperature_c': True},
        {'temperature_c': '65'},
        {'waiting': -1},
        {'waiting': 2**60},
        {'waiting': [4]},
    ],
)
def test_what_cannot_be_is_not_taken(health: dict[str, Any]) -> None:
    assert facts_of({'health': health}) == NOTHING


_ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
_TIMES = st.datetimes(timezones=st.timezones() | st.just(dt.UTC)).map(dt.datetime.isoformat)
_HEALTH = st.fixed_dictionaries(
    {},
    optional={
        'certificate_expires': _TIMES | _ANYTHING,
        'temperature_c': st.integers(-100, 200) | _ANYTHING,
        'waiting': st.integers(-10, 10**10) | _ANYTHING,
    },
)
_REPORTED = st.fixed_dictionaries(
    {},
    optional={
        'health': _HEALTH | _ANYTHING,
        'interval_s': _ANYTHING,
        'model': st.fixed_dictionaries({'name': st.text() | _ANYTHING, 'version': _ANYTHING}) | _ANYTHING,
    },
)


@given(_REPORTED)
def test_whatever_a_device_reports_it_can_be_stored_and_shown(reported: dict[str, Any]) -> None:
    facts = facts_of(reported)
    assert '\0' not in facts.get('model', '')
    assert facts.get('waiting') is None or 0 <= facts['waiting'] <= 10**9
    told: dict[str, Any] = {name: facts.get(name) for name in NOTHING}
    device = health(**told)
    answer = json.loads(DeviceAnswer.of(device).model_dump_json())
    assert answer['temperature_c'] == facts.get('temperature_c')
    shown = dict(told_facts_of(device, Facilities(), ZoneInfo('Pacific/Kiritimati'), NOON_MS))
    assert (shown['Certificate'] == 'not told') == (facts.get('certificate_until_ms') is None)
    assert all(reading.say().text for reading in certificate_readings(device, now_ms=NOON_MS))


def test_what_a_thing_reports_before_its_first_count_waits_for_it() -> None:
    uuids: dict[str, str] = {}
    shadows = Shadows(LiveFeed(), lambda thing: uuids.get(thing, ''))
    for waiting in (10, 20):
        state = {'reported': {'health': {'waiting': waiting}}}
        content = {'current': {'state': state, 'metadata': {}, 'version': 1}}
        shadows.received(shadow_topic('garage-1', 'update/documents'), json.dumps(content).encode())
        assert shadows.take_facts() == {}
    uuids['garage-1'] = 'u'
    assert shadows.take_facts() == {'garage-1': {**NOTHING, 'waiting': 20}}
    assert shadows.take_facts() == {}


@pytest.mark.parametrize(
    ('before_end_ms', 'problem'),
    [
        (12 * DAY_MS, 'ends on 1 March 2027, in 12 days'),
        (DAY_MS, 'ends on 1 March 2027, in 1 day'),
        (-1, 'ended on 1 March 2027'),
    ],
)
def test_a_certificate_that_ends_soon_is_a_problem_heard_or_not(before_end_ms: int, problem: str) -> None:
    now_ms = MARCH_MS - before_end_ms
    for is_heard in (True, False):
        told = health(certificate_until_ms=MARCH_MS, now_ms=now_ms, is_heard=is_heard)
        assert told.problems == (
            f'its certificate {problem}; rotate it with `parking-provision rotate garage-1`',
        )


def test_heat_and_an_outbox_that_fills_are_problems_of_a_device_that_is_heard() -> None:
    told: dict[str, Any] = {
        'certificate_until_ms': NOON_MS + 30 * DAY_MS,
        'temperature_c': 85,
        'waiting': 3_000,
    }
    assert health(**told).problems == (
        'it is hot: 85 °C; give it shade and air, for it may slow down',
        'about 3,000 messages wait to be sent',
    )
    assert health(**told, is_heard=False).problems == ()
    assert health(temperature_c=75, waiting=900).problems == ()


def test_the_page_of_a_device_tells_its_certificate_temperature_and_outbox() -> None:
    def shown(**told: Any) -> list[str]:
        facts = dict(told_facts_of(health(**told), Facilities(), ZoneInfo('Europe/Berlin'), NOON_MS))
        return [facts[name] for name in ('Certificate', 'Temperature', 'Waiting to be sent')]

    told: dict[str, Any] = {'certificate_until_ms': NOON_MS + DAY_MS, 'temperature_c': 55, 'waiting': 2_000}
    date = f'{dt.datetime.fromtimestamp(NOON_MS / 1000 + 86_400, dt.UTC):%-d %B %Y}'
    assert shown(**told) == [f'until {date}, 1 day more', 'about 55 °C', 'about 2,000 messages']
    assert shown(waiting=0) == ['not told', 'not told', 'fewer than 10 messages']
    assert shown() == ['not told', 'not told', 'not told']


def test_the_certificate_of_each_device_is_read_beside_that_of_the_service() -> None:
    now_ms = MARCH_MS - 3 * DAY_MS
    ending, silent = health(certificate_until_ms=MARCH_MS, now_ms=now_ms), health(now_ms=now_ms)
    own, device = certificate_readings(ending, silent, now_ms=now_ms, own=40.0)
    assert (own.subject, own.least, own.facility) == ('broker certificate', 40.0, '')
    assert (device.subject, device.least, device.facility) == ('u', 3.0, 'Riverside')
    said = device.say()
    assert said.text == 'The certificate of device garage-1 (Riverside, P1) expires in 3 days'
    assert '`parking-provision rotate garage-1`' in said.advice
    assert said.link == '/device/u'
