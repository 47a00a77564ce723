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
    Origin,
    PresenceMessage,
    count_message,
    encode,
    presence_message,
    utc_text,
)
from parking_monitor.values import Count, CountState, ZoneCount
from tests.unit.cloud.builders import STAMP_NS, a_count, an_origin

NOW_NS = STAMP_NS + 5_000_000_000

names = st.text(min_size=1, max_size=20)
totals = st.integers(0, 10**6)
counts = st.builds(
    Count,
    stamp_ns=st.integers(1, 4_000_000_000 * 10**9),
    state=st.sampled_from(CountState),
    cars=st.integers(0, 10**6),
    zones=st.lists(
        st.builds(ZoneCount, name=names, cars=st.integers(0, 1000), capacity=st.integers(0, 1000)), max_size=8
    ).map(tuple),
    entered=totals,
    left=totals,
)


def test_a_count_is_said_in_the_documented_form() -> None:
    count = a_count(3, zones=(ZoneCount('Süd', 2, 5), ZoneCount('aisle', 1)), entered=7, left=4)

    payload = encode(count_message(count, an_origin(), seq=12, now_ns=NOW_NS))

    assert payload.decode() == (
        '{"uuid":"49418b480e408ef9c632fc6cb25ebfdc","cars":3,"schema":"parking.count/1","seq":12,'
        '"observed_at":"2026-03-01T08:15:30.250Z","camera":"lane","facility":"North","floor":"2","state":"OK",'
        '"zones":[{"name":"Süd","cars":2,"capacity":5},{"name":"aisle","cars":1,"capacity":0}],'
        '"entered":7,"left":4,"net":3}'
    )


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
        (zone.name, zone.cars, zone.capacity) for zone in count.zones
    ]


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

    with pytest.raises(MessageTooLargeError, match=rf'over the limit of {MAX_MESSAGE_BYTES}.*fewer zones'):
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


def test_the_schema_names_every_key_of_a_count_as_required() -> None:
    schema = json.loads(schema_files()['parking.count.1.json'])
    payload = json.loads(encode(count_message(a_count(), an_origin(), seq=1, now_ns=NOW_NS)))

    assert schema['required'] == list(payload)
