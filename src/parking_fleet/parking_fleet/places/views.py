"""Hold what a place is like at one moment, as a page or an answer of the API shows it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from parking_fleet.store.values import BayStateName, CameraState

Basis = Literal['places', 'gates', 'cars', 'nothing']


@dataclass(frozen=True, slots=True)
class Places:
    """Hold how many places are free, occupied and unknown; of the unknown ones each may be either."""

    free: int = 0
    occupied: int = 0
    unknown: int = 0

    @property
    def capacity(self) -> int:
        """Return how many places there are."""
        return self.free + self.occupied + self.unknown

    @property
    def free_most(self) -> int:
        """Return how many are free at most; `free` is the least."""
        return self.free + self.unknown

    @property
    def occupied_most(self) -> int:
        """Return how many are occupied at most; `occupied` is the least."""
        return self.occupied + self.unknown

    def __add__(self, other: 'Places') -> 'Places':
        return Places(self.free + other.free, self.occupied + other.occupied, self.unknown + other.unknown)


def sum_of(places: Collection[Places]) -> Places:
    """Return the places of all together."""
    return Places(
        sum([each.free for each in places]),
        sum([each.occupied for each in places]),
        sum([each.unknown for each in places]),
    )


@dataclass(frozen=True, slots=True)
class BayEvidence:
    """Hold what one camera says of a bay; `weight` is its confidence, less with age, 0 when it cannot say."""

    uuid: str
    camera: str
    state: BayStateName
    confidence: float
    observed_ms: int
    weight: float


@dataclass(frozen=True, slots=True)
class BayView:
    """Hold a bay once, whoever sees it.

    Attributes:
        state: of the best evidence.
        last: what it was when last known.
        evidence: of all cameras that see it, the best first.
        is_disputed: whether cameras that see it now say different things.
    """

    name: str
    state: BayStateName
    last: BayStateName
    confidence: float
    evidence: tuple[BayEvidence, ...]
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class ZoneView:
    """Hold a zone of one camera; nothing of it is known while `is_known` is false."""

    name: str
    uuid: str
    camera: str
    cars: int
    places: Places
    is_known: bool


@dataclass(frozen=True, slots=True)
class CameraView:
    """Hold a camera, and whether what it says holds now."""

    state: CameraState
    is_known: bool
    why_unknown: str


@dataclass(frozen=True, slots=True)
class FloorView:
    """Hold a floor.

    Attributes:
        places: each once; where `capacity` in facilities.yaml is more, the rest is unknown.
        cars: in the pictures of the cameras that see now.
        bays: each once.
        cameras: all cameras, also those that say nothing now.
    """

    name: str
    title: str
    places: Places
    cars: int
    bays: tuple[BayView, ...]
    cameras: tuple[CameraView, ...]

    @property
    def zones(self) -> tuple[ZoneView, ...]:
        """Return the zones of all cameras."""
        return tuple(
            ZoneView(
                name=zone.name,
                uuid=view.state.uuid,
                camera=view.state.camera,
                cars=zone.cars,
                places=Places(zone.free, zone.occupied, zone.unknown)
                if view.is_known
                else Places(unknown=zone.capacity),
                is_known=view.is_known,
            )
            for view in self.cameras
            for zone in view.state.zones
        )


@dataclass(frozen=True, slots=True)
class FacilityView:
    """Hold a facility.

    Attributes:
        id: its name in addresses.
        name: as the devices tell it.
        title: as people call it.
        places: the sum of its floors, and what `capacity` in facilities.yaml has more.
        basis: what `places` rests on: bays and zones, the totals of gates, or the cars seen.
        cars: in the pictures of the cameras that see now.
        inside: cars inside by the totals of all gates; None without gates.
        entered_today, left_today: through gates, since midnight there.
        is_open: by the opening hours.
        devices, devices_up: how many there are, and how many are heard.
        disputed: bays of which cameras say different things.
        newest_ms: time of the newest count; 0 when there is none.
    """

    id: str
    name: str
    title: str
    time_zone: str
    places: Places
    basis: Basis
    cars: int
    inside: int | None
    entered_today: int
    left_today: int
    is_open: bool
    devices: int
    devices_up: int
    disputed: int
    newest_ms: int
    floors: tuple[FloorView, ...]
