"""Add up what a run of the demo showed."""

import json
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from parking_monitor.values import Count, CountState, Occupancy

# A car of which at least half can be seen has to be counted; one of which less than a tenth can be
# seen must not be; between the two, at the edge of the picture or behind another, both are right.
VISIBLE_SHARE = 0.5
HIDDEN_SHARE = 0.1
_MOST_WAITING = 1000
_MOST_LATENCIES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Hold the numbers of one run; its fields are the keys of report.json.

    Attributes:
        frames: that the camera gave.
        detections: images that the model answered.
        counts_published: counts that the counter published.
        messages_acknowledged: count messages that the broker confirmed to the device.
        messages_received_by_broker: count messages that the broker passed on.
        counts_stored: that the dashboard has in its store; None without a dashboard.
        latency_ms_p50: from the stamp of an image to its count, the middle one; None without counts.
        latency_ms_p99: the same, which one in a hundred exceeds.
        exact_count_share: counts that agree with the truth, of those with a truth; None without one.
            Cars that are half hidden or cut off by the edge may be counted or not.
        state: of the last count.
        capacity, occupied, free, unknown: places by the last count; 0 where there are none.
        entered, left: cars that came in and went out through the gates, by the last count.
    """

    frames: int
    detections: int
    counts_published: int
    messages_acknowledged: int
    messages_received_by_broker: int
    latency_ms_p50: float | None
    latency_ms_p99: float | None
    exact_count_share: float | None
    state: str
    capacity: int = 0
    occupied: int = 0
    free: int = 0
    unknown: int = 0
    entered: int = 0
    left: int = 0
    counts_stored: int | None = None

    @property
    def flowed(self) -> bool:
        """Tell whether counts came from the camera all the way to the broker."""
        return (
            self.frames > 0
            and self.detections > 0
            and self.counts_published > 0
            and self.messages_acknowledged > 0
            and self.messages_received_by_broker > 0
            and self.counts_stored != 0
            and self.state == CountState.OK.name
        )

    def write(self, path: Path) -> None:
        """Write the numbers as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + '\n')


@dataclass(slots=True)
class Measurements:
    """Take what is observed, one thing at a time, from one thread."""

    frames: int = 0
    detections: int = 0
    counts: int = 0
    acknowledged: int = 0
    received_by_broker: int = 0
    counts_stored: int | None = None
    state: CountState = CountState.UNKNOWN
    places: Occupancy = field(default_factory=Occupancy)
    entered: int = 0
    left: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    exact: int = 0
    compared: int = 0
    _truths: OrderedDict[int, range] = field(default_factory=OrderedDict)

    def add_truth(self, stamp_ns: int, visible_shares: Sequence[float]) -> None:
        """Take the truth of a frame: the visible share of each car in it."""
        fewest = sum(share >= VISIBLE_SHARE for share in visible_shares)
        most = sum(share >= HIDDEN_SHARE for share in visible_shares)
        self._truths[stamp_ns] = range(fewest, most + 1)
        while len(self._truths) > _MOST_WAITING:
            self._truths.popitem(last=False)

    def add_count(self, count: Count, now_ns: int) -> None:
        """Take a count, received now."""
        self.counts += 1
        self.state = count.state
        self.places, self.entered, self.left = count.places, count.entered, count.left
        if count.state is not CountState.OK:
            return
        if len(self.latencies_ms) < _MOST_LATENCIES:
            self.latencies_ms.append((now_ns - count.stamp_ns) / 1e6)
        truth = self._truths.pop(count.stamp_ns, None)
        if truth is not None:
            self.compared += 1
            self.exact += count.cars in truth

    def report(self) -> Report:
        """Return the numbers so far."""
        return Report(
            frames=self.frames,
            detections=self.detections,
            counts_published=self.counts,
            messages_acknowledged=self.acknowledged,
            messages_received_by_broker=self.received_by_broker,
            latency_ms_p50=percentile(self.latencies_ms, 50),
            latency_ms_p99=percentile(self.latencies_ms, 99),
            exact_count_share=round(self.exact / self.compared, 4) if self.compared else None,
            state=self.state.name,
            capacity=self.places.capacity,
            occupied=self.places.occupied,
            free=self.places.free,
            unknown=self.places.unknown,
            entered=self.entered,
            left=self.left,
            counts_stored=self.counts_stored,
        )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value that `share` percent do not exceed (nearest rank), or None of nothing."""
    if not values:
        return None
    rank = max(1, math.ceil(share / 100 * len(values)))
    return round(sorted(values)[rank - 1], 2)
