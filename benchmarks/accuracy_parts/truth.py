"""Say what a counter must and may count in a simulated scene.

The truth of a frame is an interval [must, may] of cars:

- A car *must* be counted when at least half of it can be seen now; or when it is in the
  picture, which means at least 30 % of its outline is, and at least half of it was seen at
  some time before: a known car behind a truck or in fog is still there.
- It *may* be counted when at least 10 % of its outline is in the picture: cars that come and
  go at the border, and cars of which nobody ever saw half.

A bay is occupied by a car that stands in it. Of a bay whose car was never half visible,
nobody can know. Only bays that lie in the picture as a whole are asked for, as an operator
would draw them.

A crossing is the moment in which a car's middle passes a gate. Where less than 30 % of the
car could be seen throughout the two seconds around it, both counting and not counting it is
right; so it is in the first second and the last two seconds of a stream, see `measures`.
"""

from collections.abc import Collection, Sequence

from benchmarks.accuracy_parts.source import (
    FrameFacts,
    Interval,
    Layout,
    Line,
    Polygon,
    TrueCrossing,
)
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import CarTruth, EventKind, FrameTruth
from parking_monitor.values import Box, Direction

SEEN = 0.5
"""Share of a car's outline from which it can be known."""
IN_PICTURE = 0.3
AT_BORDER = 0.1
CROSSING_SEEN = 0.3
_AROUND_CROSSING_S = (-1.0, -0.5, 0.0, 0.5, 1.0)
_EDGE = 1e-6


class TruthKeeper:
    """Follow which cars were ever seen; frames are told in the order of time.

    Args:
        bays: the names of those that are asked for.
    """

    def __init__(self, bays: Sequence[str] = ()) -> None:
        self._bays = tuple(bays)
        self._known: set[int] = set()

    def tell(self, frame: FrameTruth, found: Collection[int] | None = None) -> FrameFacts:
        """Return what is true of the next frame.

        Args:
            frame: the next one.
            found: the cars of which a box came so far, where that is known.
        """
        self._known.update(car.car_id for car in frame.cars if car.visibility >= SEEN)
        must = may = knowable = 0
        for car in frame.cars:
            inside = share_inside(car.full_box, frame.width, frame.height)
            is_known = car.car_id in self._known
            is_must = car.visibility >= SEEN or (is_known and inside >= IN_PICTURE)
            must += is_must
            may += is_must or inside >= AT_BORDER
            knowable += is_must and found is not None and car.car_id in found
        return FrameFacts(
            time_s=frame.time_s,
            cars=Interval(must, may),
            bays=self._bay_states(frame.cars),
            knowable=None if found is None else Interval(knowable, may),
            shown=frame.cars,
        )

    def _bay_states(self, cars: Sequence[CarTruth]) -> dict[str, bool]:
        states = dict.fromkeys(self._bays, False)
        for car in cars:
            if car.bay in states and not car.moving:
                if car.car_id in self._known:
                    states[car.bay] = True
                else:
                    del states[car.bay]
        return states


def share_inside(box: Box, width: float, height: float) -> float:
    """Return the share of a box that lies in a picture, 0 to 1."""
    return box.intersection(Box(0.0, 0.0, width, height)) / box.area if box.area > 0 else 0.0


def layout_of(simulator: Simulator) -> Layout:
    """Return the bays that lie wholly in the picture, and the gates."""
    insides = simulator.gate_insides
    return Layout(
        bays={name: polygon for name, polygon in simulator.bays.items() if not _is_cut(polygon)},
        gates={name: Line(line[0], line[1], insides[name]) for name, line in simulator.gates.items()},
    )


def _is_cut(polygon: Polygon) -> bool:
    return any(value < _EDGE or value > 1 - _EDGE for point in polygon for value in point)


def crossings_of(simulator: Simulator, duration_s: float) -> tuple[TrueCrossing, ...]:
    """Return who went through the gates in the picture, and whether that could be seen."""
    directions = {EventKind.ENTERED: Direction.IN, EventKind.LEFT: Direction.OUT}
    gates = simulator.gates
    return tuple(
        TrueCrossing(
            event.time_s,
            event.gate,
            directions[event.kind],
            _could_be_seen(simulator, event.car_id, event.time_s),
        )
        for event in simulator.events(duration_s)
        if event.gate in gates and event.kind in directions
    )


def _could_be_seen(simulator: Simulator, car_id: int, time_s: float) -> bool:
    """Tell whether a part of a car could be seen at some time around another."""
    return any(
        car.car_id == car_id and car.visibility >= CROSSING_SEEN
        for around_s in _AROUND_CROSSING_S
        for car in simulator.truth(max(0.0, time_s + around_s)).cars
    )
