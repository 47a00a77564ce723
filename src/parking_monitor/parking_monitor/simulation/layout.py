"""Turn bays, lanes and gates of a scene into geometry: corners, paths, crossings."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from parking_monitor.simulation.projection import Floats
from parking_monitor.simulation.scene import BayRow, Lane, Scene

STEP_M = 0.25
"""Distance of the points on a path."""


@dataclass(frozen=True, eq=False)
class Bay:
    """Hold a bay: its name, corners (4, 2), middle, depth direction in degrees, and its lane."""

    name: str
    corners: Floats
    centre: tuple[float, float]
    angle_deg: float
    lane: str | None


@dataclass(frozen=True, eq=False)
class Path:
    """Hold points (n, 2) along a way, the headings there in degrees, and whether it is driven backwards."""

    points: Floats
    headings: Floats
    reverse: bool = False


def bays_of(scene: Scene) -> tuple[Bay, ...]:
    """Return the bays of a scene, row by row."""
    return _bays_of(scene.bays, scene.lanes)


@lru_cache(maxsize=8)
def _bays_of(rows: tuple[BayRow, ...], lanes: tuple[Lane, ...]) -> tuple[Bay, ...]:
    found = []
    for row in rows:
        along = _unit(row.direction_deg) * row.width / max(abs(math.sin(_between(row))), 0.2)
        inward = _unit(row.angle_deg) * row.depth
        served_by = _serving_lane(row, lanes, along, inward)
        for number in range(row.count):
            first = np.array(row.origin) + along * number
            corners = np.array([first, first + along, first + along + inward, first + inward])
            centre = corners.mean(axis=0)
            name = f'{row.name}{number + 1}'
            found.append(Bay(name, corners, (float(centre[0]), float(centre[1])), row.angle_deg, served_by))
    return tuple(found)


def _between(row: BayRow) -> float:
    return math.radians(row.angle_deg - row.direction_deg)


def _unit(angle_deg: float) -> Floats:
    angle = math.radians(angle_deg)
    return np.array([math.cos(angle), math.sin(angle)])


def _serving_lane(row: BayRow, lanes: tuple[Lane, ...], along: Floats, inward: Floats) -> str | None:
    """Return the lane a row names, or else the one nearest to its middle bay's mouth."""
    if row.lane or not lanes:
        return row.lane
    mouth = np.array(row.origin) + along * row.count / 2 - inward * 0.1
    return min(
        lanes, key=lambda lane: float(np.min(np.sum((lane_path(lane.points).points - mouth) ** 2, axis=1)))
    ).name


@lru_cache(maxsize=128)
def lane_path(corners: tuple[tuple[float, float], ...]) -> Path:
    """Return a path along a polyline, its corners rounded."""
    points = np.array(corners, dtype=np.float64)
    if len(points) > 2:
        points = _rounded(points)
    return path_through(points)


def path_through(points: Floats, *, reverse: bool = False) -> Path:
    """Return a path with a point every STEP_M along a polyline."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    count = max(2, round(lengths[-1] / STEP_M) + 1)
    at = np.linspace(0, lengths[-1], count)
    even = np.stack([np.interp(at, lengths, points[:, axis]) for axis in (0, 1)], axis=1)
    forward = np.gradient(even, axis=0)
    headings = np.unwrap(np.arctan2(forward[:, 1], forward[:, 0]))
    return Path(even, np.degrees(headings) + (180.0 if reverse else 0.0), reverse)


def _rounded(points: Floats, reach_m: float = 4.0) -> Floats:
    """Return a polyline with quadratic curves at its corners."""
    pieces = [points[:1]]
    for before, corner, after in zip(points[:-2], points[1:-1], points[2:], strict=True):
        first, second = before - corner, after - corner
        reach = min(reach_m, float(np.linalg.norm(first)) * 0.49, float(np.linalg.norm(second)) * 0.49)
        start = corner + first / np.linalg.norm(first) * reach
        end = corner + second / np.linalg.norm(second) * reach
        pieces.append(curve(start, corner, end))
    pieces.append(points[-1:])
    return np.concatenate(pieces)


def curve(start: Floats, control: Floats, end: Floats, count: int = 16) -> Floats:
    """Return points on a quadratic Bezier curve."""
    share = np.linspace(0, 1, count)[:, None]
    return np.asarray((1 - share) ** 2 * start + 2 * share * (1 - share) * control + share**2 * end)


def nearest_index(path: Path, point: Floats) -> int:
    """Return the index of a path's point that is nearest to a point."""
    return int(np.argmin(np.sum((path.points - point) ** 2, axis=1)))


def way_into(bay: Bay, lane: Path, turn_m: float = 4.5) -> tuple[int, Floats]:
    """Return at which index a car leaves the lane for a bay, and the points of its way to the middle."""
    centre = np.array(bay.centre)
    inward = _unit(bay.angle_deg)
    # The corner of the turn lies where the bay's axis meets the lane.
    offsets = lane.points - centre
    across = np.abs(offsets[:, 0] * inward[1] - offsets[:, 1] * inward[0])
    before_bay = offsets @ inward < 0
    corner_index = int(np.argmin(np.where(before_bay, across, np.inf)))
    corner = lane.points[corner_index]
    start = max(0, corner_index - round(turn_m / STEP_M))
    room = float(np.linalg.norm(centre - corner))
    mouth = corner + (centre - corner) * min(1.0, turn_m / max(room, 1e-6)) * 0.8
    return start, np.concatenate([curve(lane.points[start], corner, mouth), centre[None]])


def within(polygon: Floats, x: float, y: float) -> bool:
    """Say whether a point lies in a polygon (n, 2)."""
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon.tolist(), np.roll(polygon, -1, axis=0).tolist(), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
