"""What is known of a collected picture: its name, its set, its labels."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.sample import (
    Category,
    LabelledBox,
    Reason,
    Sample,
    category_of,
    content_hash,
    labels_document,
    name_of,
    suggested,
)
from parking_monitor.values import Box, Detection
from tests.unit.cloud.sample_builders import NOON_NS, a_car, a_sample

TEXTS = st.text('a"\\é\n\ud800', max_size=5)
BOXES = st.builds(LabelledBox, TEXTS, *4 * [st.integers(0, 5000)])


@given(st.sampled_from(Reason), st.none() | st.lists(BOXES, max_size=4).map(tuple), TEXTS)
def test_a_sample_is_read_as_it_was_written(
    reason: Reason, boxes: tuple[LabelledBox, ...] | None, model: str
) -> None:
    sample = a_sample(reason=reason, boxes=boxes, model=model)
    assert Sample.from_json(sample.to_json(), sample.name, sample.category) == sample


@pytest.mark.parametrize('text', ['', '{}', '[]', 'null', '{"boxes": [3], "camera": 1}', '{"boxes": null}'])
def test_what_is_no_sample_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its text is for nobody
        Sample.from_json(text, 'a.jpg', Category.TRAINING)


def test_a_picture_has_the_same_name_each_time_and_another_one_has_another() -> None:
    first, second = content_hash(b'one'), content_hash(b'two')
    assert name_of('lane', NOON_NS, first) == f'lane-20261122T120000Z-{first[:12]}.jpg'
    assert name_of('lane', NOON_NS, first) != name_of('lane', NOON_NS, second)


def test_the_split_depends_on_the_content_alone_and_keeps_the_share() -> None:
    contents = [hashlib.sha256(bytes([number % 256, number // 256])).hexdigest() for number in range(2000)]
    testing = [content for content in contents if category_of(content, 0.2) is Category.TESTING]
    assert 340 < len(testing) < 460
    # Who asks for more for testing later keeps what was for testing.
    assert all(category_of(content, 0.3) is Category.TESTING for content in testing)


@pytest.mark.parametrize(('share', 'category'), [(0.0, Category.TRAINING), (1.0, Category.TESTING)])
def test_all_or_nothing_can_be_for_testing(share: float, category: Category) -> None:
    assert {category_of(end * 64, share) for end in '07f'} == {category}


def test_suggested_boxes_are_whole_pixels_within_the_picture() -> None:
    cars = [
        Detection('car', 0.9, Box(-4.4, 10.6, 20, 20)),
        Detection('van', 0.9, Box(90, 70, 50, 50)),
        Detection('car', 0.9, Box(120, 10, 20, 20)),
        Detection('car', 0.9, Box(10, 10, 0.2, 9)),
    ]
    assert suggested(cars, (100, 80)) == (
        LabelledBox('car', 0, 11, 16, 20),
        LabelledBox('van', 90, 70, 10, 10),
    )


@given(st.lists(st.builds(a_car, *[st.floats(0, 1)], *2 * [st.floats(-500, 500)], *2 * [st.floats(0, 900)])))
def test_no_suggested_box_leaves_the_picture(cars: list[Detection]) -> None:
    for box in suggested(cars, (320, 240)):
        assert box.x >= 0 <= box.y
        assert box.width > 0 < box.height
        assert box.x + box.width <= 320
        assert box.y + box.height <= 240


def test_labels_are_written_as_edge_impulse_reads_them() -> None:
    assert json.loads(labels_document({'a.jpg': [LabelledBox('car', 1, 2, 3, 4)], 'b.jpg': []})) == {
        'version': 1,
        'type': 'bounding-box-labels',
        'boundingBoxes': {
            'a.jpg': [{'label': 'car', 'x': 1, 'y': 2, 'width': 3, 'height': 4}],
            'b.jpg': [],
        },
    }


def test_metadata_says_why_it_was_taken_and_that_labels_need_a_look() -> None:
    plain = a_sample().metadata
    assert plain == {'camera': 'lane', 'reason': 'periodic', 'taken_at': '2026-11-22T12:00:00+00:00'}
    labelled = a_sample(reason=Reason.LOW_CONFIDENCE, boxes=(), model='lot 3').metadata
    assert (labelled['reason'], labelled['model']) == ('low confidence', 'lot 3')
    assert labelled['labels'] == 'suggested by the model, to be reviewed'
