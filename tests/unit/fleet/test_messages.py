import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_fleet.errors import InvalidMessageError
from parking_fleet.messages.reading import Kind, read_message, schema_text
from parking_fleet.messages.values import BareCount, CountReport, CrossingReport, PresenceReport
from parking_monitor.cloud.json_schemas import schema_files
from parking_monitor.cloud.messages import Origin, count_message, encode
from parking_monitor.values import Count, CountState
from tests.support.fleet_messages import NOON_MS, count_content, crossing_content

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def read(kind: Kind, content: object) -> object:
    return read_message(kind, json.dumps(content).encode())


def test_what_a_device_sends_is_read() -> None:
    sent = count_message(
        Count(stamp_ns=NOON_MS * 1_000_000, state=CountState.OK, cars=3),
        Origin(uuid='device-1', camera='north', facility='Riverside', floor='P1'),
        seq=7,
        now_ns=0,
        clock_synced=True,
    )
    report = read_message(Kind.COUNT, encode(sent))
    assert isinstance(report, CountReport)
    assert (report.uuid, report.seq, report.cars, report.observed_ms) == ('device-1', 7, 3, NOON_MS)
    assert report.clock_synced


def test_the_fleet_checks_against_the_schemas_that_devices_publish() -> None:
    published = schema_files()
    for kind in Kind:
        assert schema_text(kind) == published[f'{kind.value.replace("/", ".")}.json']


def test_there_is_one_copy_of_the_schemas() -> None:
    link = Path('src/parking_fleet/parking_fleet/messages/schemas')
    assert link.resolve() == Path('src/parking_monitor/parking_monitor/cloud/schemas').resolve()


def test_crossings_and_presence_are_read() -> None:
    crossing = read(Kind.CROSSING, crossing_content(direction='OUT'))
    assert isinstance(crossing, CrossingReport)
    assert crossing.direction == 'OUT'
    presence = read(
        Kind.PRESENCE, {'uuid': 'a', 'schema': 'parking.presence/1', 'status': 'offline', 'at': None}
    )
    assert presence == PresenceReport(uuid='a', status='offline', at_ms=None)


def test_the_payload_of_the_reference_system_is_read() -> None:
    assert read(Kind.COUNT, {'uuid': 'a', 'cars': 3}) == BareCount(uuid='a', cars=3)


def test_a_key_that_is_not_known_is_passed_over() -> None:
    assert isinstance(read(Kind.COUNT, count_content(colour='red')), CountReport)


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'cars': -1}, 'cars: -1 is less than the minimum'),
        ({'cars': 1e300}, 'cars: '),
        ({'cars': 2**31}, 'cars: '),
        ({'seq': 2**63}, 'seq: '),
        ({'seq': 10**40}, 'seq: '),
        ({'observed_at': '2026-02-31T00:00:00.000Z'}, 'is no date and time'),
        ({'observed_at': 'yesterday'}, 'observed_at: '),
        ({'camera': 'a\0b'}, 'camera: '),
        ({'facility': 'x' * 300}, 'facility: '),
        ({'state': 'FINE'}, 'state: '),
        ({'schema': 'parking.count/2'}, 'schema: '),
        ({'zones': [{'name': 'a'}]}, 'zones.0: '),
        ({'zones': [{'name': 'a', 'cars': 10**12, 'capacity': 1}]}, 'zones: '),
        ({'bays': [{'name': 'a', 'state': 'FREE', 'confidence': 2}]}, 'bays.0.confidence: '),
    ],
)
def test_what_is_wrong_is_told_with_its_field(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        read(Kind.COUNT, count_content(**changes))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    'payload',
    [
        b'',
        b'{',
        b'[]',
        b'null',
        b'{"uuid":"a"}',
        b'{"uuid":"a","cars":NaN}',
        b'{"uuid":"\\ud800","cars":1}',
        b'[' * 100_000,
        b'\xff\xfe',
        b' ' * 200_000,
    ],
)
def test_what_is_no_message_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        read_message(Kind.COUNT, payload)


@given(st.sampled_from(Kind), st.binary())
def test_no_bytes_do_harm(kind: Kind, payload: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        read_message(kind, payload)


@given(st.sampled_from(sorted(count_content())), json_values)
def test_no_value_of_any_field_does_harm(field: str, value: object) -> None:
    try:
        report = read(Kind.COUNT, {**count_content(), field: value})
    except InvalidMessageError as error:
        assert str(error)
    else:
        assert isinstance(report, CountReport)
        assert -(2**63) <= report.seq < 2**63
        assert '\0' not in report.camera + report.facility + report.floor + report.uuid
