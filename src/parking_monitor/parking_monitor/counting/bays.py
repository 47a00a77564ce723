"""Tell which bays are taken, by the evidence of time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from parking_monitor.counting.geometry import Point, centroid, contains
from parking_monitor.counting.merging import edges_of
from parking_monitor.counting.picture import Picture
from parking_monitor.counting.track import Track
from parking_monitor.counting.zones import Zone
from parking_monitor.values import BayCount, BayState

# A car takes a bay once it has stood for so long.
_STANDS_S = 1.0
# So much evidence, in seconds, makes a bay taken, and so much makes it free.
_TAKEN_S = 1.0
_FREE_S = 2.0
# One frame is evidence of no more than this, however long ago the one before was.
_FRAME_S = 1.0
# A bay whose car, or whose neighbours' cars, have not been seen for so long cannot be seen.
_UNSEEN_S = 10.0
_SIGHT_S = 3.0
_NEIGHBOURS = 2
# A bay is out of sight when so much of it lies behind cars that stand elsewhere.
_COVERED_SHARE = 0.85
# A car stands in a bay of which it covers at least so much.
_LEAST_COVERED = 0.35
# A bay whose middle is a bay's size away is worth so much less of it covered.
_DISTANCE_COST = 0.6
# A car ends so much of its bay's depth before the bay does.
_MARGIN = 0.08
_ASSIGN_EVERY_S = 1.0
_SAMPLES = 5
# Confidence rises to 1 within about this time of agreement, and falls within that time of not seeing.
_SURE_S = 10.0
_FORGOTTEN_S = 600.0
_FIRST_CONFIDENCE = 0.5
_CERTAIN = 0.999


@dataclass(frozen=True, slots=True)
class Bay:
    """Hold a named place for one car: its outline on the ground, in fractions of the image, 0 to 1."""

    name: str
    polygon: tuple[Point, ...]


class BayWatch:
    """Keep the state of every bay of a camera.

    A bay is taken by the car that stands in it for some time and free once none has for
    some time; a bay that cannot be seen is unknown, and keeps what it was beside that.

    Args:
        bays: in the order of the result.
        zones: a bay belongs to the first in which its middle lies.
        memory: by name, what a bay was when last known, before a restart.
    """

    def __init__(
        self, bays: Sequence[Bay], zones: Sequence[Zone], memory: Mapping[str, BayState] | None = None
    ) -> None:
        self._bays = tuple(bays)
        memory = memory or {}
        self._counts = [
            BayCount(
                name=bay.name,
                zone=_zone_of(bay, zones),
                last=memory.get(bay.name, BayState.UNKNOWN),
            )
            for bay in self._bays
        ]
        # Seconds of evidence: positive that the bay is taken, negative that it is free.
        self._evidence = [0.0] * len(self._bays)
        self._sight = [_SIGHT_S] * len(self._bays)
        self._in_sight = [True] * len(self._bays)
        self._picture: Picture | None = None
        self._places = _Places((), Picture(1, 1))
        self._occupants: dict[int, Track] = {}
        self._covered: list[float] = []
        self._assigned_s = -math.inf
        self._assigned: tuple[int, ...] = ()

    @property
    def counts(self) -> tuple[BayCount, ...]:
        """Return what is claimed of each bay."""
        return tuple(self._counts)

    def watch(
        self, tracks: Sequence[Track], picture: Picture, dt_s: float, now_s: float, stamp_ns: int
    ) -> None:
        """Take the cars of the next frame.

        Args:
            tracks: the confirmed ones.
            picture: its measures.
            dt_s: seconds since the frame before.
            now_s: the tracker's time.
            stamp_ns: of the frame.
        """
        if not self._bays:
            return
        if picture != self._picture:
            self._picture, self._places = picture, _Places(self._bays, picture)
            self._assigned_s = -math.inf
        standing = [track for track in tracks if track.is_parked or now_s - track.anchored_s >= _STANDS_S]
        self._assign(standing, now_s)
        sight = _Sight([track for track in tracks if track.is_parked], now_s)
        for index in range(len(self._bays)):
            if not self._is_settled(index, now_s):
                self._take(index, sight, min(dt_s, _FRAME_S), now_s, stamp_ns)

    def lose_sight(self) -> None:
        """Make every bay unknown, keeping what it was."""
        self._counts = [replace(count, state=BayState.UNKNOWN) for count in self._counts]

    def _assign(self, standing: Sequence[Track], now_s: float) -> None:
        """Give each standing car its bay, when they are others than before or some time has passed."""
        identities = tuple(track.track_id for track in standing)
        if self._covered and identities == self._assigned and now_s - self._assigned_s < _ASSIGN_EVERY_S:
            return
        self._assigned, self._assigned_s = identities, now_s
        edges = edges_of([track.box for track in standing])
        covered = self._places.covered(edges)
        self._occupants = {bay: standing[row] for row, bay in self._places.assign(edges, covered)}
        self._covered = _covered_by_others(covered, standing, self._occupants)

    def _is_settled(self, index: int, now_s: float) -> bool:
        """Tell whether a bay is known for certain to be taken, and its car is seen: nothing will change."""
        occupant, count = self._occupants.get(index), self._counts[index]
        return (
            occupant is not None
            and not occupant.is_gone
            and now_s - occupant.seen_s <= _UNSEEN_S
            and count.state is BayState.OCCUPIED
            and count.confidence > _CERTAIN
            and self._evidence[index] >= _TAKEN_S
            and self._sight[index] >= _SIGHT_S
        )

    def _take(self, index: int, sight: '_Sight', dt_s: float, now_s: float, stamp_ns: int) -> None:
        count, occupant = self._counts[index], self._occupants.get(index)
        is_taken = occupant is not None and not occupant.is_gone
        if occupant is not None and is_taken:
            is_seen = now_s - occupant.seen_s <= _UNSEEN_S
        else:
            is_seen = self._covered[index] < _COVERED_SHARE and sight.reaches(self._places.middles[index])
        if not self._has_sight(index, dt_s, is_seen=is_seen):
            confidence = count.confidence * math.exp(-dt_s / _FORGOTTEN_S)
            if count.state is not BayState.UNKNOWN or confidence != count.confidence:
                self._counts[index] = _count(count, BayState.UNKNOWN, count.last, confidence, count.since_ns)
            return
        evidence = self._evidence[index] + (dt_s if is_taken else -dt_s)
        self._evidence[index] = min(max(evidence, -_FREE_S), _TAKEN_S)
        state = count.state
        if self._evidence[index] >= _TAKEN_S:
            state = BayState.OCCUPIED
        elif self._evidence[index] <= -_FREE_S:
            state = BayState.FREE
        if state is BayState.UNKNOWN:
            return
        agrees = state is (BayState.OCCUPIED if is_taken else BayState.FREE)
        if agrees and state is count.state and count.confidence > _CERTAIN:
            return
        self._counts[index] = _with_state(count, state, dt_s if agrees else 0.0, stamp_ns)

    def _has_sight(self, index: int, dt_s: float, *, is_seen: bool) -> bool:
        """Tell whether a bay can be seen, which takes some time to be lost and to be regained."""
        sight = self._sight[index] + (dt_s if is_seen else -dt_s)
        self._sight[index] = sight = min(max(sight, 0.0), _SIGHT_S)
        if sight >= _SIGHT_S:
            self._in_sight[index] = True
        elif sight <= 0.0:
            self._in_sight[index] = False
        return self._in_sight[index]


class _Sight:
    """Hold which parked cars are seen in a frame."""

    def __init__(self, parked: Sequence[Track], now_s: float) -> None:
        self._parked, self._now_s = parked, now_s
        self._all_are_seen = all(self._is_seen(track) for track in parked)

    def reaches(self, place: Point) -> bool:
        """Tell whether any of the parked cars next to an empty bay is seen; without any, it is."""
        if self._all_are_seen:
            return True
        nearest = sorted(self._parked, key=lambda track: track.distance_from(place))
        return any(self._is_seen(track) for track in nearest[:_NEIGHBOURS])

    def _is_seen(self, track: Track) -> bool:
        return self._now_s - track.seen_s <= _UNSEEN_S


class _Places:
    """Hold bays in pixels: points spread over each (bays, points, 2), their middles and sizes."""

    def __init__(self, bays: Sequence[Bay], picture: Picture) -> None:
        scale = np.array([picture.width, picture.height], np.float64)
        self._points = np.array([_spread(bay.polygon) for bay in bays]).reshape(-1, _SAMPLES**2, 2) * scale
        middles = np.array([centroid(bay.polygon) for bay in bays]).reshape(-1, 2) * scale
        self.middles = [(float(x), float(y)) for x, y in middles]
        spans = [np.ptp(np.array(bay.polygon), axis=0) for bay in bays]
        self._spans = np.array(spans).reshape(-1, 2) * scale
        # A car's box ends where its nearest wheel stands, however high the car and steep the camera.
        ends = np.array([max(y for _, y in bay.polygon) for bay in bays]) * picture.height
        self._feet = np.stack([middles[:, 0], ends - _MARGIN * self._spans[:, 1]], axis=1)

    def covered(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of each bay that each box (n, 4: edges) covers, (n, bays)."""
        left, top, right, bottom = boxes.T[:, :, None, None]
        x, y = self._points[:, :, 0], self._points[:, :, 1]
        inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        return np.asarray(np.count_nonzero(inside, axis=2) / inside.shape[2])

    def assign(self, edges: NDArray[np.float64], covered: NDArray[np.float64]) -> list[tuple[int, int]]:
        """Return pairs of (box, bay): each car in one bay at most, at the best of all ways together.

        Args:
            edges: of the cars' boxes (n, 4).
            covered: the share of each bay that each covers.
        """
        if not len(edges):
            return []
        feet = np.stack([(edges[:, 0] + edges[:, 2]) / 2, edges[:, 3]], axis=1)
        away = (feet[:, None] - self._feet[None]) / np.maximum(self._spans[None], 1.0)
        score = covered - _DISTANCE_COST * np.sqrt((away**2).sum(axis=2))
        score = np.where(covered >= _LEAST_COVERED, np.maximum(score, 0.01), 0.0)
        rows, columns = linear_sum_assignment(score, maximize=True)
        return [
            (int(row), int(column))
            for row, column in zip(rows, columns, strict=True)
            if score[row, column] > 0
        ]


def _covered_by_others(
    covered: NDArray[np.float64], standing: Sequence[Track], occupants: Mapping[int, Track]
) -> list[float]:
    """Return the largest share of each bay that lies behind one car which is seen and stands elsewhere."""
    row_of = {track.track_id: row for row, track in enumerate(standing)}
    elsewhere = covered.copy()
    for bay, track in occupants.items():
        elsewhere[row_of[track.track_id], bay] = 0.0
    is_seen = [not track.misses for track in standing]
    shares: list[float] = elsewhere[is_seen].max(axis=0, initial=0.0).tolist()
    return shares


def _spread(polygon: Sequence[Point]) -> list[Point]:
    """Return points spread evenly over a polygon; its middle again and again where it has too few."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    fine = 4 * _SAMPLES
    found = [
        (x, y)
        for row in range(fine)
        for column in range(fine)
        if contains(
            polygon,
            x := min(xs) + (column + 0.5) / fine * (max(xs) - min(xs)),
            y := min(ys) + (row + 0.5) / fine * (max(ys) - min(ys)),
        )
    ] or [centroid(polygon)]
    wanted = _SAMPLES**2
    return [found[index * len(found) // wanted] for index in range(wanted)]


def _zone_of(bay: Bay, zones: Sequence[Zone]) -> str:
    x, y = centroid(bay.polygon)
    return next((zone.name for zone in zones if zone.contains(x, y)), '')


def _with_state(count: BayCount, state: BayState, agreed_s: float, stamp_ns: int) -> BayCount:
    if state is not count.last:
        return _count(count, state, state, _FIRST_CONFIDENCE, stamp_ns)
    confidence = 1.0 - (1.0 - max(count.confidence, _FIRST_CONFIDENCE)) * math.exp(-agreed_s / _SURE_S)
    return _count(count, state, count.last, confidence, count.since_ns or stamp_ns)


def _count(bay: BayCount, state: BayState, last: BayState, confidence: float, since_ns: int) -> BayCount:
    """Return a new claim of a bay; as `replace` does, in a twentieth of its time."""
    return BayCount(
        name=bay.name, zone=bay.zone, state=state, last=last, confidence=confidence, since_ns=since_ns
    )
