import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_fleet.zones.checking import problems_of
from parking_fleet.zones.drawing import Drawing, DrawingError, numbered
from parking_fleet.zones.editing import edit
from parking_fleet.zones.history import History
from parking_fleet.zones.picture import read_picture
from parking_fleet.zones.section import read_sections, section_text
from parking_fleet.zones.words import view_shapes

SQUARE = [(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)]
NORTH = {'do': 'add', 'kind': 'zone', 'points': SQUARE}


def history_of(*edits: dict) -> History:
    history = History(Drawing(camera='lot'))
    for asked in edits:
        edit(history, asked)
    return history


def texts(drawing: Drawing) -> list[str]:
    return [problem.text for problem in problems_of(drawing)]


def test_a_new_shape_gets_a_name_that_is_free() -> None:
    history = history_of(NORTH, {'do': 'rename', 'id': 1, 'name': 'Zone 2'}, NORTH, NORTH)
    assert [shape.name for shape in history.present.shapes] == ['Zone 2', 'Zone 1', 'Zone 3']


def test_undo_and_redo_go_through_all_steps() -> None:
    history = history_of(NORTH, {'do': 'rename', 'id': 1, 'name': 'north'}, {'do': 'remove', 'id': 1})
    drawings = [history.present]
    while history.can_undo:
        edit(history, {'do': 'undo'})
        drawings.append(history.present)
    assert [[shape.name for shape in drawing.shapes] for drawing in drawings] == [
        [],
        ['north'],
        ['Zone 1'],
        [],
    ]
    while history.can_redo:
        edit(history, {'do': 'redo'})
    assert history.present == drawings[0]


def test_small_moves_of_one_corner_are_undone_together() -> None:
    history = history_of(NORTH)
    for step in range(1, 6):
        moved = [(0.1 + step / 100, 0.1), *SQUARE[1:]]
        edit(history, {'do': 'points', 'id': 1, 'points': moved, 'step': 'corner 0'})
    edit(history, {'do': 'undo'})
    assert history.present.shape(1).points == tuple(SQUARE)


def test_the_oldest_steps_are_forgotten() -> None:
    history = History(Drawing(), most=3)
    for _ in range(5):
        edit(history, NORTH)
    while history.can_undo:
        history.undo()
    assert len(history.present.shapes) == 2


@pytest.mark.parametrize(
    'asked',
    [
        {},
        {'do': 'explode'},
        {'do': 'add', 'kind': 'zone'},
        {'do': 'add', 'kind': 'gate', 'points': SQUARE},
        {'do': 'add', 'kind': 'zone', 'points': [(float('nan'), 0)] * 3},
        {'do': 'add', 'kind': 'zone', 'points': [(0, 0)] * 101},
        {'do': 'points', 'id': 99, 'points': SQUARE},
        {'do': 'row', 'points': SQUARE, 'number': 501, 'pattern': 'A#'},
        {'do': 'row', 'points': [(0, 0), (1, 1), (1, 0), (0, 1)], 'number': 3, 'pattern': 'A#'},
        {'do': 'flip', 'id': 1},
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(asked: dict) -> None:
    history = history_of(NORTH)
    before = history.present
    with pytest.raises(DrawingError):
        edit(history, asked)
    assert history.present == before


def test_a_row_of_two_ends_is_twice_as_deep_as_its_bays_are_wide() -> None:
    asked = {'do': 'row', 'points': [(0.2, 0.8), (0.6, 0.8)], 'number': 4, 'pattern': 'A##', 'aspect': 2.0}
    bays = history_of(asked).present.of_kind('bay')
    assert [bay.name for bay in bays] == ['A01', 'A02', 'A03', 'A04']
    assert bays[0].points == ((0.2, 0.8), (0.3, 0.8), (0.3, 0.4), (0.2, 0.4))


def test_three_corners_make_a_parallelogram() -> None:
    asked = {'do': 'row', 'points': [(0.2, 0.8), (0.6, 0.8), (0.7, 0.6)], 'number': 1, 'pattern': 'B'}
    (bay,) = history_of(asked).present.shapes
    assert (bay.name, bay.points) == ('B1', ((0.2, 0.8), (0.6, 0.8), (0.7, 0.6), (0.3, 0.6)))


@given(st.text('A#-', max_size=6), st.integers(0, 999))
def test_every_bay_of_a_row_has_a_name_of_its_own(pattern: str, number: int) -> None:
    assert numbered(pattern, number) != numbered(pattern, number + 1)


def test_a_flipped_gate_lets_in_on_the_other_side() -> None:
    gate = {'do': 'add', 'kind': 'gate', 'points': [(0.2, 0.5), (0.6, 0.5), (0.4, 0.4)]}
    assert view_shapes(history_of(gate).present)[0].where == 'middle, cars enter upwards'
    history = history_of(gate, {'do': 'flip', 'id': 1})
    assert history.present.shape(1).inside == (0.4, 0.6)
    assert view_shapes(history.present)[0].where == 'middle, cars enter downwards'


def test_it_is_told_what_is_where() -> None:
    bay = {'do': 'add', 'kind': 'bay', 'points': [(0.2, 0.2), (0.25, 0.2), (0.25, 0.25)]}
    away = {'do': 'add', 'kind': 'bay', 'points': [(0.8, 0.8), (0.9, 0.8), (0.9, 0.9)]}
    north, inside, outside = view_shapes(history_of(NORTH, bay, away).present)
    assert north.where == 'upper left, 4 corners, 20 % wide, 20 % high, 1 bay'
    assert inside.where == 'upper left, in Zone 1'
    assert outside.where == 'lower right, in no zone'
    assert 'counts for the camera, but for no zone' in outside.hint


def test_problems_say_what_to_do() -> None:
    crossed = Drawing(camera='lot').add('zone', [(0, 0), (1, 1), (1, 0), (0, 0.9)], 'x')
    assert texts(crossed) == ['It crosses itself: side 1-2 meets side 3-4; move one of these corners.']
    twice = Drawing(camera='lot').add('bay', SQUARE, 'A').add('bay', SQUARE, 'A')
    assert texts(twice) == ['2 bays have this name; give it another one.'] * 2
    assert texts(Drawing(camera='lot').add('gate', [(0.5, 0.5)] * 3, 'g')) == [
        'Both ends of its line are at the same place; move one of them.'
    ]


@pytest.mark.parametrize('name', ['yes', '1', '007', 'a: b', '{a}', "it's", '#1', '"', ' a', '1e3', 'ü', '~'])
def test_any_name_is_read_as_it_was_written(name: str) -> None:
    drawing = Drawing(camera='lot').add('bay', SQUARE, name)
    assert read_sections(section_text(drawing))[0].shapes == drawing.shapes


def test_the_section_reads_like_one_written_by_hand() -> None:
    drawing = Drawing(camera='lot', rest={'source': 'sim:oblique_lot'}).add('zone', SQUARE, 'front row', 8)
    drawing = drawing.add('gate', [(0.06, 0.52), (0.17, 0.42), (0.16, 0.47)], 'west')
    assert section_text(drawing) == (
        'cameras:\n'
        '  - name: lot\n'
        '    source: sim:oblique_lot\n'
        '    zones:\n'
        '      - {name: front row, capacity: 8, polygon: [[0.1000, 0.1000], [0.3000, 0.1000], '
        '[0.3000, 0.3000], [0.1000, 0.3000]]}\n'
        '    gates:\n'
        '      - {name: west, line: [[0.0600, 0.5200], [0.1700, 0.4200]], inside: [0.1600, 0.4700]}\n'
    )


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'no camera is in this text'),
        ('a: [', 'line 1: not valid YAML'),
        ('name: lot\nname: yard', 'line 2: not valid YAML: name stands twice'),
        ('zones: [{name: a}]', 'zones[0].polygon: is missing'),
        ('zones: [{name: a, polygon: [[0, 0]], colour: red}]', 'zones[0].colour: is not a field'),
        ('bays: [{name: a, polygon: [[0, x]]}]', 'bays[0].polygon[0][1]: Input should be a valid number'),
        ('[' * 5000, 'not valid YAML'),
        ('x' * 1_000_001, 'longer than 1,000,000 characters'),
    ],
)
def test_text_that_is_no_section_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(DrawingError) as refusal:
        read_sections(text)
    assert reason in str(refusal.value)


@pytest.mark.parametrize('kind', ['.jpg', '.png'])
def test_the_measures_of_a_picture_are_read(kind: str) -> None:
    content = cv2.imencode(kind, np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    picture = read_picture(content)
    assert (picture.width, picture.height) == (64, 48)
    assert picture.media_type == ('image/png' if kind == '.png' else 'image/jpeg')


def test_a_picture_is_taken_as_its_pixels_lie() -> None:
    plain = cv2.imencode('.jpg', np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    note = b'Exif\0\0turned by 90 degrees'
    turned = plain[:2] + b'\xff\xe1' + struct.pack('>H', len(note) + 2) + note + plain[2:]
    picture = read_picture(turned)
    assert picture.content == plain
    assert (picture.width, picture.height) == (64, 48)


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (b'', 'no JPEG or PNG'),
        (b'GIF89a', 'no JPEG or PNG'),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 'no JPEG or PNG'),
        (b'\x89PNG\r\n\x1a\n', 'damaged'),
        (b'\xff\xd8\xff\xe0\x00\x00', 'damaged'),
        (b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR' + struct.pack('>II', 60_000, 60_000), '60000 x 60000'),
        (b'\xff\xd8\xff' + bytes(12_000_000), '12 MB'),
    ],
)
def test_what_is_no_bearable_picture_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(DrawingError, match=reason):
        read_picture(content)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading_of_measures(content: bytes) -> None:
    for start in (b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'):
        try:
            picture = read_picture(start + content)
        except DrawingError:
            continue
        assert picture.width > 0
