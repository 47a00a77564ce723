"""Put a facility together: its floors, their zones and bays, and the totals with what is not known."""

import datetime as dt
from collections.abc import Callable, Sequence

from parking_fleet.places.facilities import Facilities, FacilitySection, place_id
from parking_fleet.places.joining import join_bays
from parking_fleet.places.views import Basis, BayView, CameraView, FacilityView, FloorView, Places, sum_of
from parking_fleet.store.values import CameraState

Doubt = Callable[[CameraState], str]
"""Says why what a camera told does not hold now; '' when it does."""


def facility_view(
    name: str,
    cameras: Sequence[CameraState],
    config: Facilities,
    doubt: Doubt,
    *,
    silent: frozenset[str],
    now_ms: int,
    before: FacilityView | None = None,
) -> FacilityView:
    """Return a facility as it is now.

    Args:
        name: as the devices tell it.
        cameras: all its cameras.
        config: facilities.yaml.
        doubt: says why a camera's count does not hold.
        silent: uuids of devices that are not heard.
        now_ms: Unix milliseconds.
        before: the same facility a while ago; its floors are taken over where no camera tells anything
            else. Of bays that several cameras see, all evidence counts for less with time by the same
            factor, so that the best stays the best.
    """
    section = config.section(name)
    by_floor: dict[str, list[CameraView]] = {each.name: [] for each in section.floors} if section else {}
    for camera in sorted(cameras, key=lambda each: each.key):
        why = doubt(camera)
        by_floor.setdefault(camera.floor, []).append(CameraView(camera, not why, why))
    views = [view for each in by_floor.values() for view in each]
    interval_s = config.interval_of(name)
    known = {floor.name: floor for floor in before.floors} if before else {}
    floors = tuple(
        old
        if (old := known.get(floor)) and old.cameras == tuple(by_floor[floor])
        else _floor(floor, by_floor[floor], section, interval_s, now_ms)
        for floor in sorted(by_floor)
    )
    places, basis = _facility_places(floors, views, section)
    uuids = {camera.uuid for camera in cameras}
    gates = [view.state for view in views if view.state.gates]
    zone = config.zone(name)
    return FacilityView(
        id=place_id(name),
        name=name,
        title=(section and section.title) or name or 'Unassigned devices',
        time_zone=zone.key,
        places=places,
        basis=basis,
        cars=sum(floor.cars for floor in floors),
        inside=sum(state.net for state in gates) if gates else None,
        entered_today=sum(state.entered_today for state in gates),
        left_today=sum(state.left_today for state in gates),
        is_open=section is None or section.is_open(dt.datetime.fromtimestamp(now_ms / 1000, zone)),
        devices=len(uuids),
        devices_up=len(uuids - silent),
        disputed=sum(bay.is_disputed for floor in floors for bay in floor.bays),
        newest_ms=max((camera.observed_ms for camera in cameras), default=0),
        floors=floors,
    )


def _floor(
    name: str, cameras: list[CameraView], section: FacilitySection | None, interval_s: float, now_ms: int
) -> FloorView:
    told = next((each for each in section.floors if each.name == name), None) if section else None
    bays = join_bays(((view.state, view.is_known, interval_s) for view in cameras), now_ms)
    places = sum_of([_of_bays(bays), *(_beside_bays(view) for view in cameras)])
    if told is not None and told.capacity is not None:
        places = _filled_up(places, told.capacity)
    return FloorView(
        name=name,
        title=(told and told.title) or name,
        places=places,
        cars=sum(view.state.cars for view in cameras if view.is_known),
        bays=bays,
        cameras=tuple(cameras),
    )


def _of_bays(bays: Sequence[BayView]) -> Places:
    states = [bay.state for bay in bays]
    return Places(states.count('FREE'), states.count('OCCUPIED'), states.count('UNKNOWN'))


def _beside_bays(view: CameraView) -> Places:
    """Return the places of a camera that are no bays: those of its zones without bays."""
    state = view.state
    if not view.is_known:
        return Places(unknown=max(state.capacity - len(state.bays), 0))
    own = [bay.state for bay in state.bays]
    return Places(
        max(state.free - own.count('FREE'), 0),
        max(state.occupied - own.count('OCCUPIED'), 0),
        max(state.unknown - own.count('UNKNOWN'), 0),
    )


def _filled_up(places: Places, capacity: int) -> Places:
    return places + Places(unknown=max(capacity - places.capacity, 0))


def _facility_places(
    floors: Sequence[FloorView], cameras: Sequence[CameraView], section: FacilitySection | None
) -> tuple[Places, Basis]:
    capacity = section.capacity if section else None
    if any(view.state.capacity for view in cameras):
        places = sum_of([floor.places for floor in floors])
        return (_filled_up(places, capacity) if capacity else places), 'places'
    if capacity is None:
        return sum_of([floor.places for floor in floors]), 'nothing'
    gated = [view for view in cameras if view.state.gates]
    used = gated or list(cameras)
    basis: Basis = 'gates' if gated else 'cars' if cameras else 'nothing'
    if not used or not all(view.is_known for view in used):
        # Without every gate or every picture, the sum says nothing of the rest.
        seen = 0 if gated else sum(view.state.cars for view in used if view.is_known)
        occupied = min(seen, capacity)
        return Places(0, occupied, capacity - occupied), basis
    total = sum(view.state.net if gated else view.state.cars for view in used)
    occupied = min(max(total, 0), capacity)
    return Places(capacity - occupied, occupied, 0), basis
