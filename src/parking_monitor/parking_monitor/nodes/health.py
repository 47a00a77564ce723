"""Tell /diagnostics once a second how a node is."""

import enum
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from parking_monitor.nodes.qos import DIAGNOSTICS
from parking_monitor.supervisor import RESTARTS_VARIABLE

_PERIOD_S = 1.0


class Level(enum.Enum):
    """How bad it is, in the words of diagnostic_msgs."""

    OK = DiagnosticStatus.OK
    WARN = DiagnosticStatus.WARN
    ERROR = DiagnosticStatus.ERROR
    STALE = DiagnosticStatus.STALE


@dataclass(frozen=True, slots=True)
class Report:
    """Hold what a node says of itself: how bad, in one line why, and its numbers."""

    level: Level
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class Health:
    """Publish a node's report once a second, and at once when asked."""

    def __init__(self, node: Node, report: Callable[[], Report]) -> None:
        self._node = node
        self._report = report
        self._restarts = os.environ.get(RESTARTS_VARIABLE, '0')
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS)
        self._timer = node.create_timer(_PERIOD_S, self.publish)

    def publish(self) -> None:
        """Publish the present report."""
        report = self._report()
        values = {**report.values, 'restarts': self._restarts}
        status = DiagnosticStatus(
            level=report.level.value,
            name=self._node.get_fully_qualified_name(),
            message=report.message,
            hardware_id=self._node.get_namespace(),
            values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)


def _text(value: object) -> str:
    return f'{value:.2f}' if isinstance(value, float) else str(value)
