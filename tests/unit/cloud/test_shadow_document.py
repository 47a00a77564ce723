import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.shadow_document import (
    MAX_DEPTH,
    ShadowError,
    read_document,
    read_notice,
    read_rejection,
)
from tests.unit.cloud.shadow_builders import an_answer


def nested(levels: int) -> dict[str, object]:
    content: dict[str, object] = {}
    for _ in range(levels - 1):
        content = {'x': content}
    return content


def test_a_document_says_what_is_desired_and_reported() -> None:
    document = read_document(an_answer(7, 'mine', desired={'interval_s': 60}, reported={'mode': 'count'}))
    assert (document.version, document.token) == (7, 'mine')
    assert document.desired == {'interval_s': 60}
    assert document.reported == {'mode': 'count'}


def test_a_shadow_in_which_nothing_is_desired_has_no_such_key() -> None:
    assert read_document(an_answer(7)).desired == {}
    assert read_document(b'{"state": null, "version": 7}').desired == {}


def test_a_document_may_be_eight_kilobytes_large_beside_its_metadata() -> None:
    document = {
        'state': {'desired': {'x': 'y' * 8000}},
        'metadata': {'desired': {'x': {'timestamp': 1}, 'z': ['m' * 20_000]}},
        'version': 1,
    }
    assert len(str(read_document(json.dumps(document).encode()).desired['x'])) == 8000


@pytest.mark.parametrize(
    ('payload', 'reason'),
    [
        (b'', 'is not JSON'),
        (b'hello', 'is not JSON'),
        (b'\xff\xfe{}', 'is not JSON'),
        (b'{"state": {"desired": {"interval_s": NaN}}, "version": 1}', 'NaN is no JSON number'),
        (b'[' * 100_000, 'is not JSON'),
        (b'{"a":' * 20_000 + b'1' + b'}' * 20_000, 'is not JSON'),
        (b'[1]', 'is not a JSON object'),
        (b'{"state": [], "version": 1}', 'state [] is no JSON object'),
        (b'{"state": {"desired": 5}, "version": 1}', 'desired 5 is no JSON object'),
        (b'{"state": {}}', 'version None is no whole number'),
        (b'{"state": {}, "version": -1}', 'version -1 is no'),
        (b'{"state": {}, "version": true}', 'version True is no'),
        (b'{"state": {}, "version": 1e3}', 'version 1000.0 is no'),
        (an_answer(1, desired={'x': 'y' * 8200}), 'bytes; 8192 are allowed'),
        (an_answer(1, desired=nested(MAX_DEPTH)), 'deeper than 8 levels'),
        (b' ' * 200_000, '200000 bytes are more than'),
    ],
)
def test_garbage_is_refused_with_what_is_wrong(payload: bytes, reason: str) -> None:
    with pytest.raises(ShadowError) as caught:
        read_document(payload)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_document_may_be_as_deep_as_aws_allows() -> None:
    assert read_document(an_answer(1, desired=nested(MAX_DEPTH - 1))).version == 1


def test_a_notice_says_whether_it_is_about_what_is_desired() -> None:
    assert read_notice(an_answer(3, interval_s=5), is_delta=True).is_desired
    assert read_notice(an_answer(3, desired={'interval_s': None}), is_delta=False).is_desired
    assert not read_notice(an_answer(3, reported={'interval_s': 5}), is_delta=False).is_desired


def test_a_rejection_has_a_code_and_a_message() -> None:
    rejection = read_rejection(b'{"code": 404, "message": "No shadow exists", "clientToken": "mine"}')
    assert (rejection.code, rejection.message, rejection.token) == (404, 'No shadow exists', 'mine')
    with pytest.raises(ShadowError, match='code None'):
        read_rejection(b'{}')


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors='surrogatepass')))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for read in (read_document, read_rejection, lambda data: read_notice(data, is_delta=True)):
        try:
            read(payload)
        except ShadowError as error:
            assert str(error)
