"""Collect the pictures that a model should be trained with next, and take them to Edge Impulse."""

from typing import TYPE_CHECKING, Any

from parking_msgs.srv import CollectPicture
from rclpy.node import Node

from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare, on_change
from parking_monitor.nodes.running import run
from parking_monitor.time_zone import UTC

if TYPE_CHECKING:
    from parking_monitor.cloud.collect_rules import CollectSettings
    from parking_monitor.nodes.collecting import Collecting

_COUNT, _COLLECT = 'count', 'collect'


class SampleCollector(Node):
    """Collect while the mode is `collect`."""

    def __init__(self) -> None:
        super().__init__('sample_collector')
        mode = declare(
            self, 'mode', _COLLECT, '"collect", or "count" for nothing to be collected', fixed=False
        )
        self._declare()
        self._collecting: Collecting | None = None
        self._logged = ''
        self._set_mode(mode)
        on_change(self, {'mode': self._set_mode})
        self.create_service(CollectPicture, '~/collect', self._on_collect)
        self.create_timer(1.0, self._look)
        Health(self, self._report)

    def close(self) -> None:
        """Upload nothing more."""
        if self._collecting:
            self._collecting.close()

    def _declare(self) -> None:
        """Declare what `_settings` reads when something is collected."""
        self._cameras = declare(self, 'cameras', [], 'Names of the cameras to collect from')
        self._labels = declare(self, 'labels', [], 'Labels that count as cars; none stands for all')
        declare(self, 'privacy', 'blur', 'What leaves the device: "local" nothing, "blur", "none" all')
        declare(self, 'folder', '', 'Where pictures wait, or stay if privacy is local')
        declare(self, 'spool_mb', 500, 'Most that they take there, MB', limits=(1, 100_000))
        declare(self, 'testing_share', 0.2, 'Share that is for testing', limits=(0, 1))
        declare(self, 'suggest_labels', True, 'Whether boxes go along with unsure pictures')
        declare(self, 'time_zone', UTC, 'IANA name of the time zone in which days end')
        declare(self, 'daily_limit', 200, 'So many pictures are uploaded a day', limits=(1, 100_000))
        declare(self, 'label', '', 'Label of each picture as a whole; empty: none')
        declare(self, 'base_url', '', "Where the ingestion service is; empty: Edge Impulse's")
        self._declare_rules()

    def _declare_rules(self) -> None:
        what = 'Longest time between two pictures of a camera, s; 0 for no such rule'
        declare(self, 'every_s', 600.0, what, limits=(0, 604_800))
        declare(self, 'unsure', True, 'Whether what the model is unsure about is collected')
        what = 'confidence of a car that the model is unsure about'
        declare(self, 'least_confidence', 0.3, f'Lowest {what}', limits=(0, 1))
        declare(self, 'sure_confidence', 0.7, f'First above the {what}', limits=(0, 1))
        what = 'Shortest time between two unsure pictures of a camera, s'
        declare(self, 'min_spacing_s', 60.0, what, limits=(1, 86_400))
        declare(self, 'disagree_for_s', 3.0, 'How long boxes and count must differ, s', limits=(0, 3600))

    def _set_mode(self, mode: str) -> None:
        if mode not in {_COUNT, _COLLECT}:
            raise ValueError(f'mode {mode!r} is not allowed; give {_COUNT} or {_COLLECT}')
        if mode == _COLLECT:
            self._collecting = self._collecting or self._make_collecting()
            self._collecting.start()
        elif self._collecting:
            self._collecting.stop()
        self._mode = mode

    def _make_collecting(self) -> 'Collecting':
        # Not before it is needed: a device that only counts has better use for the memory.
        from parking_monitor.nodes.collecting import Collecting, CollectingSettings  # noqa: PLC0415

        value = self._value
        return Collecting(
            self,
            CollectingSettings(
                cameras=tuple(self._cameras),
                labels=frozenset(self._labels),
                rules=self._rules(),
                privacy=value('privacy'),
                folder=value('folder'),
                spool_mb=value('spool_mb'),
                testing_share=value('testing_share'),
                suggest_labels=value('suggest_labels'),
                time_zone=value('time_zone'),
                daily_limit=value('daily_limit'),
                label=value('label'),
                base_url=value('base_url'),
            ),
        )

    def _rules(self) -> 'CollectSettings':
        from parking_monitor.cloud.collect_rules import CollectSettings  # noqa: PLC0415 - as above

        value = self._value
        return CollectSettings(
            every_s=value('every_s'),
            unsure=value('unsure'),
            confidence=(value('least_confidence'), value('sure_confidence')),
            min_spacing_s=value('min_spacing_s'),
            disagree_for_s=value('disagree_for_s'),
        )

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _on_collect(
        self, request: CollectPicture.Request, response: CollectPicture.Response
    ) -> CollectPicture.Response:
        if self._collecting is None or self._mode != _COLLECT:
            response.message = 'the mode is count: nothing is collected; set the parameter mode to collect'
            return response
        try:
            response.message = f'the next picture of {self._collecting.ask(request.camera)}'
            response.success = True
        except ValueError as error:
            response.message = str(error)
        return response

    def _look(self) -> None:
        if self._collecting:
            self._collecting.check()
        level, text = self._judgement()
        if text != self._logged:
            self._logged = text
            if level is Level.OK:
                self.get_logger().info(text)
            else:
                self.get_logger().warning(text)

    def _judgement(self) -> tuple[Level, str]:
        if self._collecting is None or self._mode != _COLLECT:
            return Level.OK, 'switched off: the mode is count'
        return self._collecting.judgement()

    def _report(self) -> Report:
        values = {'mode': self._mode, 'privacy': self._value('privacy')}
        return Report(*self._judgement(), {**values, **(self._collecting.values if self._collecting else {})})


def main() -> None:
    """Run the node."""
    run(SampleCollector)
