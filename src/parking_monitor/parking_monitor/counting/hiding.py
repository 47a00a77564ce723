"""Judge whether a car that is not detected is hidden or gone."""

from collections.abc import Sequence

from parking_monitor.counting.track import BLINK_S, Track
from parking_monitor.values import Box

# A car that was seen for a moment only, and vanishes, is believed in for about as long again; one that
# was seen so often is no mistake: it is in the picture until it has had the time to drive out of it.
_MOMENT_SHARE = 0.8
_MOMENT_LEAST_S = 0.7
_MOVING_HITS = 6
_MOVING_S = 5.0
_STOOD_S = 8.0
# A parked car that vanishes alone is believed in for so many times the longest time for which any
# here was missed and came back, within limits; that time is forgotten slowly.
_PARKED_TIMES = 2.0
_PARKED_LEAST_S = 6.0
_PARKED_MOST_S = 120.0
_FIRST_GAP_S = 7.5
_FORGETTING_S = 1800.0
# One that stays away when the cars around it are back.
_AFTER_VEIL_S = 12.0
_VEIL_S = 5.0
# After a time in which nobody was watching, what was parked before is soon given up.
LONG_GAP_S = 10.0
"""Without a usable picture for so long, nobody was watching: cars may stand anywhere after it."""
_UNWATCHED_S = 3.0
# Something hides a car when it covers so much of its box.
_COVERED_SHARE = 0.45
_NEARER = 0.1
# So many of the nearest parked cars tell whether a place can be seen.
_NEIGHBOURS = 2
_TOGETHER_S = 60.0
# Headlights blind a camera for no longer; so many cars around, missing for so long already, tell of them.
_BLINDED_MOST_S = 120.0
_BLINDED_LEAST_S = 6.0
_AROUND = 8
# Two cars cannot stand at one place: a missing one whose place is taken is soon given up.
_TAKEN_TIMES = 4.0
_SAME_PLACE_SIZES = 0.45
_SAME_SIZE = 1.5
_LEAST_MISSES = 3
_LONGEST_S = 12 * 3600.0


class Hiding:
    """Keep, on each missing track, for how long its absence has not been explained.

    The absence of a parked car is explained while something covers it, or while the
    parked cars next to it are missing as well: fog, glare and a van in front take
    several at once, and departures do not. One that vanishes alone is believed in for longer
    where detectors were seen to miss cars for long.
    """

    def __init__(self) -> None:
        self._gap_s = _FIRST_GAP_S
        self._watched_since_s = 0.0

    def learn(self, gap_s: float) -> None:
        """Take for how long a parked car was missed without a reason before it came back."""
        self._gap_s = max(self._gap_s, gap_s)

    def judge(
        self,
        tracks: Sequence[Track],
        dt_s: float,
        now_s: float,
    ) -> None:
        """Let the missing grow older by a frame."""
        self._gap_s += (_FIRST_GAP_S - self._gap_s) * min(1.0, dt_s / _FORGETTING_S)
        if dt_s > LONG_GAP_S:
            self._watched_since_s = now_s
            dt_s = BLINK_S
        missing = [track for track in tracks if track.is_confirmed and track.misses]
        if not missing:
            return
        parked = [track for track in tracks if track.is_confirmed and track.is_established]
        seen = [track for track in tracks if track.is_confirmed and not track.misses]
        boxes = [track.box for track in seen]
        for track in missing:
            if _is_taken(track, seen):
                track.unexplained_s += _TAKEN_TIMES * dt_s
                continue
            if _is_covered(track.box, boxes):
                continue
            if self._may_be_veiled(track, now_s) and _is_veiled(track, parked, now_s):
                track.veiled_s += dt_s
                if self.is_veiled(track):
                    track.unexplained_s = 0.0
                continue
            track.unexplained_s += dt_s

    def is_veiled(self, track: Track) -> bool:
        """Tell whether the cars around it are missing too, for longer than cars are missed here."""
        return track.veiled_s > self._gap_s

    def is_over(self, track: Track) -> bool:
        """Tell whether a missing car's absence has lasted too long."""
        is_blink = track.misses < _LEAST_MISSES and track.unexplained_s < 2 * BLINK_S
        return not is_blink and track.unexplained_s > self._patience_s(track)

    def _may_be_veiled(self, track: Track, now_s: float) -> bool:
        """Tell whether a parked car is missing for some time, but not since nobody was watching."""
        return (
            track.is_established
            and now_s - track.seen_s > BLINK_S
            and track.seen_s >= self._watched_since_s
            and track.veiled_s < _LONGEST_S
        )

    def _patience_s(self, track: Track) -> float:
        if not track.is_established:
            if track.is_parked:
                return _STOOD_S
            if track.hits >= _MOVING_HITS:
                return _MOVING_S
            return max(_MOMENT_SHARE * (track.seen_s - track.birth_s), _MOMENT_LEAST_S)
        if track.seen_s < self._watched_since_s:
            return _UNWATCHED_S
        if track.veiled_s > _VEIL_S:
            return _AFTER_VEIL_S
        return min(max(_PARKED_TIMES * self._gap_s, _PARKED_LEAST_S), _PARKED_MOST_S)


def _is_taken(track: Track, seen: Sequence[Track]) -> bool:
    """Tell whether another car of about its size stands where it should be."""
    return any(
        track.distance_from((other.x.position, other.y.position)) < _SAME_PLACE_SIZES
        and 1 / _SAME_SIZE < other.size / track.size < _SAME_SIZE
        for other in seen
    )


def _is_covered(box: Box, seen: Sequence[Box]) -> bool:
    """Tell whether cars nearer to the camera hide a box together."""
    nearer = [other for other in seen if other.bottom >= box.bottom - _NEARER * box.height]
    return sum(box.intersection(other) for other in nearer) > _COVERED_SHARE * box.area


def _is_veiled(track: Track, parked: Sequence[Track], now_s: float) -> bool:
    """Tell whether other parked cars around one went missing at about the same time, and still are.

    Cars are next to each other when either is among the nearest of the other: at the end of a
    row, or across a lane from a full one, the nearest of a car have nearer ones than it.
    Those farther off tell of headlights, which pass, when they are missing for longer than
    detectors often miss cars.
    """
    missing = [
        other
        for other in parked
        if other is not track
        and now_s - other.seen_s > BLINK_S
        and abs(other.steady_s - track.steady_s) < _TOGETHER_S
    ]
    if not missing:
        return False
    may_be_blinded = now_s - track.seen_s < _BLINDED_MOST_S
    reaches = [
        _AROUND if may_be_blinded and now_s - other.seen_s > _BLINDED_LEAST_S else _NEIGHBOURS
        for other in missing
    ]
    around = _nearest(track, parked)
    pairs = tuple(zip(missing, reaches, strict=True))
    return any(other in around[:reach] for other, reach in pairs) or any(
        track in _nearest(other, parked)[:reach] for other, reach in pairs
    )


def _nearest(track: Track, parked: Sequence[Track]) -> Sequence[Track]:
    others = [other for other in parked if other is not track]
    place = (track.x.position, track.y.position)
    others.sort(key=lambda other: other.distance_from(place))
    return others
