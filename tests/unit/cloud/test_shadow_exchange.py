"""The shadow's protocol, spoken with the service's own rules and with what can go wrong."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.cloud.shadow import Look
from parking_monitor.cloud.shadow_document import Json, ShadowError
from parking_monitor.cloud.shadow_exchange import Outgoing, ShadowExchange, ShadowTiming, with_removals
from tests.support.shadow_service import Message, ShadowService, merged, shadow_topic
from tests.unit.cloud.shadow_builders import an_answer

THING = 'garage'
GET, UPDATE = shadow_topic(THING, 'get'), shadow_topic(THING, 'update')
TIMING = ShadowTiming()


class Talk:
    """Let an exchange talk with the service, as time goes by."""

    def __init__(self, version: int = 0) -> None:
        self.service = ShadowService()
        self.exchange = ShadowExchange(THING, version)
        self.looks: list[Look] = []
        self.troubles: list[str] = []
        self.sent: list[Outgoing] = []
        self.now_s = 100.0

    def connect(self) -> None:
        self.exchange.connected(self.now_s)
        self.go_on()

    def desire(self, **desired: Any) -> int:
        self.hear(self.service.desire(THING, desired))
        self.go_on()
        return self.service.versions[THING]

    def report(self, **reported: Any) -> None:
        self.exchange.report(reported)
        self.go_on()

    def hear(self, messages: list[Message]) -> None:
        for topic, content in messages:
            self.take(topic, json.dumps(content).encode())

    def take(self, topic: str, payload: bytes) -> None:
        try:
            look = self.exchange.received(topic, payload, self.now_s)
        except ShadowError as error:
            self.troubles.append(str(error))
            return
        if look is not None:
            self.looks.append(look)

    def send(self) -> Outgoing | None:
        """Send what is due now, without an answer."""
        outgoing = self.exchange.next(self.now_s)
        if outgoing is not None:
            self.sent.append(outgoing)
        return outgoing

    def go_on(self, for_s: float = 5.0) -> None:
        """Send and answer whatever is due in the next seconds."""
        end_s = self.now_s + for_s
        while True:
            while (outgoing := self.send()) is not None:
                self.hear(self.service.answer(outgoing.topic, outgoing.payload))
            if self.exchange.next_s() > end_s:
                break
            self.now_s = max(self.now_s, self.exchange.next_s())
        self.now_s = end_s

    def count(self, topic: str) -> int:
        return sum(outgoing.topic == topic for outgoing in self.sent)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_the_topics_are_named_one_by_one(talk: Talk) -> None:
    assert [topic.removeprefix('$aws/things/garage/shadow/') for topic in talk.exchange.topics] == [
        'get/accepted',
        'get/rejected',
        'update/accepted',
        'update/rejected',
        'update/delta',
    ]


def test_where_there_is_no_shadow_nothing_is_desired_and_the_report_makes_one(talk: Talk) -> None:
    talk.connect()
    talk.report(interval_s=120)
    assert [(look.desired, look.version) for look in talk.looks] == [({}, 0)]
    assert talk.service.states[THING] == {'reported': {'interval_s': 120}}


def test_what_was_changed_while_offline_arrives_at_the_connection(talk: Talk) -> None:
    talk.desire(interval_s=60)
    talk.desire(interval_s=30)
    talk.connect()
    assert talk.looks == [Look({'interval_s': 30}, 2, is_news=True)]


def test_a_change_while_connected_is_looked_at(talk: Talk) -> None:
    talk.connect()
    talk.report(interval_s=120)
    talk.desire(model={'name': 'lot', 'version': '1'})
    talk.desire(model={'version': '2'})
    assert talk.looks[-1].desired == {'model': {'name': 'lot', 'version': '2'}}


def test_a_setting_taken_away_is_looked_at_though_there_is_no_delta(talk: Talk) -> None:
    talk.desire(interval_s=60)
    talk.connect()
    talk.report(interval_s=60)
    talk.desire(interval_s=None)
    assert talk.looks[-1].desired == {}


def test_a_report_goes_out_at_each_connection_and_at_each_change_and_never_else(talk: Talk) -> None:
    talk.desire(interval_s=60, colour='red')
    talk.connect()
    talk.report(interval_s=60, refused={'colour': 'is not a setting'})
    talk.go_on(1000)
    assert (talk.count(GET), talk.count(UPDATE)) == (1, 1)
    talk.report(interval_s=60, refused={'colour': 'is not a setting'})
    assert talk.count(UPDATE) == 1
    talk.report(interval_s=50, refused={'colour': 'is not a setting'})
    talk.go_on(1000)
    assert (talk.count(GET), talk.count(UPDATE)) == (1, 2)
    talk.exchange.disconnected()
    talk.connect()
    talk.go_on(1000)
    assert (talk.count(GET), talk.count(UPDATE)) == (2, 3)


def test_what_was_reported_and_is_not_true_any_more_is_taken_away(talk: Talk) -> None:
    talk.service.states[THING] = {'reported': {'old': 1, 'refused': {'colour': 'no', 'x': 'no'}}}
    talk.connect()
    talk.report(interval_s=60, refused={'x': 'no'})
    assert talk.service.reported(THING) == {'interval_s': 60, 'refused': {'x': 'no'}}
    talk.report(interval_s=60)
    assert talk.service.reported(THING) == {'interval_s': 60}


def test_changes_that_follow_quickly_are_reported_together(talk: Talk) -> None:
    talk.connect()
    talk.report(interval_s=1)
    for value in range(2, 50):
        talk.exchange.report({'interval_s': value})
        talk.go_on(0.01)
    talk.go_on()
    assert talk.service.reported(THING) == {'interval_s': 49}
    assert talk.count(UPDATE) == 3


def test_many_notices_make_one_look(talk: Talk) -> None:
    talk.connect()
    talk.report(interval_s=1)
    for value in range(20):
        talk.hear(talk.service.desire(THING, {'interval_s': value}))
    talk.go_on()
    assert talk.looks[-1].desired == {'interval_s': 19}
    assert talk.count(GET) == 2


def test_a_stale_notice_is_left_out(talk: Talk) -> None:
    talk.desire(interval_s=60)
    talk.desire(interval_s=30)
    talk.connect()
    talk.take(f'{UPDATE}/delta', an_answer(1, interval_s=60))
    talk.take(f'{UPDATE}/accepted', an_answer(2, desired={'interval_s': 30}))
    talk.go_on()
    assert talk.count(GET) == 1


def test_an_answer_to_somebody_else_is_left_out(talk: Talk) -> None:
    talk.exchange.connected(talk.now_s)
    talk.send()
    talk.take(f'{GET}/accepted', an_answer(50, desired={'interval_s': 1}))
    talk.take(f'{GET}/accepted', an_answer(50, 'theirs', desired={'interval_s': 1}))
    talk.take(f'{GET}/rejected', b'{"code": 404, "clientToken": "theirs"}')
    assert (talk.looks, talk.troubles) == ([], [])


def test_a_document_that_is_older_than_one_seen_is_asked_for_again() -> None:
    talk = Talk(version=9)
    talk.service.versions[THING] = 6
    talk.desire(interval_s=60)  # version 7
    talk.exchange.connected(talk.now_s)
    first = talk.send()
    assert first is not None
    talk.hear(talk.service.answer(first.topic, first.payload))
    assert talk.looks == []
    assert talk.troubles == ['version 7 is older than 9, which was seen']
    talk.service.desire(THING, {'interval_s': 30})
    talk.service.desire(THING, {'interval_s': 20})
    talk.go_on()
    assert talk.looks == [Look({'interval_s': 20}, 9, is_news=False)]


def test_a_shadow_made_anew_begins_with_lower_versions_and_is_believed_the_second_time() -> None:
    talk = Talk(version=900)
    talk.desire(interval_s=60)
    talk.connect()
    assert len(talk.troubles) == 1
    assert talk.looks == [Look({'interval_s': 60}, 1, is_news=True)]


def test_who_writes_between_our_look_and_our_report_is_noticed(talk: Talk) -> None:
    talk.connect()
    talk.service.desire(THING, {'interval_s': 60})  # the notice goes missing
    talk.report(interval_s=120)
    assert talk.looks[-1] == Look({'interval_s': 60}, 2, is_news=False)


def test_a_request_without_an_answer_is_made_again_after_ever_longer_pauses(talk: Talk) -> None:
    talk.exchange.connected(talk.now_s)
    times_s = []
    while talk.now_s < 5000:
        if talk.send() is not None:
            times_s.append(talk.now_s)
        talk.now_s += 1.0
    pauses_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
    assert pauses_s[0] <= TIMING.answer_s + TIMING.retry_min_s + 2
    assert max(pauses_s) <= TIMING.answer_s + TIMING.retry_max_s + 2
    assert len(times_s) < 40
    assert 'get no answer within 15 s' in talk.exchange.fault


@pytest.mark.parametrize(
    'payload', [b'', b'\xff', b'{}', b'{"state": 1, "version": 1}', an_answer(3, desired={'x': 'y' * 9000})]
)
def test_garbage_for_an_answer_changes_nothing_and_is_asked_for_again(talk: Talk, payload: bytes) -> None:
    talk.exchange.connected(talk.now_s)
    talk.send()
    talk.take(f'{GET}/accepted', payload)
    assert talk.looks == []
    assert len(talk.troubles) == 1
    assert talk.exchange.fault
    talk.go_on()
    assert talk.looks == [Look({}, 0, is_news=False)]
    assert not talk.exchange.fault


def test_a_report_that_is_refused_is_not_sent_again_and_again(talk: Talk) -> None:
    talk.desire(interval_s=60, notes='n' * 8000)
    talk.connect()
    talk.report(interval_s=60, more='x' * 300)
    talk.go_on(3600)
    assert 'update was refused with 413' in talk.exchange.fault
    assert talk.count(UPDATE) < 20
    talk.desire(notes=None)
    talk.go_on(700)
    assert not talk.exchange.fault
    assert talk.service.reported(THING)['interval_s'] == 60


def test_a_message_that_was_not_sent_is_sent_later(talk: Talk) -> None:
    talk.exchange.connected(talk.now_s)
    talk.send()
    talk.exchange.failed('the broker refused it', talk.now_s)
    assert talk.exchange.fault == 'get the broker refused it'
    assert talk.send() is None
    talk.go_on()
    assert len(talk.looks) == 1


def test_nothing_is_sent_without_a_connection(talk: Talk) -> None:
    talk.exchange.report({'interval_s': 60})
    assert talk.send() is None
    talk.connect()
    talk.exchange.disconnected()
    talk.exchange.report({'interval_s': 50})
    assert talk.send() is None
    assert talk.exchange.next_s() == float('inf')


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.binary(max_size=100)), max_size=20))
def test_whatever_arrives_the_exchange_goes_on(messages: list[tuple[int, bytes]]) -> None:
    talk = Talk()
    talk.desire(interval_s=60)
    talk.exchange.connected(talk.now_s)
    talk.send()
    for topic, payload in messages:
        talk.take(talk.exchange.topics[topic], payload)
    talk.go_on(1000)
    assert talk.looks[-1].desired == {'interval_s': 60}


_JSON: st.SearchStrategy[Json] = st.recursive(
    st.integers(0, 3) | st.text(max_size=2),
    lambda inner: st.dictionaries(st.sampled_from('abc'), inner),
    max_leaves=6,
)
_REPORTS = st.dictionaries(st.sampled_from('abc'), _JSON)


@settings(max_examples=50)
@given(_REPORTS, _REPORTS)
def test_what_is_sent_makes_of_what_is_there_what_is_wanted(
    have: dict[str, Json], want: dict[str, Json]
) -> None:
    assert _without_empty(merged(have, with_removals(have, want))) == _without_empty(want)


def _without_empty(content: Json) -> Json:
    """Leave out empty objects, which the service does not keep."""
    if not isinstance(content, dict):
        return content
    parts = {key: _without_empty(value) for key, value in content.items()}
    return {key: value for key, value in parts.items() if value != {}}
