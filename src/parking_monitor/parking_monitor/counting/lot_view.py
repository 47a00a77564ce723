"""See all cameras of a device as one: each bay once, each zone once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from parking_monitor.values import BayCount, BayState, Count, CountState, Occupancy, ZoneCount


@dataclass(frozen=True, slots=True)
class LotBay:
    """Hold a bay, and the camera whose word on it was taken."""

    camera: str
    bay: BayCount


@dataclass(frozen=True, slots=True, kw_only=True)
class LotOccupancy:
    """Hold how full everything is that the cameras see together.

    Attributes:
        stamp_ns: of the newest count that it rests on; 0 when there is none.
        places: of all bays and all zones without bays.
        zones: by name.
        bays: by name.
    """

    stamp_ns: int = 0
    places: Occupancy = field(default_factory=Occupancy)
    zones: tuple[ZoneCount, ...] = ()
    bays: tuple[LotBay, ...] = ()


def merge(counts: Mapping[str, Count]) -> LotOccupancy:
    """Put the counts of cameras together, by the camera's name.

    Of a bay that several cameras see, the better evidence is taken: known beats unknown, then
    the higher confidence, then the later picture. What a camera says that is not OK is not
    known. Zones of one name are one zone: its places are all its bays, or where it has none
    those of the camera that sees it and finds the most of them taken; its cars are the most
    that one camera sees in it, since the same car may be seen by two.
    """
    seen = {
        camera: count if count.state is CountState.OK else count.lost(count.state)
        for camera, count in counts.items()
    }
    bays = _bays(seen)
    places_of_bays: dict[str, Occupancy] = {}
    for one in bays:
        zone = one.bay.zone
        places_of_bays[zone] = places_of_bays.get(zone, Occupancy()) + _place(one.bay)
    zones = tuple(_zones(seen, places_of_bays))
    places = sum((zone.places for zone in zones), places_of_bays.get('', Occupancy()))
    stamp_ns = max((count.stamp_ns for count in seen.values()), default=0)
    return LotOccupancy(stamp_ns=stamp_ns, places=places, zones=zones, bays=bays)


def _bays(seen: Mapping[str, Count]) -> tuple[LotBay, ...]:
    best: dict[str, LotBay] = {}
    zones: dict[str, str] = {}
    # The latest first, so that of equal evidence it is kept; the name decides when even that is equal.
    for camera, count in sorted(seen.items(), key=lambda item: (-item[1].stamp_ns, item[0])):
        for bay in count.bays:
            known = best.get(bay.name)
            if known is None or _evidence(bay) > _evidence(known.bay):
                best[bay.name] = LotBay(camera, bay)
            zones[bay.name] = min(filter(None, (bay.zone, zones.get(bay.name, ''))), default='')
    return tuple(LotBay(one.camera, replace(one.bay, zone=zones[name])) for name, one in sorted(best.items()))


def _evidence(bay: BayCount) -> tuple[bool, float]:
    return bay.state is not BayState.UNKNOWN, bay.confidence


def _place(bay: BayCount) -> Occupancy:
    return Occupancy(
        occupied=int(bay.state is BayState.OCCUPIED),
        free=int(bay.state is BayState.FREE),
        unknown=int(bay.state is BayState.UNKNOWN),
    )


def _zones(seen: Mapping[str, Count], places_of_bays: Mapping[str, Occupancy]) -> Iterator[ZoneCount]:
    named: dict[str, list[tuple[CountState, ZoneCount]]] = {name: [] for name in places_of_bays if name}
    for count in seen.values():
        for zone in count.zones:
            named.setdefault(zone.name, []).append((count.state, zone))
    for name, views in sorted(named.items()):
        fresh = [zone.cars for state, zone in views if state is CountState.OK]
        cars = max(fresh or [zone.cars for _, zone in views], default=0)
        areas = (zone.places for _, zone in views)
        places = places_of_bays.get(name) or max(areas, key=_knowledge, default=Occupancy())
        yield ZoneCount(name, cars, places)


def _knowledge(places: Occupancy) -> tuple[bool, int, int]:
    return places.capacity > places.unknown, places.occupied, places.capacity
