import json
from pathlib import Path

import pytest

from parking_monitor.cloud.crossing_source import MOST_WAITING, CrossingSource
from parking_monitor.cloud.outbox import Draft, Outbox, OutboxSettings
from parking_monitor.cloud.publisher import CountPublisher, PublisherSettings
from parking_monitor.values import Crossing, Direction
from tests.unit.cloud.builders import STAMP_NS, ScriptedSession, a_count, an_origin

OWN, CROSSING = 'parking/garage/count', 'parking/garage/crossing'
ORIGINS = {'lane': an_origin('lane')}


def a_crossing(track_id: int = 1, gate: str = 'ramp', direction: Direction = Direction.OUT) -> Crossing:
    return Crossing(stamp_ns=STAMP_NS, gate=gate, direction=direction, track_id=track_id)


def tracks(drafts: list[Draft]) -> list[int]:
    return [json.loads(draft.encode(1, 0))['track'] for draft in drafts]


def test_each_crossing_is_due_once_and_in_order() -> None:
    source = CrossingSource(CROSSING, ORIGINS)
    assert source.next_due_s() == float('inf')
    for track in (3, 1, 2):
        source.observe('lane', a_crossing(track))
    assert source.next_due_s() == 0.0
    assert tracks(source.due(1.0, is_last=False)) == [3, 1, 2]
    assert source.due(1.0, is_last=True) == []
    assert source.next_due_s() == float('inf')


def test_while_the_delivery_hangs_the_oldest_crossings_are_given_up_and_counted() -> None:
    source = CrossingSource(CROSSING, ORIGINS)
    for track in range(MOST_WAITING + 5):
        source.observe('lane', a_crossing(track))
    assert tracks(source.due(1.0, is_last=False)) == list(range(5, MOST_WAITING + 5))
    assert source.lost == 5


def test_a_camera_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"camera 'ramp' is not known; known: \['lane'\]"):
        CrossingSource(CROSSING, ORIGINS).observe('ramp', a_crossing())


def test_crossings_and_counts_share_their_numbers_and_go_to_their_topics(tmp_path: Path) -> None:
    session = ScriptedSession()
    source = CrossingSource(CROSSING, ORIGINS, is_clock_synced=lambda: True)
    outbox = Outbox(
        tmp_path,
        OutboxSettings(history_topic='parking/garage/history', event_topics=frozenset({CROSSING})),
        wall_ns=lambda: 0,
    )
    publisher = CountPublisher(session, ORIGINS, PublisherSettings(topics=(OWN,)), outbox, others=[source])
    publisher.start()
    session.wait_for_starts(1)
    try:
        session.connect()
        publisher.observe('lane', a_count())
        session.wait_for_sent(1)
        for track in (1, 2):
            source.observe('lane', a_crossing(track))
            publisher.wake()
        sent = session.wait_for_sent(3)
    finally:
        publisher.stop(0.2)

    assert [topic for topic, _, _ in sent] == [OWN, CROSSING, CROSSING]
    messages = [json.loads(payload) for _, payload, _ in sent]
    assert [message['seq'] for message in messages] == [1, 2, 3]
    assert [message.get('track') for message in messages] == [None, 1, 2]
