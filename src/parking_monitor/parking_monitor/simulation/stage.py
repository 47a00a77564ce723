"""Put everything that stands or moves in a scene in its place, from the farthest to the nearest."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from parking_monitor.simulation.car_shapes import car_mesh
from parking_monitor.simulation.foliage import Plant, plant
from parking_monitor.simulation.occlusion import Outline
from parking_monitor.simulation.projection import NEAR_M, Floats, Projection
from parking_monitor.simulation.scene import Obstacle, Scene, Walker
from parking_monitor.simulation.sprites import Pose
from parking_monitor.simulation.thing_shapes import Piece, pieces_of, size_of
from parking_monitor.simulation.traffic import Car, CarState, TrafficPlan
from parking_monitor.simulation.walkers import Limb, limbs_of, outline_of, walker_pose

_KEPT = 512


@dataclass(frozen=True, eq=False)
class Item:
    """Hold a thing on the stage.

    Attributes:
        key: the same for the same thing in the same place.
        kind: `car`, or what else it is.
        pose: where it stands.
        distance: from the camera along the ground, in metres; nearer things hide farther ones.
        outline: (n, 2) convex, in pixels of the camera's canvas.
        car, piece, plant, walker: what it is made of, one of them; a walker with its number and
            how many metres it went.
        colour: of a piece.
        until: from when until when it is there.
        size: width and height of the canvas in pixels.
    """

    key: tuple[object, ...]
    kind: str
    pose: Pose
    distance: float
    outline: Floats
    car: tuple[Car, CarState] | None = None
    piece: Piece | None = None
    plant: Plant | None = None
    walker: tuple[Walker, int, float] | None = None
    colour: str | None = None
    until: tuple[float, float] = (0.0, math.inf)
    size: tuple[int, int] = (0, 0)

    @cached_property
    def limbs(self) -> tuple[Limb, ...]:
        """Return the limbs of a walker, none of anything else."""
        return tuple(limbs_of(*self.walker)) if self.walker else ()

    @cached_property
    def in_picture(self) -> Outline:
        """Return the outline as it hides others and is hidden, for a canvas that is the picture."""
        return Outline(self.outline, self.car is not None, *self.size)


def hull_of(points: Floats, view: Projection) -> Floats | None:
    """Return the convex outline of points (n, 3) in pixels, None when they come too near the camera."""
    pixels, depth = view.project(points)
    if float(depth.min()) < NEAR_M:
        return None
    hull: Floats = cv2.convexHull(pixels.astype(np.float32))[:, 0].astype(np.float64)
    return hull


class Stage:
    """Hold the things of a scene as one camera sees them."""

    def __init__(self, scene: Scene, view: Projection, plan: TrafficPlan) -> None:
        self._scene = scene
        self._view = view
        self._size = (view.width, view.height)
        self._plan = plan
        self._standing = [item for index in range(len(scene.obstacles)) for item in self._obstacle(index)]
        self._parked: OrderedDict[tuple[object, ...], Item | None] = OrderedDict()

    def standing(self, time_s: float) -> list[Item]:
        """Return the obstacles that are there at a time."""
        return [item for item in self._standing if item.until[0] <= time_s < item.until[1]]

    def at(self, time_s: float) -> list[Item]:
        """Return what is in front of the camera at a time, from the farthest to the nearest."""
        items = self.standing(time_s)
        for car, state in self._plan.at(time_s):
            item = self._car(car, state)
            if item is not None:
                items.append(item)
        items += self._walkers(time_s)
        items.sort(key=lambda item: -item.distance)
        return items

    def _distance(self, x: float, y: float) -> float:
        return math.hypot(x - float(self._view.position[0]), y - float(self._view.position[1]))

    def _car(self, car: Car, state: CarState) -> Item | None:
        if state.moving:
            return self._car_item(('moving', car.car_id), car, state)
        key = ('parked', car.car_id, state.x, state.y)
        if key not in self._parked:
            self._parked[key] = self._car_item(key, car, state)
            if len(self._parked) > _KEPT:
                self._parked.popitem(last=False)
        return self._parked[key]

    def _car_item(self, key: tuple[object, ...], car: Car, state: CarState) -> Item | None:
        pose = Pose(state.x, state.y, state.heading_deg)
        outline = hull_of(pose.turn(car_mesh(car.body).hull, car.size), self._view)
        if outline is None or not self._touches(outline):
            return None
        return Item(
            key, 'car', pose, self._distance(state.x, state.y), outline, car=(car, state), size=self._size
        )

    def _touches(self, outline: Floats) -> bool:
        low, high = outline.min(axis=0), outline.max(axis=0)
        return bool(high[0] > 0 and high[1] > 0 and low[0] < self._view.width and low[1] < self._view.height)

    def _obstacle(self, index: int) -> list[Item]:
        """Return the items of an obstacle: several for a long one."""
        thing = self._scene.obstacles[index]
        size = size_of(thing.kind, thing.size)
        until = (thing.from_s, thing.until_s if thing.until_s is not None else math.inf)
        if thing.kind in {'tree', 'bush'}:
            return self._plant_item(index, thing, size, until)
        items = []
        heading = math.radians(thing.heading_deg)
        for number, piece in enumerate(pieces_of(thing.kind, size)):
            x = thing.at[0] + math.cos(heading) * piece.along_m
            y = thing.at[1] + math.sin(heading) * piece.along_m
            pose = Pose(x, y, thing.heading_deg)
            outline = hull_of(pose.turn(piece.mesh.hull), self._view)
            if outline is not None and self._touches(outline):
                # Flat things are driven and parked over: they lie below everything.
                distance = self._distance(x, y) + (1000.0 if size[2] < 0.5 else 0.0)
                key = ('thing', index, number)
                items.append(
                    Item(
                        key,
                        thing.kind,
                        pose,
                        distance,
                        outline,
                        piece=piece,
                        colour=thing.colour,
                        until=until,
                        size=self._size,
                    )
                )
        return items

    def _plant_item(
        self, index: int, thing: Obstacle, size: tuple[float, float, float], until: tuple[float, float]
    ) -> list[Item]:
        grown = plant(thing.kind, thing.at, size, self._scene.seed * 131 + index)
        outline = hull_of(grown.outline(), self._view)
        if outline is None or not self._touches(outline):
            return []
        pose = Pose(thing.at[0], thing.at[1], 0.0)
        distance = self._distance(*thing.at)
        return [
            Item(
                ('thing', index),
                thing.kind,
                pose,
                distance,
                outline,
                plant=grown,
                until=until,
                size=self._size,
            )
        ]

    def _walkers(self, time_s: float) -> list[Item]:
        items = []
        for number, walker in enumerate(self._scene.walkers):
            placed = walker_pose(walker, time_s)
            if placed is None:
                continue
            pose, gone = placed
            outline = hull_of(pose.turn(outline_of(walker.kind)), self._view)
            if outline is not None and self._touches(outline):
                distance = self._distance(pose.x, pose.y)
                items.append(
                    Item(
                        ('walker', number),
                        walker.kind,
                        pose,
                        distance,
                        outline,
                        walker=(walker, number, gone),
                        size=self._size,
                    )
                )
        return items
