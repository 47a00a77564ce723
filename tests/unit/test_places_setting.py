"""Where to count, as the cloud says it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.places_setting import (
    MOST_WHOLE_BYTES,
    Places,
    describe_layouts,
    digest,
    layout_text,
    read_zones,
)

SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
ROW = [value for point in SQUARE for value in point]
NONE = {'lane': '{}', 'exit': '{}'}


def text_of(content: Any) -> str:
    texts: dict[str, str] = json.loads(read_zones({'lane': content}, NONE))
    return texts['lane']


def test_points_in_a_row_and_in_pairs_are_the_same_layout() -> None:
    gate = {'name': 'in', 'line': [[0, 0.5], [1, 0.5]], 'inside': [0.5, 0.9]}
    pairs = {'zones': [{'name': 'a', 'polygon': SQUARE, 'capacity': 3}], 'gates': [gate]}
    row = {
        'zones': [{'name': 'a', 'polygon': ROW, 'capacity': 3}],
        'gates': [{**gate, 'line': [0, 0.5, 1, 0.5]}],
        'bays': [],
    }
    assert text_of(pairs) == text_of(row)
    assert json.loads(text_of(row))['zones'] == [{'name': 'a', 'polygon': ROW, 'capacity': 3}]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=6))
def test_a_layout_that_was_written_is_read_as_it_was(points: list[tuple[float, float]]) -> None:
    polygon = [[0.0, 0.0], [1.0, 0.0], *points]
    try:
        text = text_of({'bays': [{'name': 'A1', 'polygon': polygon}]})
        again = text_of(json.loads(text))
    except ValueError as error:
        assert 'area' in str(error) or 'must not cross itself' in str(error)
    else:
        assert again == text


@pytest.mark.parametrize(
    ('wanted', 'reason'),
    [
        ({'road': {}}, "no camera is called 'road'; there are lane, exit"),
        ({'lane': 3}, 'zones.lane: '),
        ({'lane': {'bay': []}}, 'zones.lane.bay: Extra inputs'),
        ({'lane': {'bays': [{'name': 'A', 'polygon': [0, 0, 1, 1]}]}}, 'zones.lane.bays.0.polygon'),
        ({'lane': {'bays': [{'name': 'A', 'polygon': [0, 0, 1, 1, 2, 2]}]}}, 'less than or equal to 1'),
        ({'lane': {'zones': 2 * [{'name': 'a', 'polygon': ROW}]}}, "'a' stands 2 times"),
        (
            {
                camera: {'zones': [{'name': 'a', 'polygon': ROW, 'capacity': n}]}
                for n, camera in ((3, 'lane'), (4, 'exit'))
            },
            'zones.exit.zones.0.capacity: ',
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(wanted: Any, reason: str) -> None:
    with pytest.raises(ValueError, match='zones') as refusal:
        read_zones(wanted, NONE)
    assert reason in str(refusal.value)


def test_small_layouts_are_told_whole_and_large_ones_by_number_and_digest() -> None:
    small = text_of({'zones': [{'name': 'a', 'polygon': SQUARE}]})
    told = describe_layouts({'lane': small, 'exit': '{}'})
    assert told['lane'] == {'zones': [{'name': 'a', 'polygon': ROW}], 'digest': digest(small)}
    assert told['exit'] == {'digest': digest('{}')}
    large = text_of({'bays': [{'name': f'bay {n}', 'polygon': ROW} for n in range(60)]})
    assert len(large) > MOST_WHOLE_BYTES
    assert describe_layouts({'lane': large}) == {'lane': {'bays_count': 60, 'digest': digest(large)}}


def test_what_was_reported_can_be_desired_again() -> None:
    text = layout_text(*(getattr(Places(), name) for name in ('zones', 'bays', 'gates')))
    assert text == '{}'
    small = text_of({'zones': [{'name': 'a', 'polygon': SQUARE}]})
    assert text_of(describe_layouts({'lane': small})['lane']) == small
