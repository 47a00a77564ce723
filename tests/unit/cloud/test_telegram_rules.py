"""What is worth telling, and when: counts and times in, notices out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.cloud.telegram_rule_settings import RuleSettings, When, check_names, default_rules
from parking_monitor.cloud.telegram_rules import RuleBook
from parking_monitor.values import Count, CountState, Occupancy, ZoneCount
from tests.unit.cloud.builders import a_count


def rule(when: str, **settings: Any) -> RuleSettings:
    return RuleSettings(when=When(when), **{'min_interval_s': 1.0, **settings})


def with_zone(occupied: int, free: int, unknown: int = 0, **more: Any) -> Count:
    zones = (ZoneCount('front row', occupied, Occupancy(occupied, free, unknown)),)
    return a_count(occupied, zones=zones, **more)


@dataclass
class Watched:
    """Play counts to rules, a second after another, and note what they say and when."""

    book: RuleBook
    now_s: float = 1000.0
    told: list[tuple[float, str]] = field(default_factory=list)

    def see(self, *counts: Count | int | Mapping[str, Count | None] | None, for_s: float = 1.0) -> list[str]:
        """Let each count stand for a while, in looks a second apart; return what was told."""
        before = len(self.told)
        for count in counts:
            seen = a_count(count) if isinstance(count, int) else count
            by_camera = seen if isinstance(seen, Mapping) else {'lane': seen}
            end_s = self.now_s + for_s
            while self.now_s < end_s:
                self.told += [(self.now_s, notice.text) for notice in self.book.see(by_camera, self.now_s)]
                self.now_s += 1.0
        return [text for _, text in self.told[before:]]


def watching(*rules: RuleSettings, cameras: tuple[str, ...] = ('lane',), facility: str = '') -> Watched:
    return Watched(RuleBook(rules, cameras, facility))


def test_each_change_is_told_and_nothing_else() -> None:
    watched = watching(rule('change'))
    assert watched.see(2, 2, 3, 3, 2) == ['lane: 2 cars', 'lane: 3 cars', 'lane: 2 cars']


def test_what_changes_back_within_the_interval_is_no_news() -> None:
    watched = watching(rule('change', min_interval_s=10))
    assert watched.see(2, 3, 2, for_s=2) == ['lane: 2 cars']
    assert watched.see(2, for_s=30) == []


def test_of_many_changes_within_the_interval_the_last_one_is_told_when_it_is_over() -> None:
    watched = watching(rule('change', min_interval_s=10))
    watched.see(2, 3, 4, 5, for_s=2)
    watched.see(5, for_s=10)
    assert watched.told == [(1000.0, 'lane: 2 cars'), (1010.0, 'lane: 5 cars')]


def test_a_count_that_is_not_ok_is_no_change() -> None:
    assert watching(rule('change')).see(a_count(9, state=CountState.STALE), None) == []


def test_a_count_is_reached_once_until_it_has_fallen_by_the_hysteresis() -> None:
    watched = watching(rule('count_reached', cars=10, hysteresis=3, for_s=0))
    assert watched.see(9, 10, 11, 9, 8, 10, 12) == ['10 or more. lane: 10 cars']
    assert watched.see(7, 9, 10) == ['10 or more. lane: 10 cars']


def test_a_count_that_is_reached_for_a_moment_is_not_told() -> None:
    watched = watching(rule('count_reached', cars=10, for_s=10))
    assert watched.see(10, 8, 10, 7, for_s=9) == []
    assert watched.see(10, for_s=11) == ['10 or more. lane: 10 cars']


def test_while_nothing_is_seen_a_reached_count_stays_reached() -> None:
    watched = watching(rule('count_reached', cars=3, for_s=0))
    lost = a_count(0, state=CountState.COVERED)
    assert watched.see(3, lost, 3) == ['3 or more. lane: 3 cars']


def test_a_single_car_can_be_waited_for() -> None:
    assert watching(rule('count_reached', cars=1, for_s=0)).see(0, 1, 0, 1) == ['1 or more. lane: 1 car'] * 2


def test_a_zone_is_full_when_each_of_its_places_is_known_to_be_taken() -> None:
    watched = watching(rule('zone_full', for_s=0))
    told = watched.see(with_zone(7, 1), with_zone(7, 0, 1), with_zone(8, 0))
    assert told == ['front row is full (8 of 8). lane: 8 cars']
    assert watched.see(with_zone(7, 0, 1), with_zone(8, 0)) == []
    assert watched.see(with_zone(7, 1), with_zone(8, 0)) == told


def test_a_zone_without_places_is_never_full() -> None:
    assert watching(rule('zone_full', for_s=0)).see(with_zone(0, 0)) == []


def test_only_the_zones_that_were_named_are_watched() -> None:
    assert watching(rule('zone_full', zones=('ramp',), for_s=0)).see(with_zone(8, 0)) == []


def test_each_zone_has_an_interval_of_its_own() -> None:
    full = Occupancy(2, 0, 0)
    count = a_count(4, zones=(ZoneCount('a', 2, full), ZoneCount('b', 2, full)))
    told = watching(rule('zone_full', for_s=0, min_interval_s=100)).see(count, for_s=5)
    assert [text.split('.')[0] for text in told] == ['a is full (2 of 2)', 'b is full (2 of 2)']


def test_a_lot_is_empty_when_no_camera_sees_a_car() -> None:
    watched = watching(rule('lot_empty', for_s=60), cameras=('a', 'b'), facility='North')
    assert watched.see({'a': a_count(0), 'b': a_count(1)}, for_s=100) == []
    assert watched.see({'a': a_count(0), 'b': None}, for_s=100) == []
    assert watched.see({'a': a_count(0), 'b': a_count(0, state=CountState.STALE)}, for_s=100) == []
    assert watched.see({'a': a_count(0), 'b': a_count(0)}, for_s=100) == ['empty for 1 min. North: 0 cars']


def test_a_car_that_only_flickers_does_not_make_a_lot_empty_again() -> None:
    watched = watching(rule('lot_empty', for_s=60))
    assert len(watched.see(a_count(0), for_s=100)) == 1
    assert watched.see(1, 0, 1, 0, 1, 0, for_s=59) == []


@pytest.mark.parametrize('state', [state for state in CountState if state is not CountState.OK])
def test_a_count_that_cannot_be_trusted_is_told_and_that_it_can_be_again(state: CountState) -> None:
    watched = watching(rule('stale', for_s=300), facility='North')
    assert watched.see(a_count(4), for_s=100) == []
    first = watched.see(a_count(4, state=state), for_s=400)
    if state is CountState.UNKNOWN:
        assert first == ['no count for 5 min. North, lane']
    else:
        assert first == [f'{state.name} for 5 min. North, lane, last known: 4 cars ({state.name})']
    assert watched.see(a_count(5), for_s=400) == ['OK again after 6 min. North, lane: 5 cars']


def test_a_camera_that_never_says_anything_is_told() -> None:
    assert watching(rule('stale', for_s=120)).see(None, for_s=500) == ['no count for 2 min. lane']


def test_a_short_silence_is_not_told() -> None:
    watched = watching(rule('stale', for_s=300))
    assert watched.see(*[a_count(4, state=CountState.STALE), a_count(4)] * 3, for_s=200) == []


def test_a_rule_can_be_for_one_camera() -> None:
    watched = watching(rule('change', cameras=('b',)), cameras=('a', 'b'))
    assert watched.see({'a': a_count(1), 'b': a_count(2)}) == ['b: 2 cars']


def test_two_rules_of_a_kind_do_not_disturb_each_other() -> None:
    watched = watching(
        rule('count_reached', cars=5, for_s=0), rule('count_reached', cars=10, for_s=0, min_interval_s=100)
    )
    assert len(watched.see(4, 6, 11)) == 2


def test_who_gives_no_rules_is_told_of_changes_and_of_counts_not_to_be_trusted() -> None:
    assert [one.when for one in default_rules()] == [When.CHANGE, When.STALE]


ZONES = st.builds(
    lambda occupied, free, unknown: (ZoneCount('z', occupied, Occupancy(occupied, free, unknown)),),
    *[st.integers(0, 2)] * 3,
)
COUNTS = st.one_of(
    st.none(), st.builds(a_count, st.integers(0, 6), state=st.sampled_from(CountState), zones=ZONES)
)
RULES = st.builds(
    lambda when, min_interval_s, for_s: RuleSettings(
        when=when,
        cars=3 if when is When.COUNT_REACHED else None,
        for_s=None if when is When.CHANGE else for_s,
        min_interval_s=min_interval_s,
    ),
    st.sampled_from(When),
    st.sampled_from([1.0, 5.0, 60.0]),
    st.sampled_from([0.0, 2.0, 30.0]),
)
MOMENTS = st.lists(
    st.tuples(st.floats(0, 40), st.fixed_dictionaries({'a': COUNTS, 'b': COUNTS})), min_size=1, max_size=60
)


@given(st.lists(RULES, min_size=1, max_size=4), MOMENTS)
def test_no_rule_speaks_twice_within_its_shortest_interval(
    rules: list[RuleSettings], moments: list[tuple[float, Mapping[str, Count | None]]]
) -> None:
    book, now_s, last_s = RuleBook(rules, ('a', 'b')), 0.0, dict[str, float]()
    for wait_s, counts in moments:
        now_s += wait_s
        for notice in book.see(counts, now_s):
            interval_s = rules[int(notice.key.split()[0])].min_interval_s
            assert now_s - last_s.get(notice.key, float('-inf')) >= interval_s
            assert notice.camera in {'a', 'b'}
            last_s[notice.key] = now_s


@given(RULES)
def test_a_rule_survives_its_way_through_json(one: RuleSettings) -> None:
    assert RuleSettings.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('nonsense', 'is not a rule such as'),
        ('[]', 'is not a rule such as'),
        ('{"cars": 3}', "'when'"),
        ('{"when": "full_moon"}', 'full_moon'),
        ('{"when": "count_reached"}', 'cars is missing'),
        ('{"when": "count_reached", "cars": 0}', 'cars 0 is not allowed; give 1 to 100000'),
        ('{"when": "count_reached", "cars": "3"}', 'is not a rule such as'),
        ('{"when": "count_reached", "cars": 3, "hysteresis": 4}', 'hysteresis 4 is not allowed; give 1 to 3'),
        ('{"when": "stale", "cars": 3}', 'cars has no meaning with when: stale'),
        ('{"when": "change", "for_s": 3}', 'for_s has no meaning with when: change'),
        ('{"when": "stale", "for_s": -1}', 'for_s -1 is not allowed; give 0 to 86400'),
        ('{"when": "stale", "min_interval_s": 0}', 'min_interval_s 0 is not allowed; give 1 to 86400'),
        ('{"when": "stale", "moon": 1}', 'moon'),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RuleSettings.from_json(text)


def test_names_that_nobody_has_are_found() -> None:
    zones = {'a': ['front'], 'b': []}
    rules = [
        rule('stale', cameras=('c',)),
        rule('zone_full', zones=('back',)),
        rule('zone_full', cameras=('b',)),
        rule('zone_full', zones=('front',)),
    ]
    assert check_names(rules, zones) == [
        (0, 'cameras', 'c is no camera; there are: a, b'),
        (1, 'zones', 'back is no zone of its cameras; there are: front'),
        (2, 'when', 'its cameras have no zones; draw one, or leave the rule out'),
    ]
