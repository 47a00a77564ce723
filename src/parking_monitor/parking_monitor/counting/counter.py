"""Make the claim: how many cars there are, and how far to trust it."""

import dataclasses
from collections.abc import Collection, Sequence

from parking_monitor.counting.merging import merge
from parking_monitor.counting.zones import Zone, count_in_zones
from parking_monitor.values import Count, CountState, Detection, Detections, ModelType, ZoneCount


class Counter:
    """Count the cars of one camera, frame by frame.

    Deterministic and without a clock: the caller tells of detections and of
    their absence. The states are UNKNOWN until the first detections, OK after
    each, STALE after `expire` until the next.

    Args:
        zones: in the order in which they are reported.
        labels: that count as cars; none stands for all.
        min_confidence: below which a detection does not count, 0 to 1.
    """

    def __init__(
        self, zones: Sequence[Zone] = (), labels: Collection[str] = (), min_confidence: float = 0.0
    ) -> None:
        self.labels = frozenset(labels)
        self.min_confidence = min_confidence
        self._zones = tuple(zones)
        self._count = Count(
            stamp_ns=0,
            state=CountState.UNKNOWN,
            cars=0,
            zones=tuple(ZoneCount(zone.name, 0, zone.capacity) for zone in self._zones),
        )

    @property
    def count(self) -> Count:
        """Return the present claim."""
        return self._count

    def update(self, detections: Detections) -> Count:
        """Take what the model saw in the next frame, and return the new claim.

        A classification model sees one car or none: the label that fits the
        picture best is a wanted one or it is not.
        """
        if detections.model_type is ModelType.CLASSIFICATION:
            cars, zones = self._classified(detections), self._count.zones
        else:
            boxes = [item.box for item in merge(self._wanted(detections))]
            image_size = (detections.image_width, detections.image_height)
            cars, zones = len(boxes), count_in_zones(boxes, self._zones, image_size)
        self._count = dataclasses.replace(
            self._count, stamp_ns=detections.stamp_ns, state=CountState.OK, cars=cars, zones=zones
        )
        return self._count

    def expire(self) -> Count:
        """Call the present claim stale, keeping its numbers; UNKNOWN stays UNKNOWN."""
        if self._count.state is CountState.OK:
            self._count = dataclasses.replace(self._count, state=CountState.STALE)
        return self._count

    def set_totals(self, *, entered: int | None = None, left: int | None = None) -> Count:
        """Set totals by hand; None leaves one as it is."""
        self._count = dataclasses.replace(
            self._count,
            entered=self._count.entered if entered is None else entered,
            left=self._count.left if left is None else left,
        )
        return self._count

    def _wanted(self, detections: Detections) -> Detections:
        return dataclasses.replace(
            detections, items=tuple(item for item in detections.items if self._is_wanted(item))
        )

    def _is_wanted(self, item: Detection) -> bool:
        return item.confidence >= self.min_confidence and (not self.labels or item.label in self.labels)

    def _classified(self, detections: Detections) -> int:
        scores = detections.label_scores
        best = max(scores, key=lambda label: scores[label], default=None)
        is_wanted = best is not None and (not self.labels or best in self.labels)
        return int(best is not None and is_wanted and scores[best] >= self.min_confidence)
