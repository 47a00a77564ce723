import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.detection.onnx_eim.runtime import framing
from parking_monitor.detection.onnx_eim.runtime.framing import Framing, TooLongError

plain = st.none() | st.booleans() | st.integers(-9, 99) | st.text('abc,: \n"\\', max_size=4)
nested = st.lists(plain, max_size=3) | st.dictionaries(st.sampled_from('xyz'), plain, max_size=2)
objects = st.dictionaries(st.sampled_from('abc'), plain | nested, max_size=3)


@given(st.lists(objects, max_size=4), st.sampled_from(['', '\n', ' ', '\n\0']), st.integers(1, 60))
def test_objects_come_out_whole_however_the_bytes_are_cut(
    sent: list[dict[str, Any]], between: str, piece: int
) -> None:
    stream = ''.join(json.dumps(one) + between for one in sent).encode()
    framer = Framing()
    received = [one for cut in range(0, len(stream), piece) for one in framer.feed(stream[cut : cut + piece])]
    assert received == sent


def test_what_is_no_json_is_told_and_the_next_object_is_found() -> None:
    assert list(Framing().feed(b'{nonsense}{"id": 1}')) == [None, {'id': 1}]


def test_a_stray_closing_brace_is_passed_over() -> None:
    assert list(Framing().feed(b'}}{"id": 1}')) == [{'id': 1}]


def test_bytes_outside_of_an_object_are_not_kept() -> None:
    framer = Framing()
    for _ in range(100):
        assert list(framer.feed(b'x' * 1000)) == []
    assert len(framer._received) == 0


def test_an_object_without_an_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, 'LONGEST', 1000)
    framer = Framing()
    assert list(framer.feed(b'{"classify": [' + b'0,' * 400)) == []
    with pytest.raises(TooLongError):
        list(framer.feed(b'0,' * 400))
