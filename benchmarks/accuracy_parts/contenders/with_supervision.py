"""Count with supervision's LineZone and PolygonZone over the ByteTrack of `trackers`.

Settings are the defaults, but for those that a user has to choose for a camera: the rate of the
frames, the time of each, the detector's threshold, and the point of a box that counts. Lines get
the middle of its lower edge (with all four corners, the default, most cars pass beside a gate as
wide as a lane), zones its middle: of those that supervision offers, they do best here.
"""

import importlib
from typing import Any

from benchmarks.accuracy_parts.contenders.exchange import Setup, Told, serve

# Imported by name: the project's own environment has neither.
np: Any = importlib.import_module('numpy')
sv: Any = importlib.import_module('supervision')
trackers: Any = importlib.import_module('trackers')


class Counter:
    """Count the tracked boxes of each frame, in zones and over lines."""

    def __init__(self, setup: Setup) -> None:
        self._tracker = trackers.ByteTrackTracker(
            frame_rate=setup.rate_hz,
            track_activation_threshold=setup.threshold,
            high_conf_det_threshold=setup.threshold,
        )
        self._zones = {
            name: sv.PolygonZone(
                np.array(corners).round().astype(int), triggering_anchors=(sv.Position.CENTER,)
            )
            for name, corners in setup.bays.items()
        }
        self._lines = {
            name: sv.LineZone(
                sv.Point(*start), sv.Point(*end), triggering_anchors=(sv.Position.BOTTOM_CENTER,)
            )
            for name, (start, end) in setup.gates.items()
        }

    def count(self, stamp_s: float, boxes: list[list[float]]) -> Told:
        """Take the boxes of the next frame."""
        found = np.array(boxes, dtype=float).reshape(-1, 5)
        detections = sv.Detections(
            xyxy=found[:, :4], confidence=found[:, 4], class_id=np.zeros(len(found), dtype=int)
        )
        tracked = self._tracker.update(detections, timestamp=stamp_s)
        tracked = tracked[tracked.tracker_id >= 0]
        for line in self._lines.values():
            line.trigger(tracked)
        return Told(
            cars=len(tracked),
            bays=[name for name, zone in self._zones.items() if zone.trigger(tracked).any()],
            gates={name: (int(line.in_count), int(line.out_count)) for name, line in self._lines.items()},
        )


if __name__ == '__main__':
    serve(Counter)
