"""Make scenes at random, as different from one another as car parks are, for training and tests."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from parking_monitor.simulation.paint import random_body, random_paint
from parking_monitor.simulation.scene import (
    BayRow,
    Camera,
    Faults,
    Fog,
    Ground,
    LampPost,
    Lane,
    Lighting,
    Marking,
    Obstacle,
    ObstacleKind,
    Point,
    Scene,
    ScriptedCar,
    Sun,
    Surface,
    Traffic,
    Walker,
    WalkerKind,
    Weather,
)

VARIATION_DURATION_S = 20.0
_AISLE_M = 6.5
# Tilt from and to in degrees, height from and to in metres: from above, steep, oblique, low.
_POSES = ((74, 90, 6, 18), (46, 74, 4, 11), (24, 46, 4, 17), (12, 26, 2.6, 7))
_QUEUE_GAP_M = (4.9, 6.4)
_MOST_QUEUED = 12


@dataclass(frozen=True)
class _Plot:
    """Hold a lot: the point the camera looks at, the direction of its rows, and how far things may stand."""

    x: float
    y: float
    angle_deg: float
    reach_m: float

    def at(self, along: float, across: float) -> Point:
        """Return the place so many metres along and across the rows from the middle."""
        angle = math.radians(self.angle_deg)
        c, s = math.cos(angle), math.sin(angle)
        return self.x + along * c - across * s, self.y + along * s + across * c


def random_scene(seed: int) -> Scene:
    """Return a scene that a seed stands for; any time from 0 to 20 s shows it well."""
    random = np.random.default_rng([seed, 2024])
    camera = _camera(random)
    plot = _plot(random, camera)
    dark = random.random() < 0.16
    rows, cars, aisles = _lot(random, plot)
    lanes, driven = _driven(random, plot, aisles)
    weather = _weather(random)
    return Scene(
        name=f'random-{seed}',
        description='A scene made at random.',
        camera=camera,
        duration_s=VARIATION_DURATION_S,
        seed=seed,
        ground=_ground(random, plot),
        light=_light(random, plot, dark=dark),
        weather=weather,
        bays=rows,
        lanes=lanes,
        markings=_markings(random, plot, aisles),
        obstacles=_obstacles(random, plot, camera),
        traffic=Traffic(script=cars + driven),
        walkers=_walkers(random, plot, int(random.choice([0, 1, 2, 5], p=[0.5, 0.25, 0.15, 0.1]))),
        faults=_faults(random, dark=dark),
    )


def hard_scene(seed: int) -> Scene:
    """Return the random scene of a seed, made hard: cluttered, often a queue, often by night under lamps."""
    random = np.random.default_rng([seed, 2025])
    scene = random_scene(seed)
    plot = _plot(random, scene.camera)
    if random.random() < 0.4:
        scene = replace(scene, bays=(), lanes=(), traffic=Traffic(script=_queues(random, plot)))
    if random.random() < 0.35:
        scene = replace(
            scene, light=_light(random, plot, dark=True), faults=_faults(random, dark=True), weather=Weather()
        )
    return cluttered(scene, random)


def cluttered(scene: Scene, random: np.random.Generator) -> Scene:
    """Return the scene with more of what is taken for a car: bushes, trucks, buildings, walkers."""
    plot = _plot(random, scene.camera)
    return replace(
        scene,
        markings=scene.markings + _markings(random, plot, [0.0, 5.0]),
        obstacles=scene.obstacles + _obstacles(random, plot, scene.camera, most=8, shares=_CLUTTER_SHARES),
        walkers=scene.walkers + _walkers(random, plot, int(random.integers(2, 9)), _EQUAL_SHARES),
    )


def _queues(random: np.random.Generator, plot: _Plot) -> tuple[ScriptedCar, ...]:
    """Return one or two lines of cars that stand bumper to bumper."""
    cars = []
    for line in range(int(random.integers(1, 3))):
        across = float(random.uniform(-2, 2)) + 4 * line
        along = -min(plot.reach_m, 24.0) + float(random.uniform(0, 8))
        turn = 180 * int(random.integers(2))
        for _ in range(int(random.integers(4, _MOST_QUEUED + 1))):
            x, y = plot.at(along, across + float(random.normal(0, 0.15)))
            heading = plot.angle_deg + turn + float(random.normal(0, 2))
            lights = bool(random.random() < 0.4)
            body, colour = random_body(random), random_paint(random)
            cars.append(ScriptedCar(place=(x, y, heading), body=body, colour=colour, lights=lights))
            along += float(random.uniform(*_QUEUE_GAP_M))
    return tuple(cars)


def _camera(random: np.random.Generator) -> Camera:
    """Return a pose: from straight above, steep, oblique or low."""
    kind = random.choice(4, p=[0.16, 0.30, 0.38, 0.16])
    shallow, steep, low, high = _POSES[int(kind)]
    return Camera(
        height=float(np.exp(random.uniform(math.log(low), math.log(high)))),
        pan_deg=float(random.uniform(0, 360)),
        tilt_deg=float(random.uniform(shallow, steep)),
        roll_deg=float(random.normal(0, 1.5)) if random.random() < 0.5 else 0.0,
        fov_deg=float(random.uniform(42, 95)),
        distortion=float(random.uniform(-0.12, 0.03)),
    )


def _plot(random: np.random.Generator, camera: Camera) -> _Plot:
    reach = min(camera.height / math.tan(math.radians(camera.tilt_deg)), 30.0) * random.uniform(0.75, 1.25)
    pan = math.radians(camera.pan_deg)
    extent = 14 + reach + camera.height
    # Rows often run along or across the view, but may lie at any angle.
    view_deg = 90 - camera.pan_deg
    angle = (
        view_deg + random.choice([0, 90]) + random.normal(0, 12)
        if random.random() < 0.6
        else random.uniform(0, 360)
    )
    return _Plot(math.sin(pan) * reach, math.cos(pan) * reach, float(angle), float(min(extent, 45.0)))


def _lot(
    random: np.random.Generator, plot: _Plot
) -> tuple[tuple[BayRow, ...], tuple[ScriptedCar, ...], list[float]]:
    """Return rows of bays, the cars in and beside them, and where the aisles lie across the rows."""
    if random.random() < 0.14:
        return (), _scattered(random, plot), [float(random.uniform(-2, 2))]
    fill = float(random.choice([0.0, 0.15, 0.4, 0.65, 0.9, 1.0], p=[0.1, 0.2, 0.25, 0.2, 0.15, 0.1]))
    skew = float(random.choice([90, 90, 90, 60, 45, 0], p=[0.3, 0.2, 0.2, 0.12, 0.1, 0.08]))
    width, depth = random.uniform(2.3, 2.8), random.uniform(4.8, 5.4)
    if skew == 0:
        skew, width, depth = 90.0, random.uniform(5.4, 6.2), random.uniform(2.1, 2.5)
    lines: Literal['sides', 'box', 'corners', 'none'] = ('sides', 'box', 'corners', 'none')[
        random.choice(4, p=[0.55, 0.2, 0.1, 0.15])
    ]
    count = int(np.clip(plot.reach_m * 2 / width, 3, 14 if width < 4 else 7))
    deep = depth * math.sin(math.radians(skew))
    rows, cars, aisles = [], [], []
    across = float(random.uniform(-1, 1)) * 6 - 9
    for number in range(int(random.integers(1, 4))):
        start = float(-count * width / 2 + random.uniform(-3, 3))
        aisles.append(across)
        for side in (1, -1):
            if random.random() < 0.12:
                continue
            name = f'{"ABCDEFGH"[number * 2 + (side < 0)]}'
            origin = plot.at(start, across + side * _AISLE_M / 2)
            row = BayRow(
                name=name, origin=origin, direction_deg=plot.angle_deg, count=count, width=width, depth=depth,
                angle_deg=plot.angle_deg + side * skew, lines=lines,
            )  # fmt: skip
            rows.append(row)
            cars += _parked(random, row, fill, sideways=width > 4)
        across += _AISLE_M + 2 * deep + random.uniform(0, 2.5)
    return tuple(rows), tuple(cars[:60]), aisles


def _parked(random: np.random.Generator, row: BayRow, fill: float, *, sideways: bool) -> list[ScriptedCar]:
    """Return the cars of a row, straight or carelessly parked."""
    cars = []
    for number in range(row.count):
        if random.random() >= fill * random.uniform(0.8, 1.1):
            continue
        body, colour = random_body(random), random_paint(random)
        if not sideways and random.random() < 0.85:
            nose_out = bool(random.random() < 0.35)
            cars.append(
                ScriptedCar(parked=f'{row.name}{number + 1}', nose_out=nose_out, body=body, colour=colour)
            )
            continue
        along, inward = math.radians(row.direction_deg), math.radians(row.angle_deg)
        step = row.width / max(abs(math.sin(inward - along)), 0.2)
        x = row.origin[0] + math.cos(along) * step * (number + 0.5) + math.cos(inward) * row.depth / 2
        y = row.origin[1] + math.sin(along) * step * (number + 0.5) + math.sin(inward) * row.depth / 2
        heading = row.angle_deg + (90 if sideways else 0) + 180 * random.integers(2) + random.normal(0, 5)
        cars.append(ScriptedCar(place=(x, y, float(heading)), body=body, colour=colour))
    return cars


def _scattered(random: np.random.Generator, plot: _Plot) -> tuple[ScriptedCar, ...]:
    """Return a few cars that stand anywhere, none upon another."""
    places: list[tuple[float, float]] = []
    for _ in range(int(random.integers(0, 9))):
        spread = min(plot.reach_m * 0.5, 12)
        place = plot.at(float(random.normal(0, spread / 2)), float(random.normal(0, spread / 2)))
        if all(math.dist(place, other) > 5.8 for other in places):
            places.append(place)
    return tuple(
        ScriptedCar(
            place=(x, y, float(random.uniform(0, 360))),
            body=random_body(random),
            colour=random_paint(random),
            lights=bool(random.random() < 0.2),
        )
        for x, y in places
    )


def _driven(
    random: np.random.Generator, plot: _Plot, aisles: list[float]
) -> tuple[tuple[Lane, ...], tuple[ScriptedCar, ...]]:
    """Return lanes along the aisles, and cars which are somewhere on them during the scene."""
    lanes, cars = [], []
    length = min(plot.reach_m, 24.0)
    for number, across in enumerate(aisles[:2]):
        for side in (1, -1):
            if random.random() < 0.45:
                continue
            name = f'lane{number}{"r" if side > 0 else "l"}'
            beside = across - side * 1.6
            points = (plot.at(-side * length, beside), plot.at(side * length, beside))
            lanes.append(Lane(name=name, points=points, speed=float(random.uniform(2.5, 6))))
            starts = [start for start in np.cumsum(random.exponential(7, 2)).tolist() if start < 15]
            cars += [_passing(random, name, start) for start in starts]
    return tuple(lanes), tuple(cars)


def _passing(random: np.random.Generator, lane: str, start_s: float) -> ScriptedCar:
    return ScriptedCar(
        at_s=start_s,
        lane=lane,
        body=random_body(random),
        colour=random_paint(random),
        lights=bool(random.random() < 0.25),
    )


def _ground(random: np.random.Generator, plot: _Plot) -> Ground:
    surfaces: tuple[Surface, ...] = ('asphalt', 'concrete', 'gravel', 'cobbles', 'table')
    surface = surfaces[random.choice(5, p=[0.62, 0.16, 0.09, 0.09, 0.04])]
    low, high = {'asphalt': (0.045, 0.2), 'concrete': (0.16, 0.4)}.get(surface, (0.1, 0.34))
    half_x, half_y = random.uniform(0.6, 1.3) * plot.reach_m, random.uniform(0.6, 1.3) * plot.reach_m
    corners = tuple(plot.at(x * half_x, y * half_y) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)))
    verges: tuple[Literal['grass', 'pavement', 'earth'], ...] = ('grass', 'pavement', 'earth')
    return Ground(
        surface=surface,
        brightness=float(np.exp(random.uniform(math.log(low), math.log(high)))),
        tint=float(np.clip(random.normal(0, 0.25), -1, 1)),
        stains=float(random.uniform(0.05, 1.0)),
        grain=float(random.uniform(0.1, 1.0)),
        lot=corners if random.random() < 0.6 else (),
        verge=verges[random.choice(3, p=[0.5, 0.3, 0.2])],
        texture_seed=int(random.integers(0, 1000)),
    )


def _light(random: np.random.Generator, plot: _Plot, *, dark: bool) -> Lighting:
    exposure = float(np.exp(random.normal(0, 0.3)))
    if not dark:
        overcast = random.random() < 0.4
        sun = Sun(
            azimuth_deg=float(random.uniform(0, 360)),
            elevation_deg=float(random.uniform(8, 70)),
            strength=float(random.uniform(0, 0.2) if overcast else random.uniform(0.4, 1.0)),
            ambient=float(random.uniform(0.6, 1.3)),
        )
        return Lighting(sun=(sun,), exposure=exposure)
    sun = Sun(elevation_deg=-10, strength=0, ambient=float(random.uniform(0.02, 0.16)))
    colour: Literal['sodium', 'white'] = 'sodium' if random.random() < 0.5 else 'white'
    lamps = tuple(
        LampPost(
            at=plot.at(float(random.uniform(-1, 1)) * plot.reach_m * 0.7, float(random.uniform(-1, 1)) * 14),
            height=float(random.uniform(4.5, 9)),
            strength=float(random.uniform(0.5, 1.6)),
            colour=colour,
        )
        for _ in range(int(random.integers(1, 6)))
    )
    return Lighting(sun=(sun,), lamps=lamps, exposure=exposure)


def _weather(random: np.random.Generator) -> Weather:
    kind = random.random()
    if kind < 0.72:
        return Weather()
    if kind < 0.90:
        rain = float(random.uniform(0, 1)) if random.random() < 0.6 else 0.0
        return Weather(wet=float(random.uniform(0.3, 1)), rain=rain)
    return Weather(fog=(Fog(density=float(np.exp(random.uniform(math.log(0.005), math.log(0.06))))),))


def _markings(random: np.random.Generator, plot: _Plot, aisles: list[float]) -> tuple[Marking, ...]:
    marks = []
    for across in aisles:
        along = float(random.uniform(-8, 8))
        if random.random() < 0.3:
            marks.append(Marking(kind='arrow', points=(plot.at(along, across), plot.at(along + 3, across))))
        if random.random() < 0.12:
            points = (plot.at(along, across - 3), plot.at(along, across + 3))
            marks.append(Marking(kind='zebra', points=points, width=3.0))
        if random.random() < 0.12:
            points = (plot.at(along - 4, across + 6), plot.at(along + 4, across + 6))
            marks.append(Marking(kind='hatch', points=points, width=2.0, colour='yellow'))
    return tuple(marks)


_OBSTACLE_SHARES: dict[ObstacleKind, float] = {
    'tree': 0.16, 'bush': 0.3, 'bin': 0.12, 'pole': 0.1, 'pillar': 0.06, 'wall': 0.06, 'building': 0.05,
    'truck': 0.03, 'kerb': 0.08, 'planter': 0.04,
}  # fmt: skip
_CLUTTER_SHARES: dict[ObstacleKind, float] = {
    'bush': 0.4, 'truck': 0.2, 'building': 0.16, 'bin': 0.12, 'planter': 0.08, 'kerb': 0.04,
}  # fmt: skip
_WALKER_SHARES: dict[WalkerKind, float] = {'person': 0.65, 'bicycle': 0.2, 'trolley': 0.15}
_EQUAL_SHARES: dict[WalkerKind, float] = {'person': 1, 'bicycle': 1, 'trolley': 1}


def _obstacles(
    random: np.random.Generator,
    plot: _Plot,
    camera: Camera,
    *,
    most: int = 8,
    shares: Mapping[ObstacleKind, float] = _OBSTACLE_SHARES,
) -> tuple[Obstacle, ...]:
    """Return plants, bins, poles and the like, none of them right before the camera."""
    kinds, weights = tuple(shares), np.array(list(shares.values()))
    things = []
    for _ in range(int(random.integers(0, most + 1))):
        kind = kinds[random.choice(len(kinds), p=weights / weights.sum())]
        along, across = (random.uniform(-1, 1, 2) * plot.reach_m).tolist()
        x, y = plot.at(along, across)
        clear = {'tree': 8.0, 'building': 22.0, 'truck': 9.0, 'wall': 8.0}.get(kind, 3.0)
        if math.hypot(x - camera.x, y - camera.y) < clear:
            continue
        heading = plot.angle_deg + float(random.choice([0, 90])) + float(random.normal(0, 4))
        size = None
        if kind == 'bush':
            size = tuple(random.uniform(0.6, 2.2, 3).tolist())
        elif kind == 'tree':
            crown = float(random.uniform(2.2, 5.5))
            size = (crown, crown, float(random.uniform(3.5, 7.5)))
        things.append(Obstacle(kind=kind, at=(x, y), size=size, heading_deg=heading))
    return tuple(things)


def _walkers(
    random: np.random.Generator, plot: _Plot, count: int, shares: Mapping[WalkerKind, float] = _WALKER_SHARES
) -> tuple[Walker, ...]:
    kinds, weights = tuple(shares), np.array(list(shares.values()))
    found = []
    for _ in range(count):
        kind = kinds[random.choice(len(kinds), p=weights / weights.sum())]
        spread = min(plot.reach_m * 0.4, 14)
        start = plot.at(*(random.normal(0, spread / 2, 2)).tolist())
        end = plot.at(*(random.normal(0, spread / 2, 2)).tolist())
        path = (start,) if random.random() < 0.4 or math.dist(start, end) < 2 else (start, end)
        speed = 4.0 if kind == 'bicycle' else 1.3
        period = math.dist(start, end) / speed + 0.5
        found.append(
            Walker(kind=kind, path=path, speed=speed, start_s=float(-random.uniform(0, 3)), every_s=period)
        )
    return tuple(found)


def _faults(random: np.random.Generator, *, dark: bool) -> Faults:
    return Faults(
        noise=float(random.uniform(2, 12) if dark else min(random.exponential(2.5), 10.0)),
        jpeg_quality=int(random.integers(35, 95)) if random.random() < 0.8 else None,
        shutter_s=float(random.uniform(0, 0.03)),
        vignette=float(random.uniform(0, 0.5)),
        blur_px=float(random.uniform(0.3, 1.2)) if random.random() < 0.35 else 0.0,
        cast=tuple(np.exp(random.normal(0, 0.07, 3)).tolist()),
    )
