"""Count the cars that cross a line, by direction."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parking_monitor.counting.geometry import Point, crossing_share, distance_to_line
from parking_monitor.counting.picture import Picture
from parking_monitor.counting.track import Changes, GateSide, Track
from parking_monitor.values import Direction

# A car is on a side for certain when its middle is so far from the line, in its own size.
_BAND_SIZES = 0.2
# It has crossed when it was on the other side for so long, or went so far beyond the line.
_MOMENT_S = 0.7
_FAR_BEYOND_SIZES = 0.8
# It passed the gate and not beside it when it crossed the line within so much more than its length.
_BESIDE = 0.15
# A car stands on the ground: the point of it that crosses is a little below the middle of its box.
_GROUND = 0.15
# The way of a car before it was first seen is guessed so far back.
_BACK_S = 3.0
_DRIVES_SIZES_PER_S = 0.3


@dataclass(frozen=True, slots=True)
class Gate:
    """Hold a named line and a point on the side where cars are inside, in fractions of the image, 0 to 1."""

    name: str
    line: tuple[Point, Point]
    inside: Point


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold that a track went through a gate."""

    gate: str
    direction: Direction
    track_id: int


class GateWatch:
    """Tell which tracks went through which gate.

    A crossing is one track that went from one side to the other and did not come back
    within a moment. What a gate knows of a car is kept on its track, and goes with it.

    Args:
        gates: whose lines are watched.
    """

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = tuple(gates)
        self._lines: tuple[_Line, ...] = ()
        self._picture: Picture | None = None

    def watch(
        self, tracks: Iterable[Track], changes: Changes, picture: Picture, now_s: float
    ) -> list[Passage]:
        """Return the crossings that became certain with this frame.

        Args:
            tracks: confirmed and tentative ones; a tentative car's crossing counts once it is confirmed.
            changes: the tracks that were confirmed, and those that ended, with this frame.
            picture: its measures.
            now_s: the tracker's time.
        """
        if not self._gates:
            return []
        if picture != self._picture:
            self._picture, self._lines = picture, tuple(_Line(gate, picture) for gate in self._gates)
        passages = []
        for track in changes.confirmed:
            start = _where_from(track, picture)
            for line in self._lines:
                line.assume_way(track, start)
        for track in tracks:
            for line in self._lines:
                if line.follow(track, now_s) and track.is_confirmed:
                    passages += [line.settle(track)]
        for track in changes.ended:
            if track.is_confirmed:
                passages += [line.settle(track) for line in self._lines if line.is_pending(track)]
        return passages


class _Line:
    """Hold a gate in pixels; distances are positive inside."""

    def __init__(self, gate: Gate, picture: Picture) -> None:
        def to_pixels(point: Point) -> Point:
            return point[0] * picture.width, point[1] * picture.height

        self._name = gate.name
        line = (to_pixels(gate.line[0]), to_pixels(gate.line[1]))
        is_right = distance_to_line(to_pixels(gate.inside), line) > 0
        self._line = line if is_right else (line[1], line[0])
        (ax, ay), (bx, by) = self._line
        self._way, self._length = (bx - ax, by - ay), math.hypot(bx - ax, by - ay)

    def follow(self, track: Track, now_s: float) -> bool:
        """Take a car's place, and tell whether its crossing is certain now."""
        known = track.gate_sides.get(self._name)
        if known is None:
            known = track.gate_sides[self._name] = GateSide()
        elif track.is_parked and known.crossed_s is None:
            return False
        place = foot(track)
        last, known.last = known.last, place
        distance = self._distance(place) / track.size
        if known.side == 0:
            if abs(distance) >= _BAND_SIZES:
                known.side = 1 if distance > 0 else -1
            return False
        beyond = -distance * known.side
        if last is not None and beyond > 0 >= -self._distance(last) * known.side:
            known.is_through = self._is_through(last, place)
        if beyond < _BAND_SIZES:
            if beyond < -_BAND_SIZES:
                known.crossed_s = None
            return False
        if not known.is_through:
            known.side, known.crossed_s = -known.side, None
            return False
        if known.crossed_s is None:
            known.crossed_s = now_s
        if track.misses or not track.is_certain:
            return False
        return now_s - known.crossed_s >= _MOMENT_S or beyond >= _FAR_BEYOND_SIZES

    def settle(self, track: Track) -> Passage:
        """Count a crossing, and begin anew on the other side."""
        known = track.gate_sides[self._name]
        known.side, known.crossed_s = -known.side, None
        direction = Direction.IN if known.side > 0 else Direction.OUT
        return Passage(self._name, direction, track.track_id)

    def is_pending(self, track: Track) -> bool:
        """Tell whether a car was last on the other side."""
        known = track.gate_sides.get(self._name)
        return track.is_certain and known is not None and known.crossed_s is not None

    def assume_way(self, track: Track, start: Point | None) -> None:
        """Let a car come from a place before it was first seen, when the gate lies on its way."""
        place = foot(track)
        if start is None or not self._is_through(start, place):
            return
        side = 1 if self._distance(start) > 0 else -1
        track.gate_sides[self._name] = GateSide(side=side, last=start)

    def _distance(self, place: Point) -> float:
        """Return how far a place is from the line, as `distance_to_line` does."""
        (x, y), (way_x, way_y) = self._line[0], self._way
        return (way_x * (place[1] - y) - way_y * (place[0] - x)) / self._length

    def _is_through(self, last: Point, place: Point) -> bool:
        share = crossing_share(last, place, self._line)
        return share is not None and -_BESIDE <= share <= 1 + _BESIDE


def foot(track: Track) -> Point:
    """Return the place of a car that crosses lines and stands in zones, in pixels."""
    return foot_at((track.x.position, track.y.position), track)


def foot_at(middle: Point, track: Track) -> Point:
    """Return the same for another place of its box's middle."""
    return middle[0], middle[1] + _GROUND * track.height


def _where_from(track: Track, picture: Picture) -> Point | None:
    """Return where a car came into the picture, or where it was some seconds ago; None if it stands."""
    known_s = track.seen_s - track.birth_s
    if track.starts_anywhere or known_s <= 0:
        return None
    speed_x = (track.x.position - track.birth[0]) / known_s
    speed_y = (track.y.position - track.birth[1]) / known_s
    if math.hypot(speed_x / track.width, speed_y / track.height) < _DRIVES_SIZES_PER_S:
        return None
    x, y = foot_at(track.birth, track)
    back_s = min(_seconds_to_edge(x, speed_x, picture.width), _seconds_to_edge(y, speed_y, picture.height))
    back_s = min(back_s, _BACK_S)
    return x - back_s * speed_x, y - back_s * speed_y


def _seconds_to_edge(place: float, speed: float, length: float) -> float:
    """Return how long ago a place was at the edge that it comes from."""
    if speed > 0:
        return max(place, 0.0) / speed
    return max(length - place, 0.0) / -speed if speed < 0 else math.inf
