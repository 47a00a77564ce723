"""Pictures that devices give when they are asked for."""

import base64
import json
from typing import Any

import pytest

from parking_fleet.live.events import LiveFeed
from parking_fleet.pictures.pictures import KEPT_ANSWERS, Pictures

JPEG = b'\xff\xd8 a picture'
LAYOUT = {'bays': [{'name': 'A1', 'polygon': [0, 0, 1, 0, 1, 1]}]}


class Link:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def publish(self, topic: str, payload: bytes) -> Any:
        self.sent.append((topic, json.loads(payload)))


@pytest.fixture
def pictures() -> Pictures:
    return Pictures(LiveFeed(), lambda uuid: f'thing-{uuid}' if uuid else '', Link())


def answered(uuid: str = 'u', **changes: Any) -> bytes:
    content = {
        'uuid': uuid,
        'camera': 'lane',
        'observed_at': '2026-02-02T02:40:00.000Z',
        'jpeg': base64.b64encode(JPEG).decode(),
        'layout': LAYOUT,
        **changes,
    }
    return json.dumps(content).encode()


def test_a_device_is_asked_on_its_own_topic_and_not_twice_at_once() -> None:
    link = Link()
    pictures = Pictures(LiveFeed(), lambda _: 'garage', link)
    assert [pictures.ask('u', 'lane'), pictures.ask('u', 'lane')] == ['', '']
    assert link.sent == [('parking/garage/snapshot/request', {'camera': 'lane'})]


def test_who_cannot_be_asked_is_told_why(pictures: Pictures) -> None:
    assert 'not known yet' in pictures.ask('', 'lane')
    assert 'set broker.host' in Pictures(LiveFeed(), lambda _: 'garage').ask('u', 'lane')


def test_the_newest_picture_is_kept_with_where_the_camera_counts(pictures: Pictures) -> None:
    pictures.received('parking/thing-u/snapshot/lane', answered())
    picture = pictures.newest('u', 'lane')
    assert picture is not None
    assert (picture.jpeg, picture.observed_ms) == (JPEG, 1_770_000_000_000)
    assert pictures.layout('u', 'lane') == {
        'zones': [],
        'bays': [{'name': 'A1', 'polygon': [[0, 0], [1, 0], [1, 1]]}],
        'gates': [],
    }
    pictures.received('parking/thing-u/snapshot/lane', answered(jpeg=None, reason='not allowed'))
    assert pictures.reason('u', 'lane') == 'not allowed'
    assert pictures.newest('u', 'lane') is picture


@pytest.mark.parametrize(
    'payload',
    [
        b'{',
        b'[]',
        answered(jpeg='no base64'),
        answered(jpeg=base64.b64encode(b'GIF').decode()),
        answered(observed_at=None),
        answered(layout=[3]),
        answered(uuid='of-another'),
    ],
)
def test_what_is_no_answer_of_this_device_is_left(pictures: Pictures, payload: bytes) -> None:
    pictures.received('parking/thing-u/snapshot/lane', payload)
    assert pictures.newest('u', 'lane') is pictures.newest('of-another', 'lane') is None


def test_no_more_pictures_are_kept_than_there_is_room_for(pictures: Pictures) -> None:
    for number in range(KEPT_ANSWERS + 1):
        pictures.received(f'parking/thing-{number}/snapshot/lane', answered(str(number)))
    assert pictures.newest('0', 'lane') is None
    assert pictures.newest('1', 'lane') is not None
