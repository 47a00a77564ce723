"""What the pages say, without a browser."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from parking_fleet.dashboard.cards import TREND_STEP_S, TREND_STEPS, Card, card_of, tiles_of, trends_of
from parking_fleet.dashboard.device_facts import camera_text, facts_of
from parking_fleet.dashboard.journal import Entry, crossing_entries, state_changes
from parking_fleet.dashboard.rows import row_of
from parking_fleet.dashboard.words import age_text, bounds_text, length_text, moment_text
from parking_fleet.health.devices import DeviceHealth, device_health
from parking_fleet.live.fleet import _camera, _crossing
from parking_fleet.places.facilities import Facilities, FacilitySection
from parking_fleet.places.tree import facility_view
from parking_fleet.places.views import FacilityView, Places
from parking_fleet.store.values import CameraState, CountRecord, DeviceRecord, FacilityPoint
from tests.support.fleet_messages import NOON_MS, count_entry, crossing_entry

MINUTE_MS = 60_000
BERLIN = ZoneInfo('Europe/Berlin')


def camera(**changes: Any) -> CameraState:
    return _camera(count_entry(**changes))


def view(*cameras: CameraState, why: str = '', config: Facilities | None = None, **more: Any) -> FacilityView:
    return facility_view(
        'Riverside',
        cameras,
        config or Facilities(),
        lambda _: why,
        silent=more.get('silent', frozenset()),
        now_ms=NOON_MS,
    )


def card(*cameras: CameraState, **more: Any) -> Card:
    return card_of(view(*cameras, **more))


def record(**changes: Any) -> DeviceRecord:
    told: dict[str, Any] = {
        'uuid': 'device-1', 'thing': 'thing-1', 'first_ms': NOON_MS - MINUTE_MS, 'last_ms': NOON_MS,
        'presence': 'online', 'presence_ms': NOON_MS - MINUTE_MS, 'clock_synced': True,
        'clock_offset_ms': 100, 'dropped': 0, 'interval_s': None, 'model': None,
    }  # fmt: skip
    return DeviceRecord(**{**told, **changes})


def health(*cameras: CameraState, now_ms: int = NOON_MS, **changes: Any) -> DeviceHealth:
    return device_health(record(**changes), cameras, 120.0, now_ms)


def test_a_card_tells_what_is_free() -> None:
    told = card(camera(capacity=10, free=6, occupied=4))
    assert (told.number, told.unit, told.bounds) == ('6', 'free of 10', '')
    assert told.bar_text == '6 free, 4 occupied, 0 unknown'
    assert (told.devices, told.disputed, told.gates, told.has_trouble) == ('1 device heard', '', '', False)


def test_a_card_tells_the_bounds_of_what_is_not_known() -> None:
    told = card(camera(capacity=1_500, free=1_200, occupied=299, unknown=1))
    assert (told.number, told.bounds) == ('1,200', 'Up to 1,201: 1 place is unknown')


def test_a_card_of_a_silent_device_guesses_nothing() -> None:
    told = card(
        camera(capacity=10, free=6, occupied=4), why='the device is silent', silent=frozenset({'device-1'})
    )
    assert (told.number, told.unit) == ('?', 'free of 10')
    assert told.bounds == 'Nothing is known of its places now'
    assert (told.devices, told.devices_away, told.has_trouble) == ('0 of 1 device heard', 1, True)


def test_a_card_without_a_capacity_tells_the_cars() -> None:
    told = card(camera(cars=1))
    assert (told.number, told.unit, told.bar_text) == ('1', 'car seen', '')
    assert 'not known' in told.bounds


def test_a_card_tells_cars_through_gates_and_bays_that_are_disputed() -> None:
    bays = [[{'name': 'A1', 'state': state, 'confidence': 0.9}] for state in ('FREE', 'OCCUPIED')]
    gates = [{'name': 'in', 'entered': 2_000, 'left': 1}]
    told = card(
        camera(bays=bays[0], capacity=1, gates=gates, entered_today=2_000, left_today=1),
        camera(bays=bays[1], capacity=1, camera='south', state='MOVED'),
        camera(bays=bays[1], capacity=1, camera='west'),
    )
    assert told.gates == 'Today 2,000 in, 1 out'
    assert (told.disputed, told.blind) == ('1 bay is disputed', '1 camera does not see')
    assert told.has_trouble


def test_a_card_says_what_its_number_rests_on() -> None:
    config = Facilities(facilities=(FacilitySection(name='Riverside', capacity=10),))
    gates = [{'name': 'in', 'entered': 5, 'left': 1}]
    assert card(camera(gates=gates, net=4), config=config).bounds == 'Counted at the gates'
    assert card(camera(cars=3), config=config).bounds == 'From the cars seen'


def test_the_whole_fleet_is_summed_up() -> None:
    views = [view(camera(capacity=10, free=6, occupied=4)), view(camera(capacity=10, free=1, unknown=9))]
    devices = [health(), health(last_ms=NOON_MS - 9 * MINUTE_MS, dropped=2), health(dropped=2)]
    values = [(tile.value, tile.text, tile.is_warning) for tile in tiles_of(views, devices)]
    assert values == [
        ('7 to 16', 'free of 20 places', False),
        ('2', 'facilities, 2 open', False),
        ('2 of 3', 'devices heard; 1 silent', True),
        ('1', 'other device to look at', True),
    ]


def test_a_trend_has_gaps_where_nothing_is_known() -> None:
    last_s = NOON_MS // 1000 // TREND_STEP_S * TREND_STEP_S
    points = [
        FacilityPoint('Riverside', last_s, 5, 15),
        FacilityPoint('Riverside', last_s - TREND_STEP_S, 0, 0),
        FacilityPoint('Riverside', last_s - 2 * TREND_STEP_S, 10, 10),
        FacilityPoint('Riverside', last_s - TREND_STEPS * TREND_STEP_S, 9, 1),
    ]
    trend = trends_of(points, NOON_MS // 1000)['Riverside']
    assert len(trend) == TREND_STEPS
    assert trend[-3:] == (0.5, None, 0.25)
    assert set(trend[:-3]) == {None}


def test_a_trend_is_told_in_words() -> None:
    told = card_of(view(camera(capacity=2, free=2)), (0.5, None, 0.25, 0.75))
    assert told.trend_text == 'Occupied in the last 12 hours: 25 % to 75 %'


def test_a_row_tells_how_a_device_is() -> None:
    told = row_of(health(camera(), clock_offset_ms=-7_200_000, dropped=3), Facilities())
    assert (told.name, told.other_name, told.place) == ('thing-1', 'device-1', 'Riverside, P1')
    assert (told.standing_text, told.clock) == ('Heard', '2 h ahead')
    assert '3 messages were given up' in told.problems_text
    assert all(word in told.text for word in ('device-1', 'thing-1', 'riverside', 'heard'))


def test_a_device_on_two_floors_is_at_both() -> None:
    told = row_of(health(camera(), camera(camera='south', floor='P2')), Facilities())
    assert told.place == 'Riverside, P1 and P2'


def test_the_facts_of_a_device_are_in_the_time_of_its_place() -> None:
    facts = dict(facts_of(health(camera()), Facilities(), BERLIN, NOON_MS + 65_000))
    assert facts['Last message'] == '1 min ago, at 13:00:00'
    assert facts['Connection'] == 'online since 12:59:00'
    assert facts['Times are of'] == 'Europe/Berlin'


def test_what_a_camera_told_last_is_not_what_is() -> None:
    seen = camera(cars=4, capacity=10, free=6, occupied=3, unknown=1)
    assert camera_text(seen, is_known=True) == '4 cars; 6 of 10 places free; up to 7: 1 place is unknown'
    assert camera_text(seen, is_known=False).startswith('Last told: 4 cars')
    blind = camera(cars=0, capacity=45, unknown=45)
    assert camera_text(blind, is_known=True) == '0 cars; of its 45 places nothing is known'


def count(minute: int, state: str = 'OK', **changes: Any) -> CountRecord:
    told: dict[str, Any] = {
        'uuid': 'device-1', 'seq': minute, 'camera': 'north', 'facility': 'Riverside', 'floor': 'P1',
        'observed_ms': NOON_MS + minute * MINUTE_MS, 'received_ms': NOON_MS, 'clock': 'SYNCED',
        'state': state, 'cars': minute, 'entered': 0, 'left': 0, 'capacity': 0,
        'occupied': 0, 'free': 0, 'unknown': 0,
    }  # fmt: skip
    return CountRecord(**{**told, **changes})


def test_states_that_change_and_silences_are_told_the_newest_first() -> None:
    counts = [count(30), count(4, 'COVERED'), count(2), count(0), count(6, 'COVERED'), count(32)]
    assert state_changes(counts, 120.0) == [
        Entry(NOON_MS + 30 * MINUTE_MS, 'Camera north sees, 30 cars'),
        Entry(NOON_MS + 6 * MINUTE_MS, 'Camera north: no count for 24 min from then on', True),
        Entry(NOON_MS + 4 * MINUTE_MS, 'Camera north is covered', True),
        Entry(NOON_MS, 'Camera north sees, 0 cars'),
    ]


def test_cameras_do_not_interrupt_each_other() -> None:
    counts = [count(minute, camera=name) for minute in range(0, 20, 2) for name in ('north', 'south')]
    assert [entry.text for entry in state_changes(counts, 120.0)] == [
        'Camera north sees, 0 cars',
        'Camera south sees, 0 cars',
    ]


def test_cars_through_gates_are_told() -> None:
    (entry,) = crossing_entries([_crossing(crossing_entry(gate='entrance', direction='IN'))])
    assert entry.text == 'A car came in at entrance'


@pytest.mark.parametrize(
    ('age_s', 'text'),
    [(-3, '0 s ago'), (5, '5 s ago'), (125, '2 min ago'), (7_300, '2 h ago'), (300_000, '3 days ago')],
)
def test_an_age_is_told_roughly(age_s: float, text: str) -> None:
    assert age_text(age_s) == text


def test_lengths_and_moments_are_told_as_people_do() -> None:
    assert [length_text(each) for each in (90, 120, 7_200, 200_000)] == ['90 s', '2 min', '2 h', '2 days']
    assert moment_text(NOON_MS, BERLIN, NOON_MS) == '13:00:00'
    assert moment_text(NOON_MS - 86_400_000, BERLIN, NOON_MS).endswith(' 13:00:00')
    assert bounds_text(Places(5, 5, 0)) == ''
