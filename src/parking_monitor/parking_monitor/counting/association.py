"""Find which detection shows which car."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from parking_monitor.counting.picture import EDGE_SIZES, Picture
from parking_monitor.counting.track import Track
from parking_monitor.values import Detection

# How far from where it is expected a car can be found, in sizes along each axis: at once, and
# more for each second that it has not been seen.
_REACH = 0.55
_REACH_PER_S = 1.6
_FURTHEST = 3.0
# A car seen as lately as this is where it is expected.
_FOLLOWED_S = 0.1
_PARKED_REACH = 0.6
# A parked car that leaves goes farther than that between the frames of a slow camera.
_PARKED_REACH_PER_S = 0.5
_FAST_S, _SLOW_S = 0.3, 2.0
_CELL_REACH = 0.9
# A car seen once may go anywhere at once, up to 9 m/s for a car of 4.5 m.
_FIRST_REACH_PER_S = 2.0
# An overlapping box is better than one beside it that is as near.
_OVERLAP_BONUS = 0.6
# Sizes that differ by a factor of e cost as much as half a size of distance.
_SIZE_COST = 0.5
# Between two detections one side may change by the larger factor, as at the picture's edge, and the
# other by the smaller.
_LARGEST_RATIO = math.log(3.0)
_LARGEST_OTHER_RATIO = math.log(1.8)
# ... and that by so much more for each second between the pictures of a slow camera.
_RATIO_PER_S = 0.4
# A parked car does not get so many times as large: that is something larger before it.
_PARKED_GROWN = 2.0
# Farther away than this, a box at the picture's edge is another car that comes in; from one seen once,
# which may be a false box, it is not even so far.
_REACH_AT_EDGE = 1.0
_FIRST_REACH_AT_EDGE = 0.5
_REACH_AT_EDGE_PER_S = 0.7
# To leave a car without a detection costs as much as one this far beyond its reach: cars do not
# take one another's detections only because that makes more pairs.
_BEYOND = 0.3


@dataclass(frozen=True, slots=True)
class Matches:
    """Hold pairs of (track, detection) indices, and what was left over on both sides."""

    pairs: tuple[tuple[int, int], ...]
    lone_tracks: tuple[int, ...]
    lone_detections: tuple[int, ...]


def match(
    tracks: Sequence[Track], found: Sequence[Detection], picture: Picture, now_s: float, frame_s: float
) -> Matches:
    """Pair tracks, moved on to now, with detections, at the least total cost.

    The cost is the distance of the middles in sizes of the car, less for boxes
    that overlap, more for boxes of other sizes.

    Args:
        tracks: of confirmed or of tentative cars.
        found: one a car, see `merging`.
        picture: its measures; sizes and overlaps of FOMO's cells mean nothing.
        now_s: the tracker's time.
        frame_s: since the frame before.
    """
    if not tracks or not found:
        return Matches((), tuple(range(len(tracks))), tuple(range(len(found))))
    cost, alone = _costs(tracks, found, picture, now_s, frame_s)
    # A car that may be anywhere by now is less likely to be just here than one that stands here.
    gain = (1.0 - cost / alone[:, None]) / np.sqrt(alone[:, None])
    rows, columns = linear_sum_assignment(gain, maximize=True)
    is_near = gain[rows, columns] > 0
    pairs = tuple(zip(rows[is_near].tolist(), columns[is_near].tolist(), strict=True))
    taken_tracks = {row for row, _ in pairs}
    taken_found = {column for _, column in pairs}
    return Matches(
        pairs,
        tuple(index for index in range(len(tracks)) if index not in taken_tracks),
        tuple(index for index in range(len(found)) if index not in taken_found),
    )


@dataclass(frozen=True, slots=True)
class _Cars:
    """Hold what is expected of the tracks' cars, one a track; x and y lie along the first axis of pairs.

    `slow_s` are the seconds beyond `_FAST_S` for which the pace of the frames left each unseen.
    """

    middle: NDArray[np.float64]
    size: NDArray[np.float64]
    seen_size: NDArray[np.float64]
    is_parked: NDArray[np.bool_]
    reach: NDArray[np.float64]
    slow_s: NDArray[np.float64]
    reach_at_edge: NDArray[np.float64]

    @classmethod
    def of(cls, tracks: Sequence[Track], now_s: float, frame_s: float, *, by_overlap: bool) -> '_Cars':
        """Take the tracks as they are expected now; their reach is in sizes."""
        columns = _columns(
            [
                (
                    t.x.position,
                    t.y.position,
                    t.width,
                    t.height,
                    t.width if t.is_parked else t.seen_box.width,
                    t.height if t.is_parked else t.seen_box.height,
                    t.seen_s,
                    t.is_parked,
                    t.hits < 2 and not t.has_way,
                )
                for t in tracks
            ]
        )
        unseen_s = now_s - columns[6]
        slow_s = np.minimum(np.maximum(np.minimum(unseen_s, frame_s) - _FAST_S, 0.0), _SLOW_S)
        parked = _PARKED_REACH + _PARKED_REACH_PER_S * slow_s
        if by_overlap:
            followed = _REACH + _REACH_PER_S * np.maximum(0.0, unseen_s - _FOLLOWED_S)
            moving = np.where(columns[8] > 0, _REACH + _FIRST_REACH_PER_S * unseen_s, followed)
        else:
            moving = _CELL_REACH + _REACH_PER_S * unseen_s
        is_parked = columns[7] > 0
        reach = np.where(is_parked, parked, np.minimum(moving, _FURTHEST))
        is_lately_new = (columns[8] > 0) & (slow_s == 0)
        at_edge = (
            np.where(is_lately_new, _FIRST_REACH_AT_EDGE, _REACH_AT_EDGE) + _REACH_AT_EDGE_PER_S * slow_s
        )
        return cls(columns[:2], columns[2:4], columns[4:6], is_parked, reach, slow_s, at_edge)


def _costs(
    tracks: Sequence[Track], found: Sequence[Detection], picture: Picture, now_s: float, frame_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each pair costs, and what it costs to leave each car without a detection."""
    by_overlap = not picture.has_cells
    cars = _Cars.of(tracks, now_s, frame_s, by_overlap=by_overlap)
    measures = np.array([[picture.width], [picture.height]], np.float64)
    low, high = _visible(cars, measures)
    box_low, box_high = _edges_of_cars(found, picture)
    size, box_size = high - low, np.maximum(box_high - box_low, 1e-3)
    away = ((box_low + box_high)[:, None] - (low + high)[:, :, None]) / (box_size[:, None] + size[:, :, None])
    squares = away[0] * away[0] + away[1] * away[1]
    # Few of the pairs are near enough for the rest to matter.
    rows, columns = np.nonzero(squares <= (cars.reach * cars.reach)[:, None])
    near = np.sqrt(squares[rows, columns])
    room = np.minimum(box_low, measures - box_high) / box_size
    at_edge = cars.reach_at_edge[rows]
    is_possible = (near <= at_edge) | (np.minimum(room[0], room[1]) > EDGE_SIZES)[columns]
    if by_overlap:
        overlap = np.minimum(high[:, rows], box_high[:, columns])
        overlap -= np.maximum(low[:, rows], box_low[:, columns])
        wide, high = np.maximum(overlap, 0.0)
        shared = wide * high
        union = (size[0] * size[1])[rows] + (box_size[0] * box_size[1])[columns] - shared
        wide, high = np.abs(
            np.log(np.maximum(cars.seen_size, 1.0))[:, rows] - np.log(np.maximum(box_size, 1.0))[:, columns]
        )
        near += _SIZE_COST * (wide + high) / 2 - _OVERLAP_BONUS * shared / np.maximum(union, 1e-9)
        grown = (box_size[0] * box_size[1])[columns] / (cars.size[0] * cars.size[1])[rows]
        largest_other = np.minimum(_LARGEST_OTHER_RATIO + _RATIO_PER_S * cars.slow_s, _LARGEST_RATIO)
        is_possible &= ~(cars.is_parked[rows] & (grown > _PARKED_GROWN))
        is_possible &= np.maximum(wide, high) <= _LARGEST_RATIO
        is_possible &= np.minimum(wide, high) <= largest_other[rows]
    alone = cars.reach + _BEYOND
    cost = np.repeat(alone[:, None], len(found), axis=1)
    cost[rows, columns] = np.where(is_possible, np.minimum(near, alone[rows]), alone[rows])
    return cost, alone


def _visible(cars: _Cars, measures: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the low and high edges of the parts of cars that lie in the picture; others as they are."""
    low, high = cars.middle - cars.size / 2, cars.middle + cars.size / 2
    inside_low = np.maximum(low, 0.0)
    inside_high = np.minimum(high, measures)
    is_in = np.logical_and(*(inside_high > inside_low))
    return np.where(is_in, inside_low, low), np.where(is_in, inside_high, high)


def _edges_of_cars(
    found: Sequence[Detection], picture: Picture
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return low and high edges of the detections' boxes; of FOMO's cells, of usual cars around them."""
    boxes = [picture.car_box(item.box) for item in found] if picture.has_cells else [i.box for i in found]
    columns = _columns([(box.x, box.y, box.width, box.height) for box in boxes])
    return columns[:2], columns[:2] + columns[2:]


def _columns(rows: Sequence[tuple[float, ...]]) -> NDArray[np.float64]:
    """Return an array with a row for each column, which is what NumPy is fast with."""
    return np.ascontiguousarray(np.array(rows, np.float64).T)
