"""Find which detection shows which car."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from parking_monitor.counting.merging import Edges, areas, edges_of, shared_areas
from parking_monitor.counting.picture import EDGE_SIZES, Picture
from parking_monitor.counting.track import Track
from parking_monitor.values import Detection

# How far from where it is expected a car can be found, in sizes along each axis: at once, and
# more for each second that it has not been seen.
_REACH = 0.55
_REACH_PER_S = 1.6
_FURTHEST = 3.0
_PARKED_REACH = 0.6
# A parked car that leaves goes farther than that between the frames of a slow camera.
_PARKED_REACH_PER_S = 0.5
_FAST_S, _SLOW_S = 0.3, 2.0
_CELL_REACH = 0.75
# A car seen once may go anywhere at once, up to 9 m/s for a car of 4.5 m.
_FIRST_REACH_PER_S = 2.0
# An overlapping box is better than one beside it that is as near.
_OVERLAP_BONUS = 0.6
# Sizes that differ by a factor of e cost as much as half a size of distance.
_SIZE_COST = 0.5
# Between two detections one side may change by the larger factor, as at the picture's edge, and the
# other by the smaller.
_LARGEST_RATIO = 3.0
_LARGEST_OTHER_RATIO = 1.8
# Farther away than this, a box at the picture's edge is another car that comes in.
_REACH_AT_EDGE = 1.0
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
    rows, columns = linear_sum_assignment(cost)
    is_near = cost[rows, columns] < alone[rows]
    pairs = tuple(zip(rows[is_near].tolist(), columns[is_near].tolist(), strict=True))
    taken_tracks = {row for row, _ in pairs}
    taken_found = {column for _, column in pairs}
    return Matches(
        pairs,
        tuple(index for index in range(len(tracks)) if index not in taken_tracks),
        tuple(index for index in range(len(found)) if index not in taken_found),
    )


def reach(track: Track, now_s: float, frame_s: float, *, by_overlap: bool) -> float:
    """Return how far from its expected place a car may be found, in sizes."""
    unseen_s = now_s - track.seen_s
    if track.is_parked:
        slow_s = min(max(min(unseen_s, frame_s) - _FAST_S, 0.0), _SLOW_S)
        return _PARKED_REACH + _PARKED_REACH_PER_S * slow_s
    if not by_overlap:
        return min(_CELL_REACH + _REACH_PER_S * unseen_s, _FURTHEST)
    if track.hits < 2 and not track.has_way:
        return min(_REACH + _FIRST_REACH_PER_S * unseen_s, _FURTHEST)
    return min(_REACH + _REACH_PER_S * max(0.0, unseen_s - 0.1), _FURTHEST)


def _costs(
    tracks: Sequence[Track], found: Sequence[Detection], picture: Picture, now_s: float, frame_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each pair costs, and what it costs to leave each car without a detection."""
    by_overlap = not picture.has_cells
    state = np.array(
        [
            (
                t.x.position,
                t.y.position,
                t.width / 2,
                t.height / 2,
                t.seen_box.width,
                t.seen_box.height,
                reach(t, now_s, frame_s, by_overlap=by_overlap),
            )
            for t in tracks
        ]
    )
    furthest = state[:, 6]
    expected = _visible(state[:, :4], picture)
    edges = _edges_of_cars(found, picture)
    expected_sizes, sizes = expected[:, 2:] - expected[:, :2], np.maximum(edges[:, 2:] - edges[:, :2], 1e-3)
    expected_middles, middles = (expected[:, :2] + expected[:, 2:]) / 2, (edges[:, :2] + edges[:, 2:]) / 2
    away_x, away_y = (
        (middles[:, axis] - expected_middles[:, axis, None])
        / ((expected_sizes[:, axis, None] + sizes[:, axis]) / 2)
        for axis in (0, 1)
    )
    distance = np.sqrt(away_x**2 + away_y**2)
    room = np.concatenate([edges[:, :2], (picture.width, picture.height) - edges[:, 2:]], axis=1)
    at_edge = (room <= EDGE_SIZES * np.concatenate([sizes, sizes], axis=1)).any(axis=1)
    limit = np.where(at_edge, np.minimum(furthest[:, None], _REACH_AT_EDGE), furthest[:, None])
    # Few of the pairs are near enough for the rest to matter.
    rows, columns = np.nonzero(distance <= limit)
    near = distance[rows, columns]
    if by_overlap:
        mine, theirs = expected[rows], edges[columns]
        shared = shared_areas(mine, theirs)
        union = areas(mine) + areas(theirs) - shared
        ratios = np.abs(
            np.log(np.maximum(state[:, 4:6], 1.0))[rows] - np.log(np.maximum(sizes, 1.0))[columns]
        )
        wide, high = ratios[:, 0], ratios[:, 1]
        near += _SIZE_COST * (wide + high) / 2 - _OVERLAP_BONUS * shared / np.maximum(union, 1e-9)
        is_like = (np.maximum(wide, high) <= math.log(_LARGEST_RATIO)) & (
            np.minimum(wide, high) <= math.log(_LARGEST_OTHER_RATIO)
        )
        rows, columns, near = rows[is_like], columns[is_like], near[is_like]
    alone = furthest + _BEYOND
    cost = np.repeat(alone[:, None], len(found), axis=1)
    cost[rows, columns] = np.minimum(near, alone[rows])
    return cost, alone


def _visible(boxes: NDArray[np.float64], picture: Picture) -> Edges:
    """Return the parts of boxes, as middles and half sizes, that lie in the picture; others as they are."""
    edges = np.concatenate([boxes[:, :2] - boxes[:, 2:], boxes[:, :2] + boxes[:, 2:]], axis=1)
    inside = np.empty_like(edges)
    inside[:, :2] = np.maximum(edges[:, :2], 0.0)
    inside[:, 2:] = np.minimum(edges[:, 2:], (picture.width, picture.height))
    is_in = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    return np.asarray(np.where(is_in[:, None], inside, edges))


def _edges_of_cars(found: Sequence[Detection], picture: Picture) -> Edges:
    """Return the detections' boxes; of FOMO's cells, those of usual cars around their middles."""
    return edges_of(
        [picture.car_box(item.box) for item in found] if picture.has_cells else [i.box for i in found]
    )
