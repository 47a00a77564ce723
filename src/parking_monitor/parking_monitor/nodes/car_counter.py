"""Count the cars of one camera: Detections in, CarCount and Crossing out."""

import time
from pathlib import Path

from parking_msgs.msg import CarCount
from parking_msgs.msg import Crossing as CrossingMessage
from parking_msgs.msg import Detections as DetectionsMessage
from parking_msgs.srv import SetCount
from rclpy.node import Node

from parking_monitor.counting import state_file
from parking_monitor.counting.bays import Bay
from parking_monitor.counting.by_hand import TOTALS, check_totals
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.state_keeper import StateKeeper
from parking_monitor.counting.zones import Zone
from parking_monitor.nodes import convert, places, qos
from parking_monitor.nodes.count_states import LEVELS, MESSAGES
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.time_zone import UTC, to_time_zone
from parking_monitor.values import BayState, Count, CountState


class CarCounter(Node):
    """Publish a claim for every Detections message, and say when there are none any more."""

    def __init__(self) -> None:
        super().__init__('car_counter')
        self._camera = declare(self, 'camera', 'camera', 'Name of the camera in messages')
        self._stale_after_s = declare(
            self, 'stale_after_s', 10.0, 'Silence after which the count is stale, seconds', limits=(0.1, 3600)
        )
        path = declare(self, 'state_file', '', 'File that totals outlive a restart in; none without')
        self._state_file = Path(path) if path else None
        loaded = self._load_state()
        self._state_problem = loaded.problem
        self._counter = self._make_counter(loaded.state)
        self._keeper = StateKeeper(self._state_file, self._camera, loaded.state) if self._state_file else None
        self._keeper_problem = ''
        self._last_header = convert.to_header(self.get_clock().now().nanoseconds, '')
        self._last_seen_s = time.monotonic()
        on_change(
            self,
            {
                'labels': self._set_labels,
                'min_confidence': self._set_min_confidence,
                'places': self._set_places,
            },
        )

        self._publisher = self.create_publisher(CarCount, 'car_count', qos.CAR_COUNT)
        self._crossings = self.create_publisher(CrossingMessage, 'crossings', qos.CROSSINGS)
        self.create_subscription(DetectionsMessage, 'detections', self._on_detections, qos.DETECTIONS)
        self.create_service(SetCount, '~/set_count', self._on_set_count)
        self.create_timer(min(1.0, self._stale_after_s / 4), self._watch)
        self._health = Health(self, self._report)
        self._publish(self._counter.count)

    def close(self) -> None:
        """Save what is not saved yet."""
        if self._keeper and not self._keeper.close():
            self.get_logger().error(f'the totals are not saved: {self._keeper.problem}')

    def _load_state(self) -> state_file.Loaded:
        if self._state_file is None:
            return state_file.Loaded(state_file.State())
        loaded = state_file.load(self._state_file, self._camera)
        totals = loaded.state.totals
        if loaded.problem:
            self.get_logger().error(loaded.problem)
        else:
            self.get_logger().info(
                f'{self._camera}: totals of {self._state_file}: entered {totals.entered}, left {totals.left}'
            )
        return loaded

    def _make_counter(self, state: state_file.State) -> Counter:
        self._places = places.declared(self)
        zones, bays, gates = _to_count_in(self._places.now)
        labels = declare(self, 'labels', [], 'Labels that count as cars; none stands for all', fixed=False)
        min_confidence = declare(
            self,
            'min_confidence',
            0.0,
            'Confidence below which a detection does not count',
            limits=(0, 1),
            fixed=False,
        )
        what = 'of a usual car in fractions of the picture, for FOMO models; 0 for as large as the bays'
        car_width = declare(self, 'car_width', 0.0, f'Width {what}', limits=(0, 1))
        car_height = declare(self, 'car_height', 0.0, f'Height {what}', limits=(0, 1))
        time_zone = declare(self, 'time_zone', UTC, 'IANA name of the time zone in which days end')
        return Counter(
            zones=zones,
            bays=bays,
            gates=gates,
            labels=labels,
            min_confidence=min_confidence,
            time_zone=to_time_zone(time_zone),
            car_share=(car_width, car_height) if car_width and car_height else None,
            totals=state.totals,
            bay_memory=state.bays,
        )

    def _on_detections(self, message: DetectionsMessage) -> None:
        try:
            detections = convert.to_detections(message)
        except ValueError as error:
            self.get_logger().error(f'detections refused: {error}', throttle_duration_sec=10)
            return
        self._last_seen_s = time.monotonic()
        self._last_header = message.header
        was = self._counter.count.state
        self._publish(self._counter.update(detections))
        self._tell_change(was)

    def _watch(self) -> None:
        """Look for silence, and for a state that cannot be saved."""
        was = self._counter.count.state
        if time.monotonic() - self._last_seen_s > self._stale_after_s:
            count = self._counter.expire()
            if count.state is not was:
                self._publish(count)
                self._tell_change(was)
        problem = self._keeper.problem if self._keeper else ''
        if problem != self._keeper_problem:
            self._keeper_problem = problem
            if problem:
                self.get_logger().error(problem)
            else:
                self.get_logger().info(f'{self._camera}: the totals are saved again')

    def _tell_change(self, was: CountState) -> None:
        state = self._counter.count.state
        if state is not was:
            text = f'{self._camera}: {was.name} -> {state.name}: {MESSAGES[state]}'
            if LEVELS[state] is Level.ERROR:
                self.get_logger().error(text)
            else:
                self.get_logger().info(text)
            self._health.publish()

    def _publish(self, count: Count) -> None:
        self._publisher.publish(convert.to_count_message(count, self._last_header, self._camera))
        for crossing in count.crossings:
            self._crossings.publish(convert.to_crossing_message(crossing, self._last_header.frame_id))
        if self._keeper:
            bays = {bay.name: bay.last for bay in count.bays if bay.last is not BayState.UNKNOWN}
            self._keeper.keep(state_file.State(totals=self._counter.totals, bays=bays))

    def _on_set_count(self, request: SetCount.Request, response: SetCount.Response) -> SetCount.Response:
        wanted = {name: getattr(request, name) for name in TOTALS if getattr(request, f'set_{name}')}
        try:
            check_totals(wanted)
        except ValueError as error:
            response.message = str(error)
            return response
        count = self._counter.set_totals(**wanted)
        self._state_problem = ''
        self._publish(count)
        response.success = True
        response.message = (
            f'entered {count.entered}, left {count.left}, entered_today {count.entered_today}, '
            f'left_today {count.left_today}, net {count.net}'
        )
        self.get_logger().info(f'{self._camera}: set by hand: {response.message}')
        return response

    def _set_labels(self, labels: list[str]) -> None:
        self._counter.labels = frozenset(labels)

    def _set_places(self, text: str) -> None:
        zones, bays, gates = _to_count_in(self._places.set(text))
        self._publish(self._counter.set_places(zones, bays, gates))
        self.get_logger().info(
            f'{self._camera}: counts in {len(zones)} zones, {len(bays)} bays, {len(gates)} gates from now on'
        )

    def _set_min_confidence(self, min_confidence: float) -> None:
        self._counter.min_confidence = min_confidence

    def _report(self) -> Report:
        count = self._counter.count
        level, message = LEVELS[count.state], MESSAGES[count.state]
        problem = self._keeper_problem or self._state_problem
        if problem and level is Level.OK:
            level, message = Level.WARN, problem
        values = {
            'cars': count.cars,
            'state': count.state.name,
            'occupied': count.places.occupied,
            'free': count.places.free,
            'unknown': count.places.unknown,
            'entered': count.entered,
            'left': count.left,
            'silent_s': time.monotonic() - self._last_seen_s,
            'state_file': problem or self._state_file or 'none: totals end with this process',
        }
        return Report(level, message, values)


def _to_count_in(found: places.Places) -> tuple[list[Zone], list[Bay], list[Gate]]:
    return (
        [Zone(*area) for area in found.zones],
        [Bay(area.name, area.polygon) for area in found.bays],
        [Gate(*line) for line in found.gates],
    )


def main() -> None:
    """Run the node."""
    run(CarCounter)
