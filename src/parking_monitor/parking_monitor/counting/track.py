"""Hold one car over time: where it is, and how its life goes."""

import enum
import math
from dataclasses import dataclass, field

from parking_monitor.counting.motion import Axis, growth_between
from parking_monitor.counting.picture import Picture
from parking_monitor.values import Box, Detection

BLINK_S = 1.0
"""A confirmed car that is not detected for longer is called hidden."""
PARKED_AFTER_S = 2.5
"""A car that has stood still for so long is called parked."""
ESTABLISHED_S = 10.0
"""A car that was seen parked for so long belongs there."""
STILL_SIZES = 0.25
"""A car that stays within so much of its own size around its anchor stands still."""
_LEAVING_HITS = 2
_STILL_SPEED = 0.25
_FAR_AWAY = 4.0
_CREEP = 0.02
_HARDLY = 0.12
_GROWN = 1.15
_STEADY_HITS = 3
_SURENESS = 0.1
_CERTAIN_HITS = 6
_CERTAIN_S = 0.9
_CERTAIN_SHARE = 0.6
_HOME_SIZES = 0.7
_SMOOTHING = 0.25
_SMOOTHING_S = 0.6
_SMOOTHING_PARKED = 0.02
_GROWING = 0.8


class Life(enum.StrEnum):
    """Name the stages of a track's life.

    TENTATIVE: seen too seldom to count. MOVING and PARKED: counted, and seen lately.
    HIDDEN: counted and not seen for a while, but believed to be there. GONE: no more.
    """

    TENTATIVE = 'tentative'
    MOVING = 'moving'
    PARKED = 'parked'
    HIDDEN = 'hidden'
    GONE = 'gone'


@dataclass(slots=True, eq=False)
class Track:
    """Follow one car. Times are seconds of the tracker, places and sizes pixels.

    Attributes:
        track_id: never given twice by one tracker.
        x, y: the middle of its box along each axis.
        width, height: of its box, smoothed.
        noise: least standard deviation of a measured middle along each axis.
        birth_s, birth: when and where it was first seen.
        seen_s, seen_box: when and where it was last seen.
        confidence: of the last detection, 0 to 1.
        anchor, anchored_s: where it stands, and since when.
        may_appear: whether it was born where or when cars can appear.
        sureness: the mean confidence of its latest detections.
        is_doubtful: whether the detector is much less sure of it than of cars.
        birth_area: of the first box, square pixels.
        is_at_edge: whether the picture's edge cut it when it was first seen.
        driven: how far it was from its birth when it was last seen, in its own sizes.
        strays: detections in a row of a parked car that were not where it stands.
        home: where it was parked before it last moved, and since when.
        streak: detections in a row.
        steady_s: when it was last seen so often in a row that it was no mistake.
        starts_anywhere: whether it was there when the tracker began to look.
        hits, frames, misses: detections, chances of one, and misses in a row.
        unexplained_s: for how long it has been missing though nothing seems to hide it.
        veiled_s: for how long it has been missing together with the cars around it.
        growth: how fast it grows in the picture, as a rate a second.
        has_way: whether it was expected to drive as others do from where it was first seen.
        steps: boxes one after the other, and the seconds between, from which nothing was learned yet.
        gate_sides: by the gate's name, what the gate knows of it.
    """

    track_id: int
    x: Axis
    y: Axis
    width: float
    height: float
    noise: tuple[float, float]
    birth_s: float
    birth: tuple[float, float]
    seen_s: float
    seen_box: Box
    confidence: float
    anchor: tuple[float, float]
    anchored_s: float
    may_appear: bool = False
    hits: int = 1
    frames: int = 1
    misses: int = 0
    unexplained_s: float = 0.0
    veiled_s: float = 0.0
    is_confirmed: bool = False
    is_parked: bool = False
    is_gone: bool = False
    is_hidden: bool = False
    starts_anywhere: bool = False
    is_at_edge: bool = False
    birth_area: float = 0.0
    sureness: float = 0.0
    is_doubtful: bool = False
    driven: float = 0.0
    strays: int = 0
    streak: int = 1
    growth: float = 0.0
    has_way: bool = False
    steps: list[tuple[Box, Box, float]] = field(default_factory=list)
    steady_s: float = 0.0
    home: tuple[tuple[float, float], float] | None = None
    gate_sides: dict[str, 'GateSide'] = field(default_factory=dict)

    @classmethod
    def begin(cls, track_id: int, found: Detection, now_s: float, picture: Picture) -> 'Track':
        """Begin with one detection in a picture."""
        box = picture.car_box(found.box)
        width, height, place = box.width, box.height, box.centre
        noise = picture.noise(place[1])
        return cls(
            track_id=track_id,
            x=Axis.at(place[0], width, noise[0]),
            y=Axis.at(place[1], height, noise[1]),
            width=width,
            height=height,
            noise=noise,
            birth_s=now_s,
            birth=place,
            seen_s=now_s,
            seen_box=found.box,
            birth_area=found.box.area,
            sureness=found.confidence,
            confidence=found.confidence,
            anchor=place,
            anchored_s=now_s,
        )

    @property
    def box(self) -> Box:
        """Return where it is believed to be."""
        width, height = self.width, self.height
        return Box(self.x.position - width / 2, self.y.position - height / 2, width, height)

    @property
    def size(self) -> float:
        """Return the geometric mean of width and height."""
        return math.sqrt(self.width * self.height)

    @property
    def speed(self) -> float:
        """Return how fast it goes, in its own sizes a second."""
        return math.hypot(self.x.speed / self.width, self.y.speed / self.height)

    @property
    def life(self) -> Life:
        """Return the stage of its life; HIDDEN goes before MOVING and PARKED."""
        if self.is_gone:
            return Life.GONE
        if not self.is_confirmed:
            return Life.TENTATIVE
        return Life.HIDDEN if self.is_hidden else Life.PARKED if self.is_parked else Life.MOVING

    @property
    def comes_in(self) -> bool:
        """Tell whether the picture's edge cut it when it was first seen, and shows more of it since."""
        return self.is_at_edge and self.seen_box.area > _GROWN * self.birth_area

    @property
    def is_certain(self) -> bool:
        """Tell whether it was seen so often, or so steadily, that it was no row of false boxes."""
        if self.is_doubtful:
            return False
        is_steady = self.hits >= _CERTAIN_SHARE * (self.frames - self.misses)
        return self.hits >= _CERTAIN_HITS or (is_steady and self.seen_s - self.birth_s >= _CERTAIN_S)

    @property
    def is_established(self) -> bool:
        """Tell whether it has been seen parked for some time."""
        return self.is_parked and self.seen_s - self.anchored_s >= ESTABLISHED_S

    def go(self, way: tuple[float, float]) -> None:
        """Expect it to drive as cars do where it was first seen, in pixels a second."""
        self.x.speed, self.y.speed = way
        self.has_way = True

    def advance(self, dt_s: float) -> None:
        """Move on by a time as a car of its speed would; a parked one stays."""
        self.frames += 1
        if not self.is_parked:
            self.x.advance(dt_s, self.width, self.growth)
            self.y.advance(dt_s, self.height, self.growth)

    def see(self, found: Detection, now_s: float, picture: Picture) -> bool:
        """Take the detection that shows it now; return whether it stands where it is parked, as most do."""
        box = found.box
        unseen_s = now_s - self.seen_s
        was_lost = self.misses > 1 and unseen_s > BLINK_S
        self.hits += 1
        if self.misses:
            self.misses = 0
            self.is_hidden = False
            self.unexplained_s = self.veiled_s = 0.0
        self.streak += 1
        if self.streak >= _STEADY_HITS:
            self.steady_s = now_s
        before, self.seen_box = self.seen_box, box
        self.seen_s = now_s
        self.confidence = found.confidence
        if self.is_parked and self._still_stands(box):
            return True
        share = _SURENESS if self.hits > 1.0 / _SURENESS else 1.0 / self.hits
        self.sureness += share * (found.confidence - self.sureness)
        # What comes to stand before a parked car makes its box smaller, and the car no smaller.
        smoothing = max(_SMOOTHING, 1.0 - math.exp(-unseen_s / _SMOOTHING_S))
        middle_x, middle_y = self._complete(box, picture, _SMOOTHING_PARKED if self.is_parked else smoothing)
        if self.is_parked:
            # Kept as steep as the filter of a slow car, so that its leaving shows.
            self.x.heed(self.width, self.noise[0])
            self.y.heed(self.height, self.noise[1])
        self.x.correct(middle_x, self.width, self.noise[0])
        self.y.correct(middle_y, self.height, self.noise[1])
        self.driven = self.distance_from(self.birth)
        self._grow(before, unseen_s, picture)
        self._settle(now_s, was_lost=was_lost)
        return False

    def _still_stands(self, box: Box) -> bool:
        """Tell whether a parked car is seen where it stands, as it nearly always is, and take its box."""
        (x, y), width, height = self.anchor, box.width, box.height
        away_x, away_y = box.x + width / 2 - x, box.y + height / 2 - y
        if abs(away_x) > _HARDLY * self.width or abs(away_y) > _HARDLY * self.height:
            return False
        self.strays = 0
        self.x.position, self.y.position = self.anchor = x + _CREEP * away_x, y + _CREEP * away_y
        self.width += _SMOOTHING_PARKED * (width - self.width)
        self.height += _SMOOTHING_PARKED * (height - self.height)
        return True

    def _complete(self, box: Box, picture: Picture, smoothing: float) -> tuple[float, float]:
        """Take the size of a box, and return the middle of the whole car.

        Where the picture's edge cuts the box, the car is as large as it was, and its middle
        is told by the side within the picture.
        """
        middle_x, middle_y = box.centre
        if picture.has_cells:
            self.width, self.height = picture.car_size(middle_y)
            self.noise = picture.noise(middle_y)
            return middle_x, middle_y
        cut_x, cut_y = picture.cut(box)
        if cut_x and self.width > box.width:
            middle_x = box.x + self.width / 2 if cut_x > 0 else box.right - self.width / 2
        else:
            self.width += (_GROWING if cut_x else smoothing) * (box.width - self.width)
        if cut_y and self.height > box.height:
            middle_y = box.y + self.height / 2 if cut_y > 0 else box.bottom - self.height / 2
        else:
            self.height += (_GROWING if cut_y else smoothing) * (box.height - self.height)
        return middle_x, middle_y

    def _grow(self, before: Box, unseen_s: float, picture: Picture) -> None:
        """Take how fast it grows in the picture, and with it the speed now from that on the way."""
        self.growth = 0.0
        if picture.has_cells or picture.is_cut(before) or picture.is_cut(self.seen_box):
            return
        self.growth = growth_between(before, self.seen_box, unseen_s)
        if self.growth and self.hits == 2:
            now = self.growth * unseen_s / -math.expm1(-self.growth * unseen_s)
            self.x.speed *= now
            self.y.speed *= now

    def miss(self, now_s: float) -> None:
        """Note that no detection shows it now."""
        self.misses += 1
        self.streak = 0
        if self.home is not None and not self.is_parked and now_s - self.seen_s > BLINK_S:
            place, since_s = self.home
            if self.distance_from(place) < _HOME_SIZES:
                # It vanished before it had really left the place where it was parked.
                self.is_parked, self.anchor, self.anchored_s = True, place, since_s
            self.home = None
        if self.is_parked:
            self.x.position, self.y.position = self.anchor
            self.x.stop(self.width)
            self.y.stop(self.height)
        elif self.misses == 1 and self.speed < _STILL_SPEED:
            self.x.stop(self.width)
            self.y.stop(self.height)
        self.is_hidden = self.is_confirmed and self.misses > 1 and now_s - self.seen_s > BLINK_S

    def distance_from(self, place: tuple[float, float]) -> float:
        """Return how far its middle is from a place, in its own sizes along each axis."""
        return math.hypot(
            (self.x.position - place[0]) / self.width, (self.y.position - place[1]) / self.height
        )

    def _settle(self, now_s: float, *, was_lost: bool) -> None:
        """Decide whether it stands still, by its distance from where it began to stand."""
        away = self._away_from_anchor()
        if self.is_parked:
            self.strays = self.strays + 1 if away > 1.0 else 0
            if away <= 1.0:
                self._creep()
            if self.strays < _LEAVING_HITS and away < _FAR_AWAY:
                return
        elif away <= 1.0 and not was_lost:
            stood_s = now_s - self.anchored_s
            if stood_s >= PARKED_AFTER_S and self.hits > 2 and self.speed < _STILL_SPEED:
                self.is_parked = True
                self.x.stop(self.width)
                self.y.stop(self.height)
            return
        if self.is_established:
            self.home = (self.anchor, self.anchored_s)
        self.anchor = (self.x.position, self.y.position)
        self.anchored_s = now_s
        self.is_parked = False
        self.strays = 0

    def _creep(self) -> None:
        """Let the place where it stands follow its detections slowly."""
        x, y = self.anchor
        self.anchor = (x + _CREEP * (self.x.position - x), y + _CREEP * (self.y.position - y))

    def _away_from_anchor(self) -> float:
        """Return how far it is from where it stood, 1 for as far as a standing car seems to move."""
        reach_x = max(STILL_SIZES * self.width, 1.5 * self.noise[0])
        reach_y = max(STILL_SIZES * self.height, 1.5 * self.noise[1])
        away_x = abs(self.x.position - self.anchor[0]) / reach_x
        away_y = abs(self.y.position - self.anchor[1]) / reach_y
        return max(away_x, away_y)


@dataclass(slots=True)
class GateSide:
    """Hold what a gate knows of a car.

    Attributes:
        side: on which it is for certain: 1 inside, -1 outside, 0 not known.
        crossed_s: since when it is on the other side, and not for certain yet; None if it is not.
        last: its last place.
        is_through: whether it crossed the line between the line's ends.
    """

    side: int = 0
    crossed_s: float | None = None
    last: tuple[float, float] | None = None
    is_through: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """Hold the tracks that were confirmed and those that ended with a frame."""

    confirmed: tuple[Track, ...] = ()
    ended: tuple[Track, ...] = ()
