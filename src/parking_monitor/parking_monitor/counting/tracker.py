"""Follow cars through misses, false boxes and things that hide them."""

import math
from collections.abc import Sequence

from parking_monitor.counting.association import match
from parking_monitor.counting.confidence import UsualConfidence
from parking_monitor.counting.flow import STEP_S, Flow
from parking_monitor.counting.hiding import LONG_GAP_S, Hiding
from parking_monitor.counting.picture import EDGE_SIZES, Picture
from parking_monitor.counting.scale import LEAST, MOST, Scale
from parking_monitor.counting.track import BLINK_S, Changes, Track
from parking_monitor.values import Box, Detection

_SETTLING_S = 3.0
"""So long after a beginning or a long gap, cars may be first seen anywhere."""
_BEGINNING_S = 0.5

# A confirmation needs so many detections; fewer where pictures come slowly.
_HITS = 3
_HITS_SLOW = 2
_SLOW_S = 0.6
_VERY_SLOW_S = 5.0
_LEAST_HIT_SHARE = 0.25
# A car seen first near the edge, but not cut by it, has to move so far; one seen first where none can
# appear has to drive farther, or to stand there for so long.
_STIRRED_SIZES = 0.15
_STIRRED_HIT_SHARE = 0.5
_DRIVEN_SIZES = 0.4
_STOOD_S = 2.0
_STOOD_HIT_SHARE = 0.5
# What a detector is so much less sure of than of cars is none, in spreads; one that comes in may be.
_STOOD_SPREADS, _DRIVEN_SPREADS = 2.0, 2.5
_DOUBTED_HITS = 6
# A tentative car that is missed for longer was none.
_TENTATIVE_MISSES = 3
_TENTATIVE_MISSED_S = 0.8
# A car that shows up where none can appear may be one that was lost before, within this reach.
_LOST_REACH = 0.8
_LOST_REACH_PER_S = 2.0
_ASTRAY_PER_S = 0.8
_LOST_FURTHEST = 6.0
_LOST_BY_THE_EDGE = 1.5
_LOST_RATIO = 3.0
# One that drove is likelier than one that was parked, even if that was lost nearer by.
_PARKED_COST = 1.0
# Less of a car than this in the picture is not counted.
_LEAST_INSIDE = 0.1
_OUT_S = 0.45
# An unmatched detection that lies so much in a car's box shows that car.
_ABSORBED_SHARE = 0.6
# Cells within so much of a car's size of its middle show that car. Those beside it, within the other
# share, may do so too, if it is long: a car there is seen so much more often, in so many of the frames.
_CELL_PART = 0.4
_CELLS_BESIDE = 1.0
_BESIDE_HITS = 2
_BESIDE_HIT_SHARE = 0.4
# A box of a size that cars do not have here needs so many detections over so long.
_ODD_HITS = 12
_ODD_S = 2.0
_BESIDE_SIZES = 1.0
# Parked cars that were given up are remembered, so that they come back as the same.
_MOST_REMEMBERED = 64
_SAME_PLACE_SIZES = 0.4
_LONGEST_BLINK_S = 60.0
_MOST_STEPS = 8
# A parked car looks the same again and again: of so many detections, one is learned from.
_STANDING_TELLS = 4


class Tracker:
    """Keep one track a car.

    Deterministic, and without a clock: the caller says how much time has passed.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._tracks: list[Track] = []
        self._next_id = 1
        self._settled_s = math.inf
        self._hiding = Hiding()
        self._scale = Scale()
        self._remembered: list[Track] = []
        self._usual = UsualConfidence()
        self._flow = Flow()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Return the confirmed cars, hidden ones too, without those that are doubted."""
        return tuple(track for track in self._tracks if track.is_confirmed and not track.is_doubtful)

    @property
    def all_tracks(self) -> tuple[Track, ...]:
        """Return the tentative ones too."""
        return tuple(self._tracks)

    def update(self, found: Sequence[Detection], picture: Picture, dt_s: float) -> Changes:
        """Take the next frame's detections, one a car, and return what began and ended with it.

        Args:
            found: detections after merging.
            picture: its measures.
            dt_s: seconds since the last usable frame, not negative.
        """
        self.now_s += dt_s
        if dt_s > LONG_GAP_S or math.isinf(self._settled_s):
            self._settled_s = self.now_s + _SETTLING_S
        for track in self._tracks:
            track.advance(min(dt_s, LONG_GAP_S))
        lone = self._match(found, picture, dt_s)
        lone = self._absorb(lone, picture)
        self._hiding.judge(self._tracks, dt_s, self.now_s)
        ended = self._end(picture)
        confirmed = self._confirm(picture, dt_s)
        for item in lone:
            self._begin(item, picture, dt_s)
        return Changes(confirmed, ended)

    def _match(self, found: Sequence[Detection], picture: Picture, dt_s: float) -> list[Detection]:
        """Give detections to confirmed cars, then to tentative ones; return those left over."""
        left = list(found)
        for is_confirmed in (True, False):
            tracks = [track for track in self._tracks if track.is_confirmed is is_confirmed]
            matches = match(tracks, left, picture, self.now_s, dt_s)
            for row, column in matches.pairs:
                self._see(tracks[row], left[column], picture)
            for row in matches.lone_tracks:
                tracks[row].miss(self.now_s)
            left = [left[column] for column in matches.lone_detections]
        return left

    def _see(self, track: Track, item: Detection, picture: Picture) -> None:
        if track.unexplained_s and not track.veiled_s and track.is_established:
            self._hiding.learn(track.unexplained_s)
        before, unseen_s = track.seen_box, self.now_s - track.seen_s
        if track.see(item, self.now_s, picture) and track.hits % _STANDING_TELLS:
            return
        if not track.is_parked and STEP_S[0] <= unseen_s <= STEP_S[1]:
            track.steps.append((before, item.box, unseen_s))
            del track.steps[:-_MOST_STEPS]
        if not track.is_confirmed:
            return
        self._learn_way(track, picture)
        if not track.is_doubtful:
            self._usual.learn(item.confidence)
        track.is_doubtful = (
            track.hits >= _DOUBTED_HITS
            and not track.is_established
            and self._usual.is_doubtful(track.sureness, _DRIVEN_SPREADS)
        )
        if not picture.has_cells and not picture.is_cut(item.box):
            self._scale.learn(item.box, picture.height)

    def _learn_way(self, track: Track, picture: Picture) -> None:
        """Learn from the steps that a certain car made, those before it was certain too."""
        for before, after, time_s in track.steps:
            self._flow.learn(before, after, time_s, picture)
        track.steps.clear()

    def _absorb(self, lone: Sequence[Detection], picture: Picture) -> list[Detection]:
        """Return the detections that show no part of a car that is seen."""
        if not lone:
            return []
        seen = [track.box for track in self._tracks if track.is_confirmed and track.misses == 0]

        def is_part(item: Detection) -> bool:
            if picture.has_cells:
                return any(_away(item.box.centre, box) < _CELL_PART for box in seen)
            return any(item.box.intersection(box) > _ABSORBED_SHARE * item.box.area for box in seen)

        return [item for item in lone if not is_part(item)]

    def _end(self, picture: Picture) -> tuple[Track, ...]:
        for track in self._tracks:
            if track.misses and self._is_over(track, picture):
                track.is_gone = True
        ended = tuple(track for track in self._tracks if track.is_gone)
        if ended:
            self._remembered += [track for track in ended if track.is_established]
            del self._remembered[:-_MOST_REMEMBERED]
            self._tracks = [track for track in self._tracks if not track.is_gone]
        return ended

    def _is_over(self, track: Track, picture: Picture) -> bool:
        unseen_s = self.now_s - track.seen_s
        if not track.is_confirmed:
            return track.misses >= _TENTATIVE_MISSES and unseen_s > _TENTATIVE_MISSED_S
        is_out = not track.is_parked and picture.share_inside(track.box) < _LEAST_INSIDE
        if is_out and unseen_s > _OUT_S:
            return True
        return self._hiding.is_over(track)

    def _confirm(self, picture: Picture, dt_s: float) -> tuple[Track, ...]:
        """Count the cars that are certain now; return those that are no car known before."""
        confirmed = []
        hits = _HITS if dt_s < _SLOW_S else _HITS_SLOW if dt_s < _VERY_SLOW_S else 1
        for track in [track for track in self._tracks if not track.is_confirmed and track.misses == 0]:
            if not self._is_certain(track, hits) or not self._is_a_car(track, hits, picture):
                continue
            lost = self._return(track) or self._lost(track, picture)
            if lost is None:
                track.is_confirmed = True
                confirmed.append(track)
            else:
                _take_over(lost, track)
                self._tracks.remove(track)
        return tuple(confirmed)

    def _is_certain(self, track: Track, hits: int) -> bool:
        if track.comes_in and track.hits >= _HITS_SLOW:
            return True
        if track.hits < hits or track.hits < _LEAST_HIT_SHARE * track.frames:
            return False
        if self._appears(track, hits):
            return True
        if track.driven >= _DRIVEN_SIZES:
            # Few pictures of a slow camera show it; but in none of them would a false box come along.
            more = 0 if track.has_way else hits - 1
            return track.hits >= hits + more and not self._usual.is_doubtful(track.sureness, _DRIVEN_SPREADS)
        return (
            not self._usual.is_doubtful(track.sureness, _STOOD_SPREADS)
            and self.now_s - track.birth_s >= _STOOD_S
            and track.hits >= hits + 1
            and track.hits >= _STOOD_HIT_SHARE * track.frames
        )

    def _appears(self, track: Track, hits: int) -> bool:
        """Tell whether it was first seen when or where cars can appear, often enough to be one of them."""
        if track.starts_anywhere:
            # What was not there with the first pictures is likelier to be a false box.
            is_late = track.birth_s > self._settled_s - _SETTLING_S + _BEGINNING_S and hits == _HITS
            if track.hits >= hits + is_late:
                return True
        if not track.may_appear:
            return False
        is_steady = track.hits >= _STIRRED_HIT_SHARE * track.frames
        return track.is_at_edge or (is_steady and track.driven >= self._stirred(track))

    def _stirred(self, track: Track) -> float:
        """Return how far a car by the edge has to go: farther where it may be a parked one that left.

        Only when it has driven can it be told from another that stands there.
        """
        is_near = any(
            other.is_confirmed
            and other.is_established
            and other.seen_s + BLINK_S < track.birth_s
            and other.distance_from(track.birth) <= _LOST_BY_THE_EDGE
            for other in self._tracks
        )
        return _DRIVEN_SIZES if is_near else _STIRRED_SIZES

    def _is_a_car(self, track: Track, hits: int, picture: Picture) -> bool:
        """Tell whether it is a car of its own, and no end of a long one, or a box of another size."""
        if picture.has_cells:
            is_often_seen = (
                track.hits >= hits + _BESIDE_HITS and track.hits >= _BESIDE_HIT_SHARE * track.frames
            )
            return is_often_seen or track.comes_in or not self._is_beside_another(track)
        return self._has_size_of_a_car(track, picture)

    def _is_beside_another(self, track: Track) -> bool:
        place = track.box.centre
        return any(
            other.is_confirmed and not other.is_hidden and _away(place, other.box) < _CELLS_BESIDE
            for other in self._tracks
        )

    def _has_size_of_a_car(self, track: Track, picture: Picture) -> bool:
        """Compare a box with the cars seen here before, or with the one next to it."""
        if track.hits >= _ODD_HITS and self.now_s - track.birth_s >= _ODD_S:
            return True
        box = track.box
        usual = self._scale.usual(box, picture.height) or self._size_beside(track)
        if usual is None:
            return True
        if picture.distance_to_edge(box) <= 0:
            # The edge may cut a car to a strip, which is as long as the car one way.
            return max(box.width, box.height) >= LEAST * usual
        return LEAST * usual <= track.size <= MOST * usual

    def _size_beside(self, track: Track) -> float | None:
        """Return the size of a certain car that is seen next to a tentative one."""
        place = (track.x.position, track.y.position)
        near = [
            other.size
            for other in self._tracks
            if other.is_confirmed and not other.misses and other.distance_from(place) < _BESIDE_SIZES
        ]
        return max(near, default=None)

    def _lost(self, found: Track, picture: Picture) -> Track | None:
        """Return the car that was lost before another showed up within its reach.

        Near the picture's edge that is only one that was lost close by: others come in there.
        """
        if found.starts_anywhere or found.is_at_edge:
            return None
        drives = found.driven >= _DRIVEN_SIZES
        came_in = found.may_appear and not _goes_out(found, picture)
        best, least = None, math.inf
        for track in self._tracks:
            if not track.is_confirmed or track.misses == 0 or track.seen_s >= found.birth_s:
                continue
            if not 1 / _LOST_RATIO <= found.size / track.size <= _LOST_RATIO:
                continue
            unseen_s = found.birth_s - track.seen_s
            if came_in and unseen_s < BLINK_S:
                continue
            away = track.distance_from(found.birth)
            furthest = _LOST_BY_THE_EDGE if came_in else _LOST_FURTHEST
            if track.is_established and not drives:
                # What stands elsewhere is not the car that was parked: that would have driven there.
                furthest = _LOST_REACH
            elif self._hiding.is_veiled(track) and not _comes_from(found, track, away):
                continue
            pace = _LOST_REACH_PER_S if track.is_parked else _ASTRAY_PER_S
            within = min(_LOST_REACH + pace * unseen_s, furthest)
            cost = away / within + (_PARKED_COST if track.is_established and drives else 0.0)
            if away <= within and cost < least:
                best, least = track, cost
        return best

    def _return(self, found: Track) -> Track | None:
        """Return the parked car that was given up, and stands where it stood."""
        if found.may_appear or found.driven >= _DRIVEN_SIZES:
            return None
        place = (found.x.position, found.y.position)
        for track in self._remembered:
            if track.distance_from(place) < _SAME_PLACE_SIZES:
                self._remembered.remove(track)
                self._hiding.learn(min(found.birth_s - track.seen_s, _LONGEST_BLINK_S))
                track.is_gone = False
                self._tracks.append(track)
                return track
        return None

    def _begin(self, item: Detection, picture: Picture, dt_s: float) -> None:
        starts_anywhere = self.now_s < self._settled_s
        track = Track.begin(self._next_id, item, self.now_s, picture)
        track.starts_anywhere = starts_anywhere
        track.may_appear = starts_anywhere or picture.distance_to_edge(track.box) <= EDGE_SIZES
        track.is_at_edge = picture.cut(picture.car_box(item.box)) != (0, 0)
        if dt_s >= _SLOW_S and (way := self._flow.usual(track.birth, picture)):
            track.go(way)
        self._next_id += 1
        self._tracks.append(track)


def _away(place: tuple[float, float], box: Box) -> float:
    """Return how far a place is from the middle of a box, in its widths or heights, whichever is more."""
    x, y = box.centre
    return max(abs(place[0] - x) / box.width, abs(place[1] - y) / box.height)


def _goes_out(track: Track, picture: Picture) -> bool:
    """Tell whether a car drives towards the edge next to which it was first seen."""
    inwards = picture.inwards(track.birth)
    step_x = (track.x.position - track.birth[0]) / track.width
    step_y = (track.y.position - track.birth[1]) / track.height
    return step_x * inwards[0] + step_y * inwards[1] < -_STIRRED_SIZES


def _comes_from(found: Track, parked: Track, away: float) -> bool:
    """Tell whether a car drives straight away from where one was parked, first seen so far from there.

    What drives past, or up to, a place did not leave it.
    """
    if away <= _LOST_REACH:
        return True
    step_x = (found.x.position - found.birth[0]) / parked.width
    step_y = (found.y.position - found.birth[1]) / parked.height
    way_x = (found.birth[0] - parked.x.position) / parked.width
    way_y = (found.birth[1] - parked.y.position) / parked.height
    length = math.hypot(step_x, step_y)
    beside = abs(step_x * way_y - step_y * way_x)
    return step_x * way_x + step_y * way_y > 0 and beside <= _LOST_REACH * length


def _take_over(lost: Track, found: Track) -> None:
    """Let a lost car go on as the one that was found in its stead."""
    lost.x, lost.y = found.x, found.y
    lost.width, lost.height = found.width, found.height
    lost.seen_s, lost.misses, lost.confidence = found.seen_s, found.misses, found.confidence
    lost.anchor, lost.anchored_s, lost.is_parked = found.anchor, found.anchored_s, found.is_parked
    lost.hits += found.hits
    lost.unexplained_s = lost.veiled_s = 0.0
    lost.is_hidden = False
