"""Count with norfair and the settings of its detector demos: middles of boxes, 30 pixels.

It brings neither lines nor zones: a crossing is a track whose middle changes sides between two
frames, and a bay is occupied while a track's middle lies in it.
"""

import importlib
from collections.abc import Sequence
from typing import Any

from benchmarks.accuracy_parts.contenders.exchange import Point, Setup, Told, serve

# Imported by name: the project's own environment has not got it.
np: Any = importlib.import_module('numpy')
norfair: Any = importlib.import_module('norfair')

DISTANCE_PX = 30


class Counter:
    """Count the living tracks, those over lines, and those in bays."""

    def __init__(self, setup: Setup) -> None:
        self._tracker = norfair.Tracker(distance_function='euclidean', distance_threshold=DISTANCE_PX)
        self._setup = setup
        self._totals = {name: [0, 0] for name in setup.gates}
        self._last: dict[int, Point] = {}

    def count(self, stamp_s: float, boxes: list[list[float]]) -> Told:  # noqa: ARG002  (it knows no time)
        """Take the boxes of the next frame."""
        detections = [
            norfair.Detection(
                points=np.array([(left + right) / 2, (top + bottom) / 2]), scores=np.array([confidence])
            )
            for left, top, right, bottom, confidence in boxes
        ]
        tracks = self._tracker.update(detections=detections)
        places = {
            track.global_id: (float(track.estimate[0][0]), float(track.estimate[0][1])) for track in tracks
        }
        for track_id, place in places.items():
            if track_id in self._last:
                self._cross(self._last[track_id], place)
        self._last = places
        return Told(
            cars=len(places),
            bays=[
                name
                for name, corners in self._setup.bays.items()
                if any(contains(corners, place) for place in places.values())
            ],
            gates={name: (entered, left) for name, (entered, left) in self._totals.items()},
        )

    def _cross(self, before: Point, after: Point) -> None:
        for name, (start, end) in self._setup.gates.items():
            sides = [is_left(start, end, place) for place in (before, after)]
            if sides[0] == sides[1] or is_left(before, after, start) == is_left(before, after, end):
                continue
            self._totals[name][0 if sides[1] else 1] += 1


def is_left(start: Point, end: Point, place: Point) -> bool:
    """Tell whether a place is on the left of a line, as seen on the screen, with y down."""
    return (end[0] - start[0]) * (place[1] - start[1]) - (end[1] - start[1]) * (place[0] - start[0]) < 0


def contains(corners: Sequence[Point], place: Point) -> bool:
    """Tell whether a place lies in a polygon, by the even-odd rule."""
    inside = False
    x, y = place
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


if __name__ == '__main__':
    serve(Counter)
