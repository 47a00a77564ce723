"""See all cameras of a device as one: CarCount of each in, LotOccupancy out."""

import time
from dataclasses import dataclass
from functools import partial

from parking_msgs.msg import CarCount
from parking_msgs.msg import LotOccupancy as LotOccupancyMessage
from rclpy.node import Node

from parking_monitor.counting.lot_view import LotOccupancy, merge
from parking_monitor.nodes import convert, qos
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.running import run
from parking_monitor.values import Count, CountState

# Counts come many times a second from each camera; people and signs need no more than this.
_PERIOD_S = 0.5


@dataclass(slots=True)
class _Heard:
    count: Count
    at_s: float


class LotCounter(Node):
    """Publish how full the whole lot is, each bay and zone once."""

    def __init__(self) -> None:
        super().__init__('lot_counter')
        cameras = declare(self, 'cameras', [], 'Names of the cameras that see the lot')
        self._stale_after_s = declare(
            self,
            'stale_after_s',
            30.0,
            'Silence of a counter after which its camera sees nothing, seconds',
            limits=(0.1, 86_400),
        )
        self._heard: dict[str, _Heard | None] = dict.fromkeys(cameras)
        self._lot = LotOccupancy()
        self._published: LotOccupancy | None = None
        self._publisher = self.create_publisher(LotOccupancyMessage, 'lot', qos.LOT)
        for camera in cameras:
            self.create_subscription(
                CarCount, f'{camera}/car_count', partial(self._on_count, camera), qos.CAR_COUNT
            )
        self.create_timer(_PERIOD_S, self._publish)
        Health(self, self._report)

    def close(self) -> None:
        """Put nothing away: this node holds no threads, processes or connections."""

    def _on_count(self, camera: str, message: CarCount) -> None:
        try:
            count = convert.to_count(message)
        except ValueError as error:
            self.get_logger().error(f'{camera}: count refused: {error}', throttle_duration_sec=10)
            return
        self._heard[camera] = _Heard(count, time.monotonic())

    def _counts(self) -> dict[str, Count]:
        """Return the count of each camera heard; one that fell silent sees nothing."""
        oldest_s = time.monotonic() - self._stale_after_s
        return {
            camera: heard.count if heard.at_s >= oldest_s else heard.count.lost(CountState.STALE)
            for camera, heard in self._heard.items()
            if heard is not None
        }

    def _publish(self) -> None:
        counts = self._counts()
        if not counts:
            return
        self._lot = merge(counts)
        if self._lot != self._published:
            self._publisher.publish(convert.to_lot_message(self._lot))
            self._published = self._lot

    def _report(self) -> Report:
        states = {camera: count.state for camera, count in self._counts().items()}
        blind = [camera for camera in self._heard if states.get(camera) is not CountState.OK]
        places = self._lot.places
        values: dict[str, object] = {
            'capacity': places.capacity,
            'occupied': places.occupied,
            'free': places.free,
            'unknown': places.unknown,
            **{camera: states[camera].name if camera in states else 'no count yet' for camera in self._heard},
        }
        if blind:
            return Report(Level.WARN, f'places are unknown that {", ".join(blind)} alone would see', values)
        return Report(Level.OK, 'all cameras see', values)


def main() -> None:
    """Run the node."""
    run(LotCounter)
