"""Make sources in which no car moves: a full lot by day, and a night with fog and headlights."""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy_parts.damage import Damage, Damager
from benchmarks.accuracy_parts.source import Source
from benchmarks.accuracy_parts.truth import TruthKeeper, layout_of
from parking_monitor.simulation.scene import ScriptedCar, Traffic, load_scene
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import CarTruth, FrameTruth

SCENE = 'oblique_lot'
NIGHT_S, DAY_S = 8 * 3600.0, 3600.0
RATE_HZ = 1.0
NIGHT_CARS = 20
SEED = 60_013
_FOG_COMES_S = 120.0
_FOG_BREAK_S = 3000.0
_FOG_S = (600.0, 2400.0)
_SWEEP_BREAK_S = 240.0
_SWEEP_S = (3.0, 60.0)


@dataclass(frozen=True, slots=True)
class Veil:
    """Hold what hides cars for a while: all of them (fog, which comes and goes in two minutes), or some."""

    start_s: float
    end_s: float
    cars: frozenset[int] | None = None

    def clear(self, time_s: float, car_id: int) -> float:
        """Return the share of a car that can be seen through it."""
        if self.cars is None:
            inside_s = min(time_s - self.start_s, self.end_s - time_s)
            return 1 - min(max(inside_s / _FOG_COMES_S, 0.0), 1.0)
        return 0.0 if car_id in self.cars and self.start_s <= time_s < self.end_s else 1.0


def still_night() -> Source:
    """Return eight hours over 20 parked cars with fog and the headlights of a road nearby."""
    frame = _full_lot(NIGHT_CARS)
    return _still('still night: fog and headlights', NIGHT_CARS, NIGHT_S, _veils(frame))


def still_day() -> Source:
    """Return an hour over a full lot."""
    return _still('still day: a full lot', 24, DAY_S, ())


def _still(name: str, cars: int, duration_s: float, veils: tuple[Veil, ...]) -> Source:
    scene, layout = _simulator(cars), layout_of(_simulator(cars))
    keeper, damager = TruthKeeper(tuple(layout.bays)), Damager(Damage(miss=0.2, seed=SEED))
    told = []
    for frame in _frames(scene.truth(0.0), duration_s, veils):
        found = damager.detect(frame)
        if found is not None:
            told.append((dataclasses.replace(keeper.tell(frame), shown=()), found))
    return Source(
        part='still',
        name=name,
        detections=tuple(found for _, found in told),
        facts=tuple(facts for facts, _ in told),
        rate_hz=RATE_HZ,
        layout=layout,
        is_still=True,
    )


def _frames(still: FrameTruth, duration_s: float, veils: tuple[Veil, ...]) -> Iterator[FrameTruth]:
    for number in range(int(duration_s * RATE_HZ)):
        time_s = number / RATE_HZ
        near = [veil for veil in veils if veil.start_s <= time_s <= veil.end_s]
        cars = tuple(_behind(car, time_s, near) for car in still.cars) if near else still.cars
        yield dataclasses.replace(still, time_s=time_s, cars=cars)


def _behind(car: CarTruth, time_s: float, veils: list[Veil]) -> CarTruth:
    clear = math.prod(veil.clear(time_s, car.car_id) for veil in veils)
    return dataclasses.replace(car, visibility=car.visibility * clear)


def _veils(frame: FrameTruth) -> tuple[Veil, ...]:
    """Draw the fog of a night, and headlights that blind the camera to two or three neighbours."""
    random = np.random.default_rng(SEED)
    veils = []
    time_s = 900.0
    while time_s < NIGHT_S:
        lasts_s = float(random.uniform(*_FOG_S))
        veils.append(Veil(time_s, time_s + lasts_s))
        time_s += lasts_s + float(random.exponential(_FOG_BREAK_S))
    time_s = 120.0
    while time_s < NIGHT_S:
        lasts_s = float(random.uniform(*_SWEEP_S))
        veils.append(Veil(time_s, time_s + lasts_s, _neighbours(frame, random)))
        time_s += lasts_s + float(random.exponential(_SWEEP_BREAK_S))
    return tuple(veils)


def _neighbours(frame: FrameTruth, random: np.random.Generator) -> frozenset[int]:
    chosen = frame.cars[int(random.integers(len(frame.cars)))].full_box.centre
    nearest = sorted(frame.cars, key=lambda car: math.dist(car.full_box.centre, chosen))
    return frozenset(car.car_id for car in nearest[: int(random.integers(2, 4))])


def _full_lot(cars: int) -> FrameTruth:
    return _simulator(cars).truth(0.0)


def _simulator(cars: int) -> Simulator:
    scene = load_scene(SCENE)
    names = [f'{row.name}{number + 1}' for row in scene.bays for number in range(row.count)]
    taken = np.random.default_rng(SEED).permutation(names)[:cars]
    script = tuple(ScriptedCar(parked=str(name)) for name in sorted(taken))
    return Simulator(
        dataclasses.replace(scene, traffic=Traffic(script=script), walkers=()), width=640, height=480
    )
