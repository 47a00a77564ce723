"""All cameras together: each bay once, each zone once, and the sums are right."""

from hypothesis import given
from hypothesis import strategies as st

from parking_monitor.counting.lot_view import LotBay, LotOccupancy, merge
from parking_monitor.values import BayCount, BayState, Count, CountState, Occupancy, ZoneCount

FREE, OCCUPIED, UNKNOWN = BayState.FREE, BayState.OCCUPIED, BayState.UNKNOWN


def a_bay(
    name: str = 'A1', state: BayState = FREE, *, confidence: float = 0.9, zone: str = '', since_ns: int = 1
) -> BayCount:
    return BayCount(
        name=name, zone=zone, state=state, last=state or FREE, confidence=confidence, since_ns=since_ns
    )


def a_view(
    *bays: BayCount,
    zones: tuple[ZoneCount, ...] = (),
    state: CountState = CountState.OK,
    stamp_ns: int = 10,
) -> Count:
    return Count(stamp_ns=stamp_ns, state=state, cars=0, bays=bays, zones=zones)


def the_bay(lot: LotOccupancy) -> LotBay:
    (one,) = lot.bays
    return one


def test_no_cameras_see_nothing() -> None:
    assert merge({}) == LotOccupancy()


def test_a_bay_that_two_cameras_see_counts_once() -> None:
    lot = merge({'north': a_view(a_bay()), 'south': a_view(a_bay(), a_bay('A2', OCCUPIED))})
    assert [one.bay.name for one in lot.bays] == ['A1', 'A2']
    assert lot.places == Occupancy(occupied=1, free=1)


def test_who_knows_is_believed_before_who_does_not() -> None:
    sees = a_bay(state=OCCUPIED, confidence=0.1)
    lot = merge({'north': a_view(a_bay(state=UNKNOWN, confidence=1.0)), 'south': a_view(sees)})
    assert the_bay(lot) == LotBay('south', sees)


def test_of_two_who_know_the_surer_is_believed() -> None:
    sure, unsure = a_bay(state=OCCUPIED, confidence=0.8), a_bay(state=FREE, confidence=0.7)
    lot = merge({'north': a_view(unsure, stamp_ns=99), 'south': a_view(sure)})
    assert the_bay(lot) == LotBay('south', sure)


def test_of_two_who_are_as_sure_the_later_is_believed() -> None:
    lot = merge(
        {'north': a_view(a_bay(state=FREE), stamp_ns=10), 'south': a_view(a_bay(state=OCCUPIED), stamp_ns=11)}
    )
    assert the_bay(lot).camera == 'south'


def test_a_camera_that_sees_nothing_knows_no_bay_but_keeps_what_it_was() -> None:
    for state in CountState:
        if state is not CountState.OK:
            bay = the_bay(merge({'north': a_view(a_bay(state=OCCUPIED), state=state)})).bay
            assert (bay.state, bay.last) == (UNKNOWN, OCCUPIED)


def test_a_zone_has_all_its_bays_whoever_sees_them() -> None:
    north = a_view(a_bay('A1', zone='front'), zones=(ZoneCount('front', 1, Occupancy(free=1)),))
    south = a_view(
        a_bay('A1', zone='front'),
        a_bay('A2', OCCUPIED, zone='front'),
        zones=(ZoneCount('front', 3, Occupancy(free=1, occupied=1)),),
    )
    lot = merge({'north': north, 'south': south})
    assert lot.zones == (ZoneCount('front', 3, Occupancy(occupied=1, free=1)),)
    assert lot.places == Occupancy(occupied=1, free=1)


def test_a_zone_whose_bays_another_camera_sees_has_no_places_beside_them() -> None:
    north = a_view(zones=(ZoneCount('front', 2, Occupancy(occupied=2)),))
    south = a_view(a_bay('A1', zone='front'), a_bay('A2', zone='front'))
    assert merge({'north': north, 'south': south}).places == Occupancy(free=2)


def test_a_zone_without_bays_that_two_cameras_see_has_its_places_once() -> None:
    north = a_view(zones=(ZoneCount('ramp', 1, Occupancy(occupied=1, free=4)),))
    south = a_view(zones=(ZoneCount('ramp', 3, Occupancy(occupied=3, free=2)),))
    lot = merge({'north': north, 'south': south})
    assert lot.zones == (ZoneCount('ramp', 3, Occupancy(occupied=3, free=2)),)
    assert lot.places == Occupancy(occupied=3, free=2)


def test_of_a_zone_a_blind_camera_says_nothing_while_another_sees_it() -> None:
    blind = a_view(zones=(ZoneCount('ramp', 9, Occupancy(occupied=5)),), state=CountState.STALE)
    sees = a_view(zones=(ZoneCount('ramp', 1, Occupancy(occupied=1, free=4)),))
    assert merge({'north': blind, 'south': sees}).zones == (
        ZoneCount('ramp', 1, Occupancy(occupied=1, free=4)),
    )


zone_names = st.sampled_from(['front', 'back', 'ramp'])
bay_names = st.sampled_from(['A1', 'A2', 'A3', 'B1', 'B2'])
bays = st.builds(
    BayCount,
    name=bay_names,
    zone=st.just('') | zone_names,
    state=st.sampled_from(BayState),
    last=st.sampled_from(BayState),
    confidence=st.floats(0, 1),
    since_ns=st.integers(0, 3),
)
few = st.integers(0, 9)
zones = st.builds(ZoneCount, zone_names, few, st.builds(Occupancy, few, few, few))
views = st.builds(
    Count,
    stamp_ns=st.integers(0, 3),
    state=st.sampled_from(CountState),
    cars=few,
    bays=st.lists(bays, max_size=5, unique_by=lambda bay: bay.name).map(tuple),
    zones=st.lists(zones, max_size=3, unique_by=lambda zone: zone.name).map(tuple),
)
cameras = st.dictionaries(st.sampled_from(['north', 'south', 'east', 'west']), views, max_size=4)


@given(cameras)
def test_zones_and_bays_outside_of_zones_add_up_to_the_lot(counts: dict[str, Count]) -> None:
    lot = merge(counts)
    outside = [one.bay.state for one in lot.bays if not one.bay.zone]
    total = sum(
        (zone.places for zone in lot.zones),
        Occupancy(*(outside.count(state) for state in (OCCUPIED, FREE, UNKNOWN))),
    )
    assert total == lot.places
    assert lot.places.capacity == lot.places.occupied + lot.places.free + lot.places.unknown


@given(cameras)
def test_every_bay_and_every_zone_is_there_exactly_once(counts: dict[str, Count]) -> None:
    lot = merge(counts)
    seen_bays = {bay.name for count in counts.values() for bay in count.bays}
    seen_zones = {zone.name for count in counts.values() for zone in count.zones}
    seen_zones |= {one.bay.zone for one in lot.bays if one.bay.zone}
    assert [one.bay.name for one in lot.bays] == sorted(seen_bays)
    assert [zone.name for zone in lot.zones] == sorted(seen_zones)


@given(cameras, st.randoms(use_true_random=False))
def test_the_order_of_the_cameras_does_not_matter(counts: dict[str, Count], random: object) -> None:
    shuffled = list(counts.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined] # a random.Random
    assert merge(dict(shuffled)) == merge(counts)


@given(cameras)
def test_only_a_camera_that_is_ok_makes_a_bay_known(counts: dict[str, Count]) -> None:
    for one in merge(counts).bays:
        if one.bay.state is not UNKNOWN:
            assert counts[one.camera].state is CountState.OK
