"""Plan the traffic of a scene: who comes when, parks where, stays how long and leaves.

Plans are made in the order of time and never changed, so that the past does not depend
on how far ahead anyone has looked. A car gives way to those that were planned before it.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from parking_monitor.simulation.driving import TICK_S, Drive, Stop, collides, drive
from parking_monitor.simulation.layout import STEP_M, Bay, Path, bays_of, lane_path, path_through, way_into
from parking_monitor.simulation.paint import random_body, random_paint
from parking_monitor.simulation.scene import Gate, Pause, Rate, Scene, ScriptedCar
from parking_monitor.simulation.truth import Event, EventKind

FOREVER = math.inf
_PATIENCE = 400


@dataclass(frozen=True)
class CarState:
    """Hold where a car is: metres, degrees, metres a second, and its bay when parked."""

    x: float
    y: float
    heading_deg: float
    speed: float
    moving: bool
    braking: bool
    bay: str | None


@dataclass(eq=False)
class Car:
    """Hold one car: its looks, and its stays and drives in the order of time.

    Attributes:
        size: relative to its body's usual measures.
        glass: how light its windows are.
    """

    car_id: int
    body: str
    paint: str
    lights: bool
    born_s: float
    gone_s: float = FOREVER
    size: float = 1.0
    glass: float = 0.012
    drives: list[Drive] = field(default_factory=list)
    parked: CarState | None = None
    bay: str | None = None

    def state(self, time_s: float) -> CarState:
        """Return where it is at a time of its life."""
        current: Drive | None = None
        for planned in self.drives:
            if planned.start_s <= time_s:
                current = planned
        if current is None or (time_s >= current.end_s and self.parked and current is self.drives[0]):
            if self.parked is None:
                raise ValueError(f'car {self.car_id} is not there at {time_s} s')
            return self.parked
        x, y, heading, speed = current.at(time_s)
        return CarState(x, y, heading, speed, True, current.is_braking(time_s), None)


class TrafficPlan:
    """Hold all cars of a scene, planned as far ahead as anyone has asked."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._random = np.random.default_rng([seed, 77])
        self._lanes: dict[str, Path] = {lane.name: lane_path(lane.points) for lane in scene.lanes}
        self._speeds = {lane.name: lane.speed for lane in scene.lanes}
        self.bays: dict[str, Bay] = {bay.name: bay for bay in bays_of(scene)}
        self._taken: set[str] = set()
        self._cars: list[Car] = []
        self._events: list[Event] = []
        self._queue: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = 0
        self._planned_s = -1.0
        self._place_all()

    def at(self, time_s: float) -> list[tuple[Car, CarState]]:
        """Return the cars in the scene at a time, in the order of their identities."""
        self.plan(time_s)
        return [(car, car.state(time_s)) for car in self._cars if car.born_s <= time_s < car.gone_s]

    def events(self, until_s: float) -> tuple[Event, ...]:
        """Return what happens up to a time, in its order."""
        self.plan(until_s)
        return tuple(
            sorted((e for e in self._events if e.time_s <= until_s), key=lambda e: (e.time_s, e.car_id))
        )

    def plan(self, until_s: float) -> None:
        """Plan everything that begins up to a time."""
        if until_s <= self._planned_s:
            return
        while self._queue and self._queue[0][0] <= until_s:
            time_s, _, action = heapq.heappop(self._queue)
            action(time_s)
        self._planned_s = until_s

    def _schedule(self, time_s: float, action: Callable[[float], None]) -> None:
        self._order += 1
        heapq.heappush(self._queue, (time_s, self._order, action))

    def _place_all(self) -> None:
        for entry in self._scene.traffic.script:
            if entry.lane is None:
                self._place(entry)
            else:
                self._schedule(entry.at_s, lambda time_s, entry=entry: self._arrive(entry, time_s, 0))  # type: ignore[misc]  # mypy cannot type a lambda's default
        rate = self._scene.traffic.rate
        if rate is None:
            return
        for bay in self.bays.values():
            if bay.name not in self._taken and self._random.random() < rate.full_at_start:
                stay = float(self._random.exponential(rate.stay_mean_s)) + 5.0
                lane = bay.lane if bay.lane in rate.lanes else None
                self._place(ScriptedCar(parked=bay.name, stay_s=stay if lane else None, leave_by=lane))
        self._schedule_next(rate, rate.start_s)

    def _new_car(self, entry: ScriptedCar, time_s: float) -> Car:
        body = entry.body or random_body(self._random)
        paint = entry.colour or random_paint(self._random)
        size, glass = (
            float(self._random.uniform(0.95, 1.05)),
            float(self._random.choice([0.01, 0.02, 0.05, 0.09])),
        )
        car = Car(len(self._cars) + 1, body, paint, entry.lights, time_s, size=size, glass=glass)
        self._cars.append(car)
        return car

    def _place(self, entry: ScriptedCar) -> None:
        """Put a car where it stands from its time on."""
        car = self._new_car(entry, entry.at_s)
        if entry.place is not None:
            x, y, heading = entry.place
            car.parked = CarState(x, y, heading, 0.0, False, False, None)
            if entry.stay_s:
                car.gone_s = entry.at_s + entry.stay_s
            return
        bay = self.bays[entry.parked or '']
        self._taken.add(bay.name)
        slack = self._random.uniform(-1, 1, 3) * (0.12, 0.25, 2.5)
        heading = bay.angle_deg + float(slack[2]) + (180.0 if entry.nose_out else 0.0)
        car.bay = bay.name
        car.parked = CarState(
            bay.centre[0] + float(slack[0]),
            bay.centre[1] + float(slack[1]),
            heading,
            0.0,
            False,
            False,
            bay.name,
        )
        if entry.stay_s and not entry.nose_out:
            self._schedule(entry.at_s + entry.stay_s, lambda time_s: self._leave(car, entry, time_s, 0))

    def _active(self, time_s: float) -> list[Drive]:
        recent = self._cars[-400:]
        return [planned for car in recent for planned in car.drives if planned.end_s > time_s]

    def _arrive(self, entry: ScriptedCar, time_s: float, tries: int) -> None:
        """Plan a car that comes by a lane: through the scene, or into a bay."""
        lane = self._lanes[entry.lane or '']
        others = self._active(time_s)
        bay = self.bays[entry.park] if entry.park and entry.park not in self._taken else None
        if tries < _PATIENCE and any(
            other.start_s <= time_s and math.dist(other.at(time_s)[:2], lane.points[0]) < 8.0
            for other in others
        ):
            self._schedule(time_s + 1.0, lambda later: self._arrive(entry, later, tries + 1))
            return
        legs = [lane]
        if bay is not None:
            start, way = way_into(bay, lane)
            legs = [path_through(np.concatenate([lane.points[: start + 1], way[1:]]))]
        planned = self._planned(entry, legs, time_s, others, entry.lane or '', ends_at_rest=bay is not None)
        if tries < _PATIENCE and collides(planned, others):
            self._schedule(time_s + 1.5, lambda later: self._arrive(entry, later, tries + 1))
            return
        car = self._new_car(entry, time_s)
        car.drives.append(planned)
        self._events.append(Event(time_s, EventKind.ARRIVED, car.car_id))
        self._cross(car, planned)
        if bay is None:
            self._depart(car, planned)
            return
        self._taken.add(bay.name)
        car.bay = bay.name
        x, y, heading, _ = planned.samples[-1].tolist()
        car.parked = CarState(x, y, heading, 0.0, False, False, bay.name)
        self._events.append(Event(planned.end_s, EventKind.PARKED, car.car_id, bay=bay.name))
        if entry.stay_s:
            self._schedule(planned.end_s + entry.stay_s, lambda later: self._leave(car, entry, later, 0))

    def _planned(
        self,
        entry: ScriptedCar,
        legs: list[Path],
        time_s: float,
        others: list[Drive],
        lane: str,
        *,
        ends_at_rest: bool,
    ) -> Drive:
        speed = entry.speed or self._speeds[lane]
        stops = [Stop(min(round(p.at_m / STEP_M), len(legs[0].points) - 3), p.for_s) for p in entry.pauses]
        return drive(legs, time_s, speed, stops, others, ends_at_rest=ends_at_rest)

    def _leave(self, car: Car, entry: ScriptedCar, time_s: float, tries: int) -> None:
        """Plan a car's way out of its bay: backwards to the lane, then along it."""
        bay = self.bays[car.bay or '']
        name = entry.leave_by or entry.lane or bay.lane
        if name is None or car.parked is None:
            return
        lane = self._lanes[name]
        start, way = way_into(bay, lane)
        out = path_through(np.concatenate([[(car.parked.x, car.parked.y)], way[-2::-1]]), reverse=True)
        out = Path(out.points, _onto(out.headings, car.parked.heading_deg), reverse=True)
        onward = Path(lane.points[start:], _onto(lane.headings[start:], float(out.headings[-1])))
        others = self._active(time_s)
        stops = self._rate_stops(name, start)
        planned = drive([out, onward], time_s, self._speeds[name], stops, others, ends_at_rest=False)
        if tries < _PATIENCE and collides(planned, others):
            self._schedule(time_s + 2.0, lambda later: self._leave(car, entry, later, tries + 1))
            return
        car.drives.append(planned)
        self._events.append(Event(time_s, EventKind.LEFT_BAY, car.car_id, bay=bay.name))
        self._taken.discard(bay.name)
        self._cross(car, planned)
        self._depart(car, planned)

    def _rate_stops(self, lane: str, start: int) -> list[Stop]:
        rate = self._scene.traffic.rate
        if rate is None or lane not in rate.lanes:
            return []
        return [Stop(round(p.at_m / STEP_M) - start, p.for_s) for p in rate.stops if p.at_m / STEP_M > start]

    def _depart(self, car: Car, planned: Drive) -> None:
        car.gone_s = planned.end_s
        self._events.append(Event(planned.end_s, EventKind.DEPARTED, car.car_id))

    def _cross(self, car: Car, planned: Drive) -> None:
        """Note where a drive crosses the gates."""
        for gate in self._scene.gates:
            for time_s, enters in crossings(planned, gate):
                kind = EventKind.ENTERED if enters else EventKind.LEFT
                self._events.append(Event(time_s, kind, car.car_id, gate=gate.name))

    def _schedule_next(self, rate: Rate, time_s: float) -> None:
        if rate.cars_per_hour <= 0:
            return
        following = time_s + float(self._random.exponential(3600 / rate.cars_per_hour))
        if rate.until_s is None or following < rate.until_s:
            self._schedule(following, lambda later: self._arrive_by_chance(rate, later))

    def _arrive_by_chance(self, rate: Rate, time_s: float) -> None:
        self._schedule_next(rate, time_s)
        lane = str(self._random.choice(list(rate.lanes)))
        free = [bay.name for bay in self.bays.values() if bay.lane == lane and bay.name not in self._taken]
        park = None
        if free and self._random.random() < rate.park_share:
            park = free[int(self._random.integers(len(free)))]
            self._taken.add(park)
        stay = rate.stay_min_s + float(self._random.exponential(rate.stay_mean_s))
        pauses: tuple[Pause, ...] = () if park else rate.stops
        entry = ScriptedCar(
            at_s=time_s, lane=lane, park=park, stay_s=stay, pauses=pauses,
            body=random_body(self._random), colour=random_paint(self._random),
        )  # fmt: skip
        self._taken.discard(park or '')
        self._arrive(entry, time_s, 0)


def _onto(
    headings: np.ndarray[tuple[int], np.dtype[np.float64]], first: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return headings turned by whole turns so that they go on from another heading without a jump."""
    return headings + 360.0 * round((first - float(headings[0])) / 360.0)


def crossings(planned: Drive, gate: Gate) -> list[tuple[float, bool]]:
    """Return when a drive crosses a gate, and whether it enters there."""
    start, end = np.array(gate.start), np.array(gate.end)
    along = end - start
    offset = planned.samples[:, :2] - start
    side = along[0] * offset[:, 1] - along[1] * offset[:, 0]
    place = offset @ along / float(along @ along)
    found = []
    # A sample right on the line counts as behind it, so that it is crossed once.
    before = side > 0
    for index in np.nonzero(before[:-1] != before[1:])[0].tolist():
        share = float(side[index] / (side[index] - side[index + 1]))
        if 0 <= place[index] + (place[index + 1] - place[index]) * share <= 1:
            found.append((planned.start_s + (index + share) * TICK_S, bool(before[index])))
    return found
