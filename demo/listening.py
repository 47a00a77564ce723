"""Be a ROS node that listens from a thread of its own."""

import os
import threading
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from parking_monitor import graph


class ListeningNode(Node):
    """Subscribe to topics; callbacks come from one thread. One at a time in a process."""

    def __init__(self, name: str) -> None:
        # The same reach as the graph that it listens to.
        for variable, value in graph.ENVIRONMENT.items():
            os.environ.setdefault(variable, value)
        rclpy.init()
        super().__init__(name)
        self._executor = SingleThreadedExecutor()
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def listen(self, subscriptions: list[tuple[Any, str, Any, Any]]) -> None:
        """Subscribe to (type, topic, callback, QoS profile) and begin to call back."""
        for message_type, topic, callback, profile in subscriptions:
            self.create_subscription(message_type, topic, callback, profile)
        self._executor.add_node(self)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(2.0)
        self.destroy_node()
        rclpy.try_shutdown()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return
