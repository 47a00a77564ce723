"""Notice a frozen picture, a covered lens and a moved camera."""

import enum
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parking_monitor.counting.view_picture import Floats, Grey, edges, elsewhere, fine, shrink
from parking_monitor.counting.view_reference import Reference
from parking_monitor.values import View

LOOK_EVERY_S = 0.45
"""Pictures that come sooner after the one before are not looked at."""

_LONGEST_GAP_S = 60.0
_FROZEN_S, _FROZEN_LOOKS = 8.0, 3
_LOST_S, _LOST_LOOKS = 5.0, 3
_FOUND_S, _FOUND_LOOKS = 1.5, 2

# Measured: the same view by day, by lamps and in the dark gives up to 0.46; 4 % or 5 degrees away from 0.7.
_LOST = 0.58
_WELL_FOUND = 0.45
_VERY_WELL_FOUND = 0.25

_FINE_GREY_LEVELS = 2.0
_NOISE_FACTOR = 3.2
_LEAST_DETAIL = 0.02
_LITTLE, _MUCH = 0.25, 0.6  # of the usual detail
_USUAL_S = 600.0
_SUDDEN_S = 3.0
_BLACK = 16
_LEARN_EVERY_S = 5.0


class _Evidence(enum.Enum):
    """Say what one look tells by itself; NONE: too little is seen to tell."""

    NONE = enum.auto()
    FOUND = enum.auto()
    COVERED = enum.auto()
    MOVED = enum.auto()


_LOST_VIEWS = {_Evidence.COVERED: View.COVERED, _Evidence.MOVED: View.MOVED}


@dataclass(frozen=True, slots=True)
class Sight:
    """Hold what the latest look measured.

    Attributes:
        elsewhere: how well the background fits its reference in another place,
            against here: 0 is best, 1 as well; 0 while there is no reference.
        detail: share of the picture that is detail, 0 to 1.
    """

    elsewhere: float = 0.0
    detail: float = 0.0


class _Streak:
    """Measure for how long, and for how many looks, something has held."""

    def __init__(self, least_s: float, least_looks: int) -> None:
        self._least_s, self._least_looks = least_s, least_looks
        self._since_s = 0.0
        self._looks = 0

    def note(self, holds: bool, now_s: float, *, began_s: float | None = None) -> bool:
        """Take one look, and return whether it has held for long enough; `began_s`: if before this look."""
        if not holds:
            self._looks = 0
            return False
        if self._looks == 0:
            self._since_s = now_s if began_s is None else began_s
        self._looks += 1
        return self._looks >= self._least_looks and now_s - self._since_s >= self._least_s


class ViewWatch:
    """Tell from pictures alone whether a camera still shows what it was set up to watch.

        watch = ViewWatch()
        view = watch.look(image, stamp_ns)

    Deterministic, without a clock, and bounded: it holds one small picture and one
    reference. A look costs about a millisecond. All times are by the stamps; verdicts
    come within 10 s from 15 frames/s down to one in 2 s. Slower sources need three
    frames for any verdict.

    FROZEN: the small pictures were the same, pixel for pixel, for 8 s; the noise of a
    sensor makes real ones differ. A photograph shown as a source is frozen too, and a
    picture with a clock burnt into it is not.

    MOVED: for 5 s the background's edges fitted their reference nearly as well in
    another place as where they belong, or nowhere: from about 4 % of the width or 5
    degrees on. The reference is a mean over about a day, learnt only while it fits, so
    that cars, shadows, light and seasons pass. It stays MOVED until the background is
    found again, or the new view is accepted.

    COVERED: for 5 s nothing fitted and the detail was gone, within 3 s or to black. Fog,
    dusk and dirt come slower and are no verdict: what they hide is for the tracker to
    bridge. A dark night in which the background is still found is CLEAR; one that is
    black is covered, since then nothing can be seen either.

    What cannot be told apart: lamps that are switched off and leave nothing to see, from
    a dark cover; a cover that comes as slowly as fog, from fog; a patterned cover, or a
    lorry before the lens, from a moved camera (MOVED); a mount that gives way over weeks,
    from a place that changes. Where less than a third of the picture has edges, nothing
    is called moved, nor covered unless it is black.

    Args:
        reference: as saved before; without, it is learnt from the first 8 s on.
    """

    def __init__(self, reference: Reference | None = None) -> None:
        self._reference = reference
        self._usual_detail = reference.detail if reference else 0.0
        self._stamp_ns: int | None = None
        self._now_s = 0.0
        self._grey: Grey | None = None
        self._fine: Floats | None = None
        self._noise = 0.0
        self._recent: deque[tuple[float, Sight]] = deque(maxlen=16)
        self._evidence = _Evidence.NONE
        self._is_sudden = False
        self._unlearnt_s = 0.0
        self._same = _Streak(_FROZEN_S, _FROZEN_LOOKS - 1)
        self._found = _Streak(_FOUND_S, _FOUND_LOOKS)
        self._lost = _Streak(_LOST_S, _LOST_LOOKS)
        self._kinds = {kind: _Streak(_LOST_S, _LOST_LOOKS) for kind in _LOST_VIEWS}
        self._background = View.CLEAR
        self._view = View.CLEAR
        self._sight = Sight()

    @property
    def view(self) -> View:
        """Return the present verdict."""
        return self._view

    @property
    def sight(self) -> Sight:
        """Return what the latest look measured."""
        return self._sight

    @property
    def reference(self) -> Reference | None:
        """Return the reference once it is worth keeping."""
        reference = self._reference
        return reference if reference is not None and reference.is_settled else None

    def is_due(self, stamp_ns: int) -> bool:
        """Return whether a picture of this time would be looked at."""
        return self._stamp_ns is None or not 0 <= stamp_ns - self._stamp_ns < LOOK_EVERY_S * 1e9

    def look(self, image: NDArray[np.uint8], stamp_ns: int) -> View:
        """Look at a picture, unless the one before was just now, and return the verdict.

        Args:
            image: (height, width, 3) BGR or (height, width) grey, of any size.
            stamp_ns: its time, nanoseconds since the Unix epoch. A clock that is set
                back counts as no time, one that is set ahead as a minute at most.
        """
        if not self.is_due(stamp_ns):
            return self._view
        passed_s = 0.0 if self._stamp_ns is None else (stamp_ns - self._stamp_ns) / 1e9
        interval_s = min(max(passed_s, 0.0), _LONGEST_GAP_S)
        self._stamp_ns = stamp_ns
        self._now_s += interval_s
        grey = shrink(image)
        is_same = self._grey is not None and np.array_equal(grey, self._grey)
        self._grey = grey
        field, detail = edges(grey), self._measure_detail(grey)
        fit = elsewhere(field, self._reference.spectrum) if self._reference else 0.0
        self._sight = Sight(fit, detail)
        evidence = self._judge(grey)
        self._conclude(evidence)
        if evidence is _Evidence.FOUND:
            self._usual_detail += min(interval_s / _USUAL_S, 1.0) * (detail - self._usual_detail)
            if not is_same:
                self._learn(field, interval_s)
        is_frozen = self._same.note(is_same, self._now_s, began_s=self._now_s - interval_s)
        self._view = View.FROZEN if is_frozen and self._background is not View.COVERED else self._background
        return self._view

    def accept(self) -> bool:
        """Take the view of the latest picture for the right one; False where it shows too little for that."""
        if self._grey is None or self._sight.detail < _LEAST_DETAIL:
            return False
        self._reference = Reference.of_one_look(edges(self._grey), self._sight.detail)
        self._usual_detail = self._sight.detail
        self._background = self._view = View.CLEAR
        self._lost.note(False, self._now_s)
        return True

    def _measure_detail(self, grey: Grey) -> float:
        """Return the share of the picture that stands out from its surroundings and from the noise."""
        now = fine(grey)
        noise = 0.0
        if self._fine is not None:
            noise = float(np.median(np.abs(now[::3, ::3] - self._fine[::3, ::3])))
        # A camera that has just moved, or a light that has changed, is noise in one look only.
        level = max(_FINE_GREY_LEVELS, _NOISE_FACTOR * min(noise, self._noise))
        self._fine, self._noise = now, noise
        return float(np.count_nonzero(np.abs(now) > level) / now.size)

    def _judge(self, grey: Grey) -> _Evidence:
        """Return what the latest look tells by itself."""
        reference, sight = self._reference, self._sight
        is_comparable = reference is not None and reference.is_settled and reference.is_structured
        if is_comparable and sight.elsewhere <= _LOST:
            evidence = _Evidence.FOUND
        elif np.count_nonzero(grey > _BLACK) < 0.005 * grey.size:
            evidence = _Evidence.COVERED
        elif not is_comparable:
            evidence = _Evidence.FOUND
        elif sight.detail >= max(_LITTLE * self._usual_detail, _LEAST_DETAIL):
            evidence = _Evidence.MOVED
        else:
            if self._evidence in (_Evidence.FOUND, _Evidence.MOVED):
                was_lost = self._evidence is _Evidence.MOVED
                self._is_sudden = was_lost or self._was_well_seen()
            evidence = _Evidence.COVERED if self._is_sudden else _Evidence.NONE
        self._evidence = evidence
        self._recent.append((self._now_s, sight))
        return evidence

    def _was_well_seen(self) -> bool:
        """Return whether the background was well seen a moment ago, or two looks ago where looks are rare."""
        much = max(_MUCH * self._usual_detail, 2 * _LEAST_DETAIL)
        looks = len(self._recent)
        return any(
            (sight.detail >= much or sight.elsewhere <= _VERY_WELL_FOUND)
            and (self._now_s - when_s <= _SUDDEN_S or number >= looks - 2)
            for number, (when_s, sight) in enumerate(self._recent)
        )

    def _conclude(self, evidence: _Evidence) -> None:
        """Change the verdict where the evidence has lasted."""
        now_s = self._now_s
        is_lost = self._lost.note(evidence in _LOST_VIEWS, now_s)
        for kind, streak in self._kinds.items():
            lasts = streak.note(evidence is kind, now_s)
            if evidence is kind and is_lost and (lasts or self._background is View.CLEAR):
                self._background = _LOST_VIEWS[kind]
        if self._found.note(evidence is _Evidence.FOUND, now_s):
            self._background = View.CLEAR

    def _learn(self, field: Floats, interval_s: float) -> None:
        """Let the reference follow, as long as it is certain to be of this view."""
        reference, sight = self._reference, self._sight
        self._unlearnt_s += interval_s
        if sight.detail < _LEAST_DETAIL or self._background is not View.CLEAR:
            return
        if reference is not None and sight.elsewhere <= _WELL_FOUND:
            if not reference.is_settled or self._unlearnt_s >= _LEARN_EVERY_S:
                reference.learn(field, sight.detail, min(self._unlearnt_s, _LONGEST_GAP_S))
                self._unlearnt_s = 0.0
        elif reference is None or not (reference.is_settled and reference.is_structured):
            self._reference = Reference(field, sight.detail)
            self._usual_detail = sight.detail
