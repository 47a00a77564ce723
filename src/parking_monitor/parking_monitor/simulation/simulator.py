"""Simulate a scene: pictures and truth of any time, and the events up to any time."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from parking_monitor.simulation import camera_faults
from parking_monitor.simulation.layout import within
from parking_monitor.simulation.occlusion import Outline, Seen, measure
from parking_monitor.simulation.painter import Painter
from parking_monitor.simulation.projection import NEAR_M, Floats, Projection, rotation_of
from parking_monitor.simulation.scene import Scene
from parking_monitor.simulation.stage import Item, Stage
from parking_monitor.simulation.traffic import CarState, TrafficPlan
from parking_monitor.simulation.truth import CarTruth, Event, FrameTruth, OtherTruth
from parking_monitor.values import Image

Fractions = tuple[tuple[float, float], ...]
_CLEAR_ENOUGH = 0.15
_RAIN_HAZE = 0.006


@dataclass(frozen=True, eq=False)
class RenderedFrame:
    """Hold a picture, (height, width, 3) uint8 BGR, and what is true of it."""

    image: Image
    truth: FrameTruth


class Simulator:
    """Show a scene at any time; the same scene, seed, size and time give the same bytes.

    Args:
        scene: what to simulate.
        width: of the pictures, pixels.
        height: of the pictures, pixels.
        seed: of traffic and noise; the scene's own where none is given.
    """

    def __init__(self, scene: Scene, *, width: int = 640, height: int = 480, seed: int | None = None) -> None:
        if width < 32 or height < 32 or max(width, height) > 4096:
            raise ValueError(f'a picture of {width}x{height}; allowed: 32 to 4096 pixels a side')
        self.scene = scene
        self.width = width
        self.height = height
        self.seed = scene.seed if seed is None else seed
        shake = scene.faults.shake_px
        self._margin = math.ceil(shake * 1.6) + 3 if shake > 0 else 0
        self._view = _projection(scene, width, height, self._margin)
        self._plan = TrafficPlan(scene, self.seed)
        self._stage = Stage(scene, self._view, self._plan)
        self._painter: Painter | None = None
        self._zones = [(zone.name, np.array(zone.polygon, dtype=np.float64)) for zone in scene.zones]
        self._zone_at: dict[tuple[float, float], str | None] = {}
        self._bay_corners = {bay.name: bay.corners for bay in self._plan.bays.values()}

    @property
    def duration_s(self) -> float | None:
        """Return how long the scene is meant to be watched, None for no end."""
        return self.scene.duration_s

    @property
    def rate_hz(self) -> float:
        """Return the frames a second at which the scene is meant to be watched."""
        return self.scene.rate_hz

    @property
    def bays(self) -> dict[str, Fractions]:
        """Return the bays as polygons in fractions of the image, cut at its edge; without those outside."""
        return self._areas(self._bay_corners.items())

    @property
    def zones(self) -> dict[str, Fractions]:
        """Return the zones as polygons in fractions of the image, cut at its edge; without those outside."""
        return self._areas(self._zones)

    @property
    def gates(self) -> dict[str, Fractions]:
        """Return the gates as lines in fractions of the image; a car enters from the left of start-to-end."""
        found = {}
        for gate in self.scene.gates:
            pixels, depth = self._view.project(np.array([(*gate.start, 0.0), (*gate.end, 0.0)]))
            line = _within_picture(*self._fractions(pixels)) if depth.min() > NEAR_M else None
            if line is not None:
                found[gate.name] = line
        return found

    @property
    def gate_insides(self) -> dict[str, tuple[float, float]]:
        """Return for each gate a point in fractions of the image on the side where cars are inside."""
        found = {}
        for gate in self.scene.gates:
            if gate.name in self.gates:
                start, end = np.array(gate.start), np.array(gate.end)
                along = (end - start) / np.linalg.norm(end - start)
                inside = (start + end) / 2 + np.array([along[1], -along[0]]) * 1.5
                pixels, _ = self._view.project(np.append(inside, 0.0))
                found[gate.name] = _pairs(self._fractions(pixels)[None])[0]
        return found

    def events(self, until_s: float) -> tuple[Event, ...]:
        """Return what happens from the start up to a time, in its order."""
        return self._plan.events(until_s)

    def truth(self, time_s: float) -> FrameTruth:
        """Return what is true at a time, without painting it."""
        return self._truth(self._stage.at(time_s), time_s)

    def frame(self, time_s: float) -> RenderedFrame:
        """Return the picture of a time and what is true of it."""
        items = self._stage.at(time_s)
        truth = self._truth(items, time_s)
        if self._painter is None:
            self._painter = Painter(self.scene, self._view, self._stage)
        weather, faults = self.scene.weather, self.scene.faults
        picture = self._painter.paint(items, time_s, self._fog(time_s))
        picture = self._framed(picture, time_s)
        random = camera_faults.moment(self.seed, time_s)
        picture = camera_faults.add_rain(picture, weather.rain, random)
        picture = camera_faults.develop(picture, faults, camera_faults.exposure_at(faults, time_s), random)
        return RenderedFrame(picture, truth)

    def _fog(self, time_s: float) -> float:
        """Return the extinction per metre at a time, in 64 steps an order of magnitude apart at most."""
        fog = self.scene.weather.fog
        density = float(np.interp(time_s, [f.at_s for f in fog], [f.density for f in fog])) if fog else 0.0
        return density + _RAIN_HAZE * self.scene.weather.rain

    def _shift(self, time_s: float) -> Floats:
        """Return the affine map (2, 3) from the canvas to the picture."""
        dx, dy, turn = camera_faults.shake_at(self.scene.faults, self.seed, time_s)
        c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        middle_x, middle_y = self.width / 2 + self._margin, self.height / 2 + self._margin
        return np.array(
            [
                [c, -s, middle_x - c * middle_x + s * middle_y + dx - self._margin],
                [s, c, middle_y - s * middle_x - c * middle_y + dy - self._margin],
            ]
        )

    def _framed(self, picture: Image, time_s: float) -> Image:
        """Return the part of the canvas that the shaking camera sees."""
        if not self._margin:
            return picture
        return camera_faults.moved(picture, self._shift(time_s), self.width, self.height)

    def _truth(self, items: list[Item], time_s: float) -> FrameTruth:
        if self._margin:
            shift = self._shift(time_s)
            outlines = [
                Outline(
                    item.outline @ shift[:, :2].T + shift[:, 2], item.car is not None, self.width, self.height
                )
                for item in items
            ]
        else:
            outlines = [item.in_picture for item in items]
        seen = measure(outlines, self.width, self.height)
        fog = self._fog(time_s)
        cars, others = [], []
        for item, outline, sight in zip(items, outlines, seen, strict=True):
            if item.car is None:
                if outline.clipped is not None:
                    others.append(OtherTruth(item.kind, outline.clipped))
            elif sight is not None:
                cars.append(self._car_truth(item, sight, fog))
        cars.sort(key=lambda car: car.car_id)
        return FrameTruth(time_s, self.width, self.height, tuple(cars), tuple(others))

    def _car_truth(self, item: Item, sight: Seen, fog: float) -> CarTruth:
        if item.car is None:
            raise ValueError('not a car')
        car, state = item.car
        visibility = sight.share
        if fog > 0:
            clear = math.exp(-fog * math.hypot(item.distance, self.scene.camera.height))
            visibility *= min(1.0, clear / _CLEAR_ENOUGH)
        return CarTruth(
            car_id=car.car_id,
            box=sight.box,
            full_box=sight.full_box,
            visibility=visibility,
            bay=state.bay,
            zone=self._zone(state),
            moving=state.moving and state.speed > 0.05,
            speed=state.speed if state.moving else 0.0,
            body=car.body,
        )

    def _zone(self, state: CarState) -> str | None:
        """Return the zone in which a car stands; remembered for parked ones."""
        place = (state.x, state.y)
        if state.moving or place not in self._zone_at:
            found = next((name for name, area in self._zones if within(area, *place)), None)
            if state.moving:
                return found
            self._zone_at[place] = found
        return self._zone_at[place]

    def _areas(self, areas: Iterable[tuple[str, Floats]]) -> dict[str, Fractions]:
        """Return areas on the ground, cut at the picture's edge, without those outside of it."""
        edge = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
        found = {}
        for name, corners in areas:
            outline = self._view.polygon(np.concatenate([corners, np.zeros((len(corners), 1))], axis=1), 50.0)
            if len(outline) < 3:
                continue
            _, common = cv2.intersectConvexConvex(self._fractions(outline).astype(np.float32), edge)
            if common is not None and len(common) >= 3:
                found[name] = _pairs(np.asarray(common[:, 0], np.float64))
        return found

    def _fractions(self, pixels: Floats) -> Floats:
        """Return pixels of the canvas in fractions of the picture."""
        return np.asarray((pixels - self._margin) / np.array([self.width, self.height]))


def _pairs(points: Floats) -> Fractions:
    return tuple((min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0)) for x, y in points)


def _within_picture(start: Floats, end: Floats) -> Fractions | None:
    """Return the part of a line in fractions that lies in the picture, by Liang and Barsky."""
    low, high = 0.0, 1.0
    step = end - start
    for axis in (0, 1):
        for edge, sign in ((0.0, -1.0), (1.0, 1.0)):
            slope, room = sign * float(step[axis]), sign * (edge - float(start[axis]))
            if abs(slope) < 1e-12:
                if room < 0:
                    return None
            elif slope > 0:
                high = min(high, room / slope)
            else:
                low = max(low, room / slope)
    return _pairs(np.array([start + step * low, start + step * high])) if low < high else None


def _projection(scene: Scene, width: int, height: int, margin: int) -> Projection:
    """Return the scene's camera, with room around the picture for shaking."""
    camera = scene.camera
    focal = width / 2 / math.tan(math.radians(camera.fov_deg / 2))
    return Projection(
        width=width + 2 * margin,
        height=height + 2 * margin,
        focal=focal,
        position=np.array([camera.x, camera.y, camera.height]),
        rotation=rotation_of(camera.pan_deg, camera.tilt_deg, camera.roll_deg),
        distortion=camera.distortion,
    )
