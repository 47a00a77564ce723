"""The editor refuses exactly what a device refuses: its rules are copies, for it needs no parking_monitor."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from parking_fleet.zones import geometry
from parking_fleet.zones.checking import problems_of
from parking_fleet.zones.drawing import Drawing, DrawingError
from parking_fleet.zones.section import compact_layout, layout_of, read_camera, read_sections, section_text
from parking_monitor import config
from parking_monitor.config_places import misfits
from parking_monitor.counting import rows
from parking_monitor.counting.geometry import centroid, contains, crossing_sides

# Few places, so that corners meet, sides cross and names repeat.
COARSE = st.sampled_from([-0.1, 0.0, 0.25, 0.5, 0.75, 1.0, 1.1])
POINTS = st.tuples(COARSE, COARSE)
FINE_POINTS = st.tuples(st.floats(0, 1), st.floats(0, 1))
NAMES = st.sampled_from(['A1', 'A2', 'yes', '1', ' ', '', 'a: {b, c}', 'ü # "x"', "it's", 'x' * 201, 'a\tb'])
CAPACITIES = st.sampled_from([0, 1, 2, 100_000, 100_001, -1])


@st.composite
def drawings(draw: st.DrawFn, points: st.SearchStrategy[Any] = POINTS) -> Drawing:
    drawing = Drawing(camera=draw(st.sampled_from(['lot', 'north_gate', '1st', 'a__b', 'x_', ''])))
    for _ in range(draw(st.integers(0, 3))):
        polygon = draw(st.lists(points, min_size=1, max_size=6))
        drawing = drawing.add('zone', polygon, draw(NAMES), draw(CAPACITIES))
    for _ in range(draw(st.integers(0, 3))):
        drawing = drawing.add('bay', draw(st.lists(points, min_size=3, max_size=4)), draw(NAMES))
    for _ in range(draw(st.integers(0, 2))):
        drawing = drawing.add('gate', draw(st.tuples(points, points, points)), draw(NAMES))
    return drawing


@st.composite
def good_drawings(draw: st.DrawFn) -> Drawing:
    """Draw rectangles, each within a cell of its own, and gates across cells."""
    drawing = Drawing(camera='lot')
    names = draw(st.lists(st.text(min_size=1, max_size=9), unique=True, min_size=6, max_size=6))
    for index, name in enumerate(f'{index}{_printable(name)}' for index, name in enumerate(names)):
        x, y = (index % 3) / 3, (index // 3) / 2
        w, h = draw(st.floats(0.05, 0.3)), draw(st.floats(0.05, 0.4))
        if index < 4:
            drawing = drawing.add(
                'zone' if index % 2 else 'bay', [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], name
            )
        else:
            drawing = drawing.add('gate', [(x, y), (x + w, y), (x + w, y + h)], name)
    return drawing


def _printable(name: str) -> str:
    return ''.join(character if ord(character) >= 32 else '?' for character in name)


def is_refused_by_device(section: object) -> bool:
    try:
        camera = config.Camera.model_validate(section)
    except ValidationError:
        return True
    return bool(list(misfits([camera])))


@given(st.one_of(drawings(), drawings(FINE_POINTS)))
@example(Drawing(camera='lot').add('bay', [(0, 0), (1, 1), (1, 0), (0, 0.9)], 'bow tie'))
@example(Drawing(camera='lot').add('bay', [(0, 0), (1, 0.5), (0.5, 0.25)], 'line'))
@example(Drawing(camera='lot').add('gate', [(0, 0), (0, 0), (1, 1)], 'point'))
@example(Drawing(camera='lot').add('gate', [(0, 0), (1, 1), (0.5, 0.5)], 'on the line'))
def test_what_the_editor_finds_wrong_a_device_refuses_and_nothing_else(drawing: Drawing) -> None:
    section = {'name': drawing.camera, **layout_of(drawing)}
    assert bool(problems_of(drawing)) == is_refused_by_device(section)


@given(good_drawings())
def test_the_written_section_loads_on_a_device_with_exactly_what_was_drawn(drawing: Drawing) -> None:
    assert problems_of(drawing) == []
    camera = config.parse(f'device: {{uuid: x}}\n{section_text(drawing)}', {}).cameras[0]
    assert [(zone.name, zone.polygon) for zone in camera.zones] == [
        (zone.name, zone.points) for zone in drawing.of_kind('zone')
    ]
    assert [(bay.name, bay.polygon) for bay in camera.bays] == [
        (bay.name, bay.points) for bay in drawing.of_kind('bay')
    ]
    assert [(gate.name, gate.line, gate.inside) for gate in camera.gates] == [
        (gate.name, gate.line, gate.inside) for gate in drawing.of_kind('gate')
    ]


@given(good_drawings())
def test_a_section_that_was_read_is_written_as_it_was(drawing: Drawing) -> None:
    text = section_text(drawing)
    (again,) = read_sections(text)
    assert section_text(again) == text
    assert layout_of(read_camera({'name': 'lot', **compact_layout(drawing)})) == layout_of(drawing)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from(['a', '', '0.5', [], {}, [[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 0]], [0, 1], [0.5]]),
)
ITEMS = st.dictionaries(st.sampled_from(['name', 'polygon', 'capacity', 'line', 'inside', 'x']), VALUES)


@given(
    st.fixed_dictionaries(
        {'name': st.just('lot')},
        optional={key: st.lists(ITEMS, max_size=2) for key in ('zones', 'bays', 'gates')},
    )
)
def test_a_section_of_another_form_is_refused_by_both(section: dict[str, Any]) -> None:
    try:
        is_refused = bool(problems_of(read_camera(section)))
    except DrawingError:
        is_refused = True
    assert is_refused == is_refused_by_device(section)


@given(st.lists(POINTS, min_size=3, max_size=7), POINTS)
def test_polygons_are_measured_as_on_a_device(polygon: list[geometry.Point], point: geometry.Point) -> None:
    assert geometry.contains(polygon, *point) == contains(polygon, *point)
    assert geometry.centroid(polygon) == centroid(polygon)
    assert geometry.crossing_sides(polygon) == crossing_sides(polygon)


@given(st.integers(1, 30))
def test_rows_are_divided_as_by_the_command(number: int) -> None:
    corners = [(0.15, 0.54), (0.85, 0.59), (0.95, 0.78), (0.02, 0.68)]
    expected = rows.split_row(corners, number)
    for mine, theirs in zip(geometry.split_row(corners, number), expected, strict=True):
        for point, other in zip(mine, theirs, strict=True):
            assert point == pytest.approx(other)


def test_other_fields_of_the_camera_stay() -> None:
    text = 'cameras:\n  - name: lot\n    source: sim:oblique_lot\n    labels: [car, truck]\n'
    (drawing,) = read_sections(text)
    written = section_text(drawing.add('bay', [(0, 0), (1, 0), (1, 1)], 'A1'))
    assert yaml.safe_load(written)['cameras'] == [
        {
            'name': 'lot',
            'source': 'sim:oblique_lot',
            'labels': ['car', 'truck'],
            'bays': [{'name': 'A1', 'polygon': [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}],
        }
    ]
