"""Make the claim: how many cars there are, and how far to trust it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from parking_monitor.counting.bays import Bay, BayWatch
from parking_monitor.counting.car_size import CarSize
from parking_monitor.counting.gates import Gate, GateWatch, Passage, foot
from parking_monitor.counting.merging import merge
from parking_monitor.counting.picture import Picture
from parking_monitor.counting.totals import Totals
from parking_monitor.counting.track import Track
from parking_monitor.counting.tracker import Tracker
from parking_monitor.counting.zones import Zone, count_in_zones, places_of_bays
from parking_monitor.values import (
    BayState,
    Count,
    CountState,
    Crossing,
    Detection,
    Detections,
    ModelType,
    View,
)

_STATES = {
    View.CLEAR: CountState.OK,
    View.FROZEN: CountState.FROZEN,
    View.COVERED: CountState.COVERED,
    View.MOVED: CountState.MOVED,
}
_NS_PER_S = 1_000_000_000


class Counter:
    """Count the cars of one camera, frame by frame.

    Deterministic and without a clock: the caller tells of detections and of
    their absence. The states are UNKNOWN until the first detections, OK after
    each of a clear view, STALE after `expire` until the next.

    Args:
        zones: in the order in which they are reported.
        bays: in the order in which they are reported.
        gates: whose crossings are counted.
        labels: that count as cars; none stands for all.
        min_confidence: below which a detection does not count, 0 to 1.
        time_zone: whose midnight ends a day.
        car_share: width and height of a usual car in fractions of the picture. FOMO models do not
            tell; where there are bays, they do, and without both it is two cells wide and high.
            Boxes that make up one such car together are one.
        totals: to go on from.
        bay_memory: by name, what a bay was when last known.
    """

    def __init__(
        self,
        zones: Sequence[Zone] = (),
        *,
        bays: Sequence[Bay] = (),
        gates: Sequence[Gate] = (),
        labels: Collection[str] = (),
        min_confidence: float = 0.0,
        time_zone: dt.tzinfo = dt.UTC,
        car_share: tuple[float, float] | None = None,
        totals: Totals | None = None,
        bay_memory: Mapping[str, BayState] | None = None,
    ) -> None:
        self.labels = frozenset(labels)
        self.min_confidence = min_confidence
        self._zones = tuple(zones)
        self._time_zone = time_zone
        self._totals = totals or Totals()
        self._tracker = Tracker()
        self._bay_places = tuple(bays)
        self._bays = BayWatch(bays, zones, bay_memory)
        self._gates = GateWatch(gates)
        self._gate_names = tuple(gate.name for gate in gates)
        self._given_share = car_share
        self._picture: Picture | None = None
        self._usable_ns = 0
        self._stamp_ns = 0
        self._dt_s = 0.0
        self._count = self._claim(CountState.UNKNOWN, 0, 0, ())

    @property
    def count(self) -> Count:
        """Return the present claim."""
        return self._count

    @property
    def totals(self) -> Totals:
        """Return the totals, to be kept over a restart."""
        return self._totals

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Return the cars that are counted now, hidden ones too."""
        return self._tracker.tracks

    def update(self, detections: Detections) -> Count:
        """Take what the model saw in the next frame, and return the new claim.

        A frame that was counted already changes nothing. A frame of a view that is not
        clear turns the state, and nothing else. A classification model sees one car or
        none: the label that fits the picture best is a wanted one or it is not.
        """
        stamp_ns = detections.stamp_ns
        if stamp_ns == self._stamp_ns and self._count.state is not CountState.STALE:
            self._count = replace(self._count, crossings=())
            return self._count
        self._stamp_ns = stamp_ns
        self._totals = self._totals.on(stamp_ns, self._time_zone)
        state = _STATES[detections.view]
        if state is not CountState.OK:
            self._bays.lose_sight()
            self._count = self._claim(state, stamp_ns, self._count.cars, ())
            return self._count
        if detections.model_type is ModelType.CLASSIFICATION:
            self._count = self._claim(state, stamp_ns, self._classified(detections), ())
            return self._count
        passages = self._follow(detections)
        crossings = tuple(self._crossing(passage, stamp_ns) for passage in passages)
        self._count = self._claim(state, stamp_ns, len(self._tracker.tracks), crossings)
        return self._count

    def set_places(self, zones: Sequence[Zone], bays: Sequence[Bay], gates: Sequence[Gate]) -> Count:
        """Count in other places from now on; cars, totals and what is known of unchanged bays stay."""
        unchanged = {bay.name for bay in bays if bay in self._bay_places}
        memory = {bay.name: bay.last for bay in self._bays.counts if bay.name in unchanged}
        self._zones = tuple(zones)
        self._bay_places = tuple(bays)
        self._bays = BayWatch(bays, zones, memory)
        self._gates = GateWatch(gates)
        self._gate_names = tuple(gate.name for gate in gates)
        if self._picture is not None:
            self._picture = replace(self._picture, usual=self._usual_size(self._picture))
        self._count = self._claim(self._count.state, self._count.stamp_ns, self._count.cars, ())
        return self._count

    def expire(self) -> Count:
        """Call the present claim stale, keeping its numbers; UNKNOWN stays UNKNOWN."""
        if self._count.state not in {CountState.UNKNOWN, CountState.STALE}:
            self._bays.lose_sight()
            self._count = self._claim(CountState.STALE, self._count.stamp_ns, self._count.cars, ())
        return self._count

    def set_totals(
        self,
        *,
        entered: int | None = None,
        left: int | None = None,
        entered_today: int | None = None,
        left_today: int | None = None,
        net: int | None = None,
    ) -> Count:
        """Set totals by hand; None leaves one as it is. The count says that a person did so."""
        self._totals = self._totals.set_by_hand(
            entered=entered, left=left, entered_today=entered_today, left_today=left_today, net=net
        )
        claim = self._claim(self._count.state, self._count.stamp_ns, self._count.cars, ())
        self._count = replace(claim, set_by_hand=True)
        return self._count

    def _follow(self, detections: Detections) -> list[Passage]:
        """Let the tracks, the gates and the bays take a frame."""
        picture = self._picture
        if picture is None or not picture.is_like(detections):
            # Another size or another model: places in pixels mean nothing any more.
            bare = Picture.of(detections)
            self._picture = picture = replace(bare, usual=self._usual_size(bare))
            self._tracker = Tracker()
        dt_s = self._time_since_usable(detections.stamp_ns)
        found = merge(self._wanted(detections), picture)
        changes = self._tracker.update(found, picture, dt_s)
        now_s = self._tracker.now_s
        passages = self._gates.watch(self._tracker.all_tracks, changes, picture, now_s)
        self._bays.watch(self._tracker.tracks, picture, dt_s, now_s, detections.stamp_ns)
        return passages

    def _usual_size(self, picture: Picture) -> CarSize | None:
        """Return how large cars are in a picture; boxes tell, so for them only what was given counts."""
        given = CarSize.everywhere(*self._given_share) if self._given_share else None
        if not picture.has_cells:
            return given
        outlines = [bay.polygon for bay in self._bay_places]
        return CarSize.in_bays(outlines, picture.width / picture.height) or given

    def _time_since_usable(self, stamp_ns: int) -> float:
        """Return seconds since the last usable frame; as between the two before when a clock was set back."""
        if self._usable_ns == 0:
            self._usable_ns = stamp_ns
            return 0.0
        if stamp_ns > self._usable_ns:
            self._dt_s = (stamp_ns - self._usable_ns) / _NS_PER_S
        self._usable_ns = stamp_ns
        return self._dt_s

    def _crossing(self, passage: Passage, stamp_ns: int) -> Crossing:
        self._totals = self._totals.with_crossing(passage.gate, passage.direction)
        return Crossing(
            stamp_ns=stamp_ns, gate=passage.gate, direction=passage.direction, track_id=passage.track_id
        )

    def _claim(self, state: CountState, stamp_ns: int, cars: int, crossings: tuple[Crossing, ...]) -> Count:
        is_seen = state is CountState.OK
        bays = self._bays.counts
        zones = count_in_zones(self._zones, self._feet(), bays, is_seen=is_seen)
        with_bays = {bay.zone for bay in bays}
        places = places_of_bays(bays)
        for zone in zones:
            if zone.name not in with_bays:
                places += zone.places
        totals = self._totals
        return Count(
            stamp_ns=stamp_ns,
            state=state,
            cars=cars,
            zones=zones,
            bays=bays,
            gates=totals.by_gate(self._gate_names),
            places=places,
            entered=totals.entered,
            left=totals.left,
            entered_today=totals.entered_today,
            left_today=totals.left_today,
            inside_at_start=totals.inside_at_start,
            crossings=crossings,
        )

    def _feet(self) -> list[tuple[float, float]]:
        """Return where each counted car stands, in fractions of the image."""
        picture = self._picture
        if picture is None or not self._zones:
            return []
        places = [foot(track) for track in self._tracker.tracks]
        return [(x / picture.width, y / picture.height) for x, y in places]

    def _wanted(self, detections: Detections) -> Detections:
        if all(self._is_wanted(item) for item in detections.items):
            return detections
        return replace(detections, items=tuple(item for item in detections.items if self._is_wanted(item)))

    def _is_wanted(self, item: Detection) -> bool:
        return item.confidence >= self.min_confidence and (not self.labels or item.label in self.labels)

    def _classified(self, detections: Detections) -> int:
        scores = detections.label_scores
        best = max(scores, key=lambda label: scores[label], default=None)
        is_wanted = best is not None and (not self.labels or best in self.labels)
        return int(best is not None and is_wanted and scores[best] >= self.min_confidence)
