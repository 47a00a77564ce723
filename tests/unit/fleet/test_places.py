import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parking_fleet.errors import SettingsError
from parking_fleet.places.facilities import Facilities, load_facilities, place_id
from parking_fleet.places.joining import join_bays
from parking_fleet.places.shares import bay_shares
from parking_fleet.places.tree import facility_view
from parking_fleet.places.views import FacilityView, Places
from parking_fleet.store.values import CameraState
from tests.support.fleet_messages import NOON_MS

NUMBERS = (
    'cars', 'entered', 'left', 'net', 'capacity', 'occupied', 'free', 'unknown',
    'entered_today', 'left_today',
)  # fmt: skip


def camera(
    name: str = 'north',
    *,
    bays: dict[str, tuple[str, float]] | None = None,
    gates: tuple[str, ...] = (),
    age_s: float = 0.0,
    **changes: Any,
) -> CameraState:
    """Return a camera; `bays` are states and confidences by name."""
    told = [{'name': bay, 'state': state, 'confidence': sure} for bay, (state, sure) in (bays or {}).items()]
    states = [state for state, _ in (bays or {}).values()]
    places = {
        'capacity': len(states),
        'free': states.count('FREE'),
        'occupied': states.count('OCCUPIED'),
        'unknown': states.count('UNKNOWN'),
    }
    numbers = {
        **dict.fromkeys(NUMBERS, 0),
        **places,
        'uuid': 'device-1',
        'camera': name,
        'facility': 'Riverside',
        'floor': 'P1',
        'seq': 1,
        'observed_ms': NOON_MS - int(age_s * 1000),
        'received_ms': NOON_MS,
        'state': 'OK',
        **changes,
    }
    zones = numbers.pop('zones', [])
    return CameraState.make(
        numbers, zones=zones, bays=told, gates=[{'name': gate, 'entered': 0, 'left': 0} for gate in gates]
    )


def view(
    *cameras: CameraState,
    lost: tuple[str, ...] = (),
    config: Facilities | None = None,
    later_s: float = 0.0,
    before: FacilityView | None = None,
) -> FacilityView:
    """Return the facility; the cameras named in `lost` say nothing now."""
    return facility_view(
        'Riverside',
        cameras,
        config or Facilities(),
        lambda each: 'the device is silent' if each.camera in lost else '',
        silent=frozenset(),
        now_ms=NOON_MS + int(later_s * 1000),
        before=before,
    )


BAY_NAMES = st.sets(st.sampled_from(['A1', 'A2', 'A3', 'A4', 'A5', 'A6']), max_size=6)


@given(st.lists(st.tuples(BAY_NAMES, st.integers(0, 5)), min_size=1, max_size=5))
def test_by_their_shares_cameras_have_each_bay_once_together(seen: list[tuple[set[str], int]]) -> None:
    cameras = [
        camera(f'camera-{number}', bays=dict.fromkeys(names, ('FREE', 0.9)), capacity=len(names) + beside)
        for number, (names, beside) in enumerate(seen)
    ]
    shares = bay_shares(cameras)
    assert all(0 < share <= 1 for share in shares.values())
    different = len(set().union(*(names for names, _ in seen)))
    together = sum(shares[each.key] * each.capacity for each in cameras)
    assert together == pytest.approx(different + sum(beside for _, beside in seen))


def test_a_bay_that_two_cameras_see_counts_once() -> None:
    north = camera('north', bays={'A1': ('OCCUPIED', 0.9), 'A2': ('FREE', 0.9)})
    south = camera('south', bays={'A2': ('FREE', 0.8), 'A3': ('FREE', 0.9)})
    assert view(north, south).places == Places(free=2, occupied=1, unknown=0)


def test_bays_of_one_name_on_two_floors_are_two() -> None:
    north, upstairs = (
        camera('north', bays={'A1': ('FREE', 0.9)}),
        camera('up', floor='P2', bays={'A1': ('FREE', 0.9)}),
    )
    assert view(north, upstairs).places.capacity == 2


def test_the_better_evidence_wins_and_a_disagreement_is_told() -> None:
    sure, unsure = (
        camera('north', bays={'A1': ('OCCUPIED', 0.9)}),
        camera('south', bays={'A1': ('FREE', 0.6)}),
    )
    for cameras in ((sure, unsure), (unsure, sure)):
        facility = view(*cameras)
        (bay,) = facility.floors[0].bays
        assert (bay.state, bay.is_disputed, bay.evidence[0].camera) == ('OCCUPIED', True, 'north')
        assert facility.disputed == 1


def test_fresh_evidence_wins_over_surer_evidence_that_is_old() -> None:
    old = camera('north', bays={'A1': ('OCCUPIED', 0.9)}, age_s=240)
    fresh = camera('south', bays={'A1': ('FREE', 0.6)})
    assert view(old, fresh).floors[0].bays[0].state == 'FREE'


def test_a_camera_that_sees_wins_over_one_that_does_not() -> None:
    blind, seeing = (
        camera('north', bays={'A1': ('UNKNOWN', 0.99)}),
        camera('south', bays={'A1': ('FREE', 0.1)}),
    )
    (bay,) = view(blind, seeing).floors[0].bays
    assert (bay.state, bay.is_disputed) == ('FREE', False)


def test_places_of_a_silent_camera_are_unknown_and_totals_say_at_least_and_at_most() -> None:
    north = camera('north', bays={'A1': ('OCCUPIED', 0.9), 'A2': ('FREE', 0.9)}, cars=1)
    south = camera('south', capacity=10, occupied=4, free=6, cars=4)
    facility = view(north, south, lost=('south',))
    assert facility.places == Places(free=1, occupied=1, unknown=10)
    assert (facility.places.free_most, facility.places.occupied_most) == (11, 11)
    assert facility.cars == 1
    assert facility.floors[0].cameras[1].why_unknown == 'the device is silent'


def test_a_bay_that_a_silent_camera_shares_is_known_by_the_other() -> None:
    north, south = (
        camera('north', bays={'A1': ('OCCUPIED', 0.9)}),
        camera('south', bays={'A1': ('FREE', 0.5)}),
    )
    (bay,) = view(north, south, lost=('north',)).floors[0].bays
    assert (bay.state, bay.is_disputed) == ('FREE', False)


def test_zones_of_a_silent_camera_are_unknown() -> None:
    told = [{'name': 'row', 'cars': 2, 'capacity': 5, 'occupied': 2, 'free': 3}]
    zone = view(camera(zones=told)).floors[0].zones[0]
    assert (zone.is_known, zone.places) == (True, Places(3, 2, 0))
    zone = view(camera(zones=told), lost=('north',)).floors[0].zones[0]
    assert (zone.is_known, zone.places) == (False, Places(unknown=5))


def config(**section: Any) -> Facilities:
    return Facilities.model_validate({'facilities': [{'name': 'Riverside', **section}]})


def test_what_nobody_sees_of_a_known_capacity_is_unknown() -> None:
    facility = view(camera(bays={'A1': ('FREE', 0.9)}), config=config(capacity=100))
    assert facility.places == Places(free=1, occupied=0, unknown=99)
    floors = config(floors=[{'name': 'P1', 'capacity': 5}, {'name': 'P9', 'capacity': 7}])
    facility = view(camera(bays={'A1': ('FREE', 0.9)}), config=floors)
    assert facility.places == Places(free=1, occupied=0, unknown=11)
    assert [floor.name for floor in facility.floors] == ['P1', 'P9']


def test_a_facility_with_gates_alone_is_counted_by_its_gates() -> None:
    gates = camera('north', gates=('in',), net=30), camera('south', gates=('out',), net=-4)
    facility = view(*gates, config=config(capacity=100))
    assert (facility.basis, facility.inside, facility.places) == ('gates', 26, Places(74, 26, 0))
    facility = view(*gates, config=config(capacity=100), lost=('south',))
    assert facility.places == Places(unknown=100)


def test_a_facility_without_bays_and_gates_is_counted_by_its_cars() -> None:
    facility = view(camera(cars=12), config=config(capacity=20))
    assert (facility.basis, facility.places) == ('cars', Places(8, 12, 0))
    assert view(camera(cars=12)).basis == 'nothing'


@given(
    st.dictionaries(st.sampled_from('ABCDE'), st.sampled_from(['FREE', 'OCCUPIED', 'UNKNOWN']), min_size=1),
    st.dictionaries(st.sampled_from('ABCDE'), st.sampled_from(['FREE', 'OCCUPIED', 'UNKNOWN'])),
    st.booleans(),
)
def test_every_bay_is_in_the_totals_once(north: dict[str, str], south: dict[str, str], is_lost: bool) -> None:
    cameras = (
        camera('north', bays={name: (state, 0.9) for name, state in north.items()}),
        camera('south', bays={name: (state, 0.5) for name, state in south.items()}),
    )
    facility = view(*cameras, lost=('north',) if is_lost else ())
    assert facility.places.capacity == len({*north, *south})
    assert [bay.name for bay in facility.floors[0].bays] == sorted({*north, *south})


def test_what_a_bay_was_is_told_while_nobody_sees_it() -> None:
    (bay,) = join_bays([(camera(bays={'A1': ('OCCUPIED', 0.9)}), False, 120.0)], NOON_MS)
    assert (bay.state, bay.last) == ('UNKNOWN', 'OCCUPIED')


def test_opening_hours_may_end_past_midnight() -> None:
    section = config(opening_hours={'mon-thu': '06:00-22:00', 'fri': '18:00-02:00', 'sun': 'closed'}).section(
        'Riverside'
    )
    assert section is not None
    monday = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)

    def is_open(days: int, hours: float) -> bool:
        return section.is_open(monday + dt.timedelta(days=days, hours=hours))

    assert [is_open(0, hour) for hour in (5.9, 6, 21.9, 22)] == [False, True, True, False]
    assert [is_open(4, 17), is_open(4, 23), is_open(5, 1.9), is_open(5, 2), is_open(6, 12)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_facilities_yaml_is_read_and_its_mistakes_are_told(tmp_path: Path) -> None:
    file = tmp_path / 'facilities.yaml'
    file.write_text('facilities:\n- {name: A, capacity: 10, time_zone: Europe/Berlin}\n')
    read = load_facilities(file, time_zone='Asia/Tokyo')
    assert (read.zone('A').key, read.zone('B').key) == ('Europe/Berlin', 'Asia/Tokyo')
    file.write_text(
        "facilities:\n- {name: A, capacity: 0, time_zone: Mars, opening_hours: {mon: '9 to 5'}}\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_facilities(file)
    for told in ('facilities.0.capacity', "no time zone is called 'Mars'", "'9 to 5' are no hours"):
        assert told in str(caught.value)


def test_ids_are_good_in_addresses_and_tell_names_apart() -> None:
    names = ['Riverside garage', 'Riverside-garage', 'riverside garage', 'Ä', '駐車場', '', 'unassigned']
    ids = [place_id(name) for name in names]
    assert len(set(ids)) == len(ids)
    assert ids[0].startswith('riverside-garage-')


EVIDENCE = st.tuples(
    st.sampled_from(['FREE', 'OCCUPIED', 'UNKNOWN']), st.floats(0.05, 1.0), st.integers(0, 300)
)


@given(st.lists(EVIDENCE, min_size=1, max_size=4), st.integers(0, 300))
def test_time_alone_does_not_change_which_evidence_of_a_bay_is_best(
    told: list[tuple[str, float, int]], later_s: int
) -> None:
    cameras = [
        camera(f'camera-{number}', bays={'A1': (state, sure)}, age_s=age_s)
        for number, (state, sure, age_s) in enumerate(told)
    ]
    weights = sorted(
        one.weight for bay in view(*cameras).floors[0].bays for one in bay.evidence if one.weight
    )
    # Of two that are as good to the last digit, either may be taken.
    assume(all(high > low * (1 + 1e-9) for low, high in pairwise(weights)))
    anew = view(*cameras, later_s=later_s)
    kept = view(*cameras, later_s=later_s, before=view(*cameras))
    assert kept.places == anew.places
    assert [(bay.state, bay.is_disputed) for bay in kept.floors[0].bays] == [
        (bay.state, bay.is_disputed) for bay in anew.floors[0].bays
    ]


def test_only_the_floor_on_which_something_happened_is_made_anew() -> None:
    low, high = camera(bays={'A1': ('FREE', 0.9)}), camera('roof', floor='P2', bays={'B1': ('FREE', 0.9)})
    before = view(low, high)
    taken = camera('roof', floor='P2', seq=2, bays={'B1': ('OCCUPIED', 0.9)})
    after = view(low, taken, before=before)
    assert after.floors[0] is before.floors[0]
    assert (after.places, after.floors[1].places) == (Places(1, 1, 0), Places(0, 1, 0))
    assert view(low, taken, lost=('roof',), before=after).places == Places(1, 0, 1)
