import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from parking_monitor.cloud.errors import MessageTooLargeError
from parking_monitor.cloud.json_schemas import FOLDER, schema_files
from parking_monitor.cloud.messages import (
    MAX_MESSAGE_BYTES,
    CountMessage,
    CrossingMessage,
    Origin,
    PresenceMessage,
    count_message,
    crossing_message,
    encode,
    largest_count_bytes,
    presence_message,
    utc_text,
)
from parking_monitor.values import (
    BayCount,
    BayState,
    Count,
    CountState,
    Crossing,
    Direction,
    GateCount,
    Occupancy,
    ZoneCount,
)
from tests.unit.cloud.builders import STAMP_NS, a_count, an_origin

NOW_NS = STAMP_NS + 5_000_000_000

names = st.text(min_size=1, max_size=20)
totals = st.integers(0, 10**6)
places = st.builds(Occupancy, *[st.integers(0, 1000)] * 3)
counts = st.builds(
    Count,
    stamp_ns=st.integers(1, 4_000_000_000 * 10**9),
    state=st.sampled_from(CountState),
    cars=st.integers(0, 10**6),
    zones=st.lists(st.builds(ZoneCount, names, st.integers(0, 1000), places), max_size=8).map(tuple),
    bays=st.lists(
        st.builds(
            BayCount,
            name=names,
            state=st.sampled_from(BayState),
            last=st.sampled_from(BayState),
            confidence=st.floats(0, 1),
        ),
        max_size=8,
    ).map(tuple),
    gates=st.lists(st.builds(GateCount, names, totals, totals), max_size=4).map(tuple),
    places=places,
    entered=totals,
    left=totals,
    entered_today=totals,
    left_today=totals,
    inside_at_start=st.integers(-(10**6), 10**6),
    set_by_hand=st.booleans(),
)


def test_a_count_is_said_in_the_documented_form() -> None:
    count = a_count(
        3,
        zones=(ZoneCount('Süd', 2, Occupancy(2, 1, 1)), ZoneCount('aisle', 1)),
        bays=(
            BayCount(
                name='A1', zone='Süd', state=BayState.OCCUPIED, last=BayState.OCCUPIED, confidence=0.987
            ),
            BayCount(name='A2', zone='Süd', last=BayState.FREE, confidence=0.4),
        ),
        gates=(GateCount('ramp', 7, 4),),
        places=Occupancy(2, 1, 1),
        entered=7,
        left=4,
        entered_today=3,
        left_today=1,
        inside_at_start=5,
    )

    payload = encode(count_message(count, an_origin(), seq=12, now_ns=NOW_NS))

    assert payload.decode() == (
        '{"uuid":"49418b480e408ef9c632fc6cb25ebfdc","cars":3,"schema":"parking.count/1","seq":12,'
        '"observed_at":"2026-03-01T08:15:30.250Z","camera":"lane","facility":"North","floor":"2","state":"OK",'
        '"zones":[{"name":"Süd","cars":2,"capacity":4,"occupied":2,"free":1,"unknown":1},'
        '{"name":"aisle","cars":1,"capacity":0,"occupied":0,"free":0,"unknown":0}],'
        '"entered":7,"left":4,"net":8,"capacity":4,"occupied":2,"free":1,"unknown":1,'
        '"bays":[{"name":"A1","state":"OCCUPIED","confidence":0.99},'
        '{"name":"A2","state":"UNKNOWN","last":"FREE","confidence":0.4}],'
        '"gates":[{"name":"ramp","entered":7,"left":4}],'
        '"entered_today":3,"left_today":1,"set_by_hand":false,'
        '"clock_synced":false,"dropped":0}'
    )


@pytest.mark.parametrize('state', [state for state in CountState if state is not CountState.OK])
def test_what_is_not_seen_is_not_known_whoever_made_the_count(state: CountState) -> None:
    count = a_count(
        zones=(ZoneCount('a', 1, Occupancy(1, 1)),),
        bays=(BayCount(name='A1', state=BayState.FREE, last=BayState.FREE),),
        places=Occupancy(1, 1),
        state=state,
    )

    message = count_message(count, an_origin(), seq=1, now_ns=NOW_NS)

    assert (message.state, message.capacity, message.unknown, message.free) == (state.name, 2, 2, 0)
    assert (message.zones[0].unknown, message.bays[0].state, message.bays[0].last) == (2, 'UNKNOWN', 'FREE')


def test_a_receiver_of_the_reference_still_finds_its_two_keys_first() -> None:
    payload = json.loads(encode(count_message(a_count(1), an_origin(), seq=1, now_ns=NOW_NS)))

    assert list(payload.items())[:2] == [('uuid', '49418b480e408ef9c632fc6cb25ebfdc'), ('cars', 1)]


def test_a_count_without_a_picture_bears_the_time_of_sending() -> None:
    nothing_seen = a_count(0, state=CountState.UNKNOWN, stamp_ns=0)

    message = count_message(nothing_seen, an_origin(), seq=1, now_ns=NOW_NS)

    assert (message.state, message.observed_at) == ('UNKNOWN', '2026-03-01T08:15:35.250Z')


@given(counts, st.integers(0, 2**63))
def test_every_count_comes_back_as_it_was_sent(count: Count, seq: int) -> None:
    sent = count_message(count, an_origin(), seq=seq, now_ns=NOW_NS)

    received = CountMessage.model_validate_json(encode(sent))

    assert received == sent
    assert (received.cars, received.entered, received.left) == (count.cars, count.entered, count.left)
    assert received.state == count.state.name
    assert [(zone.name, zone.cars, zone.capacity) for zone in received.zones] == [
        (zone.name, zone.cars, zone.places.capacity) for zone in count.zones
    ]
    assert [(bay.name, bay.last is None) for bay in received.bays] == [
        (bay.name, bay.state is not BayState.UNKNOWN and count.state is CountState.OK) for bay in count.bays
    ]
    assert received.capacity == received.occupied + received.free + received.unknown
    assert all(zone.capacity == zone.occupied + zone.free + zone.unknown for zone in received.zones)
    assert received.net == count.net


crossings = st.builds(
    Crossing,
    stamp_ns=st.integers(1, 4_000_000_000 * 10**9),
    gate=names,
    direction=st.sampled_from(Direction),
    track_id=st.integers(0, 2**64 - 1),
)


def test_a_crossing_is_said_in_the_documented_form() -> None:
    crossing = Crossing(stamp_ns=STAMP_NS, gate='Einfahrt Süd', direction=Direction.IN, track_id=17)

    payload = encode(crossing_message(crossing, an_origin(), seq=12, clock_synced=True, dropped=3))

    assert payload.decode() == (
        '{"uuid":"49418b480e408ef9c632fc6cb25ebfdc","schema":"parking.crossing/1","seq":12,'
        '"observed_at":"2026-03-01T08:15:30.250Z","camera":"lane","facility":"North","floor":"2",'
        '"gate":"Einfahrt Süd","direction":"IN","track":17,"clock_synced":true,"dropped":3}'
    )


@given(crossings, st.integers(0, 2**63))
def test_every_crossing_comes_back_as_it_was_sent(crossing: Crossing, seq: int) -> None:
    sent = crossing_message(crossing, an_origin(), seq=seq)

    received = CrossingMessage.model_validate_json(encode(sent))

    assert received == sent
    assert (received.gate, received.direction, received.track) == (
        crossing.gate,
        crossing.direction.name,
        crossing.track_id,
    )


def test_a_receiver_ignores_keys_that_were_added_later() -> None:
    payload = json.loads(encode(count_message(a_count(), an_origin(), seq=1, now_ns=NOW_NS)))

    assert CountMessage.model_validate({**payload, 'dropped': 4}).seq == 1


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('cars', -1),
        ('state', 'FINE'),
        ('observed_at', '2026-03-01 08:15'),
        ('uuid', ''),
        ('schema', 'other/1'),
    ],
)
def test_a_message_that_breaks_the_form_is_refused(key: str, value: object) -> None:
    payload = json.loads(encode(count_message(a_count(), an_origin(), seq=1, now_ns=NOW_NS)))

    with pytest.raises(ValidationError, match=key):
        CountMessage.model_validate({**payload, key: value})


def test_a_message_over_the_limit_of_the_broker_is_refused() -> None:
    zones = tuple(ZoneCount('z' * 1000, 0) for _ in range(130))

    with pytest.raises(
        MessageTooLargeError, match=rf'over the limit of {MAX_MESSAGE_BYTES}.*fewer zones and bays'
    ):
        encode(count_message(a_count(zones=zones), an_origin(), seq=1, now_ns=NOW_NS))


def test_a_message_of_exactly_the_limit_is_sent() -> None:
    def message_with(camera: str) -> CountMessage:
        return count_message(a_count(), Origin(uuid='u', camera=camera), seq=1, now_ns=NOW_NS)

    room = MAX_MESSAGE_BYTES - len(encode(message_with('c')))
    assert len(encode(message_with('c' * (room + 1)))) == MAX_MESSAGE_BYTES
    with pytest.raises(MessageTooLargeError):
        encode(message_with('c' * (room + 2)))


def test_presence_says_who_is_online_since_when() -> None:
    assert encode(presence_message('device-7', 'online', STAMP_NS)) == (
        b'{"uuid":"device-7","schema":"parking.presence/1","status":"online","at":"2026-03-01T08:15:30.250Z"}'
    )


def test_a_last_will_claims_no_time() -> None:
    will = PresenceMessage.model_validate_json(encode(presence_message('device-7', 'offline', None)))

    assert (will.status, will.at) == ('offline', None)


@given(st.integers(0, 4_000_000_000 * 10**9), st.integers(0, 4_000_000_000 * 10**9))
def test_times_as_text_sort_as_the_times_do(one_ns: int, other_ns: int) -> None:
    if one_ns // 10**6 < other_ns // 10**6:
        assert utc_text(one_ns) < utc_text(other_ns)


def test_the_published_schemas_are_current() -> None:
    files = {path.name: path.read_text() for path in FOLDER.glob('*.json')}

    assert files == schema_files(), 'run: python -m parking_monitor.cloud.json_schemas'


def test_the_schema_names_every_key_of_a_count_and_demands_those_of_the_first_version() -> None:
    schema = json.loads(schema_files()['parking.count.1.json'])
    payload = json.loads(encode(count_message(a_count(), an_origin(), seq=1, now_ns=NOW_NS)))

    assert list(schema['properties']) == list(payload)
    assert schema['required'] == [
        'uuid',
        'cars',
        'schema',
        'seq',
        'observed_at',
        'camera',
        'facility',
        'floor',
        'state',
        'zones',
        'entered',
        'left',
        'net',
    ]


def test_a_message_of_a_device_that_knows_no_bays_yet_is_read() -> None:
    old = (
        '{"uuid":"u","cars":3,"schema":"parking.count/1","seq":12,"observed_at":"2026-03-01T08:15:30.250Z",'
        '"camera":"lane","facility":"North","floor":"2","state":"OK",'
        '"zones":[{"name":"aisle","cars":1,"capacity":4}],"entered":7,"left":4,"net":3}'
    )

    received = CountMessage.model_validate_json(old)

    assert (received.bays, received.capacity, received.zones[0].free) == ((), 0, 0)


def names_of(what: str, number: int, length: int) -> list[str]:
    return [f'{what}{index:03}'.ljust(length, 'x') for index in range(number)]


def test_five_hundred_bays_and_two_hundred_zones_with_long_names_fit_into_a_message() -> None:
    size = largest_count_bytes(
        an_origin(),
        zones=names_of('zone', 200, 64),
        bays=names_of('bay', 500, 64),
        gates=names_of('gate', 50, 64),
    )

    assert 100_000 < size < MAX_MESSAGE_BYTES


@given(counts)
def test_no_message_is_larger_than_the_largest(count: Count) -> None:
    largest = largest_count_bytes(
        an_origin(),
        zones=[zone.name for zone in count.zones],
        bays=[bay.name for bay in count.bays],
        gates=[gate.name for gate in count.gates],
    )

    assert len(encode(count_message(count, an_origin(), seq=2**63 - 1, now_ns=NOW_NS))) <= largest
